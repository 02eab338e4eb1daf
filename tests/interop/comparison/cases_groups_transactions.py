"""Offsets that transactions commit, as their group sees them."""

from __future__ import annotations

from typing import Any

from comparison.build import NO_TOPIC
from comparison.case import case
from comparison.cases_groups_offsets import fetch, named
from comparison.consumer_grouping import NewMember, new_group
from comparison.grouping import Group
from comparison.talk import Talk, Topic

from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.add_offsets_to_txn import AddOffsetsToTxnRequest
from barnabas.protocol.messages.end_txn import EndTxnRequest
from barnabas.protocol.messages.find_coordinator import FindCoordinatorRequest
from barnabas.protocol.messages.init_producer_id import InitProducerIdRequest
from barnabas.protocol.messages.txn_offset_commit import TxnOffsetCommitRequest
from group_requests import commit, delete_offsets, join, txn_commit

NEWEST = 5


class Transaction:
    """A producer with a transaction that offsets of a group can be added to. Nothing of it is noted."""

    def __init__(self, talk: Talk, suffix: str = "") -> None:
        self._talk = talk
        self._id = talk.name(f"-transaction{suffix}")
        self._broker = 0
        self.producer_id = self.epoch = -1
        talk.wait_until(self._is_there)

    def _is_there(self) -> bool:
        keys = FindCoordinatorRequest(key_type=1, coordinator_keys=[self._id])
        found = self._talk.quietly(keys, 4).coordinators[0]
        if found.error_code:
            return False
        self._broker = found.node_id
        request = InitProducerIdRequest(transactional_id=self._id, transaction_timeout_ms=60_000)
        answer = self._talk.quietly(request, 4, self._broker)
        self.producer_id, self.epoch = answer.producer_id, answer.producer_epoch
        return bool(answer.error_code == ErrorCode.NONE)

    def of(self, request: TxnOffsetCommitRequest) -> TxnOffsetCommitRequest:
        """The request as one of this producer."""
        request.transactional_id, request.producer_id = self._id, self.producer_id
        request.producer_epoch = self.epoch
        return request

    def add(self, group: Group) -> None:
        """What producers do before they commit offsets below v5."""
        request = AddOffsetsToTxnRequest(
            transactional_id=self._id, producer_id=self.producer_id, producer_epoch=self.epoch, group_id=group.name
        )
        self._until_done(request, 3)

    def end(self, *, committed: bool) -> None:
        request = EndTxnRequest(
            transactional_id=self._id, producer_id=self.producer_id, producer_epoch=self.epoch, committed=committed
        )
        self._until_done(request, 4)

    def _until_done(self, request: Any, version: int) -> None:
        self._talk.wait_until(lambda: not self._talk.quietly(request, version, self._broker).error_code)


def until_stable(group: Group, topic: Topic) -> None:
    """The marker reaches the group a little later than the transaction ends."""
    request = fetch(9, group.name, {topic: [0]}, require_stable=True)
    group.talk.wait_until(lambda: not group.quietly(request, 9).groups[0].topics[0].partitions[0].error_code)


@case(*range(6))
def a_transaction_and_its_end(talk: Talk, version: int) -> None:
    topic, group, transaction = talk.create(partitions=2), Group(talk), Transaction(talk)
    group.quietly(named(commit({topic.name: {0: 1}}, group=group.name), topic), 9)
    for committed in (False, True):
        transaction.add(group)
        group.ask(transaction.of(txn_commit({topic.name: {0: 5, 1: 6}}, 0, group=group.name)), version)
        for stable in (False, True):
            group.ask(fetch(9, group.name, {topic: [0, 1]}, require_stable=stable), 9)
            group.ask(fetch(9, group.name, None, require_stable=stable), 9)
        transaction.end(committed=committed)
        until_stable(group, topic)
        group.ask(fetch(9, group.name, {topic: [0, 1]}, require_stable=True), 9)


@case(3, NEWEST)
def a_commit_outside_of_the_transaction(talk: Talk, version: int) -> None:
    topic, group, transaction = talk.create(), Group(talk), Transaction(talk)
    transaction.add(group)
    group.ask(transaction.of(txn_commit({topic.name: {0: 5}}, 0, group=group.name)), version)
    group.ask(named(commit({topic.name: {0: 9}}, group=group.name), topic), 9)
    transaction.end(committed=True)
    until_stable(group, topic)
    group.ask(fetch(9, group.name, {topic: [0]}), 9)


@case(NEWEST)
def offsets_of_a_transaction_are_deleted(talk: Talk, version: int) -> None:
    topic, group, transaction = talk.create(partitions=2), Group(talk), Transaction(talk)
    group.ask(transaction.of(txn_commit({topic.name: {0: 5, 1: 6}}, 0, group=group.name)), version)
    group.ask(delete_offsets({topic.name: [0]}, group=group.name), 0)
    transaction.end(committed=True)
    talk.wait_until(lambda: bool(group.quietly(fetch(9, group.name, None), 9).groups[0].topics))
    group.ask(fetch(9, group.name, {topic: [0, 1]}), 9)


@case(0, 2, 3, 4, NEWEST)
def who_may_commit_in_a_transaction(talk: Talk, version: int) -> None:
    topic, group, transaction = talk.create(), Group(talk), Transaction(talk)
    transaction.add(group)
    (member,) = group.stable({"instance": "i"})
    for member_id, generation in (("", -1), (member.id, 1), (member.id, 0), ("m", 1), ("m", -1)):
        request = txn_commit({topic.name: {0: 5}}, 0, member_id, generation, group=group.name)
        if version < 3:
            request.member_id, request.generation_id = "", -1
        group.ask(transaction.of(request), version)
    if version >= 3:
        for member_id, instance in ((member.id, "i"), (member.id, "no"), ("m", "i")):
            request = txn_commit({topic.name: {0: 5}}, 0, member_id, 1, group=group.name)
            request.group_instance_id = instance
            group.ask(transaction.of(request), version)
    group.ask(transaction.of(txn_commit({topic.name: {0: 5}}, 0, group="")), version)
    transaction.end(committed=False)


@case(0, 3, NEWEST)
def who_of_a_group_of_the_new_protocol_may_commit(talk: Talk, version: int) -> None:
    topic, group, transaction = talk.create(), new_group(talk), Transaction(talk)
    transaction.add(group)
    member = NewMember(group, "m", [topic.name])
    member.join_quietly()
    epoch = member.epoch
    members = [("", -1)]
    if version >= 3:
        members += [("m", epoch), ("m", epoch - 1), ("m", epoch + 1), ("m", -1), ("nobody", epoch), ("", epoch)]
    for member_id, generation in members:
        request = txn_commit({topic.name: {0: 5}}, 0, member_id, generation, group=group.name)
        group.ask(transaction.of(request), version)
    member.leave()
    for member_id, generation in members:
        request = txn_commit({topic.name: {0: 6}}, 0, member_id, generation, group=group.name)
        group.ask(transaction.of(request), version)
    transaction.end(committed=True)
    until_stable(group, topic)
    group.ask(fetch(9, group.name, {topic: [0]}), 9)


@case(0, 3, NEWEST)
def what_is_not_committed_in_a_transaction(talk: Talk, version: int) -> None:
    topic, group, transaction = talk.create(), Group(talk), Transaction(talk)
    transaction.add(group)
    offsets = {NO_TOPIC.name: {0: 1}, topic.name: {0: 5, 3: 6}}
    group.ask(transaction.of(txn_commit(offsets, 0, group=group.name, metadata="x" * 4097)), version)
    group.ask(transaction.of(txn_commit(offsets, 0, group=group.name)), version)
    group.ask(transaction.of(txn_commit({NO_TOPIC.name: {0: 1}}, 0, group="")), version)
    transaction.end(committed=False)


@case(3, NEWEST)
def a_generation_of_a_group_that_is_not_there(talk: Talk, version: int) -> None:
    topic, group, transaction = talk.create(), Group(talk), Transaction(talk)
    transaction.add(group)
    for member_id, generation in (("m", 1), ("m", -1)):
        request = txn_commit({topic.name: {0: 5}}, 0, member_id, generation, group=group.name)
        group.ask(transaction.of(request), version)
    transaction.end(committed=False)


@case(3, NEWEST)
def a_transaction_in_the_middle_of_a_rebalance(talk: Talk, version: int) -> None:
    topic, group, transaction = talk.create(), Group(talk), Transaction(talk)
    transaction.add(group)
    (member,) = group.joined({})
    request = txn_commit({topic.name: {0: 5}}, 0, member.id, 1, group=group.name)
    group.ask(transaction.of(request), version)
    group.quietly(join(group=group.name), 9)
    group.ask(transaction.of(request), version)
    transaction.end(committed=False)

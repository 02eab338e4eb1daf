"""Transactions whose end is settled and not over: what may be done under the id meanwhile.

A partition that was told of a later coordinator refuses this one's marker, and the coordinator, which thinks that it
was replaced, leaves it at that: the transaction stays prepared until it really is.
"""

from __future__ import annotations

from collections.abc import Iterator

from comparison.build import produce
from comparison.case import case
from comparison.cases_transactions import marker
from comparison.grouping import Group
from comparison.talk import Talk, Topic
from comparison.transacting import Transactor, look
from comparison.transaction_log import FIRST, SECOND

from barnabas.protocol.messages.describe_producers import DescribeProducersRequest
from barnabas.protocol.messages.list_transactions import ListTransactionsRequest
from group_requests import txn_commit

LATER_COORDINATOR = 1_000_000
OTHER = 4_000_000_000


def unfinished(talk: Talk, version: int, *, commit: bool = True, group: str | None = None) -> tuple[Topic, Transactor]:
    """A transaction with a record, and perhaps a group's offsets, ended by this version of EndTxn."""
    suffix = f"-v{version}-{'commit' if commit else 'abort'}"
    topic, transactor = talk.create(suffix, partitions=2), Transactor(talk, suffix)
    transactor.begin()
    producer_id, epoch = transactor.producer_id, transactor.epoch
    talk.quietly(marker(topic, 0, producer_id=producer_id, epoch=epoch, coordinator_epoch=LATER_COORDINATOR), 1)
    transactor.add(3 if version < SECOND else 5, (topic, 0))
    if group is not None:
        transactor.add_offsets(4, group)
    transactor.produce(11 if version < SECOND else 12, topic, b"a")
    transactor.end(version, commit=commit)
    return topic, transactor


def of_both_protocols(talk: Talk) -> Iterator[tuple[Topic, Transactor]]:
    for version in (FIRST, SECOND):
        yield unfinished(talk, version)


@case(*range(6))
def the_id_is_taken_over(talk: Talk, version: int) -> None:
    for _, transactor in of_both_protocols(talk):
        producer_id, epoch = transactor.producer_id, transactor.epoch
        transactor.init(version)
        if version >= 3:
            for of in ((producer_id, epoch), (producer_id, epoch - 1), (producer_id, epoch + 1), (OTHER, 0)):
                transactor.init(version, of=of)
        transactor.describe()


@case(*range(6))
def partitions_are_added(talk: Talk, version: int) -> None:
    for topic, transactor in of_both_protocols(talk):
        for index in (0, 1):
            transactor.add(version, (topic, index))
        for verify_only in (False, True) if version >= 4 else (False,):
            transactor.add(version, (topic, 0), verify_only=verify_only)
            transactor.add(version, (topic, 0), verify_only=verify_only, epoch=transactor.epoch + 1)
            transactor.add(version, (topic, 0), verify_only=verify_only, producer_id=OTHER)


@case(*range(5))
def offsets_are_added(talk: Talk, version: int) -> None:
    for _, transactor in of_both_protocols(talk):
        transactor.add_offsets(version)
        transactor.add_offsets(version, "another")
        transactor.add_offsets(version, epoch=transactor.epoch + 1)
        transactor.add_offsets(version, producer_id=OTHER)


@case(*range(6))
def it_is_ended_again(talk: Talk, version: int) -> None:
    for committed in (True, False):
        for ended in (FIRST, SECOND):
            _, transactor = unfinished(talk, ended, commit=committed)
            producer_id, epoch = transactor.producer_id, transactor.epoch
            for commit in (True, False):
                for asked in (epoch - 1, epoch, epoch + 1):
                    transactor.end(version, commit=commit, producer_id=producer_id, epoch=asked)
            transactor.end(version, commit=committed, producer_id=OTHER)
            transactor.describe()


@case(3, 9, 10, 11, 12, 13)
def records_of_the_next_transaction(talk: Talk, version: int) -> None:
    for topic, transactor in of_both_protocols(talk):
        for epoch in (transactor.epoch, transactor.epoch - 1):
            records = {1: transactor.records(b"b", epoch=epoch)}
            talk.ask(produce(version, topic, records, transactional_id=transactor.id), version)
        look(talk, topic)


@case(*range(6))
def offsets_of_the_next_transaction(talk: Talk, version: int) -> None:
    group = Group(talk)
    for ended in (FIRST, SECOND):
        topic, transactor = unfinished(talk, ended, group=group.name)
        for epoch in (transactor.epoch, transactor.epoch - 1):
            request = txn_commit({topic.name: {0: 5}}, transactor.producer_id, group=group.name)
            request.transactional_id, request.producer_epoch = transactor.id, epoch
            group.ask(request, version)


@case(0, 2)
def it_is_listed(talk: Talk, version: int) -> None:
    for commit in (True, False):
        topic, transactor = unfinished(talk, SECOND, commit=commit)
        transactor.describe()
        for states in (["PrepareCommit"], ["PrepareAbort"], ["Ongoing", "CompleteCommit", "CompleteAbort"]):
            request = ListTransactionsRequest(producer_id_filters=[transactor.producer_id], state_filters=states)
            transactor.ask(request, version)
        topics = [DescribeProducersRequest.TopicRequest(name=topic.name, partition_indexes=[0, 1])]
        talk.ask(DescribeProducersRequest(topics=topics), 0, blur=["last_timestamp", "coordinator_epoch"])
        look(talk, topic)

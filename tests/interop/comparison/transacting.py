"""Transactional producers in a few words: one with an id of the case's own, which asks its coordinator."""

from __future__ import annotations

from copy import copy
from typing import Any

from comparison.build import batch, fetch, list_offsets, produce, wanted
from comparison.talk import Talk, Topic

from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.message import RequestMessage
from barnabas.protocol.messages.add_offsets_to_txn import AddOffsetsToTxnRequest
from barnabas.protocol.messages.add_partitions_to_txn import AddPartitionsToTxnRequest
from barnabas.protocol.messages.describe_transactions import DescribeTransactionsRequest
from barnabas.protocol.messages.end_txn import EndTxnRequest
from barnabas.protocol.messages.find_coordinator import FindCoordinatorRequest
from barnabas.protocol.messages.init_producer_id import InitProducerIdRequest

READ_COMMITTED = 1
_PENDING = ("PrepareCommit", "PrepareAbort")


class Transactor:
    """A transactional id, and who has it: `producer_id` and `epoch` are what the coordinator gave last."""

    def __init__(self, talk: Talk, suffix: str = "") -> None:
        self.talk = talk
        self.id = talk.name(f"-tx{suffix}")
        self.broker = 0
        self.producer_id = self.epoch = -1
        self.hidden: tuple[str, ...] = ()
        """Fields that are always blurred."""
        talk.wait_until(lambda: self._found() == ErrorCode.TRANSACTIONAL_ID_NOT_FOUND)

    def of(self, talk: Talk) -> Transactor:
        """The same in another case."""
        other = copy(self)
        other.talk = talk
        return other

    def find(self) -> None:
        """Return when there is a coordinator that knows the id."""
        self.talk.wait_until(lambda: self._found() == ErrorCode.NONE)

    def _found(self) -> int:
        """What the coordinator says of the id."""
        keys = FindCoordinatorRequest(key_type=1, coordinator_keys=[self.id])
        found = self.talk.quietly(keys, 4).coordinators[0]
        if found.error_code:
            return int(found.error_code)
        self.broker = found.node_id
        return int(self._described().error_code)

    def _described(self) -> Any:
        request = DescribeTransactionsRequest(transactional_ids=[self.id])
        return self.talk.quietly(request, 0, self.broker).transaction_states[0]

    def settle(self) -> None:
        """Return when no markers are on their way."""
        self.talk.wait_until(lambda: self._described().transaction_state not in _PENDING)

    def wait_for(self, state: str) -> None:
        """Return when the id is in this state."""
        self.talk.wait_until(lambda: self._described().transaction_state == state)

    def describe(self) -> None:
        """Note how the id stands."""
        request = DescribeTransactionsRequest(transactional_ids=[self.id])
        self.ask(request, 0, blur=["transaction_start_time_ms"])

    def ask(self, request: RequestMessage, version: int, **how: Any) -> Any:
        """Ask the coordinator, and note the answer."""
        blur = [*how.pop("blur", ()), *self.hidden]
        return self.talk.ask(request, version, broker=self.broker, to="the coordinator", blur=blur, **how)

    def begin(self) -> None:
        """Take the id over; nothing is noted."""
        request = InitProducerIdRequest(transactional_id=self.id, transaction_timeout_ms=60_000)

        def done() -> bool:
            answer = self.talk.quietly(request, 4, self.broker)
            self.producer_id, self.epoch = answer.producer_id, answer.producer_epoch
            return bool(answer.error_code == ErrorCode.NONE)

        self.talk.wait_until(done)

    # Requests

    def init(self, version: int, *, of: tuple[int, int] | None = None, timeout_ms: int = 60_000) -> Any:
        request = InitProducerIdRequest(transactional_id=self.id, transaction_timeout_ms=timeout_ms)
        if of is not None:
            request.producer_id, request.producer_epoch = of
        answer = self.ask(request, version)
        if not answer.error_code:
            self.producer_id, self.epoch = answer.producer_id, answer.producer_epoch
        return answer

    def add(self, version: int, *partitions: tuple[Topic, int], verify_only: bool = False, **other: Any) -> None:
        """AddPartitionsToTxn; `other` producer_id, epoch or id than these."""
        id, producer_id, epoch = self._who(**other)
        named = dict.fromkeys(topic for topic, _ in partitions)
        topics = [
            AddPartitionsToTxnRequest.AddPartitionsToTxnTopic(
                name=topic.name, partitions=[index for other, index in partitions if other == topic]
            )
            for topic in named
        ]
        if version < 4:
            request = AddPartitionsToTxnRequest(
                v3_and_below_transactional_id=id,
                v3_and_below_producer_id=producer_id,
                v3_and_below_producer_epoch=epoch,
                v3_and_below_topics=topics,
            )
        else:
            transaction = AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction(
                transactional_id=id,
                producer_id=producer_id,
                producer_epoch=epoch,
                verify_only=verify_only,
                topics=topics,
            )
            request = AddPartitionsToTxnRequest(transactions=[transaction])
        self.ask(request, version)

    def add_offsets(self, version: int, group: str = "g", **other: Any) -> None:
        id, producer_id, epoch = self._who(**other)
        self.ask(
            AddOffsetsToTxnRequest(transactional_id=id, producer_id=producer_id, producer_epoch=epoch, group_id=group),
            version,
        )

    def end(self, version: int, *, commit: bool, **other: Any) -> Any:
        id, producer_id, epoch = self._who(**other)
        request = EndTxnRequest(transactional_id=id, producer_id=producer_id, producer_epoch=epoch, committed=commit)
        answer = self.ask(request, version)
        if version >= 5 and not answer.error_code:
            self.producer_id, self.epoch = answer.producer_id, answer.producer_epoch
        return answer

    def _who(
        self, id: str | None = None, producer_id: int | None = None, epoch: int | None = None
    ) -> tuple[str, int, int]:
        return (
            self.id if id is None else id,
            self.producer_id if producer_id is None else producer_id,
            self.epoch if epoch is None else epoch,
        )

    # Records

    def records(self, *values: bytes, sequence: int = 0, **other: Any) -> bytes:
        _, producer_id, epoch = self._who(**other)
        return batch(*values, producer_id=producer_id, producer_epoch=epoch, base_sequence=sequence, transactional=True)

    def produce(self, version: int, topic: Topic, *values: bytes, sequence: int = 0, **other: Any) -> Any:
        """To partition 0, which broker 1 leads."""
        records = self.records(*values, sequence=sequence, **other)
        return self.talk.ask(produce(version, topic, records, transactional_id=self.id), version)


def look(talk: Talk, topic: Topic, version: int = 12) -> None:
    """What is there for read_committed and for others."""
    for isolation in (READ_COMMITTED, 0):
        request = fetch(version, (topic, [wanted(0)]))
        request.isolation_level = isolation
        talk.ask(request, version)
        offsets = list_offsets(topic.name, -1)[0]
        offsets.isolation_level = isolation
        talk.ask(offsets, 5)

"""A transaction coordinator without a cluster: its log is a list, and commits when the test says so.

Records go through their encoding, as they would through a partition; a failover is another machine that reads them.
Handlers are asked as over the wire.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from barnabas.broker.coordinator.answers import Decision, OnceWaiter, Waiter
from barnabas.broker.coordinator.records import TRANSACTIONS, CoordinatorRecord, Record
from barnabas.broker.coordinator.transactions.config import TransactionConfig
from barnabas.broker.coordinator.transactions.machine import TransactionCoordinator
from barnabas.broker.coordinator.transactions.marker_order import MarkerOrder
from barnabas.broker.coordinator.transactions.metadata import TransactionMetadata
from barnabas.broker.handlers.add_offsets_to_txn import AddOffsetsToTxnHandler
from barnabas.broker.handlers.add_partitions_to_txn import AddPartitionsToTxnHandler
from barnabas.broker.handlers.describe_transactions import DescribeTransactionsHandler
from barnabas.broker.handlers.end_txn import EndTxnHandler
from barnabas.broker.handlers.init_producer_id import InitProducerIdHandler
from barnabas.broker.handlers.list_transactions import ListTransactionsHandler
from barnabas.metadata.delta import MetadataDelta
from barnabas.metadata.image import MetadataImage
from barnabas.metadata.records import PartitionRecord, TopicRecord
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.message import Message
from barnabas.protocol.messages.add_offsets_to_txn import AddOffsetsToTxnRequest
from barnabas.protocol.messages.add_partitions_to_txn import AddPartitionsToTxnRequest
from barnabas.protocol.messages.describe_transactions import DescribeTransactionsRequest
from barnabas.protocol.messages.end_txn import EndTxnRequest
from barnabas.protocol.messages.init_producer_id import InitProducerIdRequest
from barnabas.protocol.messages.list_transactions import ListTransactionsRequest
from broker_harness import FakeRequest

NOW_MS = 1_700_000_000_000
GROUP_PARTITION = ("__consumer_offsets", 7)


class Outbox:
    """Keeps the orders of markers."""

    def __init__(self) -> None:
        self.orders: list[MarkerOrder] = []
        self.cancelled: list[tuple[int, int]] = []

    def send(self, order: MarkerOrder) -> None:
        self.orders.append(order)

    def cancel(self, shard: int, coordinator_epoch: int) -> None:
        self.cancelled.append((shard, coordinator_epoch))


def image_with_topics(**partitions: int) -> MetadataImage:
    """An image with these topics, all led by broker 1."""
    delta = MetadataDelta(MetadataImage())
    for name, count in partitions.items():
        topic_id = name.encode().ljust(16, b"_")
        delta.replay(TopicRecord(name=name, topic_id=topic_id))
        for index in range(count):
            delta.replay(
                PartitionRecord(
                    partition_id=index,
                    topic_id=topic_id,
                    replicas=(1,),
                    isr=(1,),
                    leader=1,
                    leader_epoch=0,
                    partition_epoch=0,
                )
            )
    return delta.apply(1, 1)


class TransactionHarness:
    """See the module's text. Is the coordinators and their one shard to handlers."""

    topic = "__transaction_state"

    def __init__(self, *, server_version: int = 2, **config: Any) -> None:
        self.now, self.now_ms = 1000.0, NOW_MS
        self.config = TransactionConfig(**config)
        self.server_version = server_version
        self.log: list[tuple[bytes, bytes | None]] = []
        self.committed = 0
        self.holds = False
        """Whether what is appended waits for `commit`."""
        self.error: ErrorCode | None = None
        """Why there is no coordinator here."""
        self.append_error: ErrorCode | None = None
        self.loading = False
        self.leader_epoch = 0
        self.outbox = Outbox()
        self._answers: list[tuple[int, Waiter, Any]] = []
        self._next_producer_id = 1000
        self.has_producer_ids = True
        self.image = image_with_topics(t=4, u=1)
        self.machine = self._new_machine()
        self.machine.loaded(self.now, self.now_ms)

    def _new_machine(self) -> TransactionCoordinator:
        return TransactionCoordinator(3, self.config, self.outbox, lambda: self.server_version, self.take)

    # The coordinators and their shard

    def shard(self, key: str) -> TransactionHarness:
        if self.error is not None:
            raise WireError(self.error)
        return self

    def shards(self) -> list[TransactionHarness]:
        return [self]

    def submit(self, decide: Callable[[TransactionCoordinator, float, int], Decision], waiter: Waiter) -> None:
        try:
            decision = decide(self.machine, self.now, self.now_ms)
            if decision.records and self.append_error is not None:
                raise WireError(self.append_error)
        except WireError as error:
            waiter.fail(error)
            return
        self._append(decision.records)
        for answer in decision.reply:
            self._answers.append((len(self.log), *answer))
        if not self.holds:
            self.commit()

    def _append(self, records: Sequence[CoordinatorRecord]) -> None:
        for record in records:
            assert isinstance(record, Record)
            self.log.append(TRANSACTIONS.encode(record))
            self.machine.replay([self._decoded(self.log[-1])], len(self.log) - 1, self.leader_epoch)

    def _decoded(self, entry: tuple[bytes, bytes | None]) -> Record:
        record = TRANSACTIONS.decode(*entry)
        assert record is not None
        return record

    def commit(self) -> None:
        """All that was appended is replicated."""
        self.committed = len(self.log)
        self.machine.commit(self.committed - 1)
        answers, self._answers = self._answers, []
        for _, waiter, answer in answers:
            waiter.reply(answer)

    def fail_over(self) -> None:
        """Another broker takes over, with what was committed."""
        self.machine.closed()
        self._answers.clear()
        del self.log[self.committed :]
        self.leader_epoch += 1
        self.machine = self._new_machine()
        for offset, entry in enumerate(self.log):
            self.machine.replay([self._decoded(entry)], offset, self.leader_epoch)
            self.machine.commit(offset)
        self.machine.loaded(self.now, self.now_ms)

    def advance(self, seconds: float) -> None:
        """Time passes, and what is due is done."""
        self.now += seconds
        self.now_ms += int(seconds * 1000)
        while (deadline := self.machine.next_deadline()) is not None and deadline <= self.now:
            decision = self.machine.handle_deadline(self.now, self.now_ms)
            self._append(decision.records)
            if not self.holds:
                self.commit()

    def write_markers(self) -> None:
        """All markers that were ordered are written."""
        orders, self.outbox.orders = self.outbox.orders, []
        for order in orders:
            waiter = OnceWaiter(lambda _: None, lambda _: None)
            self.submit(
                lambda machine, _, now_ms, order=order: machine.handle_markers_written(order, now_ms),  # type: ignore[misc]
                waiter,
            )

    # Producer ids and groups

    def get(self, receive: Callable[[int | None], None]) -> None:
        """A producer id, or None."""
        receive(self.take())

    def take(self) -> int | None:
        """A producer id, if there are any."""
        if not self.has_producer_ids:
            return None
        self._next_producer_id += 1
        return self._next_producer_id

    def state(self, transactional_id: str = "tx") -> TransactionMetadata:
        metadata = self.machine.get(transactional_id)
        assert metadata is not None
        return metadata

    # Requests

    def _ask(self, handler: Any, message: Message, version: int) -> FakeRequest:
        request = FakeRequest(message, version)
        handler.handle(request)
        return request

    def init(
        self, *, version: int = 5, producer: tuple[int, int] = (-1, -1), timeout_ms: int = 60_000, id: str = "tx"
    ) -> Any:
        """InitProducerId; the request, to see whether it waits."""
        message = InitProducerIdRequest(
            transactional_id=id,
            transaction_timeout_ms=timeout_ms,
            **({} if version < 3 else {"producer_id": producer[0], "producer_epoch": producer[1]}),
        )
        return self._ask(InitProducerIdHandler(self, self, max_timeout_ms=900_000), message, version)  # type: ignore[arg-type]

    def initialized(self, **fields: Any) -> tuple[int, int]:
        """The producer id and epoch that InitProducerId gives."""
        response = self.init(**fields).response
        assert response.error_code == ErrorCode.NONE, ErrorCode(response.error_code).name
        return response.producer_id, response.producer_epoch

    def add(
        self,
        producer: tuple[int, int],
        *partitions: tuple[str, int],
        version: int = 3,
        id: str = "tx",
        verify_only: bool = False,
    ) -> dict[tuple[str, int], ErrorCode]:
        """AddPartitionsToTxn in either form; the errors."""
        topics = [
            AddPartitionsToTxnRequest.AddPartitionsToTxnTopic(name=topic, partitions=[index])
            for topic, index in partitions or [("t", 0)]
        ]
        if version < 4:
            message = AddPartitionsToTxnRequest(
                v3_and_below_transactional_id=id,
                v3_and_below_producer_id=producer[0],
                v3_and_below_producer_epoch=producer[1],
                v3_and_below_topics=topics,
            )
        else:
            transaction = AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction(
                transactional_id=id,
                producer_id=producer[0],
                producer_epoch=producer[1],
                verify_only=verify_only,
                topics=topics,
            )
            message = AddPartitionsToTxnRequest(transactions=[transaction])
        response = self._ask(self.partitions_handler, message, version).response
        results = response.results_by_topic_v3_and_below
        if version >= 4:
            results = response.results_by_transaction[0].topic_results
        return {
            (topic.name, partition.partition_index): ErrorCode(partition.partition_error_code)
            for topic in results
            for partition in topic.results_by_partition
        }

    @property
    def partitions_handler(self) -> AddPartitionsToTxnHandler:
        cache: Any = SimpleNamespace(image=self.image)
        return AddPartitionsToTxnHandler(self, cache)  # type: ignore[arg-type]

    def add_offsets(self, producer: tuple[int, int], *, version: int = 4, id: str = "tx") -> ErrorCode:
        """AddOffsetsToTxn; the error."""
        groups: Any = SimpleNamespace(topic=GROUP_PARTITION[0], partition_for=lambda _: GROUP_PARTITION[1])
        message = AddOffsetsToTxnRequest(
            transactional_id=id, producer_id=producer[0], producer_epoch=producer[1], group_id="g"
        )
        handler = AddOffsetsToTxnHandler(self, groups)  # type: ignore[arg-type]
        return ErrorCode(self._ask(handler, message, version).response.error_code)

    def end(self, producer: tuple[int, int], *, commit: bool, version: int = 4, id: str = "tx") -> Any:
        """EndTxn; the request, to see whether it waits."""
        message = EndTxnRequest(
            transactional_id=id, producer_id=producer[0], producer_epoch=producer[1], committed=commit
        )
        return self._ask(EndTxnHandler(self, self), message, version)  # type: ignore[arg-type]

    def ended(self, producer: tuple[int, int], **fields: Any) -> ErrorCode:
        return ErrorCode(self.end(producer, **fields).response.error_code)

    def describe(self, id: str = "tx") -> Any:
        handler = DescribeTransactionsHandler(self)  # type: ignore[arg-type]
        message = DescribeTransactionsRequest(transactional_ids=[id])
        return self._ask(handler, message, 0).response.transaction_states[0]

    def list(self, version: int = 2, **filters: Any) -> Any:
        handler = ListTransactionsHandler(self, lambda: self.now_ms)  # type: ignore[arg-type]
        return self._ask(handler, ListTransactionsRequest(**filters), version).response


def begun(coordinator: TransactionHarness, *, version: int = 4, epoch: int | None = None) -> tuple[int, int]:
    """A producer with an open transaction, of the protocol that this version of EndTxn stands for."""
    producer = coordinator.initialized()
    if epoch is not None:
        producer = with_epoch(coordinator, epoch)
    assert coordinator.add(producer, version=5 if version >= 5 else 3) == {("t", 0): ErrorCode.NONE}
    return producer


def with_epoch(coordinator: TransactionHarness, epoch: int) -> tuple[int, int]:
    """The producer has come so far."""
    state = replace(coordinator.state(), producer_epoch=epoch)
    coordinator._append([state.record()])
    return state.producer_id, epoch

"""A producer's transactions: begin, enrol partitions, commit offsets with them, commit or abort (KIP-98, KIP-890).

    NEW -> READY -> OPEN -> COMMITTING -> READY -> ...
    NEW         the next transaction asks for the producer id and its epoch, and so fences whoever had the transactional
                id before, or aborts what this producer could not: an abort without an answer leads here
    OPEN        records may be sent; a batch that fails, or offsets that are refused, leave nothing but to abort
    COMMITTING  until an answer comes nobody knows whether the transaction is committed: only to commit again is allowed
    FAILED      another producer has taken the transactional id, or the coordinator refuses us: for good

Two protocols, chosen by the cluster's feature `transaction.version`. From 2 on partitions join by being written to, and
the end of each transaction brings the next epoch. Before, partitions are added first, and the epoch is raised only
after an abort that left it unknown what the brokers have (KIP-360).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from enum import Enum
from typing import Final

import trio

from barnabas.client.batcher import Batcher
from barnabas.client.cluster import Cluster
from barnabas.client.connection import ConnectionLost
from barnabas.client.coordinator import Coordinator, CoordinatorKind
from barnabas.client.errors import BrokerError, ClientClosed, ClientError, ConfigurationError
from barnabas.client.groups.committed import CommitFailed, OffsetAndMetadata
from barnabas.client.groups.member import Generation
from barnabas.client.offsets import Place
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.add_offsets_to_txn import AddOffsetsToTxnRequest, AddOffsetsToTxnResponse
from barnabas.protocol.messages.add_partitions_to_txn import AddPartitionsToTxnRequest, AddPartitionsToTxnResponse
from barnabas.protocol.messages.end_txn import EndTxnRequest, EndTxnResponse
from barnabas.protocol.messages.init_producer_id import InitProducerIdRequest, InitProducerIdResponse
from barnabas.protocol.messages.txn_offset_commit import TxnOffsetCommitRequest, TxnOffsetCommitResponse

_FEATURE: Final = "transaction.version"
_ADD_PARTITIONS: Final = 3
"""The last version of AddPartitionsToTxn for clients; later ones are between brokers."""
_END, _OFFSETS = (4, 5), (4, 5)
"""Versions of EndTxn and TxnOffsetCommit under the first and under the second protocol."""
_END_SECONDS: Final = 10.0
_COMMIT_AGAIN: Final = "it is not known whether the transaction before is committed: call commit_transaction() again"
_FENCED: Final = frozenset({ErrorCode.PRODUCER_FENCED, ErrorCode.INVALID_PRODUCER_EPOCH})
_GROUP_REFUSES: Final = frozenset(
    {
        ErrorCode.ILLEGAL_GENERATION,
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.FENCED_INSTANCE_ID,
        ErrorCode.STALE_MEMBER_EPOCH,
        ErrorCode.FENCED_MEMBER_EPOCH,
    }
)


class ProducerFenced(BrokerError):
    """Another producer with the same transactional id has begun: this one can do nothing any more, and should be
    closed. What it had not committed is aborted.
    """


class TransactionAborted(ClientError):
    """The transaction could not be committed and was aborted: none of it is visible. `__cause__` says why."""


class TransactionState(Enum):
    """See the module's text."""

    NEW = "new"
    READY = "ready"
    OPEN = "open"
    COMMITTING = "committing"
    FAILED = "failed"


class Transactions:
    """See the module's text; `batcher` has the records."""

    def __init__(self, cluster: Cluster, batcher: Batcher, transactional_id: str, timeout: float) -> None:
        """`timeout`: seconds after which the coordinator aborts a transaction by itself."""
        self._cluster: Final = cluster
        self._batcher: Final = batcher
        self.transactional_id: Final = transactional_id
        self._timeout_ms: Final = int(timeout * 1000)
        self._coordinator: Final = Coordinator(cluster, CoordinatorKind.TRANSACTION, transactional_id)
        self._groups: Final[dict[str, Coordinator]] = {}
        self._producer: tuple[int, int] = (-1, -1)
        self._second = False
        self._has_offsets = False
        self._error: ClientError | None = None
        self.state = TransactionState.NEW

    @property
    def is_open(self) -> bool:
        return self.state is TransactionState.OPEN

    @property
    def is_committing(self) -> bool:
        """Whether it is not known if the transaction is committed."""
        return self.state is TransactionState.COMMITTING

    def check_open(self) -> None:
        """Raise unless records may be sent now."""
        if self._error is not None:
            raise self._error.again()
        if self.state is TransactionState.COMMITTING:
            raise ConfigurationError(_COMMIT_AGAIN)
        if self.state is not TransactionState.OPEN:
            raise ConfigurationError("no transaction is open: send inside `async with producer.transaction()`")

    async def begin(self) -> None:
        """A new transaction. ConfigurationError inside of another; ProducerFenced; ClientError."""
        if self._error is not None:
            raise self._error.again()
        if self.state is TransactionState.OPEN:
            raise ConfigurationError("a transaction is open already; a producer has one at a time")
        if self.state is TransactionState.COMMITTING:
            raise ConfigurationError(_COMMIT_AGAIN)
        if self.state is TransactionState.NEW:
            await self._initialise()
        self._batcher.begin_transaction(joins_by_writing=self._second)
        self._has_offsets = False
        self.state = TransactionState.OPEN

    async def _initialise(self) -> None:
        producer_id, epoch = self._producer
        message = InitProducerIdRequest(
            transactional_id=self.transactional_id,
            transaction_timeout_ms=self._timeout_ms,
            producer_id=producer_id,
            producer_epoch=epoch,
        )
        response = await self._coordinator.ask(message, InitProducerIdResponse, lambda answer: answer.error_code)
        self._check(response.error_code)
        self._second = await self._is_second()
        self._use(response.producer_id, response.producer_epoch)

    async def _is_second(self) -> bool:
        backoff = self._cluster.backoff(f"the features known to {self._coordinator}")
        while True:
            try:
                return (await self._coordinator.features()).get(_FEATURE, 0) >= 2
            except ConnectionLost as error:
                await backoff.wait(error)

    def _use(self, producer_id: int, epoch: int) -> None:
        self._producer = (producer_id, epoch)
        self._batcher.set_producer_id(producer_id, epoch)

    async def enrol(self, places: Iterable[Place]) -> None:
        """Make these partitions part of the transaction, where they are not by being written to."""
        new = AddPartitionsToTxnRequest
        topics: dict[str, AddPartitionsToTxnRequest.AddPartitionsToTxnTopic] = {}
        for topic, number in sorted(places):
            topics.setdefault(topic, new.AddPartitionsToTxnTopic(name=topic)).partitions.append(number)
        message = new(
            v3_and_below_transactional_id=self.transactional_id,
            v3_and_below_producer_id=self._producer[0],
            v3_and_below_producer_epoch=self._producer[1],
            v3_and_below_topics=topics.values(),
        )
        response = await self._coordinator.ask(
            message, AddPartitionsToTxnResponse, _add_partitions_error, version=_ADD_PARTITIONS
        )
        self._check(_add_partitions_error(response))
        self._batcher.enrolled(places)

    async def commit_offsets(self, group: str, offsets: Mapping[Place, OffsetAndMetadata], member: Generation) -> None:
        """Commit offsets of a group when, and only when, the transaction is committed.

        CommitFailed when the group has moved on: the transaction can only be aborted.
        """
        self.check_open()
        if not offsets:
            return
        self._has_offsets = True
        try:
            if not self._second:
                await self._add_group(group)
            await self._send_offsets(group, offsets, member)
        except BaseException as error:
            text = "the offsets may not be part of the transaction: their commit was cancelled"
            failure = error if isinstance(error, ClientError) else ClientClosed(text)
            self._batcher.failure = self._batcher.failure or failure
            raise

    async def _add_group(self, group: str) -> None:
        producer_id, epoch = self._producer
        message = AddOffsetsToTxnRequest(
            transactional_id=self.transactional_id, producer_id=producer_id, producer_epoch=epoch, group_id=group
        )
        response = await self._coordinator.ask(message, AddOffsetsToTxnResponse, lambda answer: answer.error_code)
        self._check(response.error_code)

    async def _send_offsets(self, group: str, offsets: Mapping[Place, OffsetAndMetadata], member: Generation) -> None:
        new = TxnOffsetCommitRequest
        topics: dict[str, list[TxnOffsetCommitRequest.TxnOffsetCommitRequestPartition]] = defaultdict(list)
        for (topic, number), known in offsets.items():
            topics[topic].append(
                new.TxnOffsetCommitRequestPartition(
                    partition_index=number,
                    committed_offset=known.offset,
                    committed_leader_epoch=known.leader_epoch,
                    committed_metadata=known.metadata,
                )
            )
        message = new(
            transactional_id=self.transactional_id,
            group_id=group,
            producer_id=self._producer[0],
            producer_epoch=self._producer[1],
            generation_id=member.epoch,
            member_id=member.member_id,
            group_instance_id=member.instance_id,
            topics=[new.TxnOffsetCommitRequestTopic(name=name, partitions=parts) for name, parts in topics.items()],
        )
        coordinator = self._groups.setdefault(group, Coordinator(self._cluster, CoordinatorKind.GROUP, group))
        response = await coordinator.ask(
            message, TxnOffsetCommitResponse, _offsets_error, version=_OFFSETS[self._second]
        )
        code = _offsets_error(response)
        if code in _GROUP_REFUSES:
            raise CommitFailed(code, f"group {group}")
        self._check(code)

    async def end(self, *, commit: bool) -> None:
        """Commit or abort; all records have been acknowledged or have failed. Nothing happens where nothing is open.

        After a commit without an answer (TimedOut) only another one is possible. An abort may be left alone then: the
        next transaction begins with it.
        """
        if self._error is not None:
            raise self._error.again()
        if self.state in (TransactionState.NEW, TransactionState.READY):
            return
        if self.state is TransactionState.COMMITTING and not commit:
            raise ConfigurationError(_COMMIT_AGAIN)
        if self._batcher.wrote or self._has_offsets:
            self.state = TransactionState.COMMITTING if commit else TransactionState.NEW
            await self._end(commit=commit)
        self.state = TransactionState.READY

    async def end_in_time(self, *, commit: bool) -> None:
        """As `end`, within a bounded time and whoever cancels. Without success, `state` says what is possible."""
        with trio.move_on_after(_END_SECONDS, shield=True), suppress(ClientError):
            await self.end(commit=commit)

    async def _end(self, *, commit: bool) -> None:
        producer_id, epoch = self._producer
        message = EndTxnRequest(
            transactional_id=self.transactional_id, producer_id=producer_id, producer_epoch=epoch, committed=commit
        )
        response = await self._coordinator.ask(
            message, EndTxnResponse, lambda answer: answer.error_code, version=_END[self._second]
        )
        if response.error_code == ErrorCode.TRANSACTION_ABORTABLE and commit:
            self.state = TransactionState.OPEN
        self._check(response.error_code)
        if self._second:
            self._use(response.producer_id, response.producer_epoch)
        elif self._batcher.failure is not None:
            await self._initialise()

    def _check(self, code: int) -> None:
        """ProducerFenced and other refusals are for good, but for what an abort repairs."""
        if code == ErrorCode.NONE:
            return
        error = BrokerError(code, str(self._coordinator))
        if code in _FENCED:
            error = ProducerFenced(code, str(self._coordinator))
        if code != ErrorCode.TRANSACTION_ABORTABLE and not error.retriable:
            self._error, self.state = error, TransactionState.FAILED
        raise error


def _add_partitions_error(response: AddPartitionsToTxnResponse) -> int:
    """The first error of a partition that says anything; the others only say that nothing was tried."""
    codes = [
        partition.partition_error_code
        for topic in response.results_by_topic_v3_and_below
        for partition in topic.results_by_partition
        if partition.partition_error_code not in (ErrorCode.NONE, ErrorCode.OPERATION_NOT_ATTEMPTED)
    ]
    return next(iter(codes), ErrorCode.NONE)


def _offsets_error(response: TxnOffsetCommitResponse) -> int:
    codes = (p.error_code for topic in response.topics for p in topic.partitions if p.error_code)
    return next(codes, ErrorCode.NONE)

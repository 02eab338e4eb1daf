"""The end of a coordinator's log: the partition that this broker leads, as the runtime's `Log`.

A decision's records become batches: those of one producer's transaction one, those of none another, a marker one of
its own; a decision that is all or nothing is one batch. Everything that can be refused is refused before the first
record is replayed: too few in-sync replicas, another leader epoch, a batch larger than the topic allows, a producer
that was fenced. What is left to go wrong while appending is the disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from barnabas.broker.coordinator.records import CoordinatorRecord, Record, RecordCodec, TransactionEnd
from barnabas.broker.partition import ACKS_ALL
from barnabas.protocol.compression import Compression
from barnabas.protocol.errors import ErrorCode, LocalProtocolError, WireError
from barnabas.protocol.record_batch import NO_SEQUENCE, EndTxnMarker, RecordBatch
from barnabas.protocol.record_builder import BatchBuilder, build_end_txn_marker
from barnabas.storage.disk import StorageError

if TYPE_CHECKING:
    from barnabas.broker.partition import Partition
    from barnabas.broker.partition_leader import LeaderRole
    from barnabas.broker.replica_manager import ReplicaManager
    from barnabas.storage.append_result import AppendResult

_RECORD_OVERHEAD: Final = 32
"""The most bytes that a record needs besides its key and value."""


class PartitionEnd:
    """See the module's text. Appends in `leader_epoch` only."""

    def __init__(
        self,
        partition: Partition,
        leader_epoch: int,
        codec: RecordCodec,
        replicas: ReplicaManager,
        compression: Compression = Compression.NONE,
    ) -> None:
        self._partition = partition
        self._leader_epoch = leader_epoch
        self._codec = codec
        self._replicas = replicas
        self._compression = compression

    def prepare(self, records: Sequence[CoordinatorRecord], *, atomic: bool) -> PreparedAppend:
        """See `barnabas.server.runtime.Log`.

        Raises WireError: NOT_LEADER_OR_FOLLOWER, NOT_ENOUGH_REPLICAS, KAFKA_STORAGE_ERROR, MESSAGE_TOO_LARGE,
        RECORD_LIST_TOO_LARGE, INVALID_PRODUCER_EPOCH, TRANSACTION_COORDINATOR_FENCED.
        """
        partition = self._partition
        role = partition.check_append(ACKS_ALL)
        if role.leader_epoch != self._leader_epoch:
            raise WireError(ErrorCode.NOT_LEADER_OR_FOLLOWER)
        now_ms = self._replicas.wall_clock_ms()
        batches = [(RecordBatch(data), marker) for data, marker in self._build(records, now_ms, atomic=atomic)]
        if atomic and len(batches) != 1:
            raise LocalProtocolError("records of several producers, or markers, cannot be one batch")
        for batch, marker in batches:
            self._check(batch, marker)
        return PreparedAppend(self._replicas, partition, role, batches, now_ms)

    def _build(
        self, records: Sequence[CoordinatorRecord], now_ms: int, *, atomic: bool
    ) -> Iterator[tuple[bytearray, TransactionEnd | None]]:
        """The batches one after another; those that are markers with what they say."""
        limit = self._partition.rules.max_message_bytes
        builder: BatchBuilder | None = None
        for record in records:
            if isinstance(record, TransactionEnd):
                if builder is not None:
                    yield builder.build(), None
                    builder = None
                yield _marker(record, now_ms), record
                continue
            key, value = self._codec.encode(record)
            size = len(key) + len(value or b"") + _RECORD_OVERHEAD
            if builder is not None and (
                (record.producer_id, record.producer_epoch) != (builder.producer_id, builder.producer_epoch)
                or (not atomic and builder.size + size > limit)
            ):
                yield builder.build(), None
                builder = None
            if builder is None:
                builder = self._builder(record, now_ms)
            builder.append(now_ms, key, value)
        if builder is not None:
            yield builder.build(), None

    def _builder(self, first: Record, now_ms: int) -> BatchBuilder:
        transactional = first.producer_id >= 0
        return BatchBuilder(
            self._compression,
            producer_id=first.producer_id,
            producer_epoch=first.producer_epoch,
            base_sequence=0 if transactional else NO_SEQUENCE,
            transactional=transactional,
            log_append_time_ms=now_ms if self._partition.rules.log_append_time else None,
        )

    def _check(self, batch: RecordBatch, marker: TransactionEnd | None) -> None:
        partition = self._partition
        rules, where = partition.rules, f"{partition.topic}-{partition.index}"
        if batch.size > rules.max_message_bytes:
            raise WireError(
                ErrorCode.MESSAGE_TOO_LARGE,
                f"A batch of {batch.size} bytes for {where}, where at most {rules.max_message_bytes} are allowed.",
            )
        if batch.size > rules.segment_bytes:
            raise WireError(
                ErrorCode.RECORD_LIST_TOO_LARGE,
                f"A batch of {batch.size} bytes for {where}, where a segment has {rules.segment_bytes}.",
            )
        if marker is not None:
            end = EndTxnMarker(marker.committed, marker.coordinator_epoch)
            partition.log.producers.check_marker(batch, end, marker.transaction_version)
        elif batch.has_producer_id:
            partition.log.producers.check(batch, sequenced=False)


class PreparedAppend:
    """Batches, checked, and not in the log yet. Their offsets follow the log's end."""

    __slots__ = ("_batches", "_now_ms", "_partition", "_replicas", "_role", "ends")

    def __init__(
        self,
        replicas: ReplicaManager,
        partition: Partition,
        role: LeaderRole,
        batches: Sequence[tuple[RecordBatch, TransactionEnd | None]],
        now_ms: int,
    ) -> None:
        self._replicas = replicas
        self._partition = partition
        self._role = role
        self._batches = batches
        self._now_ms = now_ms
        self.ends: list[int] = []
        """The last offset of each batch."""
        end = partition.log.log_end_offset
        for batch, _ in batches:
            end += batch.last_offset_delta + 1
            self.ends.append(end - 1)

    def append(self) -> None:
        """Write the batches. WireError(KAFKA_STORAGE_ERROR) where the disk fails; the replica is offline then."""
        try:
            for (batch, marker), end in zip(self._batches, self.ends, strict=True):
                result = self._append(batch, marker)
                assert result.last_offset == end, f"appended up to {result.last_offset}, not {end}"
        except StorageError as error:
            self._replicas.storage_failed(error)
            raise WireError(ErrorCode.KAFKA_STORAGE_ERROR) from error
        self._replicas.flusher.appended(self._partition, self._now_ms)

    def _append(self, batch: RecordBatch, marker: TransactionEnd | None) -> AppendResult:
        partition, role, now, now_ms = self._partition, self._role, self._replicas.clock(), self._now_ms
        if marker is None:
            return partition.append(role, batch, now, now_ms, sequenced=False)
        return partition.append_marker(role, batch, now, now_ms, transaction_version=marker.transaction_version)


def _marker(record: TransactionEnd, now_ms: int) -> bytearray:
    return build_end_txn_marker(
        record.committed,
        producer_id=record.producer_id,
        producer_epoch=record.producer_epoch,
        coordinator_epoch=record.coordinator_epoch,
        timestamp=now_ms,
    )

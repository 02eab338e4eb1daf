"""What each idempotent or transactional producer last wrote to one log: so that a retry is answered, not written again.

Of a producer id the log keeps the epoch and the last five batches (sequence numbers, offsets, timestamp). A batch is

- a duplicate, if one of the five has its epoch and its first and last sequence: the answer is that batch's offsets;
- refused with INVALID_PRODUCER_EPOCH, if its epoch is older;
- refused with OUT_OF_ORDER_SEQUENCE_NUMBER, unless its first sequence follows the last one (2^31 - 1 is followed by 0),
  or is 0 in a newer epoch. A producer id that the log does not know may start anywhere, but for one that bumps its
  epoch with every transaction: it starts at 0, and none may start behind another batch that is being verified.

A marker ends the producer's transaction. Its coordinator's epoch must not be older than that of the marker before,
and its producer epoch must be newer than the transaction's where every transaction has its own (KIP-890), so that a
marker that comes late cannot end the next transaction (KIP-1228).

Kept true: the state is the fold of the log's batches up to `end_offset`, so it can always be rebuilt; snapshots shorten
that. Followers and recovery fold without checking. Only the verifications (`verification.py`) are not in the log: they
are the leader's, and end with its leadership. KIP-98.

A snapshot, `<end offset>.snapshot`, is Kafka's version 1: CRC-32C of what follows it, then an entry a producer, which
knows the last batch only. Behind the entries come the batches before, a count a producer, and the transactions whose
markers were not known to be replicated: Kafka does not read that far.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from struct import error as StructError
from typing import Final, NamedTuple

from barnabas.protocol.crc32c import crc32c
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.record_batch import NO_PRODUCER_EPOCH, ControlType, EndTxnMarker, RecordBatch, control_type
from barnabas.storage.unstable_offsets import UnstableOffsets
from barnabas.storage.verification import Verifications

BATCHES_KEPT: Final = 5
_SEQUENCES: Final = 1 << 31
_HEADER: Final = Struct(">hIi")
_ENTRY: Final = Struct(">qhiqiqiq")
_BATCH: Final = Struct(">iqiq")
_ENDED: Final = Struct(">qq")
_CRC_END: Final = 6
_MARKER: Final = Struct(">hi")
_VERSION: Final = 1
_MAX_EPOCH: Final = (1 << 15) - 1
_FIRST_TRANSACTION_VERSION_WITH_EPOCH_BUMP: Final = 2


class CorruptSnapshot(Exception):
    """A snapshot file that is cut, changed, or of an unknown version."""


class BatchMetadata(NamedTuple):
    """One remembered batch."""

    last_sequence: int
    last_offset: int
    offset_delta: int
    """Last offset - first offset, and likewise for the sequences."""
    timestamp: int
    """The batch's largest, ms."""

    @property
    def first_offset(self) -> int:
        return self.last_offset - self.offset_delta

    @property
    def first_sequence(self) -> int:
        return (self.last_sequence - self.offset_delta) % _SEQUENCES if self.last_sequence >= 0 else -1


class CompletedTransaction(NamedTuple):
    """A transaction that has its marker in this partition."""

    producer_id: int
    first_offset: int
    last_offset: int
    """Of the marker."""
    aborted: bool


class ProducerState:
    """One producer id's state."""

    __slots__ = ("batches", "coordinator_epoch", "epoch", "last_timestamp", "producer_id", "txn_first_offset")

    def __init__(self, producer_id: int) -> None:
        self.producer_id = producer_id
        self.epoch = NO_PRODUCER_EPOCH
        self.batches: list[BatchMetadata] = []
        """The last five at most, oldest first; of this epoch only."""
        self.last_timestamp = -1
        self.coordinator_epoch = -1
        self.txn_first_offset = -1
        """Where the transaction began that is still open; -1 if none is."""

    @property
    def last_sequence(self) -> int:
        return self.batches[-1].last_sequence if self.batches else -1

    def find(self, batch: RecordBatch) -> BatchMetadata | None:
        """The remembered batch that this one repeats."""
        if batch.producer_epoch == self.epoch:
            first, last = batch.base_sequence, batch.last_sequence
            for known in self.batches:
                if known.last_sequence == last and known.first_sequence == first:
                    return known
        return None

    def __repr__(self) -> str:
        return f"ProducerState({self.producer_id}/{self.epoch} {self.batches})"


class ProducerStates:
    """The producers of one log, as of `end_offset`."""

    __slots__ = ("_producers", "end_offset", "unstable", "verifications")

    def __init__(self, end_offset: int = 0) -> None:
        self._producers: dict[int, ProducerState] = {}
        self.unstable = UnstableOffsets()
        self.verifications = Verifications()
        self.end_offset = end_offset
        """The state is that of the log up to here, exclusive."""

    def __len__(self) -> int:
        return len(self._producers)

    def __iter__(self) -> Iterator[ProducerState]:
        return iter(self._producers.values())

    def get(self, producer_id: int) -> ProducerState | None:
        return self._producers.get(producer_id)

    def in_transaction(self, producer_id: int, epoch: int) -> bool:
        """Whether a transaction of the producer is open here in this epoch."""
        state = self._producers.get(producer_id)
        return state is not None and state.txn_first_offset >= 0 and state.epoch == epoch

    # Checking

    def check(self, batch: RecordBatch, *, sequenced: bool = True) -> BatchMetadata | None:
        """The remembered batch that `batch` repeats, or None if a leader may append it. Raises WireError if it may not.

        `sequenced` is False for what coordinators write, which has no sequence numbers. Markers have `check_marker`.
        """
        state = self._producers.get(batch.producer_id)
        if state is not None:
            known = state.find(batch) if sequenced else None
            if known is not None:
                return known
            _check_epoch(state, batch)
        if sequenced:
            self._check_verified_sequence(state, batch)
        if state is None or state.epoch == NO_PRODUCER_EPOCH:
            return None
        if sequenced:
            _check_sequence(state, batch)
        if state.txn_first_offset >= 0 and not batch.is_transactional:
            raise WireError(
                ErrorCode.INVALID_TXN_STATE,
                f"Expected transactional write from producer {batch.producer_id}",
            )
        return None

    def _check_verified_sequence(self, state: ProducerState | None, batch: RecordBatch) -> None:
        verification = self.verifications.get(batch.producer_id)
        if verification is None:
            return
        sequence, known = batch.base_sequence, state is not None and bool(state.batches)
        if sequence > verification.lowest_sequence or (verification.bumps_epoch and sequence and not known):
            raise WireError(
                ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
                f"Out of order sequence number for producer {batch.producer_id}: {sequence}, where"
                f" {0 if verification.bumps_epoch else verification.lowest_sequence} begins the transaction",
            )

    def check_marker(self, batch: RecordBatch, marker: EndTxnMarker, transaction_version: int) -> None:
        """Raise the WireError where a leader must not append this marker.

        `transaction_version` is that of the transaction: from 2 on the epoch grows with each.
        """
        state = self._producers.get(batch.producer_id)
        if state is None:
            return
        if transaction_version < _FIRST_TRANSACTION_VERSION_WITH_EPOCH_BUMP:
            _check_epoch(state, batch)
        elif batch.producer_epoch <= state.epoch:
            # The same marker again is fine, while there is no transaction that it could end by mistake.
            again = batch.producer_epoch == state.epoch
            if not (again and (state.txn_first_offset < 0 or state.epoch == _MAX_EPOCH)):
                raise WireError(
                    ErrorCode.INVALID_PRODUCER_EPOCH,
                    f"Epoch of producer {batch.producer_id} is {batch.producer_epoch} in a marker, and"
                    f" {state.epoch} in what it would end",
                )
        if marker.coordinator_epoch < state.coordinator_epoch:
            raise WireError(
                ErrorCode.TRANSACTION_COORDINATOR_FENCED,
                f"Coordinator epoch of producer {batch.producer_id} is {marker.coordinator_epoch}, and was"
                f" {state.coordinator_epoch} before",
            )

    # Replaying

    def replay(self, batch: RecordBatch) -> CompletedTransaction | None:
        """Take in a batch that is in the log; its offsets count. The transaction that it ends, if it ends one.

        Batches without a producer id only move the end.
        """
        completed = None
        if batch.has_producer_id:
            state = self._producers.get(batch.producer_id)
            if state is None:
                state = self._producers[batch.producer_id] = ProducerState(batch.producer_id)
            if batch.is_control:
                completed = self._end_transaction(state, batch)
            else:
                self._replay_data(state, batch)
            if batch.is_transactional:
                self.verifications.drop(batch.producer_id)
        self.end_offset = batch.next_offset
        return completed

    def _replay_data(self, state: ProducerState, batch: RecordBatch) -> None:
        if state.epoch != batch.producer_epoch:
            state.epoch = batch.producer_epoch
            state.batches.clear()
        elif len(state.batches) == BATCHES_KEPT:
            del state.batches[0]
        timestamp, delta = batch.max_timestamp, batch.last_offset_delta
        state.batches.append(BatchMetadata(batch.last_sequence, batch.base_offset + delta, delta, timestamp))
        state.last_timestamp = timestamp
        if state.txn_first_offset < 0 and batch.is_transactional:
            state.txn_first_offset = batch.base_offset
            self.unstable.begin(batch.base_offset, state.producer_id)

    def _end_transaction(self, state: ProducerState, batch: RecordBatch) -> CompletedTransaction | None:
        record = next(batch.records(), None)
        kind = None if record is None else control_type(record.key)
        if record is not None and kind not in (ControlType.COMMIT, ControlType.ABORT):
            return None
        if state.epoch != batch.producer_epoch:
            state.epoch = batch.producer_epoch
            state.batches.clear()
        if record is None:
            # The transaction is all gone: cleaning has left this for the epoch, which Kafka does not read from it.
            state.last_timestamp = batch.max_timestamp
            return None
        if record.value is not None and len(record.value) >= _MARKER.size:
            state.coordinator_epoch = _MARKER.unpack_from(record.value)[1]
        state.last_timestamp = record.timestamp
        first, state.txn_first_offset = state.txn_first_offset, -1
        if first < 0:
            return None
        self.unstable.end(first, batch.base_offset)
        return CompletedTransaction(state.producer_id, first, batch.base_offset, kind is ControlType.ABORT)

    def expire(self, now_ms: int, expiration_ms: int) -> int:
        """Forget the producers that wrote nothing for `expiration_ms` and have no open transaction; how many."""
        self.verifications.expire(now_ms, expiration_ms)
        expired = [
            state.producer_id
            for state in self._producers.values()
            if state.txn_first_offset < 0 and now_ms - state.last_timestamp >= expiration_ms
        ]
        for producer_id in expired:
            del self._producers[producer_id]
        return len(expired)

    def to_snapshot(self) -> bytes:
        """The content of a snapshot file at `end_offset`."""
        data = bytearray(_HEADER.size)
        for state in self._producers.values():
            last = state.batches[-1] if state.batches else BatchMetadata(-1, -1, 0, -1)
            data += _ENTRY.pack(
                state.producer_id,
                state.epoch,
                last.last_sequence,
                last.last_offset,
                last.offset_delta,
                state.last_timestamp,
                state.coordinator_epoch,
                state.txn_first_offset,
            )
        for state in self._producers.values():
            data.append(len(state.batches[:-1]))
            for batch in state.batches[:-1]:
                data += _BATCH.pack(*batch)
        for ended in self.unstable.ended:
            data += _ENDED.pack(*ended)
        _HEADER.pack_into(data, 0, _VERSION, 0, len(self._producers))
        _HEADER.pack_into(data, 0, _VERSION, crc32c(memoryview(data)[_CRC_END:]), len(self._producers))
        return bytes(data)

    @classmethod
    def from_snapshot(cls, data: bytes, end_offset: int) -> ProducerStates:
        """Read a snapshot file that was taken at `end_offset`. Raises CorruptSnapshot."""
        try:
            version, crc, count = _HEADER.unpack_from(data)
        except StructError:
            raise CorruptSnapshot(f"{len(data)} bytes are no snapshot") from None
        if version != _VERSION:
            raise CorruptSnapshot(f"version {version}, not {_VERSION}")
        if crc != crc32c(memoryview(data)[_CRC_END:]):
            raise CorruptSnapshot("its CRC is wrong")
        end = _HEADER.size + count * _ENTRY.size
        if not count >= 0 or len(data) < end:
            raise CorruptSnapshot(f"{count} producers in {len(data)} bytes")
        states = cls(end_offset)
        for entry in _ENTRY.iter_unpack(memoryview(data)[_HEADER.size : end]):
            state = ProducerState(entry[0])
            _, state.epoch, last_sequence, last_offset, delta, state.last_timestamp, state.coordinator_epoch, first = (
                entry
            )
            if last_offset >= 0:
                state.batches.append(BatchMetadata(last_sequence, last_offset, delta, state.last_timestamp))
            state.txn_first_offset = max(first, -1)
            states._producers[state.producer_id] = state
        if len(data) > end:
            end = states._read_earlier_batches(data, end)
        if (len(data) - end) % _ENDED.size:
            raise CorruptSnapshot(f"{len(data) - end} bytes of ended transactions")
        states.unstable = UnstableOffsets(
            ((state.txn_first_offset, state.producer_id) for state in states if state.txn_first_offset >= 0),
            ((marker, first) for marker, first in _ENDED.iter_unpack(memoryview(data)[end:])),
        )
        return states

    def _read_earlier_batches(self, data: bytes, position: int) -> int:
        """Where they end."""
        try:
            for state in self._producers.values():
                count, position = data[position], position + 1
                for number in range(count):
                    state.batches.insert(number, BatchMetadata(*_BATCH.unpack_from(data, position)))
                    position += _BATCH.size
        except (IndexError, StructError):
            raise CorruptSnapshot("it ends within a producer's batches") from None
        return position


def _check_epoch(state: ProducerState, batch: RecordBatch) -> None:
    if batch.producer_epoch < state.epoch:
        raise WireError(
            ErrorCode.INVALID_PRODUCER_EPOCH,
            f"Epoch of producer {batch.producer_id} is {batch.producer_epoch},"
            f" which is smaller than the last seen epoch {state.epoch}",
        )


def _check_sequence(state: ProducerState, batch: RecordBatch) -> None:
    epoch, sequence, last = batch.producer_epoch, batch.base_sequence, state.last_sequence
    if epoch == state.epoch:
        in_order = sequence == last + 1 or (sequence == 0 and last == _SEQUENCES - 1)
    else:
        in_order = sequence == 0
    if not in_order:
        raise WireError(
            ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
            f"Out of order sequence number for producer {batch.producer_id}: {sequence} (incoming seq. number),"
            f" {last} (current end sequence number), epoch {epoch} after {state.epoch}",
        )

"""What the cleaner leaves of one batch.

Of a data batch stay the records that are the last of their key, tombstones among them until their time is up. A batch
of which all stays is left as it is, byte for byte; otherwise it keeps its base and last offset, codec, producer,
sequence, epoch and flags, and the records that stay keep their offsets and timestamps.

A batch with tombstones, and a marker whose transaction is all gone, gets a delete horizon when it is cleaned first: the
time from which on they may go. It stands in the place of the base timestamp, a flag says so, and the records'
timestamps are written relative to it (KIP-534).

Records are copied as they lie (`cleaner_records.py`); only where the base timestamp changes, each is written with
another delta.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from barnabas.protocol.compression import Compression, compress
from barnabas.protocol.record_batch import (
    BATCH_OVERHEAD,
    CONTROL_FLAG,
    CRC_OFFSET,
    DELETE_HORIZON_FLAG,
    HEADER,
    LOG_OVERHEAD,
    MAGIC,
    NO_TIMESTAMP,
    TIMESTAMP_TYPE_FLAG,
    TRANSACTIONAL_FLAG,
    RecordBatch,
    checksum,
)
from barnabas.protocol.types import Buffer, encode_varint
from barnabas.storage.cleaner_map import OffsetMap
from barnabas.storage.cleaner_records import RawRecord, raw_records, timestamp_of

_CRC: Final = Struct(">I")
_EMPTY_FLAGS: Final = TIMESTAMP_TYPE_FLAG | TRANSACTIONAL_FLAG | CONTROL_FLAG
_INT64: Final = 1 << 63


class BatchFilter:
    """See the module's text. One round of cleaning uses one."""

    __slots__ = ("_delete_retention_ms", "_map", "_now_ms", "keyless")

    def __init__(self, keys: OffsetMap, now_ms: int, delete_retention_ms: int) -> None:
        self._map = keys
        self._now_ms = now_ms
        self._delete_retention_ms = delete_retention_ms
        self.keyless = 0
        """Records without a key, which a compacted topic must not have, and which went."""

    def clean(self, batch: RecordBatch, *, discard: bool, keep_empty: bool) -> RecordBatch | None:
        """What is left of `batch`; None if nothing is.

        `discard`: no record of it is of use to anybody, because its transaction was aborted or, if it is a marker, is
        all gone. `keep_empty`: its header must stay. Raises CorruptRecords.
        """
        horizon_ms = batch.delete_horizon_ms
        expired = horizon_ms is not None and horizon_ms <= self._now_ms
        empty = _empty(batch) if keep_empty else None
        if not batch.records_count or (discard and (expired or not batch.is_control)):
            return empty
        if batch.is_control:
            return self._set_horizon(batch) if discard and horizon_ms is None else batch
        payload = bytes(batch.payload())
        kept, tombstones = self._choose(batch, payload, expired)
        if not kept:
            return empty
        if tombstones and horizon_ms is None:
            return _rebuild(batch, payload, kept, self._now_ms + self._delete_retention_ms)
        return batch if len(kept) == batch.records_count else _rebuild(batch, payload, kept, None)

    def _set_horizon(self, batch: RecordBatch) -> RecordBatch:
        payload = bytes(batch.payload())
        kept = list(raw_records(payload, batch.records_count))
        return _rebuild(batch, payload, kept, self._now_ms + self._delete_retention_ms)

    def _choose(self, batch: RecordBatch, payload: bytes, expired: bool) -> tuple[list[RawRecord], int]:
        """The records that stay, and how many tombstones are among them."""
        base, known, last_known = batch.base_offset, self._map.get, self._map.latest_offset
        kept: list[RawRecord] = []
        tombstones = 0
        for record in raw_records(payload, batch.records_count):
            offset, key, tombstone = base + record[4], record[5], record[6]
            if offset <= last_known:
                if key is None:
                    self.keyless += 1
                    continue
                if offset < known(key) or (tombstone and expired):
                    continue
            kept.append(record)
            tombstones += tombstone
        return kept, tombstones


def _rebuild(batch: RecordBatch, payload: bytes, kept: list[RawRecord], new_horizon_ms: int | None) -> RecordBatch:
    """The batch with only these records, and perhaps a delete horizon."""
    base, latest, attributes = batch.base_timestamp, batch.max_timestamp, batch.attributes
    if not batch.log_append_time:
        latest = max(_wrapped(base + timestamp_of(payload, record)) for record in kept)
    if new_horizon_ms is None:
        body: Buffer = _copied(payload, kept)
    else:
        body = _rebased(payload, kept, base - new_horizon_ms)
        base, attributes = new_horizon_ms, attributes | DELETE_HORIZON_FLAG
    if batch.compression != Compression.NONE:
        body = compress(batch.compression, body)
    return _batch(batch, attributes, base, latest, len(kept), body)


def _copied(payload: bytes, kept: list[RawRecord]) -> bytes:
    """The records one after another; what lies together is copied together."""
    pieces: list[bytes] = []
    start, end = kept[0][0], kept[0][0]
    for record in kept:
        if record[0] != end:
            pieces.append(payload[start:end])
            start = record[0]
        end = record[3]
    pieces.append(payload[start:end])
    return b"".join(pieces)


def _rebased(payload: bytes, kept: list[RawRecord], shift: int) -> bytes:
    """The records with `shift` added to their relative timestamps."""
    pieces: list[bytes] = []
    for record in kept:
        delta = encode_varint(_wrapped(timestamp_of(payload, record) + shift))
        rest = payload[record[2] : record[3]]
        pieces += (encode_varint(1 + len(delta) + len(rest)), b"\0", delta, rest)
    return b"".join(pieces)


def _wrapped(value: int) -> int:
    """Sums of timestamps wrap, as in Java."""
    return value if -_INT64 <= value < _INT64 else (value + _INT64) % (2 * _INT64) - _INT64


def _empty(batch: RecordBatch) -> RecordBatch:
    """The batch without any record: what its producer last wrote, or where it ended, stays known."""
    return _batch(batch, batch.attributes & _EMPTY_FLAGS, NO_TIMESTAMP, batch.max_timestamp, 0, b"")


def _batch(
    batch: RecordBatch, attributes: int, base_timestamp: int, max_timestamp: int, count: int, body: Buffer
) -> RecordBatch:
    data = bytearray(BATCH_OVERHEAD)
    HEADER.pack_into(
        data,
        0,
        batch.base_offset,
        BATCH_OVERHEAD - LOG_OVERHEAD + len(body),
        batch.leader_epoch,
        MAGIC,
        0,
        attributes,
        batch.last_offset_delta,
        base_timestamp,
        max_timestamp,
        batch.producer_id,
        batch.producer_epoch,
        batch.base_sequence,
        count,
    )
    data += body
    _CRC.pack_into(data, CRC_OFFSET, checksum(data))
    return RecordBatch(data)

"""Writing record batches of magic 2, plain, compressed and control ones.

A `BatchBuilder` gathers records and builds the batch with its CRC in one pass; the caller keeps the sum of sizes in
view through `size`. A control batch carries one record whose key is two int16: version 0 and the `ControlType`.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from barnabas.protocol.compression import Compression, compress
from barnabas.protocol.errors import LocalProtocolError
from barnabas.protocol.record_batch import (
    BATCH_OVERHEAD,
    CONTROL_FLAG,
    CRC_OFFSET,
    DELETE_HORIZON_FLAG,
    HEADER,
    LOG_OVERHEAD,
    MAGIC,
    NO_PARTITION_LEADER_EPOCH,
    NO_PRODUCER_EPOCH,
    NO_PRODUCER_ID,
    NO_SEQUENCE,
    NO_TIMESTAMP,
    TIMESTAMP_TYPE_FLAG,
    TRANSACTIONAL_FLAG,
    ControlType,
    checksum,
)
from barnabas.protocol.types import Buffer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Headers = Sequence[tuple[str, Buffer | None]]
    """Names and values; a name may come more than once."""
    RecordFields = tuple[int, Buffer | None, Buffer | None] | tuple[int, Buffer | None, Buffer | None, Headers]
    """Timestamp (ms), key, value and, perhaps, headers."""

_CRC = struct.Struct(">I")
_CONTROL_KEY = struct.Struct(">hh")
_END_TXN_MARKER = struct.Struct(">hi")
_INT64 = 1 << 63


class BatchBuilder:
    """Gathers records, then builds one batch; offsets are base_offset, +1, ... unless `append` is told otherwise."""

    __slots__ = (
        "_body",
        "_compression",
        "_control",
        "_count",
        "_delete_horizon_ms",
        "_first_timestamp",
        "_last_delta",
        "_leader_epoch",
        "_level",
        "_log_append_time_ms",
        "_max_timestamp",
        "_transactional",
        "base_offset",
        "base_sequence",
        "producer_epoch",
        "producer_id",
    )

    def __init__(
        self,
        compression: Compression = Compression.NONE,
        *,
        base_offset: int = 0,
        leader_epoch: int = NO_PARTITION_LEADER_EPOCH,
        producer_id: int = NO_PRODUCER_ID,
        producer_epoch: int = NO_PRODUCER_EPOCH,
        base_sequence: int = NO_SEQUENCE,
        transactional: bool = False,
        control: bool = False,
        log_append_time_ms: int | None = None,
        delete_horizon_ms: int | None = None,
        level: int | None = None,
    ) -> None:
        self._compression = compression
        self._level = level
        self._leader_epoch = leader_epoch
        self._transactional = transactional
        self._control = control
        self._log_append_time_ms = log_append_time_ms
        self._delete_horizon_ms = delete_horizon_ms
        self._body = bytearray()
        self._count = 0
        self._last_delta = -1
        self._first_timestamp = NO_TIMESTAMP if delete_horizon_ms is None else delete_horizon_ms
        self._max_timestamp = NO_TIMESTAMP
        self.base_offset = base_offset
        self.producer_id = producer_id
        self.producer_epoch = producer_epoch
        self.base_sequence = base_sequence

    @property
    def count(self) -> int:
        """Records so far."""
        return self._count

    @property
    def size(self) -> int:
        """Bytes of the batch so far, before compression."""
        return BATCH_OVERHEAD + len(self._body)

    @property
    def next_offset(self) -> int:
        """The offset that the next record gets."""
        return self.base_offset + self._last_delta + 1

    def append(
        self,
        timestamp: int,
        key: Buffer | None,
        value: Buffer | None,
        headers: Headers = (),
        *,
        offset: int | None = None,
    ) -> None:
        """Add a record of `timestamp` (ms); `offset` keeps a record's own offset where others fell out between."""
        delta = self._last_delta + 1 if offset is None else offset - self.base_offset
        if delta <= self._last_delta:
            raise LocalProtocolError(f"offset {offset} is not above the record's before it")
        if not self._count:
            if self._delete_horizon_ms is None:
                self._first_timestamp = timestamp
            self._max_timestamp = timestamp
        elif timestamp > self._max_timestamp:
            self._max_timestamp = timestamp
        since_first = timestamp - self._first_timestamp
        if not -_INT64 <= since_first < _INT64:
            since_first = (since_first + _INT64) % (2 * _INT64) - _INT64  # wraps, as it does again when read
        record = bytearray(1)
        _write_varint(record, since_first)
        _write_varint(record, delta)
        _write_bytes(record, key)
        _write_bytes(record, value)
        _write_varint(record, len(headers))
        for name, content in headers:
            _write_bytes(record, name.encode())
            _write_bytes(record, content)
        _write_varint(self._body, len(record))
        self._body += record
        self._last_delta = delta
        self._count += 1

    def build(self, *, last_offset: int | None = None) -> bytearray:
        """The finished batch; `last_offset` where the batch must cover offsets beyond its last record's."""
        body = (
            self._body
            if self._compression == Compression.NONE
            else compress(self._compression, self._body, self._level)
        )
        last_delta = self._last_delta if last_offset is None else last_offset - self.base_offset
        if last_delta < self._last_delta:
            raise LocalProtocolError(f"the batch ends after offset {last_offset}")
        max_timestamp = self._max_timestamp if self._log_append_time_ms is None else self._log_append_time_ms
        batch = bytearray(BATCH_OVERHEAD)
        HEADER.pack_into(
            batch,
            0,
            self.base_offset,
            BATCH_OVERHEAD - LOG_OVERHEAD + len(body),
            self._leader_epoch,
            MAGIC,
            0,
            self._attributes(),
            last_delta,
            self._first_timestamp,
            max_timestamp,
            self.producer_id,
            self.producer_epoch,
            self.base_sequence,
            self._count,
        )
        batch += body
        _CRC.pack_into(batch, CRC_OFFSET, checksum(batch))
        return batch

    def _attributes(self) -> int:
        return (
            self._compression
            | (TIMESTAMP_TYPE_FLAG if self._log_append_time_ms is not None else 0)
            | (TRANSACTIONAL_FLAG if self._transactional else 0)
            | (CONTROL_FLAG if self._control else 0)
            | (DELETE_HORIZON_FLAG if self._delete_horizon_ms is not None else 0)
        )


def build_batch(
    records: Iterable[RecordFields],
    compression: Compression = Compression.NONE,
    *,
    base_offset: int = 0,
    leader_epoch: int = NO_PARTITION_LEADER_EPOCH,
    producer_id: int = NO_PRODUCER_ID,
    producer_epoch: int = NO_PRODUCER_EPOCH,
    base_sequence: int = NO_SEQUENCE,
    transactional: bool = False,
    level: int | None = None,
) -> bytearray:
    """One batch of (timestamp ms, key, value[, headers]) records."""
    builder = BatchBuilder(
        compression,
        base_offset=base_offset,
        leader_epoch=leader_epoch,
        producer_id=producer_id,
        producer_epoch=producer_epoch,
        base_sequence=base_sequence,
        transactional=transactional,
        level=level,
    )
    for record in records:
        builder.append(record[0], record[1], record[2], record[3] if len(record) == 4 else ())
    return builder.build()


def build_control_batch(
    control: ControlType,
    value: Buffer,
    timestamp: int,
    *,
    base_offset: int = 0,
    leader_epoch: int = NO_PARTITION_LEADER_EPOCH,
    producer_id: int = NO_PRODUCER_ID,
    producer_epoch: int = NO_PRODUCER_EPOCH,
) -> bytearray:
    """A control batch of one record; a producer id makes it a transactional one."""
    return build_control_batches(
        [(control, value)],
        timestamp,
        base_offset=base_offset,
        leader_epoch=leader_epoch,
        producer_id=producer_id,
        producer_epoch=producer_epoch,
    )


def build_control_batches(
    records: Iterable[tuple[ControlType, Buffer]],
    timestamp: int,
    *,
    base_offset: int = 0,
    leader_epoch: int = NO_PARTITION_LEADER_EPOCH,
    producer_id: int = NO_PRODUCER_ID,
    producer_epoch: int = NO_PRODUCER_EPOCH,
) -> bytearray:
    """A control batch of several records, as the bootstrap checkpoint's and snapshots' are."""
    builder = BatchBuilder(
        base_offset=base_offset,
        leader_epoch=leader_epoch,
        producer_id=producer_id,
        producer_epoch=producer_epoch,
        transactional=producer_id != NO_PRODUCER_ID,
        control=True,
    )
    for control, value in records:
        builder.append(timestamp, _CONTROL_KEY.pack(0, control), value)
    return builder.build()


def build_end_txn_marker(
    commit: bool,
    *,
    producer_id: int,
    producer_epoch: int,
    coordinator_epoch: int,
    timestamp: int,
    base_offset: int = 0,
    leader_epoch: int = NO_PARTITION_LEADER_EPOCH,
) -> bytearray:
    """The marker that ends a transaction of `producer_id` in one partition."""
    return build_control_batch(
        ControlType.COMMIT if commit else ControlType.ABORT,
        _END_TXN_MARKER.pack(0, coordinator_epoch),
        timestamp,
        base_offset=base_offset,
        leader_epoch=leader_epoch,
        producer_id=producer_id,
        producer_epoch=producer_epoch,
    )


def _write_varint(output: bytearray, value: int) -> None:
    """Append a zigzag varint of up to 64 bits."""
    raw = (value << 1) ^ (value >> 63)
    while raw > 0x7F:
        output.append(raw & 0x7F | 0x80)
        raw >>= 7
    output.append(raw)


def _write_bytes(output: bytearray, data: Buffer | None) -> None:
    if data is None:
        output.append(1)
        return
    _write_varint(output, len(data))
    output += data

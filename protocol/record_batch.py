"""Reading record batches of magic 2, the only format that Kafka 4 keeps.

A batch on the wire and on disk is a header of 61 bytes and its records, compressed together or not at all:

    base offset 8 | length 4 | leader epoch 4 | magic 1 | crc 4 | attributes 2 | last offset delta 4 | base timestamp 8
    | max timestamp 8 | producer id 8 | producer epoch 2 | base sequence 4 | records count 4 | records

The length counts what follows it. The CRC-32C covers everything from the attributes on, so a leader may write the base
offset and its epoch into a batch in place. A `RecordBatch` is a view: it copies nothing and outlives nothing.

What is kept true: whatever the bytes, reading ends in a legal value or in `CorruptRecords`, and nothing is allocated on
the word of a length or count that the bytes do not bear out.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from barnabas.protocol.compression import (
    Compression,
    CorruptRecords,
    DecompressionLimitExceeded,
    UnsupportedCompression,
    decompress,
)
from barnabas.protocol.crc32c import crc32c
from barnabas.protocol.types import Buffer, decode_varint

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "BATCH_OVERHEAD",
    "DEFAULT_MAX_DECOMPRESSED",
    "LOG_OVERHEAD",
    "NO_PARTITION_LEADER_EPOCH",
    "NO_PRODUCER_ID",
    "NO_SEQUENCE",
    "NO_TIMESTAMP",
    "Compression",
    "ControlType",
    "CorruptRecords",
    "DecompressionLimitExceeded",
    "EndTxnMarker",
    "Record",
    "RecordBatch",
    "UnsupportedCompression",
    "checksum",
    "control_type",
    "end_txn_marker",
    "iter_batches",
    "parse_batch",
    "patch",
]

LOG_OVERHEAD = 12
"""Bytes of base offset and length, which the length does not count."""
BATCH_OVERHEAD = 61
"""Bytes of a whole batch header."""
MAGIC = 2
LENGTH_OFFSET = 8
LEADER_EPOCH_OFFSET = 12
MAGIC_OFFSET = 16
CRC_OFFSET = 17
ATTRIBUTES_OFFSET = 21
MAX_TIMESTAMP_OFFSET = 35
PRODUCER_OFFSET = 43

NO_TIMESTAMP = -1
NO_PRODUCER_ID = -1
NO_PRODUCER_EPOCH = -1
NO_SEQUENCE = -1
NO_PARTITION_LEADER_EPOCH = -1

COMPRESSION_MASK = 0x07
TIMESTAMP_TYPE_FLAG = 0x08
TRANSACTIONAL_FLAG = 0x10
CONTROL_FLAG = 0x20
DELETE_HORIZON_FLAG = 0x40
KNOWN_FLAGS = 0x7F

DEFAULT_MAX_DECOMPRESSED = 256 * 1024 * 1024
"""Bytes beyond which one batch is taken for a bomb, unless the caller says otherwise."""

HEADER = struct.Struct(">qiibIhiqqqhii")
_BASE_OFFSET = struct.Struct(">q")
_LEADER_EPOCH = struct.Struct(">i")
_LENGTH = struct.Struct(">i")
_CRC = struct.Struct(">I")
_ATTRIBUTES = struct.Struct(">h")
_TIMESTAMP = struct.Struct(">q")
_CONTROL_KEY = struct.Struct(">hh")
_END_TXN_MARKER = struct.Struct(">hi")
_INT64 = 1 << 63
_SEQUENCES = 1 << 31


class ControlType(IntEnum):
    """What a control batch's record says; the second int16 of its key."""

    ABORT = 0
    COMMIT = 1
    LEADER_CHANGE = 2
    SNAPSHOT_HEADER = 3
    SNAPSHOT_FOOTER = 4
    KRAFT_VERSION = 5
    KRAFT_VOTERS = 6
    UNKNOWN = -1
    """A type of a later version: to be skipped."""


class EndTxnMarker(NamedTuple):
    """The end of a transaction in one partition, written by the coordinator of `coordinator_epoch`."""

    commit: bool
    coordinator_epoch: int


class Record:
    """One record: key, value and headers are as long-lived as the batch's memory."""

    __slots__ = ("headers", "key", "offset", "timestamp", "value")

    def __init__(
        self,
        offset: int,
        timestamp: int,
        key: memoryview | None,
        value: memoryview | None,
        headers: list[tuple[str, bytes | None]],
    ) -> None:
        self.offset = offset
        self.timestamp = timestamp
        self.key = key
        self.value = value
        self.headers = headers

    def __repr__(self) -> str:
        key = None if self.key is None else bytes(self.key)
        value = None if self.value is None else bytes(self.value)
        return f"Record({self.offset} @{self.timestamp} {key!r}={value!r} {self.headers!r})"


class RecordBatch:
    """A view of one batch in somebody's memory: the header decoded, the records not."""

    __slots__ = (
        "attributes",
        "base_offset",
        "base_sequence",
        "base_timestamp",
        "crc",
        "last_offset_delta",
        "leader_epoch",
        "magic",
        "max_timestamp",
        "producer_epoch",
        "producer_id",
        "records_count",
        "size",
        "view",
    )

    view: memoryview
    """The batch's bytes, all of them and no others."""
    size: int
    """Bytes of the whole batch, with the twelve that its length does not count."""
    base_offset: int
    leader_epoch: int
    magic: int
    crc: int
    attributes: int
    last_offset_delta: int
    base_timestamp: int
    max_timestamp: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    records_count: int

    def __init__(self, buffer: Buffer, position: int = 0) -> None:
        view = memoryview(buffer)
        if len(view) - position < BATCH_OVERHEAD:
            raise CorruptRecords(f"a batch of {len(view) - position} bytes is shorter than its header")
        (
            self.base_offset,
            length,
            self.leader_epoch,
            self.magic,
            self.crc,
            self.attributes,
            self.last_offset_delta,
            self.base_timestamp,
            self.max_timestamp,
            self.producer_id,
            self.producer_epoch,
            self.base_sequence,
            self.records_count,
        ) = HEADER.unpack_from(view, position)
        self.size = length + LOG_OVERHEAD
        if self.magic != MAGIC:
            raise CorruptRecords(f"a batch of magic {self.magic}, not 2")
        if self.size < BATCH_OVERHEAD or self.size > len(view) - position:
            raise CorruptRecords(f"a batch of {self.size} bytes in {len(view) - position}")
        self.view = view[position : position + self.size]

    @property
    def last_offset(self) -> int:
        """The offset of the last record, kept even where compaction took that record away."""
        return self.base_offset + self.last_offset_delta

    @property
    def next_offset(self) -> int:
        """The offset after the last record's."""
        return self.base_offset + self.last_offset_delta + 1

    @property
    def last_sequence(self) -> int:
        """The last record's sequence number, which wraps to 0 after 2^31 - 1; -1 without a producer id."""
        if self.base_sequence < 0:
            return NO_SEQUENCE
        return (self.base_sequence + self.last_offset_delta) % _SEQUENCES

    @property
    def compression(self) -> Compression:
        """The codec of the records; UnsupportedCompression for 5 to 7."""
        codec = self.attributes & COMPRESSION_MASK
        if codec > Compression.ZSTD:
            raise UnsupportedCompression(f"unknown compression {codec}")
        return Compression(codec)

    @property
    def is_compressed(self) -> bool:
        return bool(self.attributes & COMPRESSION_MASK)

    @property
    def log_append_time(self) -> bool:
        """Whether `max_timestamp` is the broker's clock at the append, and counts for every record."""
        return bool(self.attributes & TIMESTAMP_TYPE_FLAG)

    @property
    def is_transactional(self) -> bool:
        return bool(self.attributes & TRANSACTIONAL_FLAG)

    @property
    def is_control(self) -> bool:
        return bool(self.attributes & CONTROL_FLAG)

    @property
    def has_producer_id(self) -> bool:
        return self.producer_id > NO_PRODUCER_ID

    @property
    def delete_horizon_ms(self) -> int | None:
        """From when on the cleaner may drop the batch's tombstones; it then stands where the base timestamp stood."""
        return self.base_timestamp if self.attributes & DELETE_HORIZON_FLAG else None

    def verify_crc(self) -> bool:
        """Whether the CRC is that of the bytes."""
        return checksum(self.view) == self.crc

    def assign(self, base_offset: int, leader_epoch: int) -> None:
        """Give the batch its place in the log, here and in the (writable) memory under it."""
        patch(self.view, 0, base_offset, leader_epoch)
        self.base_offset = base_offset
        self.leader_epoch = leader_epoch

    def stamp(self, max_timestamp: int, *, log_append_time: bool) -> None:
        """Set the timestamp type and the largest timestamp (ms), and with them the CRC, here and in the memory.

        Attribute bits without a meaning are cleared on the way, as Kafka does.
        """
        self.attributes &= KNOWN_FLAGS & ~TIMESTAMP_TYPE_FLAG
        if log_append_time:
            self.attributes |= TIMESTAMP_TYPE_FLAG
        self.max_timestamp = max_timestamp
        _ATTRIBUTES.pack_into(self.view, ATTRIBUTES_OFFSET, self.attributes)
        _TIMESTAMP.pack_into(self.view, MAX_TIMESTAMP_OFFSET, max_timestamp)
        self.crc = checksum(self.view)
        _CRC.pack_into(self.view, CRC_OFFSET, self.crc)

    def payload(self, max_bytes: int = DEFAULT_MAX_DECOMPRESSED) -> memoryview:
        """The records' bytes, decompressed into memory of their own if they were compressed."""
        return decompress(self.compression, self.view[BATCH_OVERHEAD:], max_bytes)

    def records(self, max_bytes: int = DEFAULT_MAX_DECOMPRESSED) -> Iterator[Record]:
        """The records in order, decompressed at once (at most `max_bytes`) and checked one by one while iterating."""
        if self.records_count < 0:
            raise CorruptRecords(f"a batch of {self.records_count} records")
        if self.size == BATCH_OVERHEAD and not self.records_count:
            return iter(())  # what compaction leaves of a batch to keep its producer's sequence
        return _records(self, self.payload(max_bytes))

    def __repr__(self) -> str:
        return (
            f"RecordBatch({self.base_offset}..{self.last_offset} epoch {self.leader_epoch},"
            f" {self.records_count} records, {self.size} bytes, attributes {self.attributes:#x},"
            f" producer {self.producer_id}/{self.producer_epoch}@{self.base_sequence})"
        )


def parse_batch(buffer: Buffer, position: int = 0) -> RecordBatch:
    """The batch that starts at `position`; whatever follows it does not matter."""
    return RecordBatch(buffer, position)


def iter_batches(buffer: Buffer, position: int = 0) -> Iterator[RecordBatch]:
    """The batches one after another, up to a last one that is cut (as the end of a fetch's answer may be)."""
    view = memoryview(buffer)
    end = len(view)
    while end - position >= LOG_OVERHEAD:
        (length,) = _LENGTH.unpack_from(view, position + LENGTH_OFFSET)
        if length < BATCH_OVERHEAD - LOG_OVERHEAD:
            raise CorruptRecords(f"a batch of {length + LOG_OVERHEAD} bytes is shorter than its header")
        if length + LOG_OVERHEAD > end - position:
            return
        yield RecordBatch(view, position)
        position += length + LOG_OVERHEAD


def patch(buffer: bytearray | memoryview, position: int, base_offset: int, leader_epoch: int) -> None:
    """Write base offset and leader epoch into the batch at `position`; the CRC does not cover them."""
    _BASE_OFFSET.pack_into(buffer, position, base_offset)
    _LEADER_EPOCH.pack_into(buffer, position + LEADER_EPOCH_OFFSET, leader_epoch)


def checksum(batch: bytearray | memoryview) -> int:
    """The CRC-32C that a whole batch should carry: of its bytes from the attributes on."""
    return crc32c(memoryview(batch)[ATTRIBUTES_OFFSET:])


def control_type(key: Buffer | None) -> ControlType:
    """The type in a control record's key; UNKNOWN for types of later versions, CorruptRecords where there is none."""
    if key is None or len(key) < _CONTROL_KEY.size:
        raise CorruptRecords("a control record without a type in its key")
    version, number = _CONTROL_KEY.unpack_from(key)
    if version < 0:
        raise CorruptRecords(f"a control record's key of version {version}")
    try:
        return ControlType(number)
    except ValueError:
        return ControlType.UNKNOWN


def end_txn_marker(record: Record) -> EndTxnMarker | None:
    """What a control record says of a transaction; None if it is a control record of another kind."""
    kind = control_type(record.key)
    if kind not in (ControlType.COMMIT, ControlType.ABORT):
        return None
    if record.value is None or len(record.value) < _END_TXN_MARKER.size:
        raise CorruptRecords("the end of a transaction without its coordinator's epoch")
    version, coordinator_epoch = _END_TXN_MARKER.unpack_from(record.value)
    if version < 0:
        raise CorruptRecords(f"the end of a transaction of version {version}")
    return EndTxnMarker(kind is ControlType.COMMIT, coordinator_epoch)


def _records(batch: RecordBatch, data: memoryview) -> Iterator[Record]:
    """Walk `data`. Varints of one byte are read in line, because half the cost of a record is in them."""
    base_offset = batch.base_offset
    base_timestamp = batch.base_timestamp
    log_append_time = batch.max_timestamp if batch.log_append_time else None
    size = len(data)
    position = 0
    try:
        for _ in range(batch.records_count):
            byte = data[position]
            if byte < 0x80:
                length, position = (byte >> 1) ^ -(byte & 1), position + 1
            else:
                length, position = _varint(data, position)
            end = position + length
            if end > size:
                raise CorruptRecords(f"a record of {length} bytes with {size - position} left")
            position += 1  # the attributes, of which none has a meaning yet
            byte = data[position]
            if byte < 0x80:
                timestamp, position = base_timestamp + ((byte >> 1) ^ -(byte & 1)), position + 1
            else:
                delta, position = _varint(data, position, 10)
                timestamp = base_timestamp + delta
            if not -_INT64 <= timestamp < _INT64:
                timestamp = (timestamp + _INT64) % (2 * _INT64) - _INT64  # sums wrap, as in Java
            byte = data[position]
            if byte < 0x80:
                delta, position = (byte >> 1) ^ -(byte & 1), position + 1
            else:
                delta, position = _varint(data, position)
            key, position = _read_bytes(data, position, end)
            value, position = _read_bytes(data, position, end)
            headers: list[tuple[str, bytes | None]] = []
            if data[position]:
                position = _read_headers(data, position, end, headers)
            else:
                position += 1
            if position != end:
                raise CorruptRecords(f"a record of {length} bytes ends {position - end} bytes after that")
            if log_append_time is not None:
                timestamp = log_append_time
            yield Record(base_offset + delta, timestamp, key, value, headers)
    except IndexError:
        raise CorruptRecords(f"{batch.records_count} records in a batch that ends before") from None
    if position != size:
        raise CorruptRecords(f"{size - position} bytes after the last of {batch.records_count} records")


def _read_bytes(data: memoryview, position: int, end: int) -> tuple[memoryview | None, int]:
    byte = data[position]
    if byte < 0x80:
        length, position = (byte >> 1) ^ -(byte & 1), position + 1
    else:
        length, position = _varint(data, position)
    if length < 0:
        if length != -1:
            raise CorruptRecords(f"a length of {length}")
        return None, position
    after = position + length
    if after > end:
        raise CorruptRecords(f"a length of {length} with {end - position} bytes left in the record")
    return data[position:after], after


def _read_headers(data: memoryview, position: int, end: int, headers: list[tuple[str, bytes | None]]) -> int:
    count, position = _varint(data, position)
    # Every header takes two bytes at least, so a count beyond that is refused before it costs anything.
    if count < 0 or count * 2 > end - position:
        raise CorruptRecords(f"{count} headers in {end - position} bytes")
    for _ in range(count):
        key, position = _read_bytes(data, position, end)
        value, position = _read_bytes(data, position, end)
        if key is None:
            raise CorruptRecords("a header without a key")
        try:
            name = str(key, "utf-8")
        except UnicodeDecodeError:
            raise CorruptRecords("a header's key is not UTF-8") from None
        headers.append((name, None if value is None else bytes(value)))
    return position


def _varint(data: memoryview, position: int, max_bytes: int = 5) -> tuple[int, int]:
    """A zigzag integer of 32 bits (64 if `max_bytes` is 10) and the position after it."""
    byte = data[position]
    if byte > 0x7F and data[position + 1] < 0x80:
        raw = byte & 0x7F | data[position + 1] << 7
        return (raw >> 1) ^ -(raw & 1), position + 2
    try:
        value, position = decode_varint(data, position, max_bytes)
    except ValueError as error:
        raise CorruptRecords(str(error)) from None
    if (value ^ (value >> 127)) >> (31 if max_bytes == 5 else 63):
        raise CorruptRecords(f"{value} in a varint of {max_bytes} bytes")
    return value, position

"""What a leader demands of the records that a client produces to one partition, before they get their offsets.

What is kept true of every batch that leaves here:

* It is the only one, of magic 2, whole, with the right CRC, at base offset 0, no larger than allowed; it claims as many
  records as offsets, is no control batch, has a sequence if it has a producer id and a producer id if it is
  transactional; its codec is known, and Java can read its framing.
* Its timestamp type is the topic's, and so is its codec unless the topic leaves that to the producer.

Where Apache Kafka reads every record, this reads the header, and records only where something depends on them: keys of
a compacted topic, timestamps with a lower bound, another codec than the topic's, and headers that look wrong, which
Kafka corrects or refuses after a look at the records. `ProduceRules.full` makes it read them all, always. What a header
does not show, then, is taken on trust: the records of a batch that its CRC protects are the producer's own business,
and readers check them again.

The batch is checked and, where needed, patched in the memory it arrived in. Only another codec makes a new one.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.record_batch import (
    BATCH_OVERHEAD,
    COMPRESSION_MASK,
    DEFAULT_MAX_DECOMPRESSED,
    LENGTH_OFFSET,
    LOG_OVERHEAD,
    MAGIC,
    MAGIC_OFFSET,
    NO_TIMESTAMP,
    Compression,
    CorruptRecords,
    DecompressionLimitExceeded,
    Record,
    RecordBatch,
)
from barnabas.protocol.record_builder import BatchBuilder
from barnabas.protocol.types import decode_varint
from barnabas.storage.config import MAX_LONG, LogConfig

_ZSTD_SINCE_VERSION = 7
_LATEST_VERSION = 13
_MIN_RECORD_BYTES = 7
"""A record of the least: length, attributes, two deltas, null key, null value, no headers."""
_MIN_LEGACY_BYTES = 14
"""What the length of a batch of any magic counts at least."""
_MAX_RECORD_ERRORS = 100
"""Clients show the first few, and a million of them would make an answer larger than the request."""

_LENGTH = struct.Struct(">i")
_FRAME_STARTS = {
    Compression.GZIP: b"\x1f\x8b\x08",
    Compression.SNAPPY: b"\x82SNAPPY\x00",
    Compression.LZ4: b"\x04\x22\x4d\x18",
    Compression.ZSTD: b"\x28\xb5\x2f\xfd",
}
_LZ4_FLAGS_OFFSET = 4
_LZ4_BLOCKS_INDEPENDENT = 0x20


class RecordError(NamedTuple):
    """Why one record was refused; `batch_index` is its place in the batch, from 0."""

    batch_index: int
    message: str


class RejectedRecords(WireError):
    """A refusal that names single records, for `record_errors` of the Produce response."""

    def __init__(self, code: ErrorCode, message: str, record_errors: Sequence[RecordError]) -> None:
        super().__init__(code, message)
        self.record_errors = tuple(record_errors)


@dataclass(frozen=True, slots=True)
class ProduceRules:
    """What one topic demands of what is produced to it; sizes in bytes, times in ms."""

    max_message_bytes: int = 1_048_588
    segment_bytes: int = 1_073_741_824
    compression: Compression | None = None
    """The codec to store batches with; None keeps the producer's."""
    compression_level: int | None = None
    log_append_time: bool = False
    timestamp_before_max_ms: int = MAX_LONG
    timestamp_after_max_ms: int = 3_600_000
    compacted: bool = False
    full: bool = False
    """Read every record of every batch, as `barnabas.record.validation=full` demands."""
    max_decompressed_bytes: int = DEFAULT_MAX_DECOMPRESSED
    reads_records: bool = field(init=False)
    """Whether every batch's records are read; otherwise only those of batches that look wrong."""

    def __post_init__(self) -> None:
        bounded = not self.log_append_time and self.timestamp_before_max_ms < MAX_LONG
        object.__setattr__(self, "reads_records", self.full or self.compacted or bounded)

    @classmethod
    def of(cls, config: LogConfig, *, full: bool = False) -> ProduceRules:
        """The rules of a topic with `config`."""
        producer = config.compression_type == "producer"
        codec = None if producer else Compression.of(config.compression_type)
        levels = {
            Compression.GZIP: config.compression_gzip_level,
            Compression.LZ4: config.compression_lz4_level,
            Compression.ZSTD: config.compression_zstd_level,
        }
        return cls(
            max_message_bytes=config.max_message_bytes,
            segment_bytes=config.segment_bytes,
            compression=codec,
            compression_level=None if codec is None else levels.get(codec),
            log_append_time=config.log_append_time,
            timestamp_before_max_ms=config.message_timestamp_before_max_ms,
            timestamp_after_max_ms=config.message_timestamp_after_max_ms,
            compacted=config.compact,
            full=full,
        )


def only_batch(records: memoryview, *, version: int = _LATEST_VERSION) -> RecordBatch:
    """The batch in `records`; WireError if they are not exactly one whole batch of magic 2, whatever the partition.

    It is a view of `records`, which are copied unless they are writable. `version` is that of the Produce request.
    """
    if records.readonly:
        records = memoryview(bytearray(records))
    try:
        batch = RecordBatch(records)
    except CorruptRecords as error:
        raise _malformed(records, error) from None
    if batch.size != len(records) and _batch_at(records, batch.size):
        raise WireError(ErrorCode.INVALID_RECORD, "A partition's records must be exactly one batch")
    if version < _ZSTD_SINCE_VERSION and batch.attributes & COMPRESSION_MASK == Compression.ZSTD:
        raise WireError(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, f"Produce version {version} knows no zstd")
    return batch


def validate_batch(batch: RecordBatch, *, config: ProduceRules, now_ms: int) -> RecordBatch:
    """The batch from `only_batch`, fit to be given its offset and appended; WireError if the partition must refuse it.

    It is patched where it lies, except where it had to be compressed anew.
    """
    _check_header(batch, config)
    if config.reads_records or not _looks_right(batch, config, now_ms):
        batch = _read_records(batch, config, now_ms)
    elif config.log_append_time:
        batch.stamp(now_ms, log_append_time=True)
    if batch.size > config.segment_bytes:
        raise WireError(
            ErrorCode.RECORD_LIST_TOO_LARGE, f"A batch of {batch.size} bytes in segments of {config.segment_bytes}"
        )
    return batch


def _malformed(records: memoryview, error: CorruptRecords) -> WireError:
    """Why `records`, which do not start with a whole batch of magic 2, are refused."""
    if not _batch_at(records, 0):
        return WireError(ErrorCode.INVALID_RECORD, f"No whole batch in {len(records)} bytes")
    if records[MAGIC_OFFSET] != MAGIC:
        return WireError(ErrorCode.INVALID_RECORD, f"Batches must be of magic 2, not {records[MAGIC_OFFSET]}")
    return WireError(ErrorCode.CORRUPT_MESSAGE, str(error))


def _batch_at(records: memoryview, position: int) -> bool:
    """Whether a whole batch, of any magic there ever was, is at `position`; a cut one does not count.

    Raises CORRUPT_MESSAGE where there is neither.
    """
    left = len(records) - position
    if left < LOG_OVERHEAD:
        return False
    length: int = _LENGTH.unpack_from(records, position + LENGTH_OFFSET)[0]
    if length < _MIN_LEGACY_BYTES:
        raise WireError(ErrorCode.CORRUPT_MESSAGE, f"A batch claims a length of {length} bytes")
    if left <= MAGIC_OFFSET:
        return False
    if records[position + MAGIC_OFFSET] > MAGIC:
        raise WireError(ErrorCode.CORRUPT_MESSAGE, f"No batch is of magic {records[position + MAGIC_OFFSET]}")
    return LOG_OVERHEAD + length <= left


def _check_header(batch: RecordBatch, config: ProduceRules) -> None:
    """Refuse what the header alone shows to be wrong, in Kafka's order."""
    if batch.base_offset:
        raise WireError(ErrorCode.INVALID_RECORD, f"The base offset must be 0, not {batch.base_offset}")
    if batch.size > config.max_message_bytes:
        raise _too_large(batch.size, config)
    if not batch.verify_crc():
        raise WireError(ErrorCode.CORRUPT_MESSAGE, f"The batch's CRC is not the {batch.crc:#010x} it claims")
    codec = batch.attributes & COMPRESSION_MASK
    if codec > Compression.ZSTD:
        raise WireError(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, f"No compression has the number {codec}")
    if batch.last_offset_delta + 1 != batch.records_count or batch.records_count <= 0:
        raise WireError(
            ErrorCode.INVALID_RECORD,
            f"The batch claims {batch.records_count} records and {batch.last_offset_delta + 1} offsets",
        )
    if batch.is_control:
        raise WireError(ErrorCode.INVALID_RECORD, "Clients may not write control records")
    if batch.has_producer_id:
        if batch.base_sequence < 0:
            raise WireError(ErrorCode.INVALID_RECORD, f"Producer {batch.producer_id} sent no sequence number")
    elif batch.is_transactional:
        raise WireError(ErrorCode.INVALID_RECORD, "A transactional batch needs a producer id")


def _too_large(size: int, config: ProduceRules) -> WireError:
    return WireError(
        ErrorCode.MESSAGE_TOO_LARGE, f"The batch of {size} bytes exceeds max.message.bytes={config.max_message_bytes}"
    )


def _looks_right(batch: RecordBatch, config: ProduceRules, now_ms: int) -> bool:
    """Whether nothing speaks for reading the records: a batch that an honest producer made passes, in constant time."""
    if batch.log_append_time:
        return False
    if not config.log_append_time:
        first, last = batch.base_timestamp, batch.max_timestamp
        if (
            last - now_ms > config.timestamp_after_max_ms
            or last < max(first, NO_TIMESTAMP)
            or (batch.records_count == 1 and last != first)
        ):
            return False
    codec = batch.attributes & COMPRESSION_MASK
    if config.compression is not None and codec != config.compression:
        return False
    if codec:
        return _frame_looks_right(Compression(codec), batch.view[BATCH_OVERHEAD:])
    return _first_record_looks_right(batch)


def _frame_looks_right(codec: Compression, frame: memoryview) -> bool:
    start = _FRAME_STARTS[codec]
    if frame[: len(start)] != start:
        return False
    return codec != Compression.LZ4 or _blocks_independent(frame)


def _blocks_independent(lz4_frame: memoryview) -> bool:
    return len(lz4_frame) > _LZ4_FLAGS_OFFSET and bool(lz4_frame[_LZ4_FLAGS_OFFSET] & _LZ4_BLOCKS_INDEPENDENT)


def _first_record_looks_right(batch: RecordBatch) -> bool:
    """Whether the first record leaves room for the others, and no more than room if there are none."""
    try:
        length, start = decode_varint(batch.view, BATCH_OVERHEAD, max_bytes=5)
    except (IndexError, ValueError):
        return False
    room = batch.size - start - _MIN_RECORD_BYTES * (batch.records_count - 1)
    if length < _MIN_RECORD_BYTES - 1:
        return False
    return length == room if batch.records_count == 1 else length <= room


def _read_records(batch: RecordBatch, config: ProduceRules, now_ms: int) -> RecordBatch:
    """Check record by record; then correct the header, or build the batch anew where its codec or offsets differ."""
    if batch.compression == Compression.LZ4 and not _blocks_independent(batch.view[BATCH_OVERHEAD:]):
        raise WireError(ErrorCode.INVALID_RECORD, "lz4 blocks must be independent: Java's clients read no others")
    try:
        max_timestamp, in_order = _check_records(batch, config, now_ms)
        target = batch.compression if config.compression is None else config.compression
        if target != batch.compression or (batch.is_compressed and not in_order):
            return _rebuild(batch, target, config, now_ms)
    except DecompressionLimitExceeded as error:
        raise WireError(ErrorCode.MESSAGE_TOO_LARGE, str(error)) from None
    except CorruptRecords as error:
        raise WireError(ErrorCode.INVALID_RECORD, str(error)) from None
    if config.log_append_time:
        max_timestamp = now_ms
    if batch.log_append_time != config.log_append_time or batch.max_timestamp != max_timestamp:
        batch.stamp(max_timestamp, log_append_time=config.log_append_time)
    return batch


def _check_records(batch: RecordBatch, config: ProduceRules, now_ms: int) -> tuple[int, bool]:
    """The largest timestamp, and whether offsets ascend one by one; RejectedRecords if a record breaks the rules."""
    errors: list[RecordError] = []
    code = ErrorCode.INVALID_RECORD
    max_timestamp = NO_TIMESTAMP
    in_order = True
    for index, record in enumerate(batch.records(config.max_decompressed_bytes)):
        if record.offset != index:
            in_order = False
        if record.timestamp > max_timestamp:
            max_timestamp = record.timestamp
        if config.compacted and record.key is None:
            reason: str | None = "A compacted topic takes no record without a key"
        else:
            reason = _timestamp_error(record, batch, config, now_ms)
            if reason is not None:
                code = ErrorCode.INVALID_TIMESTAMP
        if reason is not None and len(errors) < _MAX_RECORD_ERRORS:
            errors.append(RecordError(index, reason))
    if not errors:
        return max_timestamp, in_order
    what = "timestamps" if code == ErrorCode.INVALID_TIMESTAMP else "records"
    raise RejectedRecords(code, f"The batch has invalid {what}; the first: {errors[0].message}", errors)


def _timestamp_error(record: Record, batch: RecordBatch, config: ProduceRules, now_ms: int) -> str | None:
    if not config.log_append_time and record.timestamp != NO_TIMESTAMP:
        age = now_ms - record.timestamp
        if -config.timestamp_after_max_ms <= age <= config.timestamp_before_max_ms:
            return None
        low, high = now_ms - config.timestamp_before_max_ms, now_ms + config.timestamp_after_max_ms
        return f"Timestamp {record.timestamp} is out of range: it should be within [{low}, {high}]"
    if batch.log_append_time:
        return "A producer may not set the timestamp type to LogAppendTime"
    return None


def _rebuild(batch: RecordBatch, codec: Compression, config: ProduceRules, now_ms: int) -> RecordBatch:
    """The same records in a batch of another codec, at offsets 0, 1, ..."""
    builder = BatchBuilder(
        codec,
        level=config.compression_level if codec == config.compression else None,
        producer_id=batch.producer_id,
        producer_epoch=batch.producer_epoch,
        base_sequence=batch.base_sequence,
        transactional=batch.is_transactional,
        log_append_time_ms=now_ms if config.log_append_time else None,
    )
    for record in batch.records(config.max_decompressed_bytes):
        builder.append(record.timestamp, record.key, record.value, record.headers)
    rebuilt = RecordBatch(builder.build())
    if rebuilt.size > config.max_message_bytes:
        raise _too_large(rebuilt.size, config)
    return rebuilt

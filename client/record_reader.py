"""The records of a batch as a consumer gives them out. A core, and the consumer's hottest loop.

`RecordBatch.records` reads the same format in the plainest way, for everybody; here nothing is done that a consumer has
no use for: no view of each field, no second object a record, and varints of one and two bytes are read in line, for a
call would cost more than they do. The tests hold one against the other, on whole and on broken bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from barnabas.client.positions import ConsumerRecord, Position
from barnabas.client.record_runs import LEAST, read_run
from barnabas.protocol.record_batch import BATCH_OVERHEAD, CorruptRecords, RecordBatch

_INT64: Final = 1 << 63
_POOR_RUNS: Final = 3
"""After so many that end at once a batch is no longer searched for runs."""


def read_records(batch: RecordBatch, position: Position) -> Iterator[ConsumerRecord]:
    """The records from the position on, up to its end; the position moves behind each that is taken.

    CorruptRecords where the bytes stop making sense, after the records before.
    """
    count = batch.records_count
    if count < 0:
        raise CorruptRecords(f"a batch of {count} records")
    if not count and batch.size == BATCH_OVERHEAD:
        return  # what compaction leaves of a batch to keep its producer's sequence
    data = bytes(batch.payload())
    topic, partition, first = position.topic, position.partition, position.offset
    last = _INT64 if position.end is None else position.end
    base_offset, base_timestamp = batch.base_offset, batch.base_timestamp
    append_time = batch.max_timestamp if batch.log_append_time else None
    size, at, tries = len(data), 0, _POOR_RUNS
    numbers_left = iter(range(count - 1, -1, -1))
    try:
        for left in numbers_left:
            start = at
            raw = data[at]  # the length
            at += 1
            if raw > 0x7F:
                raw += (data[at] << 7) - 0x80
                at += 1
                if raw > 0x3FFF:
                    raw, at = _varint(data, at, raw)
            stop = at + (raw >> 1)
            if raw & 1 or stop > size:
                raise CorruptRecords(f"a record's length is wrong, with {size - at} bytes left")
            raw = data[at + 1]  # the timestamp, behind attributes of which none has a meaning yet
            at += 2
            if raw > 0x7F:
                raw += (data[at] << 7) - 0x80
                at += 1
                if raw > 0x3FFF:
                    raw, at = _varint(data, at, raw, 10)
            timestamp = base_timestamp + ((raw >> 1) ^ -(raw & 1))
            raw = data[at]  # the offset
            at += 1
            if raw > 0x7F:
                raw += (data[at] << 7) - 0x80
                at += 1
                if raw > 0x3FFF:
                    raw, at = _varint(data, at, raw)
            offset = base_offset + ((raw >> 1) ^ -(raw & 1))
            key: bytes | None = None
            if data[at] == 1:
                at += 1
            else:
                key, at = _field(data, at, stop)
            raw = data[at]  # the value
            at += 1
            if raw > 0x7F:
                raw += (data[at] << 7) - 0x80
                at += 1
                if raw > 0x3FFF:
                    raw, at = _varint(data, at, raw)
            value: bytes | None = None
            if raw & 1:
                if raw != 1:
                    raise CorruptRecords("a negative length")
            else:
                begin, at = at, at + (raw >> 1)
                if at > stop:
                    raise CorruptRecords(f"a value ends {at - stop} bytes behind its record")
                value = data[begin:at]
            headers: list[tuple[str, bytes | None]] = []
            if data[at]:
                at = _headers(data, at, stop, headers)
            else:
                at += 1
            if at != stop:
                raise CorruptRecords(f"a record ends {at - stop} bytes behind its end")
            if not first <= offset < last:
                if offset < first:
                    continue
                return
            if append_time is not None:
                timestamp = append_time
            elif not -_INT64 <= timestamp < _INT64:
                timestamp = (timestamp + _INT64) % (2 * _INT64) - _INT64  # sums wrap, as in Java
            position.offset = first = offset + 1
            yield ConsumerRecord(topic, partition, offset, timestamp, key, value, headers)
            if (
                left >= LEAST
                and data[start] == data[at]
                and key is None
                and value is not None
                and not headers
                and tries
            ):
                tries -= 1
                done, at = yield from read_run(data, start, at, left, offset - base_offset, value, batch, position)
                if done:
                    next(islice(numbers_left, done - 1, None))
                    first = position.offset
                tries += done >= LEAST
    except IndexError:
        raise CorruptRecords(f"{count} records in a batch that ends before") from None
    if at != size:
        raise CorruptRecords(f"{size - at} bytes after the last of {count} records")


def _varint(data: bytes, at: int, begun: int, max_bytes: int = 5) -> tuple[int, int]:
    """The rest of a varint whose first two bytes are `begun`: the number, still zigzag, and the place behind it."""
    raw, shift = begun & 0x3FFF, 14
    while True:
        byte = data[at]
        at += 1
        raw |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
        if shift >= 7 * max_bytes:
            raise CorruptRecords(f"a varint of more than {max_bytes} bytes")
    if raw >> (32 if max_bytes == 5 else 64):
        raise CorruptRecords(f"too large a number in a varint of {max_bytes} bytes")
    return raw, at


def _field(data: bytes, at: int, stop: int) -> tuple[bytes | None, int]:
    """A length and so many bytes, and the place behind them."""
    raw = data[at]
    at += 1
    if raw > 0x7F:
        raw += (data[at] << 7) - 0x80
        at += 1
        if raw > 0x3FFF:
            raw, at = _varint(data, at, raw)
    if raw & 1:
        if raw != 1:
            raise CorruptRecords("a negative length")
        return None, at
    end = at + (raw >> 1)
    if end > stop:
        raise CorruptRecords(f"a field ends {end - stop} bytes behind its record")
    return data[at:end], end


def _headers(data: bytes, at: int, stop: int, headers: list[tuple[str, bytes | None]]) -> int:
    """Fill in the headers; the place behind them."""
    raw = data[at]
    at += 1
    if raw > 0x7F:
        raw += (data[at] << 7) - 0x80
        at += 1
        if raw > 0x3FFF:
            raw, at = _varint(data, at, raw)
    # Every header takes two bytes at least, so a count beyond that is refused before it costs anything.
    if raw & 1 or raw > stop - at:
        raise CorruptRecords("a number of headers that makes no sense")
    for _ in range(raw >> 1):
        name, at = _field(data, at, stop)
        content, at = _field(data, at, stop)
        if name is None:
            raise CorruptRecords("a header without a key")
        try:
            headers.append((name.decode(), content))
        except UnicodeDecodeError:
            raise CorruptRecords("a header's key is not UTF-8") from None
    return at

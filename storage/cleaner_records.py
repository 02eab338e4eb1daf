"""A batch's records as they lie in its payload: as much of each as the cleaner needs to know.

Reading a record whole costs several times as much, and the cleaner reads them all; see `protocol.record_batch` for the
format.
"""

from __future__ import annotations

from collections.abc import Iterator

from barnabas.protocol.record_batch import CorruptRecords
from barnabas.protocol.types import decode_varint

RawRecord = tuple[int, int, int, int, int, bytes | None, bool]
"""Where the record starts in the payload, where what follows its timestamp starts, where it ends; its timestamp and
its offset, relative to the batch's bases; its key; whether it is a tombstone."""


def raw_records(payload: bytes, count: int) -> Iterator[RawRecord]:
    """Walk the `count` records in a batch's payload. Raises CorruptRecords where they are not what they must be."""
    position, size = 0, len(payload)
    try:
        for _ in range(count):
            start = position
            length, position = _varint(payload, position)
            end = position + length
            if not position < end <= size:
                raise CorruptRecords(f"a record of {length} bytes with {size - position} left")
            byte = payload[position + 1]  # the one before is the attributes, of which none has a meaning yet
            if byte < 0x80:
                timestamp, rest = (byte >> 1) ^ -(byte & 1), position + 2
            else:
                timestamp, rest = _varint(payload, position + 1, 10)
            offset, position = _varint(payload, rest)
            length, position = _varint(payload, position)
            key = None
            if length >= 0:
                key = payload[position : position + length]
                position += length
            length, position = _varint(payload, position)
            if position + max(length, 0) >= end:
                raise CorruptRecords(f"a record that ends at {end} has a value of {length} bytes at {position}")
            yield start, rest, end, timestamp, offset, key, length < 0
            position = end
    except (IndexError, ValueError) as error:
        raise CorruptRecords(f"{count} records in {size} bytes: {error}") from None
    if position != size:
        raise CorruptRecords(f"{size - position} bytes after the last of {count} records")


def _varint(data: bytes, position: int, max_bytes: int = 5) -> tuple[int, int]:
    byte = data[position]
    if byte < 0x80:
        return (byte >> 1) ^ -(byte & 1), position + 1
    return decode_varint(data, position, max_bytes)

"""A batch's records as they lie in its payload: as much of each as the cleaner needs to know.

The cleaner reads all records of a log, most of them twice, so this is where its time goes: varints of one byte, and
lengths of two, are read in line, and what is not needed is stepped over. See `protocol.record_batch` for the format.
"""

from __future__ import annotations

from collections.abc import Iterator

from barnabas.protocol.record_batch import CorruptRecords
from barnabas.protocol.types import decode_varint

RawRecord = tuple[int, int, int, int, int, bytes | None, int]
"""Where the record starts in the payload, where its timestamp starts, where what follows that starts, where the record
ends; its offset, relative to the batch's; its key; 1 for a tombstone, else 0."""


def raw_records(payload: bytes, count: int) -> Iterator[RawRecord]:
    """Walk the `count` records in a batch's payload. Raises CorruptRecords where they do not fit into it."""
    position, size = 0, len(payload)
    try:
        for _ in range(count):
            start = position
            byte = payload[position]
            if byte < 0x80:
                position += 1
                end = position + (byte >> 1)
            elif payload[position + 1] < 0x80:
                end = position + 2 + ((byte & 0x7F | payload[position + 1] << 7) >> 1)
                position += 2
            else:
                length, position = decode_varint(payload, position, 5)
                end = position + length
            position += 1  # the attributes, of which none has a meaning yet
            time = position
            while payload[position] >= 0x80:
                position += 1
            position += 1
            rest = position
            byte = payload[position]
            if byte < 0x80:
                offset, position = (byte >> 1) ^ -(byte & 1), position + 1
            else:
                offset, position = decode_varint(payload, position, 5)
            byte = payload[position]
            if byte < 0x80:
                length, position = (byte >> 1) ^ -(byte & 1), position + 1
            else:
                length, position = decode_varint(payload, position, 5)
            key = None
            if length >= 0:
                key = payload[position : position + length]
                position += length
            if not position < end <= size:
                raise CorruptRecords(f"a record at {start} to {end} of {size} bytes has a key up to {position}")
            # The lowest bit of a zigzag is the sign: null has the length -1.
            yield start, time, rest, end, offset, key, payload[position] & 1
            position = end
    except (IndexError, ValueError) as error:
        raise CorruptRecords(f"{count} records in {size} bytes: {error}") from None
    if position != size:
        raise CorruptRecords(f"{size - position} bytes after the last of {count} records")


def timestamp_of(payload: bytes, record: RawRecord) -> int:
    """The record's timestamp (ms), relative to the batch's. Raises CorruptRecords."""
    try:
        return decode_varint(payload, record[1])[0]
    except ValueError as error:
        raise CorruptRecords(f"the record at {record[0]}: {error}") from None

"""Records of one shape, taken apart many at a time. A core, and the part of `record_reader` that is fast.

Programs often write records of one size: then those that follow each other differ in nothing but their timestamp, their
offset and what they say, and stand at the same places. `struct` finds these for all of them in one go, where reading
them field by field costs a step of the interpreter for each byte. A run is tried only where the next record has the
length of the one before it, and ends with the first record that differs in shape: that one is read as all others are,
which also decides whether it is broken. The tests hold both ways against each other.
"""

from __future__ import annotations

from collections.abc import Generator
from struct import Struct
from typing import Final

from barnabas.client.positions import ConsumerRecord, Position
from barnabas.client.varints import VARINTS
from barnabas.protocol.record_batch import RecordBatch

_DELTAS: Final = {VARINTS[delta]: delta for delta in range(8192)}
"""Of timestamps, in one or two bytes; what is not there ends a run."""
_LARGEST: Final = 1 << 62
_MOST_TIME_BYTES: Final = 2
LEAST: Final = 8
"""Fewer are no run: to begin one costs as much as to read so many."""


class Shape:
    """What the records of a run have in common: one without a key and headers, that was read just now."""

    __slots__ = ("length", "size", "struct", "value_length")

    def __init__(self, record: bytes, value: bytes, delta: int) -> None:
        """`record`: the whole of it, its length included; `delta`: of its offset. ValueError where there is none."""
        value_length = b"\1" + VARINTS[len(value)]  # behind a key that there is not
        length_size, offset_size = 1 if record[0] < 0x80 else 2, len(VARINTS[delta])
        rest = length_size + 1 + offset_size + len(value_length) + len(value) + 1  # with attributes, without headers
        is_long = record[length_size - 1] >= 0x80  # the length takes more than two bytes
        if is_long or not 1 <= len(record) - rest <= _MOST_TIME_BYTES:
            raise ValueError("no shape")
        self.length: Final = record[:length_size]
        self.value_length: Final = value_length
        self.size: Final = len(record)
        self.struct: Final = Struct(
            f"{length_size}sx{len(record) - rest}s{offset_size}s{len(value_length)}s{len(value)}sB"
        )


def read_run(
    data: bytes, start: int, at: int, left: int, delta: int, value: bytes, batch: RecordBatch, position: Position
) -> Generator[ConsumerRecord, None, tuple[int, int]]:
    """The records behind one that was read, as long as they have its shape and their offsets follow; how many they were
    and where the next one begins.

    The one before is that from `start` to `at`, with this `value`, `delta` behind the batch's first offset; `left`: how
    many there may be.
    """
    try:
        shape = Shape(data[start:at], value, delta)
    except ValueError:
        return 0, at
    size, first, base_offset, base_timestamp = shape.size, delta, batch.base_offset, batch.base_timestamp
    count = min(left, (len(data) - at) // size)
    if position.end is not None:
        count = min(count, position.end - base_offset - delta - 1)
    if count < LEAST or not -_LARGEST < base_timestamp < _LARGEST:
        return 0, at
    append_time = batch.max_timestamp if batch.log_append_time else None
    topic, partition, varints, length, value_length = (
        position.topic,
        position.partition,
        VARINTS,
        shape.length,
        shape.value_length,
    )
    told, timestamp = b"", 0
    for own_length, time, place, own_value_length, content, headers in shape.struct.iter_unpack(
        memoryview(data)[at : at + count * size]
    ):
        if place != varints[delta + 1] or own_length != length or own_value_length != value_length or headers:
            break
        if time != told:
            if (since := _DELTAS.get(time)) is None:
                break
            told, timestamp = time, base_timestamp + since if append_time is None else append_time
        delta += 1
        offset = base_offset + delta
        position.offset = offset + 1
        yield ConsumerRecord(topic, partition, offset, timestamp, None, content, [])
    return delta - first, at + (delta - first) * size

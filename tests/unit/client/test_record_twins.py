"""The client's fast ways to write and to read records do what the plain ones do, on whole and on broken bytes."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import example, given

from barnabas.client.positions import ConsumerRecord, Position
from barnabas.client.record_reader import read_records
from barnabas.client.record_writer import Fields, write_batch
from barnabas.protocol.compression import Compression
from barnabas.protocol.record_batch import BATCH_OVERHEAD, CorruptRecords, RecordBatch, parse_batch
from barnabas.protocol.record_builder import BatchBuilder, build_batch

INT64 = 1 << 63
fields = st.none() | st.binary(max_size=80) | st.sampled_from([bytes(5000), bytes(20_000)])
timestamps = st.integers(1000, 1100) | st.integers(-INT64, INT64 - 1)
headers = st.lists(st.tuples(st.text(max_size=5), fields), max_size=3)
records = st.lists(st.tuples(timestamps, fields, fields, headers), min_size=1, max_size=80)
alike = st.builds(
    lambda size, steps, odd: [
        (1000 + step, None, bytes([number & 0x7F]) * size, ()) if number not in odd else odd[number]
        for number, step in enumerate(steps)
    ],
    st.sampled_from([0, 10, 50, 57, 100, 8175, 8190, 9000]),
    st.lists(st.integers(0, 70) | st.sampled_from([8191, 8192, 70_000, -1]), min_size=20, max_size=150).map(sorted),
    st.dictionaries(st.integers(0, 149), st.tuples(timestamps, fields, fields, headers), max_size=3),
)
"""Many records of one shape, perhaps with some others among them."""


def plainly(batch: RecordBatch, position: Position) -> tuple[list[ConsumerRecord], bool]:
    """The records from the position to its end, and whether the bytes made sense."""
    found: list[ConsumerRecord] = []
    try:
        for record in batch.records():
            if record.offset < position.offset:
                continue
            if position.end is not None and record.offset >= position.end:
                break
            position.offset = record.offset + 1
            key = None if record.key is None else bytes(record.key)
            value = None if record.value is None else bytes(record.value)
            found.append(
                ConsumerRecord(
                    position.topic, position.partition, record.offset, record.timestamp, key, value, record.headers
                )
            )
    except CorruptRecords:
        return found, False
    return found, True


def fast(batch: RecordBatch, position: Position) -> tuple[list[ConsumerRecord], bool]:
    found: list[ConsumerRecord] = []
    try:
        for record in read_records(batch, position):
            assert position.offset == record.offset + 1
            found.append(record)
    except CorruptRecords:
        return found, False
    return found, True


def read_alike(batch: RecordBatch, offset: int = 0, end: int | None = None) -> None:
    one, other = Position("t", 1, offset, end), Position("t", 1, offset, end)
    assert fast(batch, one) == plainly(batch, other)
    assert one.offset == other.offset


@given(records, st.sampled_from(Compression), st.booleans(), st.integers(0, INT64 - 1), st.integers(0, 0x7FFF))
def test_a_batch_is_written_as_record_by_record(
    given_records: list[Fields], compression: Compression, transactional: bool, producer_id: int, epoch: int
) -> None:
    more = {"producer_id": producer_id, "producer_epoch": epoch, "base_sequence": 7, "transactional": transactional}
    written = write_batch(given_records, compression, **more)  # type: ignore[arg-type]
    assert written == build_batch(given_records, compression, **more)  # type: ignore[arg-type]


@given(records, st.sampled_from(Compression), st.integers(0, 90), st.none() | st.integers(0, 90), st.booleans())
def test_a_batch_is_read_as_record_by_record(
    given_records: list[Fields], compression: Compression, offset: int, end: int | None, broker_stamps: bool
) -> None:
    builder = BatchBuilder(compression, base_offset=3, log_append_time_ms=5000 if broker_stamps else None)
    for number, (timestamp, key, value, more) in enumerate(given_records):
        builder.append(timestamp, key, value, more, offset=3 + number * 2)
    read_alike(parse_batch(builder.build()), offset, end)


@given(alike, st.sampled_from(Compression), st.integers(0, 160), st.none() | st.integers(0, 160), st.booleans())
def test_records_of_one_shape_are_read_as_record_by_record(
    given_records: list[Fields], compression: Compression, offset: int, end: int | None, broker_stamps: bool
) -> None:
    builder = BatchBuilder(compression, base_offset=3, log_append_time_ms=5000 if broker_stamps else None)
    for number, (timestamp, key, value, more) in enumerate(given_records):
        builder.append(timestamp, key, value, more, offset=3 + number)
    read_alike(parse_batch(builder.build()), offset, end)


@given(records | alike, st.data())
def test_a_broken_batch_is_refused_at_the_same_record(given_records: list[Fields], data: st.DataObject) -> None:
    batch = build_batch(given_records)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(BATCH_OVERHEAD, len(batch) - 1))
        batch[place] = data.draw(st.sampled_from([0, 1, 2, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))
    read_alike(parse_batch(batch))


@given(st.binary(max_size=60), st.integers(-1, 5))
@example(b"\xff" * 20, 1)
@example(b"", 0)
def test_nonsense_is_refused_alike(payload: bytes, count: int) -> None:
    batch = build_batch([(1000, None, b"v")])[:BATCH_OVERHEAD] + payload
    batch[8:12] = (len(batch) - 12).to_bytes(4, "big")
    batch[57:61] = count.to_bytes(4, "big", signed=True)
    read_alike(parse_batch(batch))

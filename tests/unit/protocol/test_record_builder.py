"""What a builder is given is what a reader finds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barnabas.protocol.compression import Compression
from barnabas.protocol.errors import LocalProtocolError
from barnabas.protocol.record_batch import BATCH_OVERHEAD, Record, parse_batch
from barnabas.protocol.record_builder import BatchBuilder, build_batch

INT64 = st.integers(-(1 << 63), (1 << 63) - 1)
NULLABLE = st.none() | st.binary(max_size=100)
HEADERS = st.lists(st.tuples(st.text(max_size=8), NULLABLE), max_size=3)
RECORDS = st.lists(st.tuples(INT64 | st.integers(1_700_000_000_000, 1_700_000_100_000), NULLABLE, NULLABLE, HEADERS))


def fields(record: Record) -> tuple[int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]:
    """The record with its bytes copied out of the batch."""
    key = None if record.key is None else bytes(record.key)
    return record.timestamp, key, None if record.value is None else bytes(record.value), record.headers


@settings(max_examples=100, deadline=None)
@given(RECORDS, st.sampled_from(Compression), st.integers(0, 1 << 40))
def test_any_records_come_back(
    records: list[tuple[int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]],
    codec: Compression,
    base_offset: int,
) -> None:
    built = build_batch(records, codec, base_offset=base_offset, leader_epoch=4)
    batch = parse_batch(built)
    assert batch.verify_crc()
    assert batch.size == len(built)
    assert (batch.compression, batch.records_count, batch.leader_epoch) == (codec, len(records), 4)
    assert (batch.base_offset, batch.next_offset) == (base_offset, base_offset + len(records))
    assert batch.max_timestamp == max((record[0] for record in records), default=-1)
    found = list(batch.records())
    assert [fields(record) for record in found] == records
    assert [record.offset for record in found] == list(range(base_offset, base_offset + len(records)))


@settings(max_examples=50, deadline=None)
@given(st.integers(-1, (1 << 62)), st.integers(-1, (1 << 15) - 1), st.integers(-1, (1 << 31) - 1), st.booleans())
def test_a_producers_place_comes_back(producer_id: int, epoch: int, sequence: int, transactional: bool) -> None:
    batch = parse_batch(
        build_batch(
            [(0, None, b"")],
            producer_id=producer_id,
            producer_epoch=epoch,
            base_sequence=sequence,
            transactional=transactional,
        )
    )
    assert (batch.producer_id, batch.producer_epoch, batch.base_sequence) == (producer_id, epoch, sequence)
    assert batch.is_transactional is transactional
    assert not batch.is_control


def test_the_size_counts_every_byte_of_an_uncompressed_batch() -> None:
    builder = BatchBuilder()
    assert builder.size == BATCH_OVERHEAD
    for number in range(50):
        builder.append(number, b"k" * number, b"v" * number * 10, [("h", b"x" * number)])
        assert builder.size == len(builder.build())
        assert builder.count == builder.next_offset == number + 1


def test_any_buffer_is_taken() -> None:
    built = build_batch([(0, bytearray(b"k"), memoryview(b"value")[1:4], [("h", bytearray(b"x"))])])
    (record,) = parse_batch(built).records()
    assert fields(record) == (0, b"k", b"alu", [("h", b"x")])


def test_offsets_only_ascend() -> None:
    builder = BatchBuilder(base_offset=10)
    builder.append(0, None, None, offset=12)
    for offset in (12, 11, 9):
        with pytest.raises(LocalProtocolError):
            builder.append(0, None, None, offset=offset)
    with pytest.raises(LocalProtocolError):
        builder.build(last_offset=11)
    assert parse_batch(builder.build()).last_offset == 12

"""Whatever the bytes, reading records ends in records or in CorruptRecords."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barnabas.protocol.compression import Compression, DecompressionLimitExceeded, compress
from barnabas.protocol.record_batch import (
    BATCH_OVERHEAD,
    HEADER,
    CorruptRecords,
    Record,
    iter_batches,
    parse_batch,
)
from barnabas.protocol.record_builder import build_batch

LIMIT = 1 << 16
RECORDS: list[tuple[int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]] = [
    (1_000, b"key", b"value" * 3, [("name", b"content"), ("none", None)]),
    (1_200, None, b"", []),
    (900, b"", None, [("", b"")]),
]


def read(data: bytes | bytearray) -> list[Record]:
    """Every record that `data` shows, each checked to be a legal one."""
    records = []
    for batch in iter_batches(data):
        for record in batch.records(LIMIT):
            assert -(1 << 63) <= record.timestamp < 1 << 63
            assert record.key is None or isinstance(record.key, memoryview)
            assert record.value is None or isinstance(record.value, memoryview)
            assert all(isinstance(name, str) for name, _ in record.headers)
            records.append(record)
    return records


def raw_batch(payload: bytes, count: int, attributes: int = 0) -> bytes:
    """A batch around any payload, its CRC not set: reading does not check it."""
    length = BATCH_OVERHEAD - 12 + len(payload)
    return HEADER.pack(0, length, 0, 2, 0, attributes, max(count - 1, 0), 0, 0, -1, -1, -1, count) + payload


@pytest.mark.parametrize("codec", Compression, ids=lambda codec: codec.name)
def test_every_prefix_of_a_batch_is_corrupt(codec: Compression) -> None:
    whole = build_batch(RECORDS, codec)
    for cut in range(len(whole)):
        with pytest.raises(CorruptRecords):
            parse_batch(whole[:cut])
        assert read(whole[:cut]) == []


@pytest.mark.parametrize("codec", Compression, ids=lambda codec: codec.name)
def test_every_prefix_of_the_payload_is_corrupt(codec: Compression) -> None:
    whole = build_batch(RECORDS, codec)
    for cut in range(BATCH_OVERHEAD, len(whole)):
        changed = whole[:cut]
        struct.pack_into(">i", changed, 8, cut - 12)
        with pytest.raises(CorruptRecords):
            read(changed)


@pytest.mark.parametrize("codec", Compression, ids=lambda codec: codec.name)
def test_every_changed_byte_is_corrupt_or_legal(codec: Compression) -> None:
    whole = build_batch(RECORDS, codec)
    masks = range(1, 256) if codec is Compression.NONE else (0x01, 0x04, 0x20, 0x80, 0xFF)
    for position in range(len(whole)):
        for mask in masks:
            changed = bytearray(whole)
            changed[position] ^= mask
            with suppress(CorruptRecords):
                read(changed)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60), st.integers(-1, 6), st.sampled_from(Compression))
def test_any_payload_is_corrupt_or_legal(payload: bytes, count: int, codec: Compression) -> None:
    framed = bytes(compress(codec, payload))
    with suppress(CorruptRecords):
        assert len(read(raw_batch(framed, count, codec))) == count


@pytest.mark.parametrize("count", [-(1 << 31), -1, 0, 1, 2, 4, (1 << 31) - 1])
@pytest.mark.parametrize("codec", Compression, ids=lambda codec: codec.name)
def test_a_count_that_does_not_match_is_corrupt(codec: Compression, count: int) -> None:
    changed = build_batch(RECORDS, codec)
    struct.pack_into(">i", changed, 57, count)
    with pytest.raises(CorruptRecords):
        read(changed)


GOOD = bytes.fromhex("0c000000010100")  # length 6: attributes, two deltas, null key, null value, no headers


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (GOOD + b"\x00", "1 bytes after the last"),
        (b"\x0b" + GOOD[1:], "ends"),  # a negative length
        (b"\x0e" + GOOD[1:], "7 bytes with 6 left"),
        (b"\x0a" + GOOD[1:], "ends 1 bytes after"),
        (bytes.fromhex("0c000000030100"), "length of -2"),
        (bytes.fromhex("0c000000020100"), "ends"),
        (bytes.fromhex("0c0000008001010100"), "length of 64"),
        (bytes.fromhex("0c000000010101"), "-1 headers"),
        (bytes.fromhex("0c000000010108"), "4 headers in 0 bytes"),
        (bytes.fromhex("1000000001010201 01"), "without a key"),
        (bytes.fromhex("100000000101020002"), "length of 1 with 0 bytes"),
        (bytes.fromhex("12000000010102 02ff01"), "not UTF-8"),
        (bytes.fromhex("ffffffffff0100"), "longer than 5"),
        (bytes.fromhex("feffffff7f00"), "in a varint of 5 bytes"),
        (b"\x20\x00" + b"\xff" * 9 + b"\x7f" + b"\x00\x01\x01\x00" + b"\x00", "in a varint of 10 bytes"),
        (b"", "ends before"),
        (b"\x80", "ends before"),
    ],
)
def test_a_malformed_record_is_corrupt(payload: bytes, reason: str) -> None:
    with pytest.raises(CorruptRecords, match=reason):
        read(raw_batch(payload, 1))


def test_the_smallest_record_is_legal() -> None:
    (record,) = read(raw_batch(GOOD, 1))
    assert (record.offset, record.timestamp, record.key, record.value, record.headers) == (0, 0, None, None, [])


def test_a_batch_that_expands_beyond_what_is_asked_is_refused() -> None:
    batch = parse_batch(build_batch([(0, None, bytes(100_000))], Compression.ZSTD))
    with pytest.raises(DecompressionLimitExceeded):
        batch.records(LIMIT)
    assert len(list(batch.records())) == 1

"""The four codecs: framings that Java reads, and an end to what bytes may expand to."""

from __future__ import annotations

import gzip
import os
import struct
import tracemalloc
from contextlib import suppress

import cramjam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barnabas.protocol.compression import (
    Compression,
    CorruptRecords,
    DecompressionLimitExceeded,
    compress,
    decompress,
)

CODECS = [codec for codec in Compression if codec is not Compression.NONE]
LIMIT = 1 << 20
TEXT = b"The messenger Barnabas came with a letter from Klamm. " * 40

codecs = pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)


@pytest.mark.parametrize("codec", Compression, ids=lambda codec: codec.name)
@pytest.mark.parametrize("data", [b"", b"x", TEXT, os.urandom(200_000), bytes(900_000)], ids=len)
def test_what_is_compressed_comes_back(codec: Compression, data: bytes) -> None:
    for kind in (bytes, bytearray, memoryview):
        assert decompress(codec, bytearray(compress(codec, kind(data))), LIMIT) == data


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(Compression), st.binary(max_size=3000), st.integers(1, 40))
def test_any_bytes_come_back(codec: Compression, data: bytes, times: int) -> None:
    assert decompress(codec, compress(codec, data * times), LIMIT) == data * times


@pytest.mark.parametrize(
    ("codec", "levels"),
    [
        (Compression.GZIP, (-1, *range(1, 10))),
        (Compression.LZ4, range(1, 18)),
        (Compression.ZSTD, (-131_072, -1, 0, 1, 3, 9, 22)),
        (Compression.SNAPPY, (None,)),
    ],
)
def test_every_level_that_may_be_configured_works(codec: Compression, levels: range) -> None:
    for level in levels:
        assert decompress(codec, compress(codec, TEXT, level), LIMIT) == TEXT


@pytest.mark.parametrize(("codec", "low", "high"), [(Compression.GZIP, 1, 9), (Compression.ZSTD, -50, 19)])
def test_a_higher_level_compresses_more(codec: Compression, low: int, high: int) -> None:
    data = b"".join(struct.pack(">IH", number * number, number % 89) for number in range(10_000))
    assert len(compress(codec, data, high)) < len(compress(codec, data, low))


def test_lz4_at_kafkas_default_level_is_the_fast_one() -> None:
    data = b"".join(struct.pack(">IH", number * number, number % 89) for number in range(10_000))
    assert compress(Compression.LZ4, data) == compress(Compression.LZ4, data, 9)
    assert len(compress(Compression.LZ4, data, 8)) < len(compress(Compression.LZ4, data, 9))


def test_names_are_those_of_the_configuration() -> None:
    assert [Compression.of(name) for name in ("none", "gzip", "snappy", "lz4", "zstd")] == list(Compression)
    assert Compression.of("uncompressed") is Compression.NONE
    for name in ("producer", "brotli", ""):
        with pytest.raises(ValueError, match="compression"):
            Compression.of(name)


def lz4_blocks(frame: bytes) -> list[tuple[bytes, bool]]:
    """The blocks of one lz4 frame without content size, each with whether it is compressed."""
    flags = frame[4]
    assert flags & 0xC0 == 0x40, "version 01"
    assert not flags & 0x0D, "no content size, no content checksum, no dictionary"
    position = 7
    blocks: list[tuple[bytes, bool]] = []
    while True:
        (size,) = struct.unpack_from("<I", frame, position)
        position += 4
        if not size:
            assert position == len(frame)
            return blocks
        length = size & 0x7FFF_FFFF
        blocks.append((frame[position : position + length], size == length))
        position += length + (4 if flags & 0x10 else 0)


def lz4_block(block: bytes) -> bytes:
    """One compressed block decompressed on its own, knowing nothing of the blocks before it."""
    output = bytearray(64 << 10)
    return bytes(output[: cramjam.lz4.decompress_block_into(block, output, output_len=len(output))])


@pytest.mark.parametrize("level", [None, 1, 9, 12])
def test_lz4_frames_declare_their_blocks_independent_and_they_are(level: int | None) -> None:
    """Java's reader refuses linked blocks: "Dependent block stream is unsupported"."""
    data = TEXT * 200
    frame = bytes(compress(Compression.LZ4, data, level))
    assert frame[:4] == b"\x04\x22\x4d\x18"
    assert frame[4] & 0x20, "the block independence flag"
    assert 4 <= frame[5] >> 4 <= 7, "a block size that Java knows"
    blocks = lz4_blocks(frame)
    assert len(blocks) > 1
    plain = [lz4_block(block) if compressed else block for block, compressed in blocks]
    assert b"".join(plain) == data


def test_linked_lz4_blocks_of_other_clients_are_read() -> None:
    data = TEXT * 200
    linked = bytes(cramjam.lz4.compress(data))
    assert not linked[4] & 0x20
    assert decompress(Compression.LZ4, linked, LIMIT) == data


def test_gzip_is_what_the_standard_library_reads_and_writes() -> None:
    assert gzip.decompress(bytes(compress(Compression.GZIP, TEXT))) == TEXT
    assert decompress(Compression.GZIP, gzip.compress(TEXT), LIMIT) == TEXT
    assert decompress(Compression.GZIP, gzip.compress(TEXT) + gzip.compress(b"more"), LIMIT) == TEXT + b"more"


def test_snappy_is_framed_as_xerial_does() -> None:
    data = os.urandom(40_000)
    frame = bytes(compress(Compression.SNAPPY, data))
    assert frame[:16] == b"\x82SNAPPY\x00" + struct.pack(">ii", 1, 1)
    position, plain = 16, []
    while position < len(frame):
        (length,) = struct.unpack_from(">i", frame, position)
        plain.append(bytes(cramjam.snappy.decompress_raw(frame[position + 4 : position + 4 + length])))
        position += 4 + length
    assert [len(block) for block in plain] == [32_768, 40_000 - 32_768]
    assert b"".join(plain) == data


def test_raw_snappy_is_read_too() -> None:
    assert decompress(Compression.SNAPPY, bytes(cramjam.snappy.compress_raw(TEXT)), LIMIT) == TEXT


@codecs
def test_every_prefix_is_corrupt(codec: Compression) -> None:
    whole = bytes(compress(codec, TEXT))
    # Xerial's blocks carry no end: what stops after its header or a block is whole.
    legal = {16} if codec is Compression.SNAPPY else set()
    for cut in range(len(whole)):
        if cut not in legal:
            with pytest.raises(CorruptRecords):
                decompress(codec, whole[:cut], LIMIT)


@codecs
def test_every_changed_byte_is_corrupt_or_harmless(codec: Compression) -> None:
    whole = bytes(compress(codec, TEXT[:300]))
    for position in range(len(whole)):
        for mask in (0x01, 0x02, 0x10, 0x80, 0xFF):
            changed = bytearray(whole)
            changed[position] ^= mask
            with suppress(CorruptRecords):
                assert len(decompress(codec, changed, LIMIT)) <= LIMIT


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(CODECS), st.binary(max_size=200))
def test_any_bytes_are_corrupt_or_expand_within_the_limit(codec: Compression, data: bytes) -> None:
    starts = {
        Compression.GZIP: b"\x1f\x8b\x08\x00",
        Compression.SNAPPY: b"\x82SNAPPY\x00" + struct.pack(">ii", 1, 1),
        Compression.LZ4: b"\x04\x22\x4d\x18",
        Compression.ZSTD: b"\x28\xb5\x2f\xfd",
    }
    for frame in (data, starts[codec] + data):
        with suppress(CorruptRecords):
            assert len(decompress(codec, frame, 5000)) <= 5000


@codecs
def test_the_limit_is_exact(codec: Compression) -> None:
    frame = compress(codec, TEXT * 50)
    size = len(TEXT) * 50
    assert decompress(codec, frame, size) == TEXT * 50
    for limit in (size - 1, 1, 0):
        with pytest.raises(DecompressionLimitExceeded):
            decompress(codec, frame, limit)


@codecs
def test_a_bomb_stops_without_memory(codec: Compression) -> None:
    bomb = bytes(compress(codec, bytes(64 << 20)))
    tracemalloc.start()
    try:
        with pytest.raises(DecompressionLimitExceeded):
            decompress(codec, bomb, LIMIT)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * LIMIT + 4 * len(bomb)


def test_a_snappy_block_may_not_claim_what_its_bytes_cannot_hold() -> None:
    claim = b"\xff\xff\xff\xff\x0f" + b"\x00" * 20  # 4 GiB
    for frame in (claim, b"\x82SNAPPY\x00" + struct.pack(">iii", 1, 1, len(claim)) + claim):
        with pytest.raises(CorruptRecords, match="claim"):
            decompress(Compression.SNAPPY, frame, 1 << 40)


def test_a_zstd_frame_may_not_claim_what_it_does_not_hold() -> None:
    block = bytes([(5 << 3) | 1, 0, 0]) + b"hello"
    for size in (100, 50_000_000, 1 << 40):
        frame = bytes.fromhex("28b52ffde0") + size.to_bytes(8, "little") + block
        with pytest.raises(CorruptRecords):
            decompress(Compression.ZSTD, frame, LIMIT)

"""The four compression codecs of record batches, each in the framing that Java clients read and write.

What is kept true:

* `compress` writes what every client can read: gzip, snappy in xerial's framing, lz4 frames whose blocks are
  independent (Java refuses linked ones), zstd frames.
* `decompress` reads what any client may have written: besides the above, raw snappy and linked lz4 blocks.
* `decompress` never returns more than `limit` bytes, and holds little more than that on the way: bytes that claim or
  expand to gigabytes raise `DecompressionLimitExceeded`. Whatever else is wrong with them raises `CorruptRecords`.

cramjam is imported on first use: a node whose topics are not compressed never loads it.
"""

from __future__ import annotations

import struct
from enum import IntEnum

from barnabas.protocol.errors import RemoteProtocolError
from barnabas.protocol.types import Buffer


class CorruptRecords(RemoteProtocolError):
    """Record batches whose bytes are not what they must be."""


class DecompressionLimitExceeded(CorruptRecords):
    """Compressed bytes that would expand beyond the limit the caller gave."""


class UnsupportedCompression(CorruptRecords):
    """Attributes that name a codec nobody has defined (5 to 7)."""


class Compression(IntEnum):
    """A batch's codec: the low three bits of its attributes."""

    NONE = 0
    GZIP = 1
    SNAPPY = 2
    LZ4 = 3
    ZSTD = 4

    @classmethod
    def of(cls, name: str) -> Compression:
        """The codec that clients and `compression.type` call `name`; `none` and `uncompressed` are the same.

        Raises ValueError for any other name, `producer` among them.
        """
        try:
            return cls.NONE if name == "uncompressed" else cls[name.upper()]
        except KeyError:
            raise ValueError(f"no compression is called {name!r}") from None


_XERIAL_MAGIC = b"\x82SNAPPY\x00"
_XERIAL_HEADER = _XERIAL_MAGIC + struct.pack(">ii", 1, 1)
_XERIAL_BLOCK_BYTES = 32 * 1024
_XERIAL_LENGTH = struct.Struct(">I")
_SNAPPY_MAX_RATIO = 22
"""A copy of 64 bytes takes three: snappy expands no further."""

_FIRST_OUTPUT_BYTES = 64 * 1024
_LZ4_FAST_LEVEL = 1
_LZ4_DEFAULT_LEVEL = 9
_LZ4_MIN_HIGH_LEVEL, _LZ4_MAX_HIGH_LEVEL = 3, 12
_ZSTD_DEFAULT_LEVEL = 3
_GZIP_DEFAULT_LEVEL = -1


def compress(codec: Compression, data: Buffer, level: int | None = None) -> bytes | memoryview:
    """`data` compressed, as one frame of `codec`.

    `level` is what `compression.<codec>.level` may be set to; None is its default. Kafka's default for lz4, 9, means
    the fast compressor there, and so it does here; any other level is that of the slow one.
    """
    if codec is Compression.NONE:
        return memoryview(data)
    import cramjam

    match codec:
        case Compression.GZIP:
            return memoryview(cramjam.gzip.compress(data, level=None if level == _GZIP_DEFAULT_LEVEL else level))
        case Compression.SNAPPY:
            return _compress_snappy(data)
        case Compression.LZ4:
            lz4 = cramjam.lz4.Compressor(level=_lz4_level(level), content_checksum=False, block_linked=False)
            lz4.compress(bytes(data))  # takes nothing but bytes
            return memoryview(lz4.finish())
        case Compression.ZSTD:
            return memoryview(cramjam.zstd.compress(data, level=_ZSTD_DEFAULT_LEVEL if level is None else level))


def decompress(codec: Compression, data: Buffer, limit: int) -> memoryview:
    """The plain bytes of `data`, at most `limit` of them, else DecompressionLimitExceeded."""
    if codec is Compression.NONE:
        return memoryview(data)
    import cramjam

    match codec:
        case Compression.SNAPPY:
            return _decompress_snappy(memoryview(data), limit)
        case Compression.GZIP:
            decompress_into = cramjam.gzip.decompress_into
        case Compression.LZ4:
            decompress_into = cramjam.lz4.decompress_into
        case Compression.ZSTD:
            decompress_into = cramjam.zstd.decompress_into
    # The sizes that frames declare are optional and may lie, so the output grows as far as the bytes bear it out.
    size = min(limit, max(_FIRST_OUTPUT_BYTES, 4 * len(data)))
    while True:
        output = bytearray(size)
        try:
            written = decompress_into(data, output)
        except cramjam.DecompressionError as error:
            if str(error) != "failed to write whole buffer":
                raise CorruptRecords(f"{codec.name.lower()}: {error}") from None
        else:
            return memoryview(output)[:written]
        if size >= limit:
            raise DecompressionLimitExceeded(f"{codec.name.lower()}: {len(data)} bytes expand to more than {limit}")
        size = min(limit, 4 * size)


def _lz4_level(level: int | None) -> int:
    if level is None or level == _LZ4_DEFAULT_LEVEL:
        return _LZ4_FAST_LEVEL
    return max(_LZ4_MIN_HIGH_LEVEL, min(level, _LZ4_MAX_HIGH_LEVEL))


def _compress_snappy(data: Buffer) -> bytes:
    import cramjam

    view = memoryview(data)
    parts: list[Buffer] = [_XERIAL_HEADER]
    for start in range(0, len(view), _XERIAL_BLOCK_BYTES):
        block = memoryview(cramjam.snappy.compress_raw(view[start : start + _XERIAL_BLOCK_BYTES]))
        parts += (_XERIAL_LENGTH.pack(len(block)), block)
    return b"".join(parts)


def _decompress_snappy(data: memoryview, limit: int) -> memoryview:
    if data[: len(_XERIAL_MAGIC)] != _XERIAL_MAGIC:
        return _snappy_block(data, limit)
    blocks: list[memoryview] = []
    position = len(_XERIAL_HEADER)
    if len(data) < position:
        raise CorruptRecords("snappy: cut in the header")
    while position < len(data):
        start = position + _XERIAL_LENGTH.size
        if start > len(data):
            raise CorruptRecords("snappy: cut in a block's length")
        position = start + _XERIAL_LENGTH.unpack_from(data, position)[0]
        if position > len(data):
            raise CorruptRecords(f"snappy: a block of {position - start} bytes with {len(data) - start} left")
        block = _snappy_block(data[start:position], limit)
        limit -= len(block)
        blocks.append(block)
    return blocks[0] if len(blocks) == 1 else memoryview(b"".join(blocks))


def _snappy_block(block: memoryview, limit: int) -> memoryview:
    import cramjam

    try:
        size = cramjam.snappy.decompress_raw_len(block)
        if size > _SNAPPY_MAX_RATIO * len(block):
            raise CorruptRecords(f"snappy: {len(block)} bytes cannot expand to the {size} they claim")
        if size > limit:
            raise DecompressionLimitExceeded(f"snappy: {size} bytes, of which {limit} are allowed")
        return memoryview(cramjam.snappy.decompress_raw(block))
    except cramjam.DecompressionError as error:
        raise CorruptRecords(f"snappy: {error}") from None

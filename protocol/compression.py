"""The four compression codecs of record batches, each in the framing that Java clients read and write.

What is kept true:

* `compress` writes what every client can read: gzip members, xerial-framed snappy, lz4 frames whose blocks are
  independent (Java refuses linked ones), zstd frames.
* `decompress` reads what any client may have written: besides the above, raw snappy and linked lz4 blocks.
* `decompress` never returns more than `limit` bytes, and never holds much more than that: a few bytes that claim or
  expand to gigabytes raise `DecompressionLimitExceeded`. Anything else wrong with the bytes is `CorruptRecords`.

cramjam is imported on first use: most batches of most clusters' internal topics are not compressed.
"""

from __future__ import annotations

import struct
from enum import IntEnum

from barnabas.protocol.errors import RemoteProtocolError

Buffer = bytes | bytearray | memoryview


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


_XERIAL_MAGIC = b"\x82SNAPPY\x00"
_XERIAL_HEADER = _XERIAL_MAGIC + struct.pack(">ii", 1, 1)
_XERIAL_BLOCK = 32 * 1024
_FIRST_GUESS = 64 * 1024
_INT = struct.Struct(">I")


def compress(codec: Compression, data: Buffer, level: int | None = None) -> bytes | memoryview:
    """`data` in the codec's frame; `level` as in `compression.<codec>.level`, None for the codec's default."""
    import cramjam

    if codec == Compression.GZIP:
        return memoryview(cramjam.gzip.compress(data, level=level))
    if codec == Compression.SNAPPY:
        return _compress_xerial(data)
    if codec == Compression.LZ4:
        frame = cramjam.lz4.Compressor(level=level, content_checksum=False, block_linked=False)
        frame.compress(bytes(data))  # the only input it takes
        return memoryview(frame.finish())
    if codec == Compression.ZSTD:
        return memoryview(cramjam.zstd.compress(data, level=3 if level is None else level))
    return memoryview(data)


def decompress(codec: Compression, data: Buffer, limit: int) -> memoryview:
    """The plain bytes, at most `limit` of them, else DecompressionLimitExceeded."""
    import cramjam

    if codec == Compression.NONE:
        return memoryview(data)
    if codec == Compression.SNAPPY:
        return _decompress_snappy(data, limit)
    module = {Compression.GZIP: cramjam.gzip, Compression.LZ4: cramjam.lz4, Compression.ZSTD: cramjam.zstd}[codec]
    size = min(limit, max(_FIRST_GUESS, 4 * len(data)))
    while True:
        output = bytearray(size)
        try:
            return memoryview(output)[: module.decompress_into(data, output)]
        except cramjam.DecompressionError as error:
            if "whole buffer" not in str(error):
                raise CorruptRecords(f"{codec.name.lower()}: {error}") from None
        if size >= limit:
            raise DecompressionLimitExceeded(f"{codec.name.lower()}: more than {limit} bytes")
        size = min(limit, 4 * size)


def _compress_xerial(data: Buffer) -> bytes:
    import cramjam

    view = memoryview(data)
    parts: list[bytes] = [_XERIAL_HEADER]
    for start in range(0, len(view), _XERIAL_BLOCK):
        block = bytes(cramjam.snappy.compress_raw(view[start : start + _XERIAL_BLOCK]))
        parts += (_INT.pack(len(block)), block)
    return b"".join(parts)


def _decompress_snappy(data: Buffer, limit: int) -> memoryview:
    view = memoryview(data)
    if bytes(view[:8]) != _XERIAL_MAGIC:
        return memoryview(_snappy_block(view, limit))
    blocks: list[bytes] = []
    position = len(_XERIAL_HEADER)
    total = 0
    while position < len(view):
        if position + 4 > len(view):
            raise CorruptRecords("snappy: a cut block length")
        (length,) = _INT.unpack_from(view, position)
        position += 4
        if position + length > len(view):
            raise CorruptRecords("snappy: a cut block")
        block = _snappy_block(view[position : position + length], limit - total)
        blocks.append(block)
        total += len(block)
        position += length
    return memoryview(b"".join(blocks))


def _snappy_block(block: memoryview, limit: int) -> bytes:
    import cramjam

    try:
        size = cramjam.snappy.decompress_raw_len(block)
        if size > limit:
            raise DecompressionLimitExceeded(f"snappy: more than {limit} bytes")
        return bytes(cramjam.snappy.decompress_raw(block))
    except cramjam.DecompressionError as error:
        raise CorruptRecords(f"snappy: {error}") from None

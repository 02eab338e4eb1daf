"""Primitive types of the wire: uuids, varints, and the parts that an encoded message is made of.

A uuid is 16 bytes everywhere; text only where people read it. All integers on the wire are big-endian.
"""

from __future__ import annotations

import binascii
from typing import TypeAlias

from barnabas.protocol.errors import LocalProtocolError

ZERO_UUID: bytes = bytes(16)
"""No uuid."""
METADATA_TOPIC_UUID: bytes = bytes(15) + b"\x01"
"""The topic id of `__cluster_metadata`."""
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_+/", b"+/!!")  # "+" and "/" themselves are not of the alphabet
_UUID_DIGITS = 22
MAX_STRING_BYTES = 0x7FFF
"""The longest string the wire carries, in bytes of UTF-8."""


class FileSlice:
    """`size` bytes of an open file from `offset` on, to be sent without passing through the process's memory.

    Whoever keeps the descriptor open may subclass this to tie the file's life to the slice's.
    """

    __slots__ = ("fd", "offset", "size")

    def __init__(self, fd: int, offset: int, size: int) -> None:
        self.fd = fd
        self.offset = offset
        self.size = size

    def __len__(self) -> int:
        return self.size

    def __repr__(self) -> str:
        return f"FileSlice(fd={self.fd}, offset={self.offset}, size={self.size})"


Buffer: TypeAlias = bytes | bytearray | memoryview
"""Bytes in memory. A memoryview must be of single bytes (format "B", contiguous)."""
Part: TypeAlias = bytes | bytearray | memoryview | FileSlice
"""A piece of an outgoing frame; `len(part)` is its size in bytes."""


def uuid_text(uuid: bytes) -> str:
    """`uuid` (16 bytes) as Kafka prints it: url-safe base64 without padding, 22 characters."""
    return binascii.b2a_base64(uuid, newline=False).rstrip(b"=").translate(_TO_URL).decode("ascii")


def parse_uuid(text: str) -> bytes:
    """The 16 bytes of a uuid printed by `uuid_text`. Raises ValueError for anything else."""
    digits = text.rstrip("=")
    if len(digits) != _UUID_DIGITS:
        raise ValueError(f"not a uuid: {text!r} is {len(digits)} characters long, not {_UUID_DIGITS}")
    try:
        return binascii.a2b_base64(digits.encode("ascii").translate(_FROM_URL) + b"==", strict_mode=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError(f"not a uuid: {text!r}") from error


def encode_unsigned_varint(value: int) -> bytes:
    """`value` (0 to 2^32 - 1) as one to five bytes, seven bits each, the lowest first."""
    if not 0 <= value <= 0xFFFFFFFF:
        raise LocalProtocolError(f"{value} does not fit an unsigned varint of 32 bits")
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def decode_unsigned_varint(data: Buffer, offset: int) -> tuple[int, int]:
    """The varint at `offset` and the offset after it.

    As in Kafka it wraps to a signed 32-bit integer, so a length beyond 2^31 is negative. Raises IndexError at the
    end of the data and ValueError when the fifth byte asks for a sixth.
    """
    value = 0
    for shift in (0, 7, 14, 21, 28):
        byte = data[offset]
        offset += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            value &= 0xFFFFFFFF
            return (value if value < 0x80000000 else value - 0x100000000), offset
    raise ValueError("varint longer than five bytes")


def encode_varint(value: int) -> bytes:
    """`value` (a signed integer of 32 or 64 bits) in zigzag form, as record batches have it."""
    zigzag = value << 1 if value >= 0 else ((-value) << 1) - 1
    out = bytearray()
    while zigzag > 0x7F:
        out.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    out.append(zigzag)
    return bytes(out)


def decode_varint(data: Buffer, offset: int, max_bytes: int = 10) -> tuple[int, int]:
    """The zigzag varint at `offset` and the offset after it; `max_bytes` is 5 for 32 bits, 10 for 64.

    Raises IndexError at the end of the data and ValueError when it is longer than `max_bytes`.
    """
    zigzag = 0
    for shift in range(0, 7 * max_bytes, 7):
        byte = data[offset]
        offset += 1
        zigzag |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (zigzag >> 1) ^ -(zigzag & 1), offset
    raise ValueError(f"varint longer than {max_bytes} bytes")

"""Encoding and decoding of messages.

For each message and version a function is compiled on first use and kept: see `decoder` and `encoder`. Decoding raises
MalformedMessage, whatever the bytes are, and nothing else; it allocates in proportion to the bytes that are there, not
to the lengths that they announce. Encoding raises LocalProtocolError for what does not fit.
"""

from __future__ import annotations

import struct
from typing import TypeVar

from barnabas.protocol.decoder import compile_decoder
from barnabas.protocol.encoder import compile_encoder
from barnabas.protocol.errors import LocalProtocolError, MalformedMessage
from barnabas.protocol.message import Message
from barnabas.protocol.source import Compiled
from barnabas.protocol.types import Buffer, FileSlice, Part

M = TypeVar("M", bound=Message)

_decoders: dict[tuple[type[Message], int], Compiled] = {}
_encoders: dict[tuple[type[Message], int], Compiled] = {}


def decode(cls: type[M], version: int, data: Buffer, offset: int = 0) -> tuple[M, int]:
    """Read a message of `cls` that starts at byte `offset` of `data`: the message and the offset after it.

    `records` fields are slices of `data`, uncopied, writable if it is. Bytes after the message are nobody's error.
    Raises MalformedMessage, and LocalProtocolError if there is no such version.
    """
    try:
        decoder = _decoders[cls, version]
    except KeyError:
        decoder = _decoders[cls, version] = compile_decoder(cls, version)
    view = data if type(data) is memoryview else memoryview(data)
    try:
        message, end = decoder.run(view, offset, len(view))
    except (struct.error, IndexError, ValueError) as error:
        raise _malformed(decoder, error, len(view)) from None
    return message, end


def encode(message: Message, version: int) -> bytes:
    """The bytes of `message` at `version`. Raises LocalProtocolError for a value or version that does not fit."""
    parts = encode_parts(message, version)
    for part in parts:
        if isinstance(part, FileSlice):
            raise LocalProtocolError(f"{message.NAME} holds a file's slice: send its parts instead")
    return b"".join(parts)  # type: ignore[arg-type]


def encode_parts(message: Message, version: int) -> list[Part]:
    """`message` in pieces, in order; each `records` field that is not empty is a part of its own, uncopied."""
    parts: list[Part] = []
    encode_into(message, version, bytearray(), parts)
    return parts


def encode_into(message: Message, version: int, out: bytearray, parts: list[Part]) -> None:
    """Append `message` to `out` and then `out`, with the parts that follow it, to `parts`."""
    key = type(message), version
    try:
        encoder = _encoders[key]
    except KeyError:
        encoder = _encoders[key] = compile_encoder(*key)
    try:
        encoder.run(message, out, parts)
    except (struct.error, AttributeError, TypeError, ValueError, OverflowError) as error:
        _, path = encoder.where(error)
        raise LocalProtocolError(f"{path} at version {version}: {error}") from error


def prepare(cls: type[Message], version: int) -> None:
    """Compile both functions now, so that the first message of its kind does not wait (about a millisecond)."""
    if (cls, version) not in _decoders:
        _decoders[cls, version] = compile_decoder(cls, version)
    if (cls, version) not in _encoders:
        _encoders[cls, version] = compile_encoder(cls, version)


def _malformed(decoder: Compiled, error: Exception, size: int) -> MalformedMessage:
    offset, path = decoder.where(error, size)
    if isinstance(error, UnicodeDecodeError):
        reason = f"invalid UTF-8: {error.reason}"
    elif isinstance(error, struct.error | IndexError):
        reason = f"ends too early, {size} bytes long"
    else:
        reason = str(error)
    return MalformedMessage(reason, offset, path)

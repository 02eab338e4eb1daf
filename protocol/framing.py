"""Frames: a length of four bytes, a header, a message.

The functions that read get the frame without its length, those that write put the length in front. Which header goes
with a message follows from its API and version: requests have header v1, or v2 in flexible versions; responses v0, or
v1 in flexible versions, except that ApiVersions answers with v0 always, so that a client which knows no version of the
server's can read it.
"""

from __future__ import annotations

import struct

from barnabas.protocol.api_keys import API_VERSIONS, ApiKey
from barnabas.protocol.codec import encode_into
from barnabas.protocol.decoder import skip_tags
from barnabas.protocol.errors import LocalProtocolError, MalformedMessage
from barnabas.protocol.message import RequestMessage, ResponseMessage
from barnabas.protocol.types import MAX_STRING_BYTES, Buffer, Part

_REQUEST = struct.Struct(">hhih")
_REQUEST_FRAME = struct.Struct(">ihhih")
_RESPONSE_FRAME = struct.Struct(">ii")
_INT32 = struct.Struct(">i")
MAX_FRAME_BYTES = 0x7FFFFFFF


class RequestHeader:
    """What stands before a request. `api_key` is one that `API_VERSIONS` has; `api_version` can be any."""

    __slots__ = ("api_key", "api_version", "client_id", "correlation_id")

    def __init__(self, api_key: int, api_version: int, correlation_id: int, client_id: str | None) -> None:
        self.api_key = api_key
        self.api_version = api_version
        self.correlation_id = correlation_id
        self.client_id = client_id

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RequestHeader):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return (
            f"RequestHeader(api_key={self.api_key}, api_version={self.api_version}, "
            f"correlation_id={self.correlation_id}, client_id={self.client_id!r})"
        )

    def __str__(self) -> str:
        return f"{ApiKey(self.api_key).name} v{self.api_version} #{self.correlation_id} from {self.client_id!r}"


def decode_request_header(frame: Buffer) -> tuple[RequestHeader, int]:
    """The header of a request and the offset of its body. An API that nobody serves is malformed.

    The version is not judged here, because ApiVersions is answered at any. Nor is the client id's UTF-8: Kafka takes
    what comes.
    """
    try:
        key, version, correlation_id, length = _REQUEST.unpack_from(frame)
    except struct.error:
        raise MalformedMessage(f"ends too early, {len(frame)} bytes long", 0, "RequestHeader") from None
    api = API_VERSIONS.get(key)
    if api is None:
        raise MalformedMessage(f"unknown API key {key}", 0, "RequestHeader.request_api_key")
    offset = _REQUEST.size
    client_id = None
    if length >= 0:
        end = offset + length
        if end > len(frame):
            reason = f"{length} bytes announced, {len(frame) - offset} left"
            raise MalformedMessage(reason, offset, "RequestHeader.client_id")
        client_id = str(frame[offset:end], "utf-8", "replace")
        offset = end
    if api.request_flexible_from is not None and version >= api.request_flexible_from:
        offset = _skip_tags(frame, offset, "RequestHeader")
    return RequestHeader(key, version, correlation_id, client_id), offset


def decode_response_header(api_key: int, version: int, frame: Buffer) -> tuple[int, int]:
    """The correlation id of a response to a request of this API and version, and the offset of its body."""
    try:
        (correlation_id,) = _INT32.unpack_from(frame)
    except struct.error:
        raise MalformedMessage(f"ends too early, {len(frame)} bytes long", 0, "ResponseHeader") from None
    flexible_from = API_VERSIONS[api_key].response_flexible_from
    if flexible_from is None or version < flexible_from or api_key == ApiKey.API_VERSIONS:
        return correlation_id, _INT32.size
    return correlation_id, _skip_tags(frame, _INT32.size, "ResponseHeader")


def encode_request(correlation_id: int, client_id: str | None, message: RequestMessage, version: int) -> list[Part]:
    """The whole frame of a request, its length included, in parts. See `codec.encode_parts`."""
    client = b"" if client_id is None else client_id.encode("utf-8", "replace")
    if len(client) > MAX_STRING_BYTES:
        raise LocalProtocolError(f"client id of {len(client)} bytes")
    length = -1 if client_id is None else len(client)
    out = bytearray(_REQUEST_FRAME.pack(0, message.API_KEY, version, correlation_id, length))
    out += client
    if message.FLEXIBLE_FROM is not None and version >= message.FLEXIBLE_FROM:
        out.append(0)
    return _frame(message, version, out)


def encode_response(correlation_id: int, message: ResponseMessage, version: int) -> list[Part]:
    """The whole frame of a response, its length included, in parts. See `codec.encode_parts`."""
    out = bytearray(_RESPONSE_FRAME.pack(0, correlation_id))
    flexible_from = message.FLEXIBLE_FROM
    if flexible_from is not None and version >= flexible_from and message.API_KEY != ApiKey.API_VERSIONS:
        out.append(0)
    return _frame(message, version, out)


def _frame(message: RequestMessage | ResponseMessage, version: int, out: bytearray) -> list[Part]:
    """The parts of a frame whose length and header are in `out`; the length is put right."""
    parts: list[Part] = []
    encode_into(message, version, out, parts)
    size = sum(map(len, parts)) - _INT32.size
    if size > MAX_FRAME_BYTES:
        raise LocalProtocolError(f"{message.NAME} of {size} bytes does not fit a frame")
    _INT32.pack_into(out, 0, size)
    return parts


def _skip_tags(frame: Buffer, offset: int, path: str) -> int:
    try:
        return skip_tags(frame, offset, len(frame))
    except IndexError:
        raise MalformedMessage(f"ends too early, {len(frame)} bytes long", offset, path) from None
    except ValueError as error:
        raise MalformedMessage(str(error), offset, path) from None

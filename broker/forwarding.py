"""Requests that only the active controller can decide, passed on in an Envelope (KIP-590).

The envelope holds the client's request as the client sent it, header and all, with its principal and address; the
controller's answer comes back the same way and is relayed under the client's own correlation id. An answer that says
NOT_CONTROLLER, on the envelope or within, was given by a controller that is one no longer: the request is sent again.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from barnabas.broker.controller_channel import ControllerChannel, ControllerUnavailable
from barnabas.protocol import codec, framing
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode, RemoteProtocolError
from barnabas.protocol.message import RequestMessage, ResponseMessage, Struct
from barnabas.protocol.messages import response_class
from barnabas.protocol.messages.default_principal_data import DefaultPrincipalData
from barnabas.protocol.messages.envelope import EnvelopeRequest, EnvelopeResponse
from barnabas.protocol.types import Part
from barnabas.server.dispatch import Request
from barnabas.server.listener import host_of

ANONYMOUS: Final = DefaultPrincipalData(type="User", name="ANONYMOUS", token_authenticated=False)

_LENGTH_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class Origin:
    """Who sent a request: what the controller is told besides the request itself."""

    principal: DefaultPrincipalData
    host: str
    client_id: str | None
    correlation_id: int

    @classmethod
    def of(cls, request: Request) -> Origin:
        """The sender of this request."""
        header = request.header
        return cls(ANONYMOUS, host_of(request.connection.peer), header.client_id, header.correlation_id)


class Forwarder:
    """See the module."""

    def __init__(self, channel: ControllerChannel) -> None:
        self._channel = channel

    async def forward(self, origin: Origin, message: RequestMessage, version: int) -> ResponseMessage:
        """The controller's answer to a client's request. ControllerUnavailable when none came in time.

        UnsupportedByController when the active controller does not serve this version.
        """
        envelope = EnvelopeRequest(
            request_data=_whole(framing.encode_request(origin.correlation_id, origin.client_id, message, version)),
            request_principal=serialized_principal(origin.principal),
            client_host_address=address_bytes(origin.host),
        )
        answers: list[ResponseMessage] = []

        def is_final(response: ResponseMessage) -> bool:
            assert isinstance(response, EnvelopeResponse)
            answers[:] = [_unwrap(response, message.API_KEY, version)] if response.error_code == 0 else []
            return not answers or ErrorCode.NOT_CONTROLLER not in set(errors_of(answers[0]))

        response = await self._channel.send(envelope, is_final=is_final)
        assert isinstance(response, EnvelopeResponse)
        if not answers:
            error = ErrorCode.of(response.error_code)
            if error is ErrorCode.UNSUPPORTED_VERSION:
                raise UnsupportedByController(f"the controller does not serve {message.API_KEY.name} v{version}")
            raise ControllerUnavailable(f"the controller refused the forwarded request: {error.name}")
        return answers[0]


class UnsupportedByController(Exception):
    """The active controller is of a release that does not know this API or version: the client must negotiate anew."""


def serialized_principal(principal: DefaultPrincipalData) -> bytes:
    """A principal as Kafka's default builder writes it: the version, then the message."""
    version = DefaultPrincipalData.VERSIONS[1]
    return version.to_bytes(2, "big") + codec.encode(principal, version)


def address_bytes(host: str) -> bytes:
    """An IP address as four or sixteen bytes; the loopback address where the peer has none (in memory)."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return ipaddress.IPv4Address("127.0.0.1").packed
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.packed
    return address.packed


def errors_of(message: Struct) -> Iterator[int]:
    """Every `error_code` in a message, at whatever depth."""
    for field in message.FIELDS:
        value = getattr(message, field[0])
        if field[0] == "error_code":
            yield value
        elif isinstance(value, Struct):
            yield from errors_of(value)
        elif isinstance(value, list) and value and isinstance(value[0], Struct):
            for item in value:
                yield from errors_of(item)


def _unwrap(envelope: EnvelopeResponse, api_key: ApiKey, version: int) -> ResponseMessage:
    data = envelope.response_data
    if data is None:
        raise RemoteProtocolError("an Envelope response without an error holds no answer")
    _, offset = framing.decode_response_header(api_key, version, data)
    return codec.decode(response_class(api_key), version, data, offset)[0]


def _whole(parts: list[Part]) -> bytes:
    """A frame of buffers in one piece, without its length."""
    frame = bytearray()
    for part in parts:
        assert isinstance(part, bytes | bytearray | memoryview)
        frame += part
    return bytes(memoryview(frame)[_LENGTH_BYTES:])

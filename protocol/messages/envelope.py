"""Envelope, API key 58. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage


class EnvelopeRequest(RequestMessage):
    """EnvelopeRequest: version 0, flexible from 0."""

    __slots__ = ("request_data", "request_principal", "client_host_address")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("request_data", "bytes", (0, 32767), None, None, -1, b"", False, True),
        ("request_principal", "bytes", (0, 32767), (0, 32767), None, -1, b"", False, True),
        ("client_host_address", "bytes", (0, 32767), None, None, -1, b"", False, True),
    )
    NAME: ClassVar[str] = "EnvelopeRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.ENVELOPE

    def __init__(
        self,
        *,
        request_data: bytes = b"",
        request_principal: bytes | None = b"",
        client_host_address: bytes = b"",
    ) -> None:
        self.request_data: bytes = request_data
        self.request_principal: bytes | None = request_principal
        self.client_host_address: bytes = client_host_address


class EnvelopeResponse(ResponseMessage):
    """EnvelopeResponse: version 0, flexible from 0."""

    __slots__ = ("response_data", "error_code")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("response_data", "bytes", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
    )
    NAME: ClassVar[str] = "EnvelopeResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.ENVELOPE

    def __init__(
        self,
        *,
        response_data: bytes | None = None,
        error_code: int = 0,
    ) -> None:
        self.response_data: bytes | None = response_data
        self.error_code: int = error_code

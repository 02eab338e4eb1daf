"""SaslAuthenticate, API key 36. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage


class SaslAuthenticateRequest(RequestMessage):
    """SaslAuthenticateRequest: versions 0 to 2, flexible from 2."""

    __slots__ = ("auth_bytes",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("auth_bytes", "bytes", (0, 32767), None, None, -1, b"", False, True),
    )
    NAME: ClassVar[str] = "SaslAuthenticateRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.SASL_AUTHENTICATE

    def __init__(
        self,
        *,
        auth_bytes: bytes = b"",
    ) -> None:
        self.auth_bytes: bytes = auth_bytes


class SaslAuthenticateResponse(ResponseMessage):
    """SaslAuthenticateResponse: versions 0 to 2, flexible from 2."""

    __slots__ = ("error_code", "error_message", "auth_bytes", "session_lifetime_ms")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("error_message", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        ("auth_bytes", "bytes", (0, 32767), None, None, -1, b"", False, True),
        ("session_lifetime_ms", "int64", (1, 32767), None, None, -1, 0, True, True),
    )
    NAME: ClassVar[str] = "SaslAuthenticateResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.SASL_AUTHENTICATE

    def __init__(
        self,
        *,
        error_code: int = 0,
        error_message: str | None = "",
        auth_bytes: bytes = b"",
        session_lifetime_ms: int = 0,
    ) -> None:
        self.error_code: int = error_code
        self.error_message: str | None = error_message
        self.auth_bytes: bytes = auth_bytes
        self.session_lifetime_ms: int = session_lifetime_ms

"""SaslHandshake, API key 17. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage


class SaslHandshakeRequest(RequestMessage):
    """SaslHandshakeRequest: versions 0 to 1, never flexible."""

    __slots__ = ("mechanism",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("mechanism", "string", (0, 32767), None, None, -1, "", False, True),
    )
    NAME: ClassVar[str] = "SaslHandshakeRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = None
    API_KEY: ClassVar[ApiKey] = ApiKey.SASL_HANDSHAKE

    def __init__(
        self,
        *,
        mechanism: str = "",
    ) -> None:
        self.mechanism: str = mechanism


class SaslHandshakeResponse(ResponseMessage):
    """SaslHandshakeResponse: versions 0 to 1, never flexible."""

    __slots__ = ("error_code", "mechanisms")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("mechanisms", "[]string", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "SaslHandshakeResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = None
    API_KEY: ClassVar[ApiKey] = ApiKey.SASL_HANDSHAKE

    def __init__(
        self,
        *,
        error_code: int = 0,
        mechanisms: Iterable[str] = (),
    ) -> None:
        self.error_code: int = error_code
        self.mechanisms: list[str] = list(mechanisms)

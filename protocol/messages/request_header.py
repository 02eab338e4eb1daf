"""RequestHeader. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message


class RequestHeader(Message):
    """RequestHeader: versions 1 to 2, flexible from 2."""

    __slots__ = ("request_api_key", "request_api_version", "correlation_id", "client_id")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("request_api_key", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("request_api_version", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("correlation_id", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("client_id", "string", (1, 32767), (1, 32767), None, -1, "", False, False),
    )
    NAME: ClassVar[str] = "RequestHeader"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 2

    def __init__(
        self,
        *,
        request_api_key: int = 0,
        request_api_version: int = 0,
        correlation_id: int = 0,
        client_id: str | None = "",
    ) -> None:
        self.request_api_key: int = request_api_key
        self.request_api_version: int = request_api_version
        self.correlation_id: int = correlation_id
        self.client_id: str | None = client_id

"""ResponseHeader. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message


class ResponseHeader(Message):
    """ResponseHeader: versions 0 to 1, flexible from 1."""

    __slots__ = ("correlation_id",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("correlation_id", "int32", (0, 32767), None, None, -1, 0, False, True),
    )
    NAME: ClassVar[str] = "ResponseHeader"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 1

    def __init__(
        self,
        *,
        correlation_id: int = 0,
    ) -> None:
        self.correlation_id: int = correlation_id

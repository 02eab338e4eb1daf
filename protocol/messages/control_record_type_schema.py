"""ControlRecordTypeSchema. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message


class ControlRecordTypeSchema(Message):
    """ControlRecordTypeSchema: version 0, never flexible."""

    __slots__ = ("type",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("type", "int16", (0, 32767), None, None, -1, 0, False, True),
    )
    NAME: ClassVar[str] = "ControlRecordTypeSchema"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = None

    def __init__(
        self,
        *,
        type: int = 0,
    ) -> None:
        self.type: int = type

"""SnapshotFooterRecord. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message


class SnapshotFooterRecord(Message):
    """SnapshotFooterRecord: version 0, flexible from 0."""

    __slots__ = ("version",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("version", "int16", (0, 32767), None, None, -1, 0, False, True),
    )
    NAME: ClassVar[str] = "SnapshotFooterRecord"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0

    def __init__(
        self,
        *,
        version: int = 0,
    ) -> None:
        self.version: int = version

"""KRaftVersionRecord. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message


class KRaftVersionRecord(Message):
    """KRaftVersionRecord: version 0, flexible from 0."""

    __slots__ = ("version", "kraft_version")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("version", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("kraft_version", "int16", (0, 32767), None, None, -1, 0, False, True),
    )
    NAME: ClassVar[str] = "KRaftVersionRecord"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0

    def __init__(
        self,
        *,
        version: int = 0,
        kraft_version: int = 0,
    ) -> None:
        self.version: int = version
        self.kraft_version: int = kraft_version

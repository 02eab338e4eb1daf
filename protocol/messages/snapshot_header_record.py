"""SnapshotHeaderRecord. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message


class SnapshotHeaderRecord(Message):
    """SnapshotHeaderRecord: version 0, flexible from 0."""

    __slots__ = ("version", "last_contained_log_timestamp")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("version", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("last_contained_log_timestamp", "int64", (0, 32767), None, None, -1, 0, False, True),
    )
    NAME: ClassVar[str] = "SnapshotHeaderRecord"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0

    def __init__(
        self,
        *,
        version: int = 0,
        last_contained_log_timestamp: int = 0,
    ) -> None:
        self.version: int = version
        self.last_contained_log_timestamp: int = last_contained_log_timestamp

"""LegacyOffsetCommitValue. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message


class LegacyOffsetCommitValue(Message):
    """LegacyOffsetCommitValue: version 0, never flexible."""

    __slots__ = ("offset", "metadata", "commit_timestamp")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("offset", "int64", (0, 0), None, None, -1, 0, False, True),
        ("metadata", "string", (0, 0), None, None, -1, "", False, True),
        ("commit_timestamp", "int64", (0, 0), None, None, -1, 0, False, True),
    )
    NAME: ClassVar[str] = "LegacyOffsetCommitValue"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = None

    def __init__(
        self,
        *,
        offset: int = 0,
        metadata: str = "",
        commit_timestamp: int = 0,
    ) -> None:
        self.offset: int = offset
        self.metadata: str = metadata
        self.commit_timestamp: int = commit_timestamp

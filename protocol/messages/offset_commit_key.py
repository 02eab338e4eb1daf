"""OffsetCommitKey. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message


class OffsetCommitKey(Message):
    """OffsetCommitKey: version 0, never flexible."""

    __slots__ = ("group", "topic", "partition")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("group", "string", (0, 0), None, None, -1, "", False, True),
        ("topic", "string", (0, 0), None, None, -1, "", False, True),
        ("partition", "int32", (0, 0), None, None, -1, 0, False, True),
    )
    NAME: ClassVar[str] = "OffsetCommitKey"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = None

    def __init__(
        self,
        *,
        group: str = "",
        topic: str = "",
        partition: int = 0,
    ) -> None:
        self.group: str = group
        self.topic: str = topic
        self.partition: int = partition

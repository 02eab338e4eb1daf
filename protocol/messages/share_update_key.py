"""ShareUpdateKey. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message
from barnabas.protocol.types import ZERO_UUID


class ShareUpdateKey(Message):
    """ShareUpdateKey: version 0, never flexible."""

    __slots__ = ("group_id", "topic_id", "partition")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("group_id", "string", (0, 0), None, None, -1, "", False, True),
        ("topic_id", "uuid", (0, 0), None, None, -1, ZERO_UUID, False, True),
        ("partition", "int32", (0, 0), None, None, -1, 0, False, True),
    )
    NAME: ClassVar[str] = "ShareUpdateKey"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = None

    def __init__(
        self,
        *,
        group_id: str = "",
        topic_id: bytes = ZERO_UUID,
        partition: int = 0,
    ) -> None:
        self.group_id: str = group_id
        self.topic_id: bytes = topic_id
        self.partition: int = partition

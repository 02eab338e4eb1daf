"""OffsetCommitValue. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message
from barnabas.protocol.types import ZERO_UUID


class OffsetCommitValue(Message):
    """OffsetCommitValue: versions 0 to 4, flexible from 4."""

    __slots__ = ("offset", "leader_epoch", "metadata", "commit_timestamp", "expire_timestamp", "topic_id")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("offset", "int64", (0, 32767), None, None, -1, 0, False, True),
        ("leader_epoch", "int32", (3, 32767), None, None, -1, -1, True, True),
        ("metadata", "string", (0, 32767), None, None, -1, "", False, True),
        ("commit_timestamp", "int64", (0, 32767), None, None, -1, 0, False, True),
        ("expire_timestamp", "int64", (1, 1), None, None, -1, -1, True, True),
        ("topic_id", "uuid", (4, 32767), None, (4, 32767), 0, ZERO_UUID, True, True),
    )
    NAME: ClassVar[str] = "OffsetCommitValue"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 4)
    FLEXIBLE_FROM: ClassVar[int | None] = 4

    def __init__(
        self,
        *,
        offset: int = 0,
        leader_epoch: int = -1,
        metadata: str = "",
        commit_timestamp: int = 0,
        expire_timestamp: int = -1,
        topic_id: bytes = ZERO_UUID,
    ) -> None:
        self.offset: int = offset
        self.leader_epoch: int = leader_epoch
        self.metadata: str = metadata
        self.commit_timestamp: int = commit_timestamp
        self.expire_timestamp: int = expire_timestamp
        self.topic_id: bytes = topic_id

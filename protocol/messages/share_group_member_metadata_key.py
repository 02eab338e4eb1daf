"""ShareGroupMemberMetadataKey. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message


class ShareGroupMemberMetadataKey(Message):
    """ShareGroupMemberMetadataKey: version 0, never flexible."""

    __slots__ = ("group_id", "member_id")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("group_id", "string", (0, 0), None, None, -1, "", False, True),
        ("member_id", "string", (0, 0), None, None, -1, "", False, True),
    )
    NAME: ClassVar[str] = "ShareGroupMemberMetadataKey"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = None

    def __init__(
        self,
        *,
        group_id: str = "",
        member_id: str = "",
    ) -> None:
        self.group_id: str = group_id
        self.member_id: str = member_id

"""GroupMetadataKey. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message


class GroupMetadataKey(Message):
    """GroupMetadataKey: version 0, never flexible."""

    __slots__ = ("group",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("group", "string", (0, 0), None, None, -1, "", False, True),
    )
    NAME: ClassVar[str] = "GroupMetadataKey"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = None

    def __init__(
        self,
        *,
        group: str = "",
    ) -> None:
        self.group: str = group

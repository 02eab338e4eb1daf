"""ShareGroupMemberMetadataValue. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message


class ShareGroupMemberMetadataValue(Message):
    """ShareGroupMemberMetadataValue: version 0, flexible from 0."""

    __slots__ = ("rack_id", "client_id", "client_host", "subscribed_topic_names")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("rack_id", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        ("client_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("client_host", "string", (0, 32767), None, None, -1, "", False, True),
        ("subscribed_topic_names", "[]string", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "ShareGroupMemberMetadataValue"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0

    def __init__(
        self,
        *,
        rack_id: str | None = "",
        client_id: str = "",
        client_host: str = "",
        subscribed_topic_names: Iterable[str] = (),
    ) -> None:
        self.rack_id: str | None = rack_id
        self.client_id: str = client_id
        self.client_host: str = client_host
        self.subscribed_topic_names: list[str] = list(subscribed_topic_names)

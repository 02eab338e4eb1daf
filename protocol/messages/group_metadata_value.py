"""GroupMetadataValue. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message, Struct


class GroupMetadataValue(Message):
    """GroupMetadataValue: versions 0 to 4, flexible from 4."""

    __slots__ = ("protocol_type", "generation", "protocol", "leader", "current_state_timestamp", "members")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("protocol_type", "string", (0, 32767), None, None, -1, "", False, True),
        ("generation", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("protocol", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        ("leader", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        ("current_state_timestamp", "int64", (2, 32767), None, None, -1, -1, True, True),
        ("members", "[]MemberMetadata", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "GroupMetadataValue"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 4)
    FLEXIBLE_FROM: ClassVar[int | None] = 4

    class MemberMetadata(Struct):
        """A struct of GroupMetadataValue."""

        __slots__ = (
            "member_id",
            "group_instance_id",
            "client_id",
            "client_host",
            "rebalance_timeout",
            "session_timeout",
            "subscription",
            "assignment",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("member_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("group_instance_id", "string", (3, 32767), (3, 32767), None, -1, None, True, True),
            ("client_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("client_host", "string", (0, 32767), None, None, -1, "", False, True),
            ("rebalance_timeout", "int32", (1, 32767), None, None, -1, -1, True, True),
            ("session_timeout", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("subscription", "bytes", (0, 32767), None, None, -1, b"", False, True),
            ("assignment", "bytes", (0, 32767), None, None, -1, b"", False, True),
        )

        def __init__(
            self,
            *,
            member_id: str = "",
            group_instance_id: str | None = None,
            client_id: str = "",
            client_host: str = "",
            rebalance_timeout: int = -1,
            session_timeout: int = 0,
            subscription: bytes = b"",
            assignment: bytes = b"",
        ) -> None:
            self.member_id: str = member_id
            self.group_instance_id: str | None = group_instance_id
            self.client_id: str = client_id
            self.client_host: str = client_host
            self.rebalance_timeout: int = rebalance_timeout
            self.session_timeout: int = session_timeout
            self.subscription: bytes = subscription
            self.assignment: bytes = assignment

    def __init__(
        self,
        *,
        protocol_type: str = "",
        generation: int = 0,
        protocol: str | None = "",
        leader: str | None = "",
        current_state_timestamp: int = -1,
        members: Iterable[GroupMetadataValue.MemberMetadata] = (),
    ) -> None:
        self.protocol_type: str = protocol_type
        self.generation: int = generation
        self.protocol: str | None = protocol
        self.leader: str | None = leader
        self.current_state_timestamp: int = current_state_timestamp
        self.members: list[GroupMetadataValue.MemberMetadata] = list(members)

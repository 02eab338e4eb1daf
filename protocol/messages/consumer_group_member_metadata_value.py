"""ConsumerGroupMemberMetadataValue. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message, Struct


class ConsumerGroupMemberMetadataValue(Message):
    """ConsumerGroupMemberMetadataValue: version 0, flexible from 0."""

    __slots__ = (
        "instance_id",
        "rack_id",
        "client_id",
        "client_host",
        "subscribed_topic_names",
        "subscribed_topic_regex",
        "rebalance_timeout_ms",
        "server_assignor",
        "classic_member_metadata",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("instance_id", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        ("rack_id", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        ("client_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("client_host", "string", (0, 32767), None, None, -1, "", False, True),
        ("subscribed_topic_names", "[]string", (0, 32767), None, None, -1, (), False, True),
        ("subscribed_topic_regex", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        ("rebalance_timeout_ms", "int32", (0, 32767), None, None, -1, -1, False, True),
        ("server_assignor", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        ("classic_member_metadata", "ClassicMemberMetadata", (0, 32767), (0, 32767), (0, 32767), 0, (), False, True),
    )
    NAME: ClassVar[str] = "ConsumerGroupMemberMetadataValue"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0

    class ClassicProtocol(Struct):
        """A struct of ConsumerGroupMemberMetadataValue."""

        __slots__ = ("name", "metadata")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("metadata", "bytes", (0, 32767), None, None, -1, b"", False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            metadata: bytes = b"",
        ) -> None:
            self.name: str = name
            self.metadata: bytes = metadata

    class ClassicMemberMetadata(Struct):
        """A struct of ConsumerGroupMemberMetadataValue."""

        __slots__ = ("session_timeout_ms", "supported_protocols")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("session_timeout_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("supported_protocols", "[]ClassicProtocol", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            session_timeout_ms: int = 0,
            supported_protocols: Iterable[ConsumerGroupMemberMetadataValue.ClassicProtocol] = (),
        ) -> None:
            self.session_timeout_ms: int = session_timeout_ms
            self.supported_protocols: list[ConsumerGroupMemberMetadataValue.ClassicProtocol] = list(supported_protocols)

    def __init__(
        self,
        *,
        instance_id: str | None = "",
        rack_id: str | None = "",
        client_id: str = "",
        client_host: str = "",
        subscribed_topic_names: Iterable[str] = (),
        subscribed_topic_regex: str | None = "",
        rebalance_timeout_ms: int = -1,
        server_assignor: str | None = "",
        classic_member_metadata: ConsumerGroupMemberMetadataValue.ClassicMemberMetadata | tuple[()] | None = (),
    ) -> None:
        self.instance_id: str | None = instance_id
        self.rack_id: str | None = rack_id
        self.client_id: str = client_id
        self.client_host: str = client_host
        self.subscribed_topic_names: list[str] = list(subscribed_topic_names)
        self.subscribed_topic_regex: str | None = subscribed_topic_regex
        self.rebalance_timeout_ms: int = rebalance_timeout_ms
        self.server_assignor: str | None = server_assignor
        self.classic_member_metadata: ConsumerGroupMemberMetadataValue.ClassicMemberMetadata | None = (
            ConsumerGroupMemberMetadataValue.ClassicMemberMetadata() if isinstance(classic_member_metadata, tuple) else classic_member_metadata
        )

"""StreamsGroupMemberMetadataValue. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message, Struct


class StreamsGroupMemberMetadataValue(Message):
    """StreamsGroupMemberMetadataValue: version 0, flexible from 0."""

    __slots__ = (
        "instance_id",
        "rack_id",
        "client_id",
        "client_host",
        "rebalance_timeout_ms",
        "topology_epoch",
        "process_id",
        "user_endpoint",
        "client_tags",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("instance_id", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        ("rack_id", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        ("client_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("client_host", "string", (0, 32767), None, None, -1, "", False, True),
        ("rebalance_timeout_ms", "int32", (0, 32767), None, None, -1, -1, False, True),
        ("topology_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("process_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("user_endpoint", "Endpoint", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("client_tags", "[]KeyValue", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "StreamsGroupMemberMetadataValue"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0

    class Endpoint(Struct):
        """A struct of StreamsGroupMemberMetadataValue."""

        __slots__ = ("host", "port")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("host", "string", (0, 32767), None, None, -1, "", False, True),
            ("port", "uint16", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            host: str = "",
            port: int = 0,
        ) -> None:
            self.host: str = host
            self.port: int = port

    class KeyValue(Struct):
        """A struct of StreamsGroupMemberMetadataValue."""

        __slots__ = ("key", "value")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("key", "string", (0, 32767), None, None, -1, "", False, True),
            ("value", "string", (0, 32767), None, None, -1, "", False, True),
        )

        def __init__(
            self,
            *,
            key: str = "",
            value: str = "",
        ) -> None:
            self.key: str = key
            self.value: str = value

    def __init__(
        self,
        *,
        instance_id: str | None = "",
        rack_id: str | None = "",
        client_id: str = "",
        client_host: str = "",
        rebalance_timeout_ms: int = -1,
        topology_epoch: int = 0,
        process_id: str = "",
        user_endpoint: StreamsGroupMemberMetadataValue.Endpoint | None = None,
        client_tags: Iterable[StreamsGroupMemberMetadataValue.KeyValue] = (),
    ) -> None:
        self.instance_id: str | None = instance_id
        self.rack_id: str | None = rack_id
        self.client_id: str = client_id
        self.client_host: str = client_host
        self.rebalance_timeout_ms: int = rebalance_timeout_ms
        self.topology_epoch: int = topology_epoch
        self.process_id: str = process_id
        self.user_endpoint: StreamsGroupMemberMetadataValue.Endpoint | None = user_endpoint
        self.client_tags: list[StreamsGroupMemberMetadataValue.KeyValue] = list(client_tags)

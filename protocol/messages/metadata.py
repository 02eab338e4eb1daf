"""Metadata, API key 3. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class MetadataRequest(RequestMessage):
    """MetadataRequest: versions 0 to 13, flexible from 9."""

    __slots__ = (
        "topics",
        "allow_auto_topic_creation",
        "include_cluster_authorized_operations",
        "include_topic_authorized_operations",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("topics", "[]MetadataRequestTopic", (0, 32767), (1, 32767), None, -1, (), False, True),
        ("allow_auto_topic_creation", "bool", (4, 32767), None, None, -1, True, False, True),
        ("include_cluster_authorized_operations", "bool", (8, 10), None, None, -1, False, False, True),
        ("include_topic_authorized_operations", "bool", (8, 32767), None, None, -1, False, False, True),
    )
    NAME: ClassVar[str] = "MetadataRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 13)
    FLEXIBLE_FROM: ClassVar[int | None] = 9
    API_KEY: ClassVar[ApiKey] = ApiKey.METADATA

    class MetadataRequestTopic(Struct):
        """A struct of MetadataRequest."""

        __slots__ = ("topic_id", "name")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_id", "uuid", (10, 32767), None, None, -1, ZERO_UUID, True, True),
            ("name", "string", (0, 32767), (10, 32767), None, -1, "", False, True),
        )

        def __init__(
            self,
            *,
            topic_id: bytes = ZERO_UUID,
            name: str | None = "",
        ) -> None:
            self.topic_id: bytes = topic_id
            self.name: str | None = name

    def __init__(
        self,
        *,
        topics: Iterable[MetadataRequest.MetadataRequestTopic] | None = (),
        allow_auto_topic_creation: bool = True,
        include_cluster_authorized_operations: bool = False,
        include_topic_authorized_operations: bool = False,
    ) -> None:
        self.topics: list[MetadataRequest.MetadataRequestTopic] | None = None if topics is None else list(topics)
        self.allow_auto_topic_creation: bool = allow_auto_topic_creation
        self.include_cluster_authorized_operations: bool = include_cluster_authorized_operations
        self.include_topic_authorized_operations: bool = include_topic_authorized_operations


class MetadataResponse(ResponseMessage):
    """MetadataResponse: versions 0 to 13, flexible from 9."""

    __slots__ = (
        "throttle_time_ms",
        "brokers",
        "cluster_id",
        "controller_id",
        "topics",
        "cluster_authorized_operations",
        "error_code",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (3, 32767), None, None, -1, 0, True, True),
        ("brokers", "[]MetadataResponseBroker", (0, 32767), None, None, -1, (), False, True),
        ("cluster_id", "string", (2, 32767), (2, 32767), None, -1, None, True, True),
        ("controller_id", "int32", (1, 32767), None, None, -1, -1, True, True),
        ("topics", "[]MetadataResponseTopic", (0, 32767), None, None, -1, (), False, True),
        ("cluster_authorized_operations", "int32", (8, 10), None, None, -1, -2147483648, False, True),
        ("error_code", "int16", (13, 32767), None, None, -1, 0, True, True),
    )
    NAME: ClassVar[str] = "MetadataResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 13)
    FLEXIBLE_FROM: ClassVar[int | None] = 9
    API_KEY: ClassVar[ApiKey] = ApiKey.METADATA

    class MetadataResponseBroker(Struct):
        """A struct of MetadataResponse."""

        __slots__ = ("node_id", "host", "port", "rack")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("node_id", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("host", "string", (0, 32767), None, None, -1, "", False, True),
            ("port", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("rack", "string", (1, 32767), (1, 32767), None, -1, None, True, True),
        )

        def __init__(
            self,
            *,
            node_id: int = 0,
            host: str = "",
            port: int = 0,
            rack: str | None = None,
        ) -> None:
            self.node_id: int = node_id
            self.host: str = host
            self.port: int = port
            self.rack: str | None = rack

    class MetadataResponsePartition(Struct):
        """A struct of MetadataResponse."""

        __slots__ = (
            "error_code",
            "partition_index",
            "leader_id",
            "leader_epoch",
            "replica_nodes",
            "isr_nodes",
            "offline_replicas",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("leader_id", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("leader_epoch", "int32", (7, 32767), None, None, -1, -1, True, True),
            ("replica_nodes", "[]int32", (0, 32767), None, None, -1, (), False, True),
            ("isr_nodes", "[]int32", (0, 32767), None, None, -1, (), False, True),
            ("offline_replicas", "[]int32", (5, 32767), None, None, -1, (), True, True),
        )

        def __init__(
            self,
            *,
            error_code: int = 0,
            partition_index: int = 0,
            leader_id: int = 0,
            leader_epoch: int = -1,
            replica_nodes: Iterable[int] = (),
            isr_nodes: Iterable[int] = (),
            offline_replicas: Iterable[int] = (),
        ) -> None:
            self.error_code: int = error_code
            self.partition_index: int = partition_index
            self.leader_id: int = leader_id
            self.leader_epoch: int = leader_epoch
            self.replica_nodes: list[int] = list(replica_nodes)
            self.isr_nodes: list[int] = list(isr_nodes)
            self.offline_replicas: list[int] = list(offline_replicas)

    class MetadataResponseTopic(Struct):
        """A struct of MetadataResponse."""

        __slots__ = ("error_code", "name", "topic_id", "is_internal", "partitions", "topic_authorized_operations")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("name", "string", (0, 32767), (12, 32767), None, -1, "", False, True),
            ("topic_id", "uuid", (10, 32767), None, None, -1, ZERO_UUID, True, True),
            ("is_internal", "bool", (1, 32767), None, None, -1, False, True, True),
            ("partitions", "[]MetadataResponsePartition", (0, 32767), None, None, -1, (), False, True),
            ("topic_authorized_operations", "int32", (8, 32767), None, None, -1, -2147483648, False, True),
        )

        def __init__(
            self,
            *,
            error_code: int = 0,
            name: str | None = "",
            topic_id: bytes = ZERO_UUID,
            is_internal: bool = False,
            partitions: Iterable[MetadataResponse.MetadataResponsePartition] = (),
            topic_authorized_operations: int = -2147483648,
        ) -> None:
            self.error_code: int = error_code
            self.name: str | None = name
            self.topic_id: bytes = topic_id
            self.is_internal: bool = is_internal
            self.partitions: list[MetadataResponse.MetadataResponsePartition] = list(partitions)
            self.topic_authorized_operations: int = topic_authorized_operations

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        brokers: Iterable[MetadataResponse.MetadataResponseBroker] = (),
        cluster_id: str | None = None,
        controller_id: int = -1,
        topics: Iterable[MetadataResponse.MetadataResponseTopic] = (),
        cluster_authorized_operations: int = -2147483648,
        error_code: int = 0,
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.brokers: list[MetadataResponse.MetadataResponseBroker] = list(brokers)
        self.cluster_id: str | None = cluster_id
        self.controller_id: int = controller_id
        self.topics: list[MetadataResponse.MetadataResponseTopic] = list(topics)
        self.cluster_authorized_operations: int = cluster_authorized_operations
        self.error_code: int = error_code

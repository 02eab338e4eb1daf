"""DescribeQuorum, API key 55. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class DescribeQuorumRequest(RequestMessage):
    """DescribeQuorumRequest: versions 0 to 2, flexible from 0."""

    __slots__ = ("topics",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("topics", "[]TopicData", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DescribeQuorumRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.DESCRIBE_QUORUM

    class PartitionData(Struct):
        """A struct of DescribeQuorumRequest."""

        __slots__ = ("partition_index",)
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
        ) -> None:
            self.partition_index: int = partition_index

    class TopicData(Struct):
        """A struct of DescribeQuorumRequest."""

        __slots__ = ("topic_name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]PartitionData", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_name: str = "",
            partitions: Iterable[DescribeQuorumRequest.PartitionData] = (),
        ) -> None:
            self.topic_name: str = topic_name
            self.partitions: list[DescribeQuorumRequest.PartitionData] = list(partitions)

    def __init__(
        self,
        *,
        topics: Iterable[DescribeQuorumRequest.TopicData] = (),
    ) -> None:
        self.topics: list[DescribeQuorumRequest.TopicData] = list(topics)


class DescribeQuorumResponse(ResponseMessage):
    """DescribeQuorumResponse: versions 0 to 2, flexible from 0."""

    __slots__ = ("error_code", "error_message", "topics", "nodes")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("error_message", "string", (2, 32767), (2, 32767), None, -1, "", True, True),
        ("topics", "[]TopicData", (0, 32767), None, None, -1, (), False, True),
        ("nodes", "[]Node", (2, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DescribeQuorumResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.DESCRIBE_QUORUM

    class ReplicaState(Struct):
        """A struct of DescribeQuorumResponse."""

        __slots__ = (
            "replica_id",
            "replica_directory_id",
            "log_end_offset",
            "last_fetch_timestamp",
            "last_caught_up_timestamp",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("replica_id", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("replica_directory_id", "uuid", (2, 32767), None, None, -1, ZERO_UUID, False, True),
            ("log_end_offset", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("last_fetch_timestamp", "int64", (1, 32767), None, None, -1, -1, True, True),
            ("last_caught_up_timestamp", "int64", (1, 32767), None, None, -1, -1, True, True),
        )

        def __init__(
            self,
            *,
            replica_id: int = 0,
            replica_directory_id: bytes = ZERO_UUID,
            log_end_offset: int = 0,
            last_fetch_timestamp: int = -1,
            last_caught_up_timestamp: int = -1,
        ) -> None:
            self.replica_id: int = replica_id
            self.replica_directory_id: bytes = replica_directory_id
            self.log_end_offset: int = log_end_offset
            self.last_fetch_timestamp: int = last_fetch_timestamp
            self.last_caught_up_timestamp: int = last_caught_up_timestamp

    class PartitionData(Struct):
        """A struct of DescribeQuorumResponse."""

        __slots__ = (
            "partition_index",
            "error_code",
            "error_message",
            "leader_id",
            "leader_epoch",
            "high_watermark",
            "current_voters",
            "observers",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (2, 32767), (2, 32767), None, -1, "", True, True),
            ("leader_id", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("leader_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("high_watermark", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("current_voters", "[]ReplicaState", (0, 32767), None, None, -1, (), False, True),
            ("observers", "[]ReplicaState", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            error_code: int = 0,
            error_message: str | None = "",
            leader_id: int = 0,
            leader_epoch: int = 0,
            high_watermark: int = 0,
            current_voters: Iterable[DescribeQuorumResponse.ReplicaState] = (),
            observers: Iterable[DescribeQuorumResponse.ReplicaState] = (),
        ) -> None:
            self.partition_index: int = partition_index
            self.error_code: int = error_code
            self.error_message: str | None = error_message
            self.leader_id: int = leader_id
            self.leader_epoch: int = leader_epoch
            self.high_watermark: int = high_watermark
            self.current_voters: list[DescribeQuorumResponse.ReplicaState] = list(current_voters)
            self.observers: list[DescribeQuorumResponse.ReplicaState] = list(observers)

    class TopicData(Struct):
        """A struct of DescribeQuorumResponse."""

        __slots__ = ("topic_name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]PartitionData", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_name: str = "",
            partitions: Iterable[DescribeQuorumResponse.PartitionData] = (),
        ) -> None:
            self.topic_name: str = topic_name
            self.partitions: list[DescribeQuorumResponse.PartitionData] = list(partitions)

    class Listener(Struct):
        """A struct of DescribeQuorumResponse."""

        __slots__ = ("name", "host", "port")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (2, 32767), None, None, -1, "", False, True),
            ("host", "string", (2, 32767), None, None, -1, "", False, True),
            ("port", "uint16", (2, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            host: str = "",
            port: int = 0,
        ) -> None:
            self.name: str = name
            self.host: str = host
            self.port: int = port

    class Node(Struct):
        """A struct of DescribeQuorumResponse."""

        __slots__ = ("node_id", "listeners")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("node_id", "int32", (2, 32767), None, None, -1, 0, False, True),
            ("listeners", "[]Listener", (2, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            node_id: int = 0,
            listeners: Iterable[DescribeQuorumResponse.Listener] = (),
        ) -> None:
            self.node_id: int = node_id
            self.listeners: list[DescribeQuorumResponse.Listener] = list(listeners)

    def __init__(
        self,
        *,
        error_code: int = 0,
        error_message: str | None = "",
        topics: Iterable[DescribeQuorumResponse.TopicData] = (),
        nodes: Iterable[DescribeQuorumResponse.Node] = (),
    ) -> None:
        self.error_code: int = error_code
        self.error_message: str | None = error_message
        self.topics: list[DescribeQuorumResponse.TopicData] = list(topics)
        self.nodes: list[DescribeQuorumResponse.Node] = list(nodes)

"""BeginQuorumEpoch, API key 53. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class BeginQuorumEpochRequest(RequestMessage):
    """BeginQuorumEpochRequest: versions 0 to 1, flexible from 1."""

    __slots__ = ("cluster_id", "voter_id", "topics", "leader_endpoints")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("cluster_id", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("voter_id", "int32", (1, 32767), None, None, -1, -1, True, True),
        ("topics", "[]TopicData", (0, 32767), None, None, -1, (), False, True),
        ("leader_endpoints", "[]LeaderEndpoint", (1, 32767), None, None, -1, (), True, True),
    )
    NAME: ClassVar[str] = "BeginQuorumEpochRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 1
    API_KEY: ClassVar[ApiKey] = ApiKey.BEGIN_QUORUM_EPOCH

    class PartitionData(Struct):
        """A struct of BeginQuorumEpochRequest."""

        __slots__ = ("partition_index", "voter_directory_id", "leader_id", "leader_epoch")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("voter_directory_id", "uuid", (1, 32767), None, None, -1, ZERO_UUID, True, True),
            ("leader_id", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("leader_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            voter_directory_id: bytes = ZERO_UUID,
            leader_id: int = 0,
            leader_epoch: int = 0,
        ) -> None:
            self.partition_index: int = partition_index
            self.voter_directory_id: bytes = voter_directory_id
            self.leader_id: int = leader_id
            self.leader_epoch: int = leader_epoch

    class TopicData(Struct):
        """A struct of BeginQuorumEpochRequest."""

        __slots__ = ("topic_name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]PartitionData", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_name: str = "",
            partitions: Iterable[BeginQuorumEpochRequest.PartitionData] = (),
        ) -> None:
            self.topic_name: str = topic_name
            self.partitions: list[BeginQuorumEpochRequest.PartitionData] = list(partitions)

    class LeaderEndpoint(Struct):
        """A struct of BeginQuorumEpochRequest."""

        __slots__ = ("name", "host", "port")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (1, 32767), None, None, -1, "", False, True),
            ("host", "string", (1, 32767), None, None, -1, "", False, True),
            ("port", "uint16", (1, 32767), None, None, -1, 0, False, True),
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

    def __init__(
        self,
        *,
        cluster_id: str | None = None,
        voter_id: int = -1,
        topics: Iterable[BeginQuorumEpochRequest.TopicData] = (),
        leader_endpoints: Iterable[BeginQuorumEpochRequest.LeaderEndpoint] = (),
    ) -> None:
        self.cluster_id: str | None = cluster_id
        self.voter_id: int = voter_id
        self.topics: list[BeginQuorumEpochRequest.TopicData] = list(topics)
        self.leader_endpoints: list[BeginQuorumEpochRequest.LeaderEndpoint] = list(leader_endpoints)


class BeginQuorumEpochResponse(ResponseMessage):
    """BeginQuorumEpochResponse: versions 0 to 1, flexible from 1."""

    __slots__ = ("error_code", "topics", "node_endpoints")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("topics", "[]TopicData", (0, 32767), None, None, -1, (), False, True),
        ("node_endpoints", "[]NodeEndpoint", (1, 32767), None, (1, 32767), 0, (), False, True),
    )
    NAME: ClassVar[str] = "BeginQuorumEpochResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 1
    API_KEY: ClassVar[ApiKey] = ApiKey.BEGIN_QUORUM_EPOCH

    class PartitionData(Struct):
        """A struct of BeginQuorumEpochResponse."""

        __slots__ = ("partition_index", "error_code", "leader_id", "leader_epoch")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("leader_id", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("leader_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            error_code: int = 0,
            leader_id: int = 0,
            leader_epoch: int = 0,
        ) -> None:
            self.partition_index: int = partition_index
            self.error_code: int = error_code
            self.leader_id: int = leader_id
            self.leader_epoch: int = leader_epoch

    class TopicData(Struct):
        """A struct of BeginQuorumEpochResponse."""

        __slots__ = ("topic_name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]PartitionData", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_name: str = "",
            partitions: Iterable[BeginQuorumEpochResponse.PartitionData] = (),
        ) -> None:
            self.topic_name: str = topic_name
            self.partitions: list[BeginQuorumEpochResponse.PartitionData] = list(partitions)

    class NodeEndpoint(Struct):
        """A struct of BeginQuorumEpochResponse."""

        __slots__ = ("node_id", "host", "port")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("node_id", "int32", (1, 32767), None, None, -1, 0, False, True),
            ("host", "string", (1, 32767), None, None, -1, "", False, True),
            ("port", "uint16", (1, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            node_id: int = 0,
            host: str = "",
            port: int = 0,
        ) -> None:
            self.node_id: int = node_id
            self.host: str = host
            self.port: int = port

    def __init__(
        self,
        *,
        error_code: int = 0,
        topics: Iterable[BeginQuorumEpochResponse.TopicData] = (),
        node_endpoints: Iterable[BeginQuorumEpochResponse.NodeEndpoint] = (),
    ) -> None:
        self.error_code: int = error_code
        self.topics: list[BeginQuorumEpochResponse.TopicData] = list(topics)
        self.node_endpoints: list[BeginQuorumEpochResponse.NodeEndpoint] = list(node_endpoints)

"""EndQuorumEpoch, API key 54. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class EndQuorumEpochRequest(RequestMessage):
    """EndQuorumEpochRequest: versions 0 to 1, flexible from 1."""

    __slots__ = ("cluster_id", "topics", "leader_endpoints")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("cluster_id", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("topics", "[]TopicData", (0, 32767), None, None, -1, (), False, True),
        ("leader_endpoints", "[]LeaderEndpoint", (1, 32767), None, None, -1, (), True, True),
    )
    NAME: ClassVar[str] = "EndQuorumEpochRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 1
    API_KEY: ClassVar[ApiKey] = ApiKey.END_QUORUM_EPOCH

    class ReplicaInfo(Struct):
        """A struct of EndQuorumEpochRequest."""

        __slots__ = ("candidate_id", "candidate_directory_id")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("candidate_id", "int32", (1, 32767), None, None, -1, 0, False, True),
            ("candidate_directory_id", "uuid", (1, 32767), None, None, -1, ZERO_UUID, False, True),
        )

        def __init__(
            self,
            *,
            candidate_id: int = 0,
            candidate_directory_id: bytes = ZERO_UUID,
        ) -> None:
            self.candidate_id: int = candidate_id
            self.candidate_directory_id: bytes = candidate_directory_id

    class PartitionData(Struct):
        """A struct of EndQuorumEpochRequest."""

        __slots__ = ("partition_index", "leader_id", "leader_epoch", "preferred_successors", "preferred_candidates")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("leader_id", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("leader_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("preferred_successors", "[]int32", (0, 0), None, None, -1, (), True, True),
            ("preferred_candidates", "[]ReplicaInfo", (1, 32767), None, None, -1, (), True, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            leader_id: int = 0,
            leader_epoch: int = 0,
            preferred_successors: Iterable[int] = (),
            preferred_candidates: Iterable[EndQuorumEpochRequest.ReplicaInfo] = (),
        ) -> None:
            self.partition_index: int = partition_index
            self.leader_id: int = leader_id
            self.leader_epoch: int = leader_epoch
            self.preferred_successors: list[int] = list(preferred_successors)
            self.preferred_candidates: list[EndQuorumEpochRequest.ReplicaInfo] = list(preferred_candidates)

    class TopicData(Struct):
        """A struct of EndQuorumEpochRequest."""

        __slots__ = ("topic_name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]PartitionData", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_name: str = "",
            partitions: Iterable[EndQuorumEpochRequest.PartitionData] = (),
        ) -> None:
            self.topic_name: str = topic_name
            self.partitions: list[EndQuorumEpochRequest.PartitionData] = list(partitions)

    class LeaderEndpoint(Struct):
        """A struct of EndQuorumEpochRequest."""

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
        topics: Iterable[EndQuorumEpochRequest.TopicData] = (),
        leader_endpoints: Iterable[EndQuorumEpochRequest.LeaderEndpoint] = (),
    ) -> None:
        self.cluster_id: str | None = cluster_id
        self.topics: list[EndQuorumEpochRequest.TopicData] = list(topics)
        self.leader_endpoints: list[EndQuorumEpochRequest.LeaderEndpoint] = list(leader_endpoints)


class EndQuorumEpochResponse(ResponseMessage):
    """EndQuorumEpochResponse: versions 0 to 1, flexible from 1."""

    __slots__ = ("error_code", "topics", "node_endpoints")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("topics", "[]TopicData", (0, 32767), None, None, -1, (), False, True),
        ("node_endpoints", "[]NodeEndpoint", (1, 32767), None, (1, 32767), 0, (), False, True),
    )
    NAME: ClassVar[str] = "EndQuorumEpochResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 1
    API_KEY: ClassVar[ApiKey] = ApiKey.END_QUORUM_EPOCH

    class PartitionData(Struct):
        """A struct of EndQuorumEpochResponse."""

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
        """A struct of EndQuorumEpochResponse."""

        __slots__ = ("topic_name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]PartitionData", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_name: str = "",
            partitions: Iterable[EndQuorumEpochResponse.PartitionData] = (),
        ) -> None:
            self.topic_name: str = topic_name
            self.partitions: list[EndQuorumEpochResponse.PartitionData] = list(partitions)

    class NodeEndpoint(Struct):
        """A struct of EndQuorumEpochResponse."""

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
        topics: Iterable[EndQuorumEpochResponse.TopicData] = (),
        node_endpoints: Iterable[EndQuorumEpochResponse.NodeEndpoint] = (),
    ) -> None:
        self.error_code: int = error_code
        self.topics: list[EndQuorumEpochResponse.TopicData] = list(topics)
        self.node_endpoints: list[EndQuorumEpochResponse.NodeEndpoint] = list(node_endpoints)

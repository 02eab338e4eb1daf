"""Vote, API key 52. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class VoteRequest(RequestMessage):
    """VoteRequest: versions 0 to 2, flexible from 0."""

    __slots__ = ("cluster_id", "voter_id", "topics")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("cluster_id", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("voter_id", "int32", (1, 32767), None, None, -1, -1, True, True),
        ("topics", "[]TopicData", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "VoteRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.VOTE

    class PartitionData(Struct):
        """A struct of VoteRequest."""

        __slots__ = (
            "partition_index",
            "replica_epoch",
            "replica_id",
            "replica_directory_id",
            "voter_directory_id",
            "last_offset_epoch",
            "last_offset",
            "pre_vote",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("replica_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("replica_id", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("replica_directory_id", "uuid", (1, 32767), None, None, -1, ZERO_UUID, True, True),
            ("voter_directory_id", "uuid", (1, 32767), None, None, -1, ZERO_UUID, True, True),
            ("last_offset_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("last_offset", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("pre_vote", "bool", (2, 32767), None, None, -1, False, False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            replica_epoch: int = 0,
            replica_id: int = 0,
            replica_directory_id: bytes = ZERO_UUID,
            voter_directory_id: bytes = ZERO_UUID,
            last_offset_epoch: int = 0,
            last_offset: int = 0,
            pre_vote: bool = False,
        ) -> None:
            self.partition_index: int = partition_index
            self.replica_epoch: int = replica_epoch
            self.replica_id: int = replica_id
            self.replica_directory_id: bytes = replica_directory_id
            self.voter_directory_id: bytes = voter_directory_id
            self.last_offset_epoch: int = last_offset_epoch
            self.last_offset: int = last_offset
            self.pre_vote: bool = pre_vote

    class TopicData(Struct):
        """A struct of VoteRequest."""

        __slots__ = ("topic_name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]PartitionData", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_name: str = "",
            partitions: Iterable[VoteRequest.PartitionData] = (),
        ) -> None:
            self.topic_name: str = topic_name
            self.partitions: list[VoteRequest.PartitionData] = list(partitions)

    def __init__(
        self,
        *,
        cluster_id: str | None = None,
        voter_id: int = -1,
        topics: Iterable[VoteRequest.TopicData] = (),
    ) -> None:
        self.cluster_id: str | None = cluster_id
        self.voter_id: int = voter_id
        self.topics: list[VoteRequest.TopicData] = list(topics)


class VoteResponse(ResponseMessage):
    """VoteResponse: versions 0 to 2, flexible from 0."""

    __slots__ = ("error_code", "topics", "node_endpoints")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("topics", "[]TopicData", (0, 32767), None, None, -1, (), False, True),
        ("node_endpoints", "[]NodeEndpoint", (1, 32767), None, (1, 32767), 0, (), False, True),
    )
    NAME: ClassVar[str] = "VoteResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.VOTE

    class PartitionData(Struct):
        """A struct of VoteResponse."""

        __slots__ = ("partition_index", "error_code", "leader_id", "leader_epoch", "vote_granted")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("leader_id", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("leader_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("vote_granted", "bool", (0, 32767), None, None, -1, False, False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            error_code: int = 0,
            leader_id: int = 0,
            leader_epoch: int = 0,
            vote_granted: bool = False,
        ) -> None:
            self.partition_index: int = partition_index
            self.error_code: int = error_code
            self.leader_id: int = leader_id
            self.leader_epoch: int = leader_epoch
            self.vote_granted: bool = vote_granted

    class TopicData(Struct):
        """A struct of VoteResponse."""

        __slots__ = ("topic_name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]PartitionData", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_name: str = "",
            partitions: Iterable[VoteResponse.PartitionData] = (),
        ) -> None:
            self.topic_name: str = topic_name
            self.partitions: list[VoteResponse.PartitionData] = list(partitions)

    class NodeEndpoint(Struct):
        """A struct of VoteResponse."""

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
        topics: Iterable[VoteResponse.TopicData] = (),
        node_endpoints: Iterable[VoteResponse.NodeEndpoint] = (),
    ) -> None:
        self.error_code: int = error_code
        self.topics: list[VoteResponse.TopicData] = list(topics)
        self.node_endpoints: list[VoteResponse.NodeEndpoint] = list(node_endpoints)

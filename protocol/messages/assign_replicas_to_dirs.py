"""AssignReplicasToDirs, API key 73. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class AssignReplicasToDirsRequest(RequestMessage):
    """AssignReplicasToDirsRequest: version 0, flexible from 0."""

    __slots__ = ("broker_id", "broker_epoch", "directories")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("broker_id", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("broker_epoch", "int64", (0, 32767), None, None, -1, -1, False, True),
        ("directories", "[]DirectoryData", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "AssignReplicasToDirsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.ASSIGN_REPLICAS_TO_DIRS

    class PartitionData(Struct):
        """A struct of AssignReplicasToDirsRequest."""

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
        """A struct of AssignReplicasToDirsRequest."""

        __slots__ = ("topic_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("partitions", "[]PartitionData", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[AssignReplicasToDirsRequest.PartitionData] = (),
        ) -> None:
            self.topic_id: bytes = topic_id
            self.partitions: list[AssignReplicasToDirsRequest.PartitionData] = list(partitions)

    class DirectoryData(Struct):
        """A struct of AssignReplicasToDirsRequest."""

        __slots__ = ("id", "topics")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("topics", "[]TopicData", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            id: bytes = ZERO_UUID,
            topics: Iterable[AssignReplicasToDirsRequest.TopicData] = (),
        ) -> None:
            self.id: bytes = id
            self.topics: list[AssignReplicasToDirsRequest.TopicData] = list(topics)

    def __init__(
        self,
        *,
        broker_id: int = 0,
        broker_epoch: int = -1,
        directories: Iterable[AssignReplicasToDirsRequest.DirectoryData] = (),
    ) -> None:
        self.broker_id: int = broker_id
        self.broker_epoch: int = broker_epoch
        self.directories: list[AssignReplicasToDirsRequest.DirectoryData] = list(directories)


class AssignReplicasToDirsResponse(ResponseMessage):
    """AssignReplicasToDirsResponse: version 0, flexible from 0."""

    __slots__ = ("throttle_time_ms", "error_code", "directories")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("directories", "[]DirectoryData", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "AssignReplicasToDirsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.ASSIGN_REPLICAS_TO_DIRS

    class PartitionData(Struct):
        """A struct of AssignReplicasToDirsResponse."""

        __slots__ = ("partition_index", "error_code")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            error_code: int = 0,
        ) -> None:
            self.partition_index: int = partition_index
            self.error_code: int = error_code

    class TopicData(Struct):
        """A struct of AssignReplicasToDirsResponse."""

        __slots__ = ("topic_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("partitions", "[]PartitionData", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[AssignReplicasToDirsResponse.PartitionData] = (),
        ) -> None:
            self.topic_id: bytes = topic_id
            self.partitions: list[AssignReplicasToDirsResponse.PartitionData] = list(partitions)

    class DirectoryData(Struct):
        """A struct of AssignReplicasToDirsResponse."""

        __slots__ = ("id", "topics")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("topics", "[]TopicData", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            id: bytes = ZERO_UUID,
            topics: Iterable[AssignReplicasToDirsResponse.TopicData] = (),
        ) -> None:
            self.id: bytes = id
            self.topics: list[AssignReplicasToDirsResponse.TopicData] = list(topics)

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        directories: Iterable[AssignReplicasToDirsResponse.DirectoryData] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.directories: list[AssignReplicasToDirsResponse.DirectoryData] = list(directories)

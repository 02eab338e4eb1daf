"""ListOffsets, API key 2. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part


class ListOffsetsRequest(RequestMessage):
    """ListOffsetsRequest: versions 1 to 11, flexible from 6."""

    __slots__ = ("replica_id", "isolation_level", "topics", "timeout_ms")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("replica_id", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("isolation_level", "int8", (2, 32767), None, None, -1, 0, False, True),
        ("topics", "[]ListOffsetsTopic", (0, 32767), None, None, -1, (), False, True),
        ("timeout_ms", "int32", (10, 32767), None, None, -1, 0, True, True),
    )
    NAME: ClassVar[str] = "ListOffsetsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 11)
    FLEXIBLE_FROM: ClassVar[int | None] = 6
    API_KEY: ClassVar[ApiKey] = ApiKey.LIST_OFFSETS

    class ListOffsetsPartition(Struct):
        """A struct of ListOffsetsRequest."""

        __slots__ = ("partition_index", "current_leader_epoch", "timestamp")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("current_leader_epoch", "int32", (4, 32767), None, None, -1, -1, True, True),
            ("timestamp", "int64", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            current_leader_epoch: int = -1,
            timestamp: int = 0,
        ) -> None:
            self.partition_index: int = partition_index
            self.current_leader_epoch: int = current_leader_epoch
            self.timestamp: int = timestamp

    class ListOffsetsTopic(Struct):
        """A struct of ListOffsetsRequest."""

        __slots__ = ("name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]ListOffsetsPartition", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            partitions: Iterable[ListOffsetsRequest.ListOffsetsPartition] = (),
        ) -> None:
            self.name: str = name
            self.partitions: list[ListOffsetsRequest.ListOffsetsPartition] = list(partitions)

    def __init__(
        self,
        *,
        replica_id: int = 0,
        isolation_level: int = 0,
        topics: Iterable[ListOffsetsRequest.ListOffsetsTopic] = (),
        timeout_ms: int = 0,
    ) -> None:
        self.replica_id: int = replica_id
        self.isolation_level: int = isolation_level
        self.topics: list[ListOffsetsRequest.ListOffsetsTopic] = list(topics)
        self.timeout_ms: int = timeout_ms


class ListOffsetsResponse(ResponseMessage):
    """ListOffsetsResponse: versions 1 to 11, flexible from 6."""

    __slots__ = ("throttle_time_ms", "topics")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (2, 32767), None, None, -1, 0, True, True),
        ("topics", "[]ListOffsetsTopicResponse", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "ListOffsetsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 11)
    FLEXIBLE_FROM: ClassVar[int | None] = 6
    API_KEY: ClassVar[ApiKey] = ApiKey.LIST_OFFSETS

    class ListOffsetsPartitionResponse(Struct):
        """A struct of ListOffsetsResponse."""

        __slots__ = ("partition_index", "error_code", "timestamp", "offset", "leader_epoch")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("timestamp", "int64", (1, 32767), None, None, -1, -1, False, True),
            ("offset", "int64", (1, 32767), None, None, -1, -1, False, True),
            ("leader_epoch", "int32", (4, 32767), None, None, -1, -1, False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            error_code: int = 0,
            timestamp: int = -1,
            offset: int = -1,
            leader_epoch: int = -1,
        ) -> None:
            self.partition_index: int = partition_index
            self.error_code: int = error_code
            self.timestamp: int = timestamp
            self.offset: int = offset
            self.leader_epoch: int = leader_epoch

    class ListOffsetsTopicResponse(Struct):
        """A struct of ListOffsetsResponse."""

        __slots__ = ("name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]ListOffsetsPartitionResponse", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            partitions: Iterable[ListOffsetsResponse.ListOffsetsPartitionResponse] = (),
        ) -> None:
            self.name: str = name
            self.partitions: list[ListOffsetsResponse.ListOffsetsPartitionResponse] = list(partitions)

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        topics: Iterable[ListOffsetsResponse.ListOffsetsTopicResponse] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.topics: list[ListOffsetsResponse.ListOffsetsTopicResponse] = list(topics)

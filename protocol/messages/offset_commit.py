"""OffsetCommit, API key 8. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class OffsetCommitRequest(RequestMessage):
    """OffsetCommitRequest: versions 2 to 10, flexible from 8."""

    __slots__ = (
        "group_id",
        "generation_id_or_member_epoch",
        "member_id",
        "group_instance_id",
        "retention_time_ms",
        "topics",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("group_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("generation_id_or_member_epoch", "int32", (1, 32767), None, None, -1, -1, True, True),
        ("member_id", "string", (1, 32767), None, None, -1, "", True, True),
        ("group_instance_id", "string", (7, 32767), (7, 32767), None, -1, None, False, True),
        ("retention_time_ms", "int64", (2, 4), None, None, -1, -1, True, True),
        ("topics", "[]OffsetCommitRequestTopic", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "OffsetCommitRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (2, 10)
    FLEXIBLE_FROM: ClassVar[int | None] = 8
    API_KEY: ClassVar[ApiKey] = ApiKey.OFFSET_COMMIT

    class OffsetCommitRequestPartition(Struct):
        """A struct of OffsetCommitRequest."""

        __slots__ = ("partition_index", "committed_offset", "committed_leader_epoch", "committed_metadata")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("committed_offset", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("committed_leader_epoch", "int32", (6, 32767), None, None, -1, -1, True, True),
            ("committed_metadata", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            committed_offset: int = 0,
            committed_leader_epoch: int = -1,
            committed_metadata: str | None = "",
        ) -> None:
            self.partition_index: int = partition_index
            self.committed_offset: int = committed_offset
            self.committed_leader_epoch: int = committed_leader_epoch
            self.committed_metadata: str | None = committed_metadata

    class OffsetCommitRequestTopic(Struct):
        """A struct of OffsetCommitRequest."""

        __slots__ = ("name", "topic_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 9), None, None, -1, "", True, True),
            ("topic_id", "uuid", (10, 32767), None, None, -1, ZERO_UUID, True, True),
            ("partitions", "[]OffsetCommitRequestPartition", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[OffsetCommitRequest.OffsetCommitRequestPartition] = (),
        ) -> None:
            self.name: str = name
            self.topic_id: bytes = topic_id
            self.partitions: list[OffsetCommitRequest.OffsetCommitRequestPartition] = list(partitions)

    def __init__(
        self,
        *,
        group_id: str = "",
        generation_id_or_member_epoch: int = -1,
        member_id: str = "",
        group_instance_id: str | None = None,
        retention_time_ms: int = -1,
        topics: Iterable[OffsetCommitRequest.OffsetCommitRequestTopic] = (),
    ) -> None:
        self.group_id: str = group_id
        self.generation_id_or_member_epoch: int = generation_id_or_member_epoch
        self.member_id: str = member_id
        self.group_instance_id: str | None = group_instance_id
        self.retention_time_ms: int = retention_time_ms
        self.topics: list[OffsetCommitRequest.OffsetCommitRequestTopic] = list(topics)


class OffsetCommitResponse(ResponseMessage):
    """OffsetCommitResponse: versions 2 to 10, flexible from 8."""

    __slots__ = ("throttle_time_ms", "topics")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (3, 32767), None, None, -1, 0, True, True),
        ("topics", "[]OffsetCommitResponseTopic", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "OffsetCommitResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (2, 10)
    FLEXIBLE_FROM: ClassVar[int | None] = 8
    API_KEY: ClassVar[ApiKey] = ApiKey.OFFSET_COMMIT

    class OffsetCommitResponsePartition(Struct):
        """A struct of OffsetCommitResponse."""

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

    class OffsetCommitResponseTopic(Struct):
        """A struct of OffsetCommitResponse."""

        __slots__ = ("name", "topic_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 9), None, None, -1, "", True, True),
            ("topic_id", "uuid", (10, 32767), None, None, -1, ZERO_UUID, True, True),
            ("partitions", "[]OffsetCommitResponsePartition", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[OffsetCommitResponse.OffsetCommitResponsePartition] = (),
        ) -> None:
            self.name: str = name
            self.topic_id: bytes = topic_id
            self.partitions: list[OffsetCommitResponse.OffsetCommitResponsePartition] = list(partitions)

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        topics: Iterable[OffsetCommitResponse.OffsetCommitResponseTopic] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.topics: list[OffsetCommitResponse.OffsetCommitResponseTopic] = list(topics)

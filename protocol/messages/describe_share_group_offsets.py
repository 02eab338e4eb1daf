"""DescribeShareGroupOffsets, API key 90. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class DescribeShareGroupOffsetsRequest(RequestMessage):
    """DescribeShareGroupOffsetsRequest: versions 0 to 1, flexible from 0."""

    __slots__ = ("groups",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("groups", "[]DescribeShareGroupOffsetsRequestGroup", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DescribeShareGroupOffsetsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.DESCRIBE_SHARE_GROUP_OFFSETS

    class DescribeShareGroupOffsetsRequestTopic(Struct):
        """A struct of DescribeShareGroupOffsetsRequest."""

        __slots__ = ("topic_name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]int32", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_name: str = "",
            partitions: Iterable[int] = (),
        ) -> None:
            self.topic_name: str = topic_name
            self.partitions: list[int] = list(partitions)

    class DescribeShareGroupOffsetsRequestGroup(Struct):
        """A struct of DescribeShareGroupOffsetsRequest."""

        __slots__ = ("group_id", "topics")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("group_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("topics", "[]DescribeShareGroupOffsetsRequestTopic", (0, 32767), (0, 32767), None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            group_id: str = "",
            topics: Iterable[DescribeShareGroupOffsetsRequest.DescribeShareGroupOffsetsRequestTopic] | None = (),
        ) -> None:
            self.group_id: str = group_id
            self.topics: list[DescribeShareGroupOffsetsRequest.DescribeShareGroupOffsetsRequestTopic] | None = (
                None if topics is None else list(topics)
            )

    def __init__(
        self,
        *,
        groups: Iterable[DescribeShareGroupOffsetsRequest.DescribeShareGroupOffsetsRequestGroup] = (),
    ) -> None:
        self.groups: list[DescribeShareGroupOffsetsRequest.DescribeShareGroupOffsetsRequestGroup] = list(groups)


class DescribeShareGroupOffsetsResponse(ResponseMessage):
    """DescribeShareGroupOffsetsResponse: versions 0 to 1, flexible from 0."""

    __slots__ = ("throttle_time_ms", "groups")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("groups", "[]DescribeShareGroupOffsetsResponseGroup", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DescribeShareGroupOffsetsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.DESCRIBE_SHARE_GROUP_OFFSETS

    class DescribeShareGroupOffsetsResponsePartition(Struct):
        """A struct of DescribeShareGroupOffsetsResponse."""

        __slots__ = ("partition_index", "start_offset", "leader_epoch", "lag", "error_code", "error_message")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("start_offset", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("leader_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("lag", "int64", (1, 32767), None, None, -1, -1, True, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            start_offset: int = 0,
            leader_epoch: int = 0,
            lag: int = -1,
            error_code: int = 0,
            error_message: str | None = None,
        ) -> None:
            self.partition_index: int = partition_index
            self.start_offset: int = start_offset
            self.leader_epoch: int = leader_epoch
            self.lag: int = lag
            self.error_code: int = error_code
            self.error_message: str | None = error_message

    class DescribeShareGroupOffsetsResponseTopic(Struct):
        """A struct of DescribeShareGroupOffsetsResponse."""

        __slots__ = ("topic_name", "topic_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("topic_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("partitions", "[]DescribeShareGroupOffsetsResponsePartition", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_name: str = "",
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[DescribeShareGroupOffsetsResponse.DescribeShareGroupOffsetsResponsePartition] = (),
        ) -> None:
            self.topic_name: str = topic_name
            self.topic_id: bytes = topic_id
            self.partitions: list[DescribeShareGroupOffsetsResponse.DescribeShareGroupOffsetsResponsePartition] = (
                list(partitions)
            )

    class DescribeShareGroupOffsetsResponseGroup(Struct):
        """A struct of DescribeShareGroupOffsetsResponse."""

        __slots__ = ("group_id", "topics", "error_code", "error_message")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("group_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("topics", "[]DescribeShareGroupOffsetsResponseTopic", (0, 32767), None, None, -1, (), False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
        )

        def __init__(
            self,
            *,
            group_id: str = "",
            topics: Iterable[DescribeShareGroupOffsetsResponse.DescribeShareGroupOffsetsResponseTopic] = (),
            error_code: int = 0,
            error_message: str | None = None,
        ) -> None:
            self.group_id: str = group_id
            self.topics: list[DescribeShareGroupOffsetsResponse.DescribeShareGroupOffsetsResponseTopic] = list(topics)
            self.error_code: int = error_code
            self.error_message: str | None = error_message

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        groups: Iterable[DescribeShareGroupOffsetsResponse.DescribeShareGroupOffsetsResponseGroup] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.groups: list[DescribeShareGroupOffsetsResponse.DescribeShareGroupOffsetsResponseGroup] = list(groups)

"""AlterShareGroupOffsets, API key 91. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class AlterShareGroupOffsetsRequest(RequestMessage):
    """AlterShareGroupOffsetsRequest: version 0, flexible from 0."""

    __slots__ = ("group_id", "topics")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("group_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("topics", "[]AlterShareGroupOffsetsRequestTopic", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "AlterShareGroupOffsetsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.ALTER_SHARE_GROUP_OFFSETS

    class AlterShareGroupOffsetsRequestPartition(Struct):
        """A struct of AlterShareGroupOffsetsRequest."""

        __slots__ = ("partition_index", "start_offset")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("start_offset", "int64", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            start_offset: int = 0,
        ) -> None:
            self.partition_index: int = partition_index
            self.start_offset: int = start_offset

    class AlterShareGroupOffsetsRequestTopic(Struct):
        """A struct of AlterShareGroupOffsetsRequest."""

        __slots__ = ("topic_name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]AlterShareGroupOffsetsRequestPartition", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_name: str = "",
            partitions: Iterable[AlterShareGroupOffsetsRequest.AlterShareGroupOffsetsRequestPartition] = (),
        ) -> None:
            self.topic_name: str = topic_name
            self.partitions: list[AlterShareGroupOffsetsRequest.AlterShareGroupOffsetsRequestPartition] = (
                list(partitions)
            )

    def __init__(
        self,
        *,
        group_id: str = "",
        topics: Iterable[AlterShareGroupOffsetsRequest.AlterShareGroupOffsetsRequestTopic] = (),
    ) -> None:
        self.group_id: str = group_id
        self.topics: list[AlterShareGroupOffsetsRequest.AlterShareGroupOffsetsRequestTopic] = list(topics)


class AlterShareGroupOffsetsResponse(ResponseMessage):
    """AlterShareGroupOffsetsResponse: version 0, flexible from 0."""

    __slots__ = ("throttle_time_ms", "error_code", "error_message", "responses")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("error_message", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("responses", "[]AlterShareGroupOffsetsResponseTopic", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "AlterShareGroupOffsetsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.ALTER_SHARE_GROUP_OFFSETS

    class AlterShareGroupOffsetsResponsePartition(Struct):
        """A struct of AlterShareGroupOffsetsResponse."""

        __slots__ = ("partition_index", "error_code", "error_message")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            error_code: int = 0,
            error_message: str | None = None,
        ) -> None:
            self.partition_index: int = partition_index
            self.error_code: int = error_code
            self.error_message: str | None = error_message

    class AlterShareGroupOffsetsResponseTopic(Struct):
        """A struct of AlterShareGroupOffsetsResponse."""

        __slots__ = ("topic_name", "topic_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("topic_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("partitions", "[]AlterShareGroupOffsetsResponsePartition", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_name: str = "",
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[AlterShareGroupOffsetsResponse.AlterShareGroupOffsetsResponsePartition] = (),
        ) -> None:
            self.topic_name: str = topic_name
            self.topic_id: bytes = topic_id
            self.partitions: list[AlterShareGroupOffsetsResponse.AlterShareGroupOffsetsResponsePartition] = (
                list(partitions)
            )

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        error_message: str | None = None,
        responses: Iterable[AlterShareGroupOffsetsResponse.AlterShareGroupOffsetsResponseTopic] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.error_message: str | None = error_message
        self.responses: list[AlterShareGroupOffsetsResponse.AlterShareGroupOffsetsResponseTopic] = list(responses)

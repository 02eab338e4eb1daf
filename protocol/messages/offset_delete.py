"""OffsetDelete, API key 47. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part


class OffsetDeleteRequest(RequestMessage):
    """OffsetDeleteRequest: version 0, never flexible."""

    __slots__ = ("group_id", "topics")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("group_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("topics", "[]OffsetDeleteRequestTopic", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "OffsetDeleteRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = None
    API_KEY: ClassVar[ApiKey] = ApiKey.OFFSET_DELETE

    class OffsetDeleteRequestPartition(Struct):
        """A struct of OffsetDeleteRequest."""

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

    class OffsetDeleteRequestTopic(Struct):
        """A struct of OffsetDeleteRequest."""

        __slots__ = ("name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]OffsetDeleteRequestPartition", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            partitions: Iterable[OffsetDeleteRequest.OffsetDeleteRequestPartition] = (),
        ) -> None:
            self.name: str = name
            self.partitions: list[OffsetDeleteRequest.OffsetDeleteRequestPartition] = list(partitions)

    def __init__(
        self,
        *,
        group_id: str = "",
        topics: Iterable[OffsetDeleteRequest.OffsetDeleteRequestTopic] = (),
    ) -> None:
        self.group_id: str = group_id
        self.topics: list[OffsetDeleteRequest.OffsetDeleteRequestTopic] = list(topics)


class OffsetDeleteResponse(ResponseMessage):
    """OffsetDeleteResponse: version 0, never flexible."""

    __slots__ = ("error_code", "throttle_time_ms", "topics")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, True, True),
        ("topics", "[]OffsetDeleteResponseTopic", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "OffsetDeleteResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = None
    API_KEY: ClassVar[ApiKey] = ApiKey.OFFSET_DELETE

    class OffsetDeleteResponsePartition(Struct):
        """A struct of OffsetDeleteResponse."""

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

    class OffsetDeleteResponseTopic(Struct):
        """A struct of OffsetDeleteResponse."""

        __slots__ = ("name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]OffsetDeleteResponsePartition", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            partitions: Iterable[OffsetDeleteResponse.OffsetDeleteResponsePartition] = (),
        ) -> None:
            self.name: str = name
            self.partitions: list[OffsetDeleteResponse.OffsetDeleteResponsePartition] = list(partitions)

    def __init__(
        self,
        *,
        error_code: int = 0,
        throttle_time_ms: int = 0,
        topics: Iterable[OffsetDeleteResponse.OffsetDeleteResponseTopic] = (),
    ) -> None:
        self.error_code: int = error_code
        self.throttle_time_ms: int = throttle_time_ms
        self.topics: list[OffsetDeleteResponse.OffsetDeleteResponseTopic] = list(topics)

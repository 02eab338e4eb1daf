"""DeleteRecords, API key 21. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part


class DeleteRecordsRequest(RequestMessage):
    """DeleteRecordsRequest: versions 0 to 2, flexible from 2."""

    __slots__ = ("topics", "timeout_ms")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("topics", "[]DeleteRecordsTopic", (0, 32767), None, None, -1, (), False, True),
        ("timeout_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
    )
    NAME: ClassVar[str] = "DeleteRecordsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.DELETE_RECORDS

    class DeleteRecordsPartition(Struct):
        """A struct of DeleteRecordsRequest."""

        __slots__ = ("partition_index", "offset")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("offset", "int64", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            offset: int = 0,
        ) -> None:
            self.partition_index: int = partition_index
            self.offset: int = offset

    class DeleteRecordsTopic(Struct):
        """A struct of DeleteRecordsRequest."""

        __slots__ = ("name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]DeleteRecordsPartition", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            partitions: Iterable[DeleteRecordsRequest.DeleteRecordsPartition] = (),
        ) -> None:
            self.name: str = name
            self.partitions: list[DeleteRecordsRequest.DeleteRecordsPartition] = list(partitions)

    def __init__(
        self,
        *,
        topics: Iterable[DeleteRecordsRequest.DeleteRecordsTopic] = (),
        timeout_ms: int = 0,
    ) -> None:
        self.topics: list[DeleteRecordsRequest.DeleteRecordsTopic] = list(topics)
        self.timeout_ms: int = timeout_ms


class DeleteRecordsResponse(ResponseMessage):
    """DeleteRecordsResponse: versions 0 to 2, flexible from 2."""

    __slots__ = ("throttle_time_ms", "topics")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("topics", "[]DeleteRecordsTopicResult", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DeleteRecordsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.DELETE_RECORDS

    class DeleteRecordsPartitionResult(Struct):
        """A struct of DeleteRecordsResponse."""

        __slots__ = ("partition_index", "low_watermark", "error_code")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("low_watermark", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            low_watermark: int = 0,
            error_code: int = 0,
        ) -> None:
            self.partition_index: int = partition_index
            self.low_watermark: int = low_watermark
            self.error_code: int = error_code

    class DeleteRecordsTopicResult(Struct):
        """A struct of DeleteRecordsResponse."""

        __slots__ = ("name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]DeleteRecordsPartitionResult", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            partitions: Iterable[DeleteRecordsResponse.DeleteRecordsPartitionResult] = (),
        ) -> None:
            self.name: str = name
            self.partitions: list[DeleteRecordsResponse.DeleteRecordsPartitionResult] = list(partitions)

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        topics: Iterable[DeleteRecordsResponse.DeleteRecordsTopicResult] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.topics: list[DeleteRecordsResponse.DeleteRecordsTopicResult] = list(topics)

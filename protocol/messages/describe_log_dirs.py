"""DescribeLogDirs, API key 35. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part


class DescribeLogDirsRequest(RequestMessage):
    """DescribeLogDirsRequest: versions 1 to 5, flexible from 2."""

    __slots__ = ("topics",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("topics", "[]DescribableLogDirTopic", (0, 32767), (0, 32767), None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DescribeLogDirsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 5)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.DESCRIBE_LOG_DIRS

    class DescribableLogDirTopic(Struct):
        """A struct of DescribeLogDirsRequest."""

        __slots__ = ("topic", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]int32", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic: str = "",
            partitions: Iterable[int] = (),
        ) -> None:
            self.topic: str = topic
            self.partitions: list[int] = list(partitions)

    def __init__(
        self,
        *,
        topics: Iterable[DescribeLogDirsRequest.DescribableLogDirTopic] | None = (),
    ) -> None:
        self.topics: list[DescribeLogDirsRequest.DescribableLogDirTopic] | None = (
            None if topics is None else list(topics)
        )


class DescribeLogDirsResponse(ResponseMessage):
    """DescribeLogDirsResponse: versions 1 to 5, flexible from 2."""

    __slots__ = ("throttle_time_ms", "error_code", "results")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (3, 32767), None, None, -1, 0, True, True),
        ("results", "[]DescribeLogDirsResult", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DescribeLogDirsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 5)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.DESCRIBE_LOG_DIRS

    class DescribeLogDirsPartition(Struct):
        """A struct of DescribeLogDirsResponse."""

        __slots__ = ("partition_index", "partition_size", "offset_lag", "is_future_key")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("partition_size", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("offset_lag", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("is_future_key", "bool", (0, 32767), None, None, -1, False, False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            partition_size: int = 0,
            offset_lag: int = 0,
            is_future_key: bool = False,
        ) -> None:
            self.partition_index: int = partition_index
            self.partition_size: int = partition_size
            self.offset_lag: int = offset_lag
            self.is_future_key: bool = is_future_key

    class DescribeLogDirsTopic(Struct):
        """A struct of DescribeLogDirsResponse."""

        __slots__ = ("name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]DescribeLogDirsPartition", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            partitions: Iterable[DescribeLogDirsResponse.DescribeLogDirsPartition] = (),
        ) -> None:
            self.name: str = name
            self.partitions: list[DescribeLogDirsResponse.DescribeLogDirsPartition] = list(partitions)

    class DescribeLogDirsResult(Struct):
        """A struct of DescribeLogDirsResponse."""

        __slots__ = ("error_code", "log_dir", "topics", "total_bytes", "usable_bytes", "is_cordoned")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("log_dir", "string", (0, 32767), None, None, -1, "", False, True),
            ("topics", "[]DescribeLogDirsTopic", (0, 32767), None, None, -1, (), False, True),
            ("total_bytes", "int64", (4, 32767), None, None, -1, -1, True, True),
            ("usable_bytes", "int64", (4, 32767), None, None, -1, -1, True, True),
            ("is_cordoned", "bool", (5, 32767), None, None, -1, False, True, True),
        )

        def __init__(
            self,
            *,
            error_code: int = 0,
            log_dir: str = "",
            topics: Iterable[DescribeLogDirsResponse.DescribeLogDirsTopic] = (),
            total_bytes: int = -1,
            usable_bytes: int = -1,
            is_cordoned: bool = False,
        ) -> None:
            self.error_code: int = error_code
            self.log_dir: str = log_dir
            self.topics: list[DescribeLogDirsResponse.DescribeLogDirsTopic] = list(topics)
            self.total_bytes: int = total_bytes
            self.usable_bytes: int = usable_bytes
            self.is_cordoned: bool = is_cordoned

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        results: Iterable[DescribeLogDirsResponse.DescribeLogDirsResult] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.results: list[DescribeLogDirsResponse.DescribeLogDirsResult] = list(results)

"""AlterReplicaLogDirs, API key 34. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part


class AlterReplicaLogDirsRequest(RequestMessage):
    """AlterReplicaLogDirsRequest: versions 1 to 2, flexible from 2."""

    __slots__ = ("dirs",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("dirs", "[]AlterReplicaLogDir", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "AlterReplicaLogDirsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.ALTER_REPLICA_LOG_DIRS

    class AlterReplicaLogDirTopic(Struct):
        """A struct of AlterReplicaLogDirsRequest."""

        __slots__ = ("name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]int32", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            partitions: Iterable[int] = (),
        ) -> None:
            self.name: str = name
            self.partitions: list[int] = list(partitions)

    class AlterReplicaLogDir(Struct):
        """A struct of AlterReplicaLogDirsRequest."""

        __slots__ = ("path", "topics")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("path", "string", (0, 32767), None, None, -1, "", False, True),
            ("topics", "[]AlterReplicaLogDirTopic", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            path: str = "",
            topics: Iterable[AlterReplicaLogDirsRequest.AlterReplicaLogDirTopic] = (),
        ) -> None:
            self.path: str = path
            self.topics: list[AlterReplicaLogDirsRequest.AlterReplicaLogDirTopic] = list(topics)

    def __init__(
        self,
        *,
        dirs: Iterable[AlterReplicaLogDirsRequest.AlterReplicaLogDir] = (),
    ) -> None:
        self.dirs: list[AlterReplicaLogDirsRequest.AlterReplicaLogDir] = list(dirs)


class AlterReplicaLogDirsResponse(ResponseMessage):
    """AlterReplicaLogDirsResponse: versions 1 to 2, flexible from 2."""

    __slots__ = ("throttle_time_ms", "results")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("results", "[]AlterReplicaLogDirTopicResult", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "AlterReplicaLogDirsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.ALTER_REPLICA_LOG_DIRS

    class AlterReplicaLogDirPartitionResult(Struct):
        """A struct of AlterReplicaLogDirsResponse."""

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

    class AlterReplicaLogDirTopicResult(Struct):
        """A struct of AlterReplicaLogDirsResponse."""

        __slots__ = ("topic_name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]AlterReplicaLogDirPartitionResult", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_name: str = "",
            partitions: Iterable[AlterReplicaLogDirsResponse.AlterReplicaLogDirPartitionResult] = (),
        ) -> None:
            self.topic_name: str = topic_name
            self.partitions: list[AlterReplicaLogDirsResponse.AlterReplicaLogDirPartitionResult] = list(partitions)

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        results: Iterable[AlterReplicaLogDirsResponse.AlterReplicaLogDirTopicResult] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.results: list[AlterReplicaLogDirsResponse.AlterReplicaLogDirTopicResult] = list(results)

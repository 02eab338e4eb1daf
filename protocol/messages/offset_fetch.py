"""OffsetFetch, API key 9. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class OffsetFetchRequest(RequestMessage):
    """OffsetFetchRequest: versions 1 to 10, flexible from 6."""

    __slots__ = ("group_id", "topics", "groups", "require_stable")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("group_id", "string", (0, 7), None, None, -1, "", False, True),
        ("topics", "[]OffsetFetchRequestTopic", (0, 7), (2, 7), None, -1, (), False, True),
        ("groups", "[]OffsetFetchRequestGroup", (8, 32767), None, None, -1, (), False, True),
        ("require_stable", "bool", (7, 32767), None, None, -1, False, False, True),
    )
    NAME: ClassVar[str] = "OffsetFetchRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 10)
    FLEXIBLE_FROM: ClassVar[int | None] = 6
    API_KEY: ClassVar[ApiKey] = ApiKey.OFFSET_FETCH

    class OffsetFetchRequestTopic(Struct):
        """A struct of OffsetFetchRequest."""

        __slots__ = ("name", "partition_indexes")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 7), None, None, -1, "", False, True),
            ("partition_indexes", "[]int32", (0, 7), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            partition_indexes: Iterable[int] = (),
        ) -> None:
            self.name: str = name
            self.partition_indexes: list[int] = list(partition_indexes)

    class OffsetFetchRequestTopics(Struct):
        """A struct of OffsetFetchRequest."""

        __slots__ = ("name", "topic_id", "partition_indexes")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (8, 9), None, None, -1, "", True, True),
            ("topic_id", "uuid", (10, 32767), None, None, -1, ZERO_UUID, True, True),
            ("partition_indexes", "[]int32", (8, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            topic_id: bytes = ZERO_UUID,
            partition_indexes: Iterable[int] = (),
        ) -> None:
            self.name: str = name
            self.topic_id: bytes = topic_id
            self.partition_indexes: list[int] = list(partition_indexes)

    class OffsetFetchRequestGroup(Struct):
        """A struct of OffsetFetchRequest."""

        __slots__ = ("group_id", "member_id", "member_epoch", "topics")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("group_id", "string", (8, 32767), None, None, -1, "", False, True),
            ("member_id", "string", (9, 32767), (9, 32767), None, -1, None, True, True),
            ("member_epoch", "int32", (9, 32767), None, None, -1, -1, True, True),
            ("topics", "[]OffsetFetchRequestTopics", (8, 32767), (8, 32767), None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            group_id: str = "",
            member_id: str | None = None,
            member_epoch: int = -1,
            topics: Iterable[OffsetFetchRequest.OffsetFetchRequestTopics] | None = (),
        ) -> None:
            self.group_id: str = group_id
            self.member_id: str | None = member_id
            self.member_epoch: int = member_epoch
            self.topics: list[OffsetFetchRequest.OffsetFetchRequestTopics] | None = (
                None if topics is None else list(topics)
            )

    def __init__(
        self,
        *,
        group_id: str = "",
        topics: Iterable[OffsetFetchRequest.OffsetFetchRequestTopic] | None = (),
        groups: Iterable[OffsetFetchRequest.OffsetFetchRequestGroup] = (),
        require_stable: bool = False,
    ) -> None:
        self.group_id: str = group_id
        self.topics: list[OffsetFetchRequest.OffsetFetchRequestTopic] | None = None if topics is None else list(topics)
        self.groups: list[OffsetFetchRequest.OffsetFetchRequestGroup] = list(groups)
        self.require_stable: bool = require_stable


class OffsetFetchResponse(ResponseMessage):
    """OffsetFetchResponse: versions 1 to 10, flexible from 6."""

    __slots__ = ("throttle_time_ms", "topics", "error_code", "groups")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (3, 32767), None, None, -1, 0, True, True),
        ("topics", "[]OffsetFetchResponseTopic", (0, 7), None, None, -1, (), False, True),
        ("error_code", "int16", (2, 7), None, None, -1, 0, True, True),
        ("groups", "[]OffsetFetchResponseGroup", (8, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "OffsetFetchResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 10)
    FLEXIBLE_FROM: ClassVar[int | None] = 6
    API_KEY: ClassVar[ApiKey] = ApiKey.OFFSET_FETCH

    class OffsetFetchResponsePartition(Struct):
        """A struct of OffsetFetchResponse."""

        __slots__ = ("partition_index", "committed_offset", "committed_leader_epoch", "metadata", "error_code")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 7), None, None, -1, 0, False, True),
            ("committed_offset", "int64", (0, 7), None, None, -1, 0, False, True),
            ("committed_leader_epoch", "int32", (5, 7), None, None, -1, -1, True, True),
            ("metadata", "string", (0, 7), (0, 7), None, -1, "", False, True),
            ("error_code", "int16", (0, 7), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            committed_offset: int = 0,
            committed_leader_epoch: int = -1,
            metadata: str | None = "",
            error_code: int = 0,
        ) -> None:
            self.partition_index: int = partition_index
            self.committed_offset: int = committed_offset
            self.committed_leader_epoch: int = committed_leader_epoch
            self.metadata: str | None = metadata
            self.error_code: int = error_code

    class OffsetFetchResponseTopic(Struct):
        """A struct of OffsetFetchResponse."""

        __slots__ = ("name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 7), None, None, -1, "", False, True),
            ("partitions", "[]OffsetFetchResponsePartition", (0, 7), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            partitions: Iterable[OffsetFetchResponse.OffsetFetchResponsePartition] = (),
        ) -> None:
            self.name: str = name
            self.partitions: list[OffsetFetchResponse.OffsetFetchResponsePartition] = list(partitions)

    class OffsetFetchResponsePartitions(Struct):
        """A struct of OffsetFetchResponse."""

        __slots__ = ("partition_index", "committed_offset", "committed_leader_epoch", "metadata", "error_code")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (8, 32767), None, None, -1, 0, False, True),
            ("committed_offset", "int64", (8, 32767), None, None, -1, 0, False, True),
            ("committed_leader_epoch", "int32", (8, 32767), None, None, -1, -1, True, True),
            ("metadata", "string", (8, 32767), (8, 32767), None, -1, "", False, True),
            ("error_code", "int16", (8, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            committed_offset: int = 0,
            committed_leader_epoch: int = -1,
            metadata: str | None = "",
            error_code: int = 0,
        ) -> None:
            self.partition_index: int = partition_index
            self.committed_offset: int = committed_offset
            self.committed_leader_epoch: int = committed_leader_epoch
            self.metadata: str | None = metadata
            self.error_code: int = error_code

    class OffsetFetchResponseTopics(Struct):
        """A struct of OffsetFetchResponse."""

        __slots__ = ("name", "topic_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (8, 9), None, None, -1, "", True, True),
            ("topic_id", "uuid", (10, 32767), None, None, -1, ZERO_UUID, True, True),
            ("partitions", "[]OffsetFetchResponsePartitions", (8, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[OffsetFetchResponse.OffsetFetchResponsePartitions] = (),
        ) -> None:
            self.name: str = name
            self.topic_id: bytes = topic_id
            self.partitions: list[OffsetFetchResponse.OffsetFetchResponsePartitions] = list(partitions)

    class OffsetFetchResponseGroup(Struct):
        """A struct of OffsetFetchResponse."""

        __slots__ = ("group_id", "topics", "error_code")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("group_id", "string", (8, 32767), None, None, -1, "", False, True),
            ("topics", "[]OffsetFetchResponseTopics", (8, 32767), None, None, -1, (), False, True),
            ("error_code", "int16", (8, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            group_id: str = "",
            topics: Iterable[OffsetFetchResponse.OffsetFetchResponseTopics] = (),
            error_code: int = 0,
        ) -> None:
            self.group_id: str = group_id
            self.topics: list[OffsetFetchResponse.OffsetFetchResponseTopics] = list(topics)
            self.error_code: int = error_code

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        topics: Iterable[OffsetFetchResponse.OffsetFetchResponseTopic] = (),
        error_code: int = 0,
        groups: Iterable[OffsetFetchResponse.OffsetFetchResponseGroup] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.topics: list[OffsetFetchResponse.OffsetFetchResponseTopic] = list(topics)
        self.error_code: int = error_code
        self.groups: list[OffsetFetchResponse.OffsetFetchResponseGroup] = list(groups)

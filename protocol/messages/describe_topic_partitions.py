"""DescribeTopicPartitions, API key 75. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class DescribeTopicPartitionsRequest(RequestMessage):
    """DescribeTopicPartitionsRequest: version 0, flexible from 0."""

    __slots__ = ("topics", "response_partition_limit", "cursor")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("topics", "[]TopicRequest", (0, 32767), None, None, -1, (), False, True),
        ("response_partition_limit", "int32", (0, 32767), None, None, -1, 2000, False, True),
        ("cursor", "Cursor", (0, 32767), (0, 32767), None, -1, None, False, True),
    )
    NAME: ClassVar[str] = "DescribeTopicPartitionsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.DESCRIBE_TOPIC_PARTITIONS

    class TopicRequest(Struct):
        """A struct of DescribeTopicPartitionsRequest."""

        __slots__ = ("name",)
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
        ) -> None:
            self.name: str = name

    class Cursor(Struct):
        """A struct of DescribeTopicPartitionsRequest."""

        __slots__ = ("topic_name", "partition_index")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            topic_name: str = "",
            partition_index: int = 0,
        ) -> None:
            self.topic_name: str = topic_name
            self.partition_index: int = partition_index

    def __init__(
        self,
        *,
        topics: Iterable[DescribeTopicPartitionsRequest.TopicRequest] = (),
        response_partition_limit: int = 2000,
        cursor: DescribeTopicPartitionsRequest.Cursor | None = None,
    ) -> None:
        self.topics: list[DescribeTopicPartitionsRequest.TopicRequest] = list(topics)
        self.response_partition_limit: int = response_partition_limit
        self.cursor: DescribeTopicPartitionsRequest.Cursor | None = cursor


class DescribeTopicPartitionsResponse(ResponseMessage):
    """DescribeTopicPartitionsResponse: version 0, flexible from 0."""

    __slots__ = ("throttle_time_ms", "topics", "next_cursor")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, True, True),
        ("topics", "[]DescribeTopicPartitionsResponseTopic", (0, 32767), None, None, -1, (), False, True),
        ("next_cursor", "Cursor", (0, 32767), (0, 32767), None, -1, None, False, True),
    )
    NAME: ClassVar[str] = "DescribeTopicPartitionsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.DESCRIBE_TOPIC_PARTITIONS

    class DescribeTopicPartitionsResponsePartition(Struct):
        """A struct of DescribeTopicPartitionsResponse."""

        __slots__ = (
            "error_code",
            "partition_index",
            "leader_id",
            "leader_epoch",
            "replica_nodes",
            "isr_nodes",
            "eligible_leader_replicas",
            "last_known_elr",
            "offline_replicas",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("leader_id", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("leader_epoch", "int32", (0, 32767), None, None, -1, -1, True, True),
            ("replica_nodes", "[]int32", (0, 32767), None, None, -1, (), False, True),
            ("isr_nodes", "[]int32", (0, 32767), None, None, -1, (), False, True),
            ("eligible_leader_replicas", "[]int32", (0, 32767), (0, 32767), None, -1, None, False, True),
            ("last_known_elr", "[]int32", (0, 32767), (0, 32767), None, -1, None, False, True),
            ("offline_replicas", "[]int32", (0, 32767), None, None, -1, (), True, True),
        )

        def __init__(
            self,
            *,
            error_code: int = 0,
            partition_index: int = 0,
            leader_id: int = 0,
            leader_epoch: int = -1,
            replica_nodes: Iterable[int] = (),
            isr_nodes: Iterable[int] = (),
            eligible_leader_replicas: Iterable[int] | None = None,
            last_known_elr: Iterable[int] | None = None,
            offline_replicas: Iterable[int] = (),
        ) -> None:
            self.error_code: int = error_code
            self.partition_index: int = partition_index
            self.leader_id: int = leader_id
            self.leader_epoch: int = leader_epoch
            self.replica_nodes: list[int] = list(replica_nodes)
            self.isr_nodes: list[int] = list(isr_nodes)
            self.eligible_leader_replicas: list[int] | None = (
                None if eligible_leader_replicas is None else list(eligible_leader_replicas)
            )
            self.last_known_elr: list[int] | None = None if last_known_elr is None else list(last_known_elr)
            self.offline_replicas: list[int] = list(offline_replicas)

    class DescribeTopicPartitionsResponseTopic(Struct):
        """A struct of DescribeTopicPartitionsResponse."""

        __slots__ = ("error_code", "name", "topic_id", "is_internal", "partitions", "topic_authorized_operations")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("name", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
            ("topic_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, True, True),
            ("is_internal", "bool", (0, 32767), None, None, -1, False, True, True),
            ("partitions", "[]DescribeTopicPartitionsResponsePartition", (0, 32767), None, None, -1, (), False, True),
            ("topic_authorized_operations", "int32", (0, 32767), None, None, -1, -2147483648, False, True),
        )

        def __init__(
            self,
            *,
            error_code: int = 0,
            name: str | None = "",
            topic_id: bytes = ZERO_UUID,
            is_internal: bool = False,
            partitions: Iterable[DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponsePartition] = (),
            topic_authorized_operations: int = -2147483648,
        ) -> None:
            self.error_code: int = error_code
            self.name: str | None = name
            self.topic_id: bytes = topic_id
            self.is_internal: bool = is_internal
            self.partitions: list[DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponsePartition] = (
                list(partitions)
            )
            self.topic_authorized_operations: int = topic_authorized_operations

    class Cursor(Struct):
        """A struct of DescribeTopicPartitionsResponse."""

        __slots__ = ("topic_name", "partition_index")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            topic_name: str = "",
            partition_index: int = 0,
        ) -> None:
            self.topic_name: str = topic_name
            self.partition_index: int = partition_index

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        topics: Iterable[DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic] = (),
        next_cursor: DescribeTopicPartitionsResponse.Cursor | None = None,
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.topics: list[DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic] = list(topics)
        self.next_cursor: DescribeTopicPartitionsResponse.Cursor | None = next_cursor

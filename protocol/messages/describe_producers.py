"""DescribeProducers, API key 61. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part


class DescribeProducersRequest(RequestMessage):
    """DescribeProducersRequest: version 0, flexible from 0."""

    __slots__ = ("topics",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("topics", "[]TopicRequest", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DescribeProducersRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.DESCRIBE_PRODUCERS

    class TopicRequest(Struct):
        """A struct of DescribeProducersRequest."""

        __slots__ = ("name", "partition_indexes")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partition_indexes", "[]int32", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            partition_indexes: Iterable[int] = (),
        ) -> None:
            self.name: str = name
            self.partition_indexes: list[int] = list(partition_indexes)

    def __init__(
        self,
        *,
        topics: Iterable[DescribeProducersRequest.TopicRequest] = (),
    ) -> None:
        self.topics: list[DescribeProducersRequest.TopicRequest] = list(topics)


class DescribeProducersResponse(ResponseMessage):
    """DescribeProducersResponse: version 0, flexible from 0."""

    __slots__ = ("throttle_time_ms", "topics")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("topics", "[]TopicResponse", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DescribeProducersResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.DESCRIBE_PRODUCERS

    class ProducerState(Struct):
        """A struct of DescribeProducersResponse."""

        __slots__ = (
            "producer_id",
            "producer_epoch",
            "last_sequence",
            "last_timestamp",
            "coordinator_epoch",
            "current_txn_start_offset",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("producer_id", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("producer_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("last_sequence", "int32", (0, 32767), None, None, -1, -1, False, True),
            ("last_timestamp", "int64", (0, 32767), None, None, -1, -1, False, True),
            ("coordinator_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("current_txn_start_offset", "int64", (0, 32767), None, None, -1, -1, False, True),
        )

        def __init__(
            self,
            *,
            producer_id: int = 0,
            producer_epoch: int = 0,
            last_sequence: int = -1,
            last_timestamp: int = -1,
            coordinator_epoch: int = 0,
            current_txn_start_offset: int = -1,
        ) -> None:
            self.producer_id: int = producer_id
            self.producer_epoch: int = producer_epoch
            self.last_sequence: int = last_sequence
            self.last_timestamp: int = last_timestamp
            self.coordinator_epoch: int = coordinator_epoch
            self.current_txn_start_offset: int = current_txn_start_offset

    class PartitionResponse(Struct):
        """A struct of DescribeProducersResponse."""

        __slots__ = ("partition_index", "error_code", "error_message", "active_producers")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
            ("active_producers", "[]ProducerState", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            error_code: int = 0,
            error_message: str | None = None,
            active_producers: Iterable[DescribeProducersResponse.ProducerState] = (),
        ) -> None:
            self.partition_index: int = partition_index
            self.error_code: int = error_code
            self.error_message: str | None = error_message
            self.active_producers: list[DescribeProducersResponse.ProducerState] = list(active_producers)

    class TopicResponse(Struct):
        """A struct of DescribeProducersResponse."""

        __slots__ = ("name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]PartitionResponse", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            partitions: Iterable[DescribeProducersResponse.PartitionResponse] = (),
        ) -> None:
            self.name: str = name
            self.partitions: list[DescribeProducersResponse.PartitionResponse] = list(partitions)

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        topics: Iterable[DescribeProducersResponse.TopicResponse] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.topics: list[DescribeProducersResponse.TopicResponse] = list(topics)

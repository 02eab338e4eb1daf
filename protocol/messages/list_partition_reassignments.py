"""ListPartitionReassignments, API key 46. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part


class ListPartitionReassignmentsRequest(RequestMessage):
    """ListPartitionReassignmentsRequest: version 0, flexible from 0."""

    __slots__ = ("timeout_ms", "topics")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("timeout_ms", "int32", (0, 32767), None, None, -1, 60000, False, True),
        ("topics", "[]ListPartitionReassignmentsTopics", (0, 32767), (0, 32767), None, -1, None, False, True),
    )
    NAME: ClassVar[str] = "ListPartitionReassignmentsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.LIST_PARTITION_REASSIGNMENTS

    class ListPartitionReassignmentsTopics(Struct):
        """A struct of ListPartitionReassignmentsRequest."""

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
        timeout_ms: int = 60000,
        topics: Iterable[ListPartitionReassignmentsRequest.ListPartitionReassignmentsTopics] | None = None,
    ) -> None:
        self.timeout_ms: int = timeout_ms
        self.topics: list[ListPartitionReassignmentsRequest.ListPartitionReassignmentsTopics] | None = (
            None if topics is None else list(topics)
        )


class ListPartitionReassignmentsResponse(ResponseMessage):
    """ListPartitionReassignmentsResponse: version 0, flexible from 0."""

    __slots__ = ("throttle_time_ms", "error_code", "error_message", "topics")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("error_message", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        ("topics", "[]OngoingTopicReassignment", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "ListPartitionReassignmentsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.LIST_PARTITION_REASSIGNMENTS

    class OngoingPartitionReassignment(Struct):
        """A struct of ListPartitionReassignmentsResponse."""

        __slots__ = ("partition_index", "replicas", "adding_replicas", "removing_replicas")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("replicas", "[]int32", (0, 32767), None, None, -1, (), False, True),
            ("adding_replicas", "[]int32", (0, 32767), None, None, -1, (), False, True),
            ("removing_replicas", "[]int32", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            replicas: Iterable[int] = (),
            adding_replicas: Iterable[int] = (),
            removing_replicas: Iterable[int] = (),
        ) -> None:
            self.partition_index: int = partition_index
            self.replicas: list[int] = list(replicas)
            self.adding_replicas: list[int] = list(adding_replicas)
            self.removing_replicas: list[int] = list(removing_replicas)

    class OngoingTopicReassignment(Struct):
        """A struct of ListPartitionReassignmentsResponse."""

        __slots__ = ("name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]OngoingPartitionReassignment", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            partitions: Iterable[ListPartitionReassignmentsResponse.OngoingPartitionReassignment] = (),
        ) -> None:
            self.name: str = name
            self.partitions: list[ListPartitionReassignmentsResponse.OngoingPartitionReassignment] = list(partitions)

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        error_message: str | None = "",
        topics: Iterable[ListPartitionReassignmentsResponse.OngoingTopicReassignment] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.error_message: str | None = error_message
        self.topics: list[ListPartitionReassignmentsResponse.OngoingTopicReassignment] = list(topics)

"""AlterPartitionReassignments, API key 45. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part


class AlterPartitionReassignmentsRequest(RequestMessage):
    """AlterPartitionReassignmentsRequest: versions 0 to 1, flexible from 0."""

    __slots__ = ("timeout_ms", "allow_replication_factor_change", "topics")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("timeout_ms", "int32", (0, 32767), None, None, -1, 60000, False, True),
        ("allow_replication_factor_change", "bool", (1, 32767), None, None, -1, True, False, True),
        ("topics", "[]ReassignableTopic", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "AlterPartitionReassignmentsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.ALTER_PARTITION_REASSIGNMENTS

    class ReassignablePartition(Struct):
        """A struct of AlterPartitionReassignmentsRequest."""

        __slots__ = ("partition_index", "replicas")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("replicas", "[]int32", (0, 32767), (0, 32767), None, -1, None, False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            replicas: Iterable[int] | None = None,
        ) -> None:
            self.partition_index: int = partition_index
            self.replicas: list[int] | None = None if replicas is None else list(replicas)

    class ReassignableTopic(Struct):
        """A struct of AlterPartitionReassignmentsRequest."""

        __slots__ = ("name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]ReassignablePartition", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            partitions: Iterable[AlterPartitionReassignmentsRequest.ReassignablePartition] = (),
        ) -> None:
            self.name: str = name
            self.partitions: list[AlterPartitionReassignmentsRequest.ReassignablePartition] = list(partitions)

    def __init__(
        self,
        *,
        timeout_ms: int = 60000,
        allow_replication_factor_change: bool = True,
        topics: Iterable[AlterPartitionReassignmentsRequest.ReassignableTopic] = (),
    ) -> None:
        self.timeout_ms: int = timeout_ms
        self.allow_replication_factor_change: bool = allow_replication_factor_change
        self.topics: list[AlterPartitionReassignmentsRequest.ReassignableTopic] = list(topics)


class AlterPartitionReassignmentsResponse(ResponseMessage):
    """AlterPartitionReassignmentsResponse: versions 0 to 1, flexible from 0."""

    __slots__ = ("throttle_time_ms", "allow_replication_factor_change", "error_code", "error_message", "responses")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("allow_replication_factor_change", "bool", (1, 32767), None, None, -1, True, True, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("error_message", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        ("responses", "[]ReassignableTopicResponse", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "AlterPartitionReassignmentsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.ALTER_PARTITION_REASSIGNMENTS

    class ReassignablePartitionResponse(Struct):
        """A struct of AlterPartitionReassignmentsResponse."""

        __slots__ = ("partition_index", "error_code", "error_message")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            error_code: int = 0,
            error_message: str | None = "",
        ) -> None:
            self.partition_index: int = partition_index
            self.error_code: int = error_code
            self.error_message: str | None = error_message

    class ReassignableTopicResponse(Struct):
        """A struct of AlterPartitionReassignmentsResponse."""

        __slots__ = ("name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]ReassignablePartitionResponse", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            partitions: Iterable[AlterPartitionReassignmentsResponse.ReassignablePartitionResponse] = (),
        ) -> None:
            self.name: str = name
            self.partitions: list[AlterPartitionReassignmentsResponse.ReassignablePartitionResponse] = list(partitions)

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        allow_replication_factor_change: bool = True,
        error_code: int = 0,
        error_message: str | None = "",
        responses: Iterable[AlterPartitionReassignmentsResponse.ReassignableTopicResponse] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.allow_replication_factor_change: bool = allow_replication_factor_change
        self.error_code: int = error_code
        self.error_message: str | None = error_message
        self.responses: list[AlterPartitionReassignmentsResponse.ReassignableTopicResponse] = list(responses)

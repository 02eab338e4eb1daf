"""ElectLeaders, API key 43. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part


class ElectLeadersRequest(RequestMessage):
    """ElectLeadersRequest: versions 0 to 2, flexible from 2."""

    __slots__ = ("election_type", "topic_partitions", "timeout_ms")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("election_type", "int8", (1, 32767), None, None, -1, 0, False, True),
        ("topic_partitions", "[]TopicPartitions", (0, 32767), (0, 32767), None, -1, (), False, True),
        ("timeout_ms", "int32", (0, 32767), None, None, -1, 60000, False, True),
    )
    NAME: ClassVar[str] = "ElectLeadersRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.ELECT_LEADERS

    class TopicPartitions(Struct):
        """A struct of ElectLeadersRequest."""

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
        election_type: int = 0,
        topic_partitions: Iterable[ElectLeadersRequest.TopicPartitions] | None = (),
        timeout_ms: int = 60000,
    ) -> None:
        self.election_type: int = election_type
        self.topic_partitions: list[ElectLeadersRequest.TopicPartitions] | None = (
            None if topic_partitions is None else list(topic_partitions)
        )
        self.timeout_ms: int = timeout_ms


class ElectLeadersResponse(ResponseMessage):
    """ElectLeadersResponse: versions 0 to 2, flexible from 2."""

    __slots__ = ("throttle_time_ms", "error_code", "replica_election_results")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (1, 32767), None, None, -1, 0, False, True),
        ("replica_election_results", "[]ReplicaElectionResult", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "ElectLeadersResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.ELECT_LEADERS

    class PartitionResult(Struct):
        """A struct of ElectLeadersResponse."""

        __slots__ = ("partition_id", "error_code", "error_message")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_id", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        )

        def __init__(
            self,
            *,
            partition_id: int = 0,
            error_code: int = 0,
            error_message: str | None = "",
        ) -> None:
            self.partition_id: int = partition_id
            self.error_code: int = error_code
            self.error_message: str | None = error_message

    class ReplicaElectionResult(Struct):
        """A struct of ElectLeadersResponse."""

        __slots__ = ("topic", "partition_result")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic", "string", (0, 32767), None, None, -1, "", False, True),
            ("partition_result", "[]PartitionResult", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic: str = "",
            partition_result: Iterable[ElectLeadersResponse.PartitionResult] = (),
        ) -> None:
            self.topic: str = topic
            self.partition_result: list[ElectLeadersResponse.PartitionResult] = list(partition_result)

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        replica_election_results: Iterable[ElectLeadersResponse.ReplicaElectionResult] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.replica_election_results: list[ElectLeadersResponse.ReplicaElectionResult] = list(replica_election_results)

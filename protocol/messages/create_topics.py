"""CreateTopics, API key 19. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import ZERO_UUID


class CreateTopicsRequest(RequestMessage):
    """CreateTopicsRequest: versions 2 to 7, flexible from 5."""

    __slots__ = ("topics", "timeout_ms", "validate_only")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("topics", "[]CreatableTopic", (0, 32767), None, None, -1, (), False, True),
        ("timeout_ms", "int32", (0, 32767), None, None, -1, 60000, False, True),
        ("validate_only", "bool", (1, 32767), None, None, -1, False, False, True),
    )
    NAME: ClassVar[str] = "CreateTopicsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (2, 7)
    FLEXIBLE_FROM: ClassVar[int | None] = 5
    API_KEY: ClassVar[ApiKey] = ApiKey.CREATE_TOPICS

    class CreatableReplicaAssignment(Struct):
        """A struct of CreateTopicsRequest."""

        __slots__ = ("partition_index", "broker_ids")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("broker_ids", "[]int32", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            broker_ids: Iterable[int] = (),
        ) -> None:
            self.partition_index: int = partition_index
            self.broker_ids: list[int] = list(broker_ids)

    class CreatableTopicConfig(Struct):
        """A struct of CreateTopicsRequest."""

        __slots__ = ("name", "value")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("value", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            value: str | None = "",
        ) -> None:
            self.name: str = name
            self.value: str | None = value

    class CreatableTopic(Struct):
        """A struct of CreateTopicsRequest."""

        __slots__ = ("name", "num_partitions", "replication_factor", "assignments", "configs")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("num_partitions", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("replication_factor", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("assignments", "[]CreatableReplicaAssignment", (0, 32767), None, None, -1, (), False, True),
            ("configs", "[]CreatableTopicConfig", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            num_partitions: int = 0,
            replication_factor: int = 0,
            assignments: Iterable[CreateTopicsRequest.CreatableReplicaAssignment] = (),
            configs: Iterable[CreateTopicsRequest.CreatableTopicConfig] = (),
        ) -> None:
            self.name: str = name
            self.num_partitions: int = num_partitions
            self.replication_factor: int = replication_factor
            self.assignments: list[CreateTopicsRequest.CreatableReplicaAssignment] = list(assignments)
            self.configs: list[CreateTopicsRequest.CreatableTopicConfig] = list(configs)

    def __init__(
        self,
        *,
        topics: Iterable[CreateTopicsRequest.CreatableTopic] = (),
        timeout_ms: int = 60000,
        validate_only: bool = False,
    ) -> None:
        self.topics: list[CreateTopicsRequest.CreatableTopic] = list(topics)
        self.timeout_ms: int = timeout_ms
        self.validate_only: bool = validate_only


class CreateTopicsResponse(ResponseMessage):
    """CreateTopicsResponse: versions 2 to 7, flexible from 5."""

    __slots__ = ("throttle_time_ms", "topics")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (2, 32767), None, None, -1, 0, True, True),
        ("topics", "[]CreatableTopicResult", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "CreateTopicsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (2, 7)
    FLEXIBLE_FROM: ClassVar[int | None] = 5
    API_KEY: ClassVar[ApiKey] = ApiKey.CREATE_TOPICS

    class CreatableTopicConfigs(Struct):
        """A struct of CreateTopicsResponse."""

        __slots__ = ("name", "value", "read_only", "config_source", "is_sensitive")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (5, 32767), None, None, -1, "", False, True),
            ("value", "string", (5, 32767), (5, 32767), None, -1, "", False, True),
            ("read_only", "bool", (5, 32767), None, None, -1, False, False, True),
            ("config_source", "int8", (5, 32767), None, None, -1, -1, True, True),
            ("is_sensitive", "bool", (5, 32767), None, None, -1, False, False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            value: str | None = "",
            read_only: bool = False,
            config_source: int = -1,
            is_sensitive: bool = False,
        ) -> None:
            self.name: str = name
            self.value: str | None = value
            self.read_only: bool = read_only
            self.config_source: int = config_source
            self.is_sensitive: bool = is_sensitive

    class CreatableTopicResult(Struct):
        """A struct of CreateTopicsResponse."""

        __slots__ = (
            "name",
            "topic_id",
            "error_code",
            "error_message",
            "topic_config_error_code",
            "num_partitions",
            "replication_factor",
            "configs",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("topic_id", "uuid", (7, 32767), None, None, -1, ZERO_UUID, True, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (1, 32767), (0, 32767), None, -1, "", True, True),
            ("topic_config_error_code", "int16", (5, 32767), None, (5, 32767), 0, 0, True, True),
            ("num_partitions", "int32", (5, 32767), None, None, -1, -1, True, True),
            ("replication_factor", "int16", (5, 32767), None, None, -1, -1, True, True),
            ("configs", "[]CreatableTopicConfigs", (5, 32767), (5, 32767), None, -1, (), True, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            topic_id: bytes = ZERO_UUID,
            error_code: int = 0,
            error_message: str | None = "",
            topic_config_error_code: int = 0,
            num_partitions: int = -1,
            replication_factor: int = -1,
            configs: Iterable[CreateTopicsResponse.CreatableTopicConfigs] | None = (),
        ) -> None:
            self.name: str = name
            self.topic_id: bytes = topic_id
            self.error_code: int = error_code
            self.error_message: str | None = error_message
            self.topic_config_error_code: int = topic_config_error_code
            self.num_partitions: int = num_partitions
            self.replication_factor: int = replication_factor
            self.configs: list[CreateTopicsResponse.CreatableTopicConfigs] | None = (
                None if configs is None else list(configs)
            )

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        topics: Iterable[CreateTopicsResponse.CreatableTopicResult] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.topics: list[CreateTopicsResponse.CreatableTopicResult] = list(topics)

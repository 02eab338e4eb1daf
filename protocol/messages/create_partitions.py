"""CreatePartitions, API key 37. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part


class CreatePartitionsRequest(RequestMessage):
    """CreatePartitionsRequest: versions 0 to 3, flexible from 2."""

    __slots__ = ("topics", "timeout_ms", "validate_only")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("topics", "[]CreatePartitionsTopic", (0, 32767), None, None, -1, (), False, True),
        ("timeout_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("validate_only", "bool", (0, 32767), None, None, -1, False, False, True),
    )
    NAME: ClassVar[str] = "CreatePartitionsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 3)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.CREATE_PARTITIONS

    class CreatePartitionsAssignment(Struct):
        """A struct of CreatePartitionsRequest."""

        __slots__ = ("broker_ids",)
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("broker_ids", "[]int32", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            broker_ids: Iterable[int] = (),
        ) -> None:
            self.broker_ids: list[int] = list(broker_ids)

    class CreatePartitionsTopic(Struct):
        """A struct of CreatePartitionsRequest."""

        __slots__ = ("name", "count", "assignments")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("count", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("assignments", "[]CreatePartitionsAssignment", (0, 32767), (0, 32767), None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            count: int = 0,
            assignments: Iterable[CreatePartitionsRequest.CreatePartitionsAssignment] | None = (),
        ) -> None:
            self.name: str = name
            self.count: int = count
            self.assignments: list[CreatePartitionsRequest.CreatePartitionsAssignment] | None = (
                None if assignments is None else list(assignments)
            )

    def __init__(
        self,
        *,
        topics: Iterable[CreatePartitionsRequest.CreatePartitionsTopic] = (),
        timeout_ms: int = 0,
        validate_only: bool = False,
    ) -> None:
        self.topics: list[CreatePartitionsRequest.CreatePartitionsTopic] = list(topics)
        self.timeout_ms: int = timeout_ms
        self.validate_only: bool = validate_only


class CreatePartitionsResponse(ResponseMessage):
    """CreatePartitionsResponse: versions 0 to 3, flexible from 2."""

    __slots__ = ("throttle_time_ms", "results")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("results", "[]CreatePartitionsTopicResult", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "CreatePartitionsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 3)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.CREATE_PARTITIONS

    class CreatePartitionsTopicResult(Struct):
        """A struct of CreatePartitionsResponse."""

        __slots__ = ("name", "error_code", "error_message")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            error_code: int = 0,
            error_message: str | None = None,
        ) -> None:
            self.name: str = name
            self.error_code: int = error_code
            self.error_message: str | None = error_message

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        results: Iterable[CreatePartitionsResponse.CreatePartitionsTopicResult] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.results: list[CreatePartitionsResponse.CreatePartitionsTopicResult] = list(results)

"""DeleteTopics, API key 20. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import ZERO_UUID


class DeleteTopicsRequest(RequestMessage):
    """DeleteTopicsRequest: versions 1 to 6, flexible from 4."""

    __slots__ = ("topics", "topic_names", "timeout_ms")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("topics", "[]DeleteTopicState", (6, 32767), None, None, -1, (), False, True),
        ("topic_names", "[]string", (0, 5), None, None, -1, (), True, True),
        ("timeout_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
    )
    NAME: ClassVar[str] = "DeleteTopicsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 6)
    FLEXIBLE_FROM: ClassVar[int | None] = 4
    API_KEY: ClassVar[ApiKey] = ApiKey.DELETE_TOPICS

    class DeleteTopicState(Struct):
        """A struct of DeleteTopicsRequest."""

        __slots__ = ("name", "topic_id")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (6, 32767), (6, 32767), None, -1, None, False, True),
            ("topic_id", "uuid", (6, 32767), None, None, -1, ZERO_UUID, False, True),
        )

        def __init__(
            self,
            *,
            name: str | None = None,
            topic_id: bytes = ZERO_UUID,
        ) -> None:
            self.name: str | None = name
            self.topic_id: bytes = topic_id

    def __init__(
        self,
        *,
        topics: Iterable[DeleteTopicsRequest.DeleteTopicState] = (),
        topic_names: Iterable[str] = (),
        timeout_ms: int = 0,
    ) -> None:
        self.topics: list[DeleteTopicsRequest.DeleteTopicState] = list(topics)
        self.topic_names: list[str] = list(topic_names)
        self.timeout_ms: int = timeout_ms


class DeleteTopicsResponse(ResponseMessage):
    """DeleteTopicsResponse: versions 1 to 6, flexible from 4."""

    __slots__ = ("throttle_time_ms", "responses")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (1, 32767), None, None, -1, 0, True, True),
        ("responses", "[]DeletableTopicResult", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DeleteTopicsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 6)
    FLEXIBLE_FROM: ClassVar[int | None] = 4
    API_KEY: ClassVar[ApiKey] = ApiKey.DELETE_TOPICS

    class DeletableTopicResult(Struct):
        """A struct of DeleteTopicsResponse."""

        __slots__ = ("name", "topic_id", "error_code", "error_message")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), (6, 32767), None, -1, "", False, True),
            ("topic_id", "uuid", (6, 32767), None, None, -1, ZERO_UUID, True, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (5, 32767), (5, 32767), None, -1, None, True, True),
        )

        def __init__(
            self,
            *,
            name: str | None = "",
            topic_id: bytes = ZERO_UUID,
            error_code: int = 0,
            error_message: str | None = None,
        ) -> None:
            self.name: str | None = name
            self.topic_id: bytes = topic_id
            self.error_code: int = error_code
            self.error_message: str | None = error_message

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        responses: Iterable[DeleteTopicsResponse.DeletableTopicResult] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.responses: list[DeleteTopicsResponse.DeletableTopicResult] = list(responses)

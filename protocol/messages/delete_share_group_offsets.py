"""DeleteShareGroupOffsets, API key 92. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import ZERO_UUID


class DeleteShareGroupOffsetsRequest(RequestMessage):
    """DeleteShareGroupOffsetsRequest: version 0, flexible from 0."""

    __slots__ = ("group_id", "topics")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("group_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("topics", "[]DeleteShareGroupOffsetsRequestTopic", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DeleteShareGroupOffsetsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.DELETE_SHARE_GROUP_OFFSETS

    class DeleteShareGroupOffsetsRequestTopic(Struct):
        """A struct of DeleteShareGroupOffsetsRequest."""

        __slots__ = ("topic_name",)
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_name", "string", (0, 32767), None, None, -1, "", False, True),
        )

        def __init__(
            self,
            *,
            topic_name: str = "",
        ) -> None:
            self.topic_name: str = topic_name

    def __init__(
        self,
        *,
        group_id: str = "",
        topics: Iterable[DeleteShareGroupOffsetsRequest.DeleteShareGroupOffsetsRequestTopic] = (),
    ) -> None:
        self.group_id: str = group_id
        self.topics: list[DeleteShareGroupOffsetsRequest.DeleteShareGroupOffsetsRequestTopic] = list(topics)


class DeleteShareGroupOffsetsResponse(ResponseMessage):
    """DeleteShareGroupOffsetsResponse: version 0, flexible from 0."""

    __slots__ = ("throttle_time_ms", "error_code", "error_message", "responses")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("error_message", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("responses", "[]DeleteShareGroupOffsetsResponseTopic", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DeleteShareGroupOffsetsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.DELETE_SHARE_GROUP_OFFSETS

    class DeleteShareGroupOffsetsResponseTopic(Struct):
        """A struct of DeleteShareGroupOffsetsResponse."""

        __slots__ = ("topic_name", "topic_id", "error_code", "error_message")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("topic_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
        )

        def __init__(
            self,
            *,
            topic_name: str = "",
            topic_id: bytes = ZERO_UUID,
            error_code: int = 0,
            error_message: str | None = None,
        ) -> None:
            self.topic_name: str = topic_name
            self.topic_id: bytes = topic_id
            self.error_code: int = error_code
            self.error_message: str | None = error_message

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        error_message: str | None = None,
        responses: Iterable[DeleteShareGroupOffsetsResponse.DeleteShareGroupOffsetsResponseTopic] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.error_message: str | None = error_message
        self.responses: list[DeleteShareGroupOffsetsResponse.DeleteShareGroupOffsetsResponseTopic] = list(responses)

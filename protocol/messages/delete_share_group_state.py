"""DeleteShareGroupState, API key 86. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class DeleteShareGroupStateRequest(RequestMessage):
    """DeleteShareGroupStateRequest: version 0, flexible from 0."""

    __slots__ = ("group_id", "topics")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("group_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("topics", "[]DeleteStateData", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DeleteShareGroupStateRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.DELETE_SHARE_GROUP_STATE

    class PartitionData(Struct):
        """A struct of DeleteShareGroupStateRequest."""

        __slots__ = ("partition",)
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition", "int32", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            partition: int = 0,
        ) -> None:
            self.partition: int = partition

    class DeleteStateData(Struct):
        """A struct of DeleteShareGroupStateRequest."""

        __slots__ = ("topic_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("partitions", "[]PartitionData", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[DeleteShareGroupStateRequest.PartitionData] = (),
        ) -> None:
            self.topic_id: bytes = topic_id
            self.partitions: list[DeleteShareGroupStateRequest.PartitionData] = list(partitions)

    def __init__(
        self,
        *,
        group_id: str = "",
        topics: Iterable[DeleteShareGroupStateRequest.DeleteStateData] = (),
    ) -> None:
        self.group_id: str = group_id
        self.topics: list[DeleteShareGroupStateRequest.DeleteStateData] = list(topics)


class DeleteShareGroupStateResponse(ResponseMessage):
    """DeleteShareGroupStateResponse: version 0, flexible from 0."""

    __slots__ = ("results",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("results", "[]DeleteStateResult", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DeleteShareGroupStateResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.DELETE_SHARE_GROUP_STATE

    class PartitionResult(Struct):
        """A struct of DeleteShareGroupStateResponse."""

        __slots__ = ("partition", "error_code", "error_message")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
        )

        def __init__(
            self,
            *,
            partition: int = 0,
            error_code: int = 0,
            error_message: str | None = None,
        ) -> None:
            self.partition: int = partition
            self.error_code: int = error_code
            self.error_message: str | None = error_message

    class DeleteStateResult(Struct):
        """A struct of DeleteShareGroupStateResponse."""

        __slots__ = ("topic_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("partitions", "[]PartitionResult", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[DeleteShareGroupStateResponse.PartitionResult] = (),
        ) -> None:
            self.topic_id: bytes = topic_id
            self.partitions: list[DeleteShareGroupStateResponse.PartitionResult] = list(partitions)

    def __init__(
        self,
        *,
        results: Iterable[DeleteShareGroupStateResponse.DeleteStateResult] = (),
    ) -> None:
        self.results: list[DeleteShareGroupStateResponse.DeleteStateResult] = list(results)

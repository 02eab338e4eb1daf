"""InitializeShareGroupState, API key 83. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class InitializeShareGroupStateRequest(RequestMessage):
    """InitializeShareGroupStateRequest: version 0, flexible from 0."""

    __slots__ = ("group_id", "topics")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("group_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("topics", "[]InitializeStateData", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "InitializeShareGroupStateRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.INITIALIZE_SHARE_GROUP_STATE

    class PartitionData(Struct):
        """A struct of InitializeShareGroupStateRequest."""

        __slots__ = ("partition", "state_epoch", "start_offset")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("state_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("start_offset", "int64", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            partition: int = 0,
            state_epoch: int = 0,
            start_offset: int = 0,
        ) -> None:
            self.partition: int = partition
            self.state_epoch: int = state_epoch
            self.start_offset: int = start_offset

    class InitializeStateData(Struct):
        """A struct of InitializeShareGroupStateRequest."""

        __slots__ = ("topic_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("partitions", "[]PartitionData", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[InitializeShareGroupStateRequest.PartitionData] = (),
        ) -> None:
            self.topic_id: bytes = topic_id
            self.partitions: list[InitializeShareGroupStateRequest.PartitionData] = list(partitions)

    def __init__(
        self,
        *,
        group_id: str = "",
        topics: Iterable[InitializeShareGroupStateRequest.InitializeStateData] = (),
    ) -> None:
        self.group_id: str = group_id
        self.topics: list[InitializeShareGroupStateRequest.InitializeStateData] = list(topics)


class InitializeShareGroupStateResponse(ResponseMessage):
    """InitializeShareGroupStateResponse: version 0, flexible from 0."""

    __slots__ = ("results",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("results", "[]InitializeStateResult", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "InitializeShareGroupStateResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.INITIALIZE_SHARE_GROUP_STATE

    class PartitionResult(Struct):
        """A struct of InitializeShareGroupStateResponse."""

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

    class InitializeStateResult(Struct):
        """A struct of InitializeShareGroupStateResponse."""

        __slots__ = ("topic_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("partitions", "[]PartitionResult", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[InitializeShareGroupStateResponse.PartitionResult] = (),
        ) -> None:
            self.topic_id: bytes = topic_id
            self.partitions: list[InitializeShareGroupStateResponse.PartitionResult] = list(partitions)

    def __init__(
        self,
        *,
        results: Iterable[InitializeShareGroupStateResponse.InitializeStateResult] = (),
    ) -> None:
        self.results: list[InitializeShareGroupStateResponse.InitializeStateResult] = list(results)

"""WriteShareGroupState, API key 85. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class WriteShareGroupStateRequest(RequestMessage):
    """WriteShareGroupStateRequest: versions 0 to 1, flexible from 0."""

    __slots__ = ("group_id", "topics")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("group_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("topics", "[]WriteStateData", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "WriteShareGroupStateRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.WRITE_SHARE_GROUP_STATE

    class StateBatch(Struct):
        """A struct of WriteShareGroupStateRequest."""

        __slots__ = ("first_offset", "last_offset", "delivery_state", "delivery_count")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("first_offset", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("last_offset", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("delivery_state", "int8", (0, 32767), None, None, -1, 0, False, True),
            ("delivery_count", "int16", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            first_offset: int = 0,
            last_offset: int = 0,
            delivery_state: int = 0,
            delivery_count: int = 0,
        ) -> None:
            self.first_offset: int = first_offset
            self.last_offset: int = last_offset
            self.delivery_state: int = delivery_state
            self.delivery_count: int = delivery_count

    class PartitionData(Struct):
        """A struct of WriteShareGroupStateRequest."""

        __slots__ = (
            "partition",
            "state_epoch",
            "leader_epoch",
            "start_offset",
            "delivery_complete_count",
            "state_batches",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("state_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("leader_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("start_offset", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("delivery_complete_count", "int32", (1, 32767), None, None, -1, -1, True, True),
            ("state_batches", "[]StateBatch", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            partition: int = 0,
            state_epoch: int = 0,
            leader_epoch: int = 0,
            start_offset: int = 0,
            delivery_complete_count: int = -1,
            state_batches: Iterable[WriteShareGroupStateRequest.StateBatch] = (),
        ) -> None:
            self.partition: int = partition
            self.state_epoch: int = state_epoch
            self.leader_epoch: int = leader_epoch
            self.start_offset: int = start_offset
            self.delivery_complete_count: int = delivery_complete_count
            self.state_batches: list[WriteShareGroupStateRequest.StateBatch] = list(state_batches)

    class WriteStateData(Struct):
        """A struct of WriteShareGroupStateRequest."""

        __slots__ = ("topic_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("partitions", "[]PartitionData", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[WriteShareGroupStateRequest.PartitionData] = (),
        ) -> None:
            self.topic_id: bytes = topic_id
            self.partitions: list[WriteShareGroupStateRequest.PartitionData] = list(partitions)

    def __init__(
        self,
        *,
        group_id: str = "",
        topics: Iterable[WriteShareGroupStateRequest.WriteStateData] = (),
    ) -> None:
        self.group_id: str = group_id
        self.topics: list[WriteShareGroupStateRequest.WriteStateData] = list(topics)


class WriteShareGroupStateResponse(ResponseMessage):
    """WriteShareGroupStateResponse: versions 0 to 1, flexible from 0."""

    __slots__ = ("results",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("results", "[]WriteStateResult", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "WriteShareGroupStateResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.WRITE_SHARE_GROUP_STATE

    class PartitionResult(Struct):
        """A struct of WriteShareGroupStateResponse."""

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

    class WriteStateResult(Struct):
        """A struct of WriteShareGroupStateResponse."""

        __slots__ = ("topic_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("partitions", "[]PartitionResult", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[WriteShareGroupStateResponse.PartitionResult] = (),
        ) -> None:
            self.topic_id: bytes = topic_id
            self.partitions: list[WriteShareGroupStateResponse.PartitionResult] = list(partitions)

    def __init__(
        self,
        *,
        results: Iterable[WriteShareGroupStateResponse.WriteStateResult] = (),
    ) -> None:
        self.results: list[WriteShareGroupStateResponse.WriteStateResult] = list(results)

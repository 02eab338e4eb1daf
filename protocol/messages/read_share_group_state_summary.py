"""ReadShareGroupStateSummary, API key 87. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class ReadShareGroupStateSummaryRequest(RequestMessage):
    """ReadShareGroupStateSummaryRequest: versions 0 to 1, flexible from 0."""

    __slots__ = ("group_id", "topics")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("group_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("topics", "[]ReadStateSummaryData", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "ReadShareGroupStateSummaryRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.READ_SHARE_GROUP_STATE_SUMMARY

    class PartitionData(Struct):
        """A struct of ReadShareGroupStateSummaryRequest."""

        __slots__ = ("partition", "leader_epoch")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("leader_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            partition: int = 0,
            leader_epoch: int = 0,
        ) -> None:
            self.partition: int = partition
            self.leader_epoch: int = leader_epoch

    class ReadStateSummaryData(Struct):
        """A struct of ReadShareGroupStateSummaryRequest."""

        __slots__ = ("topic_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("partitions", "[]PartitionData", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[ReadShareGroupStateSummaryRequest.PartitionData] = (),
        ) -> None:
            self.topic_id: bytes = topic_id
            self.partitions: list[ReadShareGroupStateSummaryRequest.PartitionData] = list(partitions)

    def __init__(
        self,
        *,
        group_id: str = "",
        topics: Iterable[ReadShareGroupStateSummaryRequest.ReadStateSummaryData] = (),
    ) -> None:
        self.group_id: str = group_id
        self.topics: list[ReadShareGroupStateSummaryRequest.ReadStateSummaryData] = list(topics)


class ReadShareGroupStateSummaryResponse(ResponseMessage):
    """ReadShareGroupStateSummaryResponse: versions 0 to 1, flexible from 0."""

    __slots__ = ("results",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("results", "[]ReadStateSummaryResult", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "ReadShareGroupStateSummaryResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.READ_SHARE_GROUP_STATE_SUMMARY

    class PartitionResult(Struct):
        """A struct of ReadShareGroupStateSummaryResponse."""

        __slots__ = (
            "partition",
            "error_code",
            "error_message",
            "state_epoch",
            "leader_epoch",
            "start_offset",
            "delivery_complete_count",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
            ("state_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("leader_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("start_offset", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("delivery_complete_count", "int32", (1, 32767), None, None, -1, -1, True, True),
        )

        def __init__(
            self,
            *,
            partition: int = 0,
            error_code: int = 0,
            error_message: str | None = None,
            state_epoch: int = 0,
            leader_epoch: int = 0,
            start_offset: int = 0,
            delivery_complete_count: int = -1,
        ) -> None:
            self.partition: int = partition
            self.error_code: int = error_code
            self.error_message: str | None = error_message
            self.state_epoch: int = state_epoch
            self.leader_epoch: int = leader_epoch
            self.start_offset: int = start_offset
            self.delivery_complete_count: int = delivery_complete_count

    class ReadStateSummaryResult(Struct):
        """A struct of ReadShareGroupStateSummaryResponse."""

        __slots__ = ("topic_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("partitions", "[]PartitionResult", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[ReadShareGroupStateSummaryResponse.PartitionResult] = (),
        ) -> None:
            self.topic_id: bytes = topic_id
            self.partitions: list[ReadShareGroupStateSummaryResponse.PartitionResult] = list(partitions)

    def __init__(
        self,
        *,
        results: Iterable[ReadShareGroupStateSummaryResponse.ReadStateSummaryResult] = (),
    ) -> None:
        self.results: list[ReadShareGroupStateSummaryResponse.ReadStateSummaryResult] = list(results)

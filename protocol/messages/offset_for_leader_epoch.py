"""OffsetForLeaderEpoch, API key 23. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part


class OffsetForLeaderEpochRequest(RequestMessage):
    """OffsetForLeaderEpochRequest: versions 2 to 4, flexible from 4."""

    __slots__ = ("replica_id", "topics")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("replica_id", "int32", (3, 32767), None, None, -1, -2, True, True),
        ("topics", "[]OffsetForLeaderTopic", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "OffsetForLeaderEpochRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (2, 4)
    FLEXIBLE_FROM: ClassVar[int | None] = 4
    API_KEY: ClassVar[ApiKey] = ApiKey.OFFSET_FOR_LEADER_EPOCH

    class OffsetForLeaderPartition(Struct):
        """A struct of OffsetForLeaderEpochRequest."""

        __slots__ = ("partition", "current_leader_epoch", "leader_epoch")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("current_leader_epoch", "int32", (2, 32767), None, None, -1, -1, True, True),
            ("leader_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            partition: int = 0,
            current_leader_epoch: int = -1,
            leader_epoch: int = 0,
        ) -> None:
            self.partition: int = partition
            self.current_leader_epoch: int = current_leader_epoch
            self.leader_epoch: int = leader_epoch

    class OffsetForLeaderTopic(Struct):
        """A struct of OffsetForLeaderEpochRequest."""

        __slots__ = ("topic", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]OffsetForLeaderPartition", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic: str = "",
            partitions: Iterable[OffsetForLeaderEpochRequest.OffsetForLeaderPartition] = (),
        ) -> None:
            self.topic: str = topic
            self.partitions: list[OffsetForLeaderEpochRequest.OffsetForLeaderPartition] = list(partitions)

    def __init__(
        self,
        *,
        replica_id: int = -2,
        topics: Iterable[OffsetForLeaderEpochRequest.OffsetForLeaderTopic] = (),
    ) -> None:
        self.replica_id: int = replica_id
        self.topics: list[OffsetForLeaderEpochRequest.OffsetForLeaderTopic] = list(topics)


class OffsetForLeaderEpochResponse(ResponseMessage):
    """OffsetForLeaderEpochResponse: versions 2 to 4, flexible from 4."""

    __slots__ = ("throttle_time_ms", "topics")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (2, 32767), None, None, -1, 0, True, True),
        ("topics", "[]OffsetForLeaderTopicResult", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "OffsetForLeaderEpochResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (2, 4)
    FLEXIBLE_FROM: ClassVar[int | None] = 4
    API_KEY: ClassVar[ApiKey] = ApiKey.OFFSET_FOR_LEADER_EPOCH

    class EpochEndOffset(Struct):
        """A struct of OffsetForLeaderEpochResponse."""

        __slots__ = ("error_code", "partition", "leader_epoch", "end_offset")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("partition", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("leader_epoch", "int32", (1, 32767), None, None, -1, -1, True, True),
            ("end_offset", "int64", (0, 32767), None, None, -1, -1, False, True),
        )

        def __init__(
            self,
            *,
            error_code: int = 0,
            partition: int = 0,
            leader_epoch: int = -1,
            end_offset: int = -1,
        ) -> None:
            self.error_code: int = error_code
            self.partition: int = partition
            self.leader_epoch: int = leader_epoch
            self.end_offset: int = end_offset

    class OffsetForLeaderTopicResult(Struct):
        """A struct of OffsetForLeaderEpochResponse."""

        __slots__ = ("topic", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]EpochEndOffset", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic: str = "",
            partitions: Iterable[OffsetForLeaderEpochResponse.EpochEndOffset] = (),
        ) -> None:
            self.topic: str = topic
            self.partitions: list[OffsetForLeaderEpochResponse.EpochEndOffset] = list(partitions)

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        topics: Iterable[OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.topics: list[OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult] = list(topics)

"""TxnOffsetCommit, API key 28. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part


class TxnOffsetCommitRequest(RequestMessage):
    """TxnOffsetCommitRequest: versions 0 to 5, flexible from 3."""

    __slots__ = (
        "transactional_id",
        "group_id",
        "producer_id",
        "producer_epoch",
        "generation_id",
        "member_id",
        "group_instance_id",
        "topics",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("transactional_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("group_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("producer_id", "int64", (0, 32767), None, None, -1, 0, False, True),
        ("producer_epoch", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("generation_id", "int32", (3, 32767), None, None, -1, -1, False, True),
        ("member_id", "string", (3, 32767), None, None, -1, "", False, True),
        ("group_instance_id", "string", (3, 32767), (3, 32767), None, -1, None, False, True),
        ("topics", "[]TxnOffsetCommitRequestTopic", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "TxnOffsetCommitRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 5)
    FLEXIBLE_FROM: ClassVar[int | None] = 3
    API_KEY: ClassVar[ApiKey] = ApiKey.TXN_OFFSET_COMMIT

    class TxnOffsetCommitRequestPartition(Struct):
        """A struct of TxnOffsetCommitRequest."""

        __slots__ = ("partition_index", "committed_offset", "committed_leader_epoch", "committed_metadata")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("committed_offset", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("committed_leader_epoch", "int32", (2, 32767), None, None, -1, -1, True, True),
            ("committed_metadata", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            committed_offset: int = 0,
            committed_leader_epoch: int = -1,
            committed_metadata: str | None = "",
        ) -> None:
            self.partition_index: int = partition_index
            self.committed_offset: int = committed_offset
            self.committed_leader_epoch: int = committed_leader_epoch
            self.committed_metadata: str | None = committed_metadata

    class TxnOffsetCommitRequestTopic(Struct):
        """A struct of TxnOffsetCommitRequest."""

        __slots__ = ("name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]TxnOffsetCommitRequestPartition", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            partitions: Iterable[TxnOffsetCommitRequest.TxnOffsetCommitRequestPartition] = (),
        ) -> None:
            self.name: str = name
            self.partitions: list[TxnOffsetCommitRequest.TxnOffsetCommitRequestPartition] = list(partitions)

    def __init__(
        self,
        *,
        transactional_id: str = "",
        group_id: str = "",
        producer_id: int = 0,
        producer_epoch: int = 0,
        generation_id: int = -1,
        member_id: str = "",
        group_instance_id: str | None = None,
        topics: Iterable[TxnOffsetCommitRequest.TxnOffsetCommitRequestTopic] = (),
    ) -> None:
        self.transactional_id: str = transactional_id
        self.group_id: str = group_id
        self.producer_id: int = producer_id
        self.producer_epoch: int = producer_epoch
        self.generation_id: int = generation_id
        self.member_id: str = member_id
        self.group_instance_id: str | None = group_instance_id
        self.topics: list[TxnOffsetCommitRequest.TxnOffsetCommitRequestTopic] = list(topics)


class TxnOffsetCommitResponse(ResponseMessage):
    """TxnOffsetCommitResponse: versions 0 to 5, flexible from 3."""

    __slots__ = ("throttle_time_ms", "topics")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("topics", "[]TxnOffsetCommitResponseTopic", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "TxnOffsetCommitResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 5)
    FLEXIBLE_FROM: ClassVar[int | None] = 3
    API_KEY: ClassVar[ApiKey] = ApiKey.TXN_OFFSET_COMMIT

    class TxnOffsetCommitResponsePartition(Struct):
        """A struct of TxnOffsetCommitResponse."""

        __slots__ = ("partition_index", "error_code")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            error_code: int = 0,
        ) -> None:
            self.partition_index: int = partition_index
            self.error_code: int = error_code

    class TxnOffsetCommitResponseTopic(Struct):
        """A struct of TxnOffsetCommitResponse."""

        __slots__ = ("name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]TxnOffsetCommitResponsePartition", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            partitions: Iterable[TxnOffsetCommitResponse.TxnOffsetCommitResponsePartition] = (),
        ) -> None:
            self.name: str = name
            self.partitions: list[TxnOffsetCommitResponse.TxnOffsetCommitResponsePartition] = list(partitions)

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        topics: Iterable[TxnOffsetCommitResponse.TxnOffsetCommitResponseTopic] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.topics: list[TxnOffsetCommitResponse.TxnOffsetCommitResponseTopic] = list(topics)

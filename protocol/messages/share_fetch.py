"""ShareFetch, API key 78. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class ShareFetchRequest(RequestMessage):
    """ShareFetchRequest: versions 1 to 2, flexible from 0."""

    __slots__ = (
        "group_id",
        "member_id",
        "share_session_epoch",
        "max_wait_ms",
        "min_bytes",
        "max_bytes",
        "max_records",
        "batch_size",
        "share_acquire_mode",
        "is_renew_ack",
        "topics",
        "forgotten_topics_data",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("group_id", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("member_id", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        ("share_session_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("max_wait_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("min_bytes", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("max_bytes", "int32", (0, 32767), None, None, -1, 2147483647, False, True),
        ("max_records", "int32", (1, 32767), None, None, -1, 0, False, True),
        ("batch_size", "int32", (1, 32767), None, None, -1, 0, False, True),
        ("share_acquire_mode", "int8", (2, 32767), None, None, -1, 0, True, True),
        ("is_renew_ack", "bool", (2, 32767), None, None, -1, False, False, True),
        ("topics", "[]FetchTopic", (0, 32767), None, None, -1, (), False, True),
        ("forgotten_topics_data", "[]ForgottenTopic", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "ShareFetchRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.SHARE_FETCH

    class AcknowledgementBatch(Struct):
        """A struct of ShareFetchRequest."""

        __slots__ = ("first_offset", "last_offset", "acknowledge_types")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("first_offset", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("last_offset", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("acknowledge_types", "[]int8", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            first_offset: int = 0,
            last_offset: int = 0,
            acknowledge_types: Iterable[int] = (),
        ) -> None:
            self.first_offset: int = first_offset
            self.last_offset: int = last_offset
            self.acknowledge_types: list[int] = list(acknowledge_types)

    class FetchPartition(Struct):
        """A struct of ShareFetchRequest."""

        __slots__ = ("partition_index", "partition_max_bytes", "acknowledgement_batches")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("partition_max_bytes", "int32", (0, 0), None, None, -1, 0, False, True),
            ("acknowledgement_batches", "[]AcknowledgementBatch", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            partition_max_bytes: int = 0,
            acknowledgement_batches: Iterable[ShareFetchRequest.AcknowledgementBatch] = (),
        ) -> None:
            self.partition_index: int = partition_index
            self.partition_max_bytes: int = partition_max_bytes
            self.acknowledgement_batches: list[ShareFetchRequest.AcknowledgementBatch] = list(acknowledgement_batches)

    class FetchTopic(Struct):
        """A struct of ShareFetchRequest."""

        __slots__ = ("topic_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("partitions", "[]FetchPartition", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[ShareFetchRequest.FetchPartition] = (),
        ) -> None:
            self.topic_id: bytes = topic_id
            self.partitions: list[ShareFetchRequest.FetchPartition] = list(partitions)

    class ForgottenTopic(Struct):
        """A struct of ShareFetchRequest."""

        __slots__ = ("topic_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("partitions", "[]int32", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[int] = (),
        ) -> None:
            self.topic_id: bytes = topic_id
            self.partitions: list[int] = list(partitions)

    def __init__(
        self,
        *,
        group_id: str | None = None,
        member_id: str | None = "",
        share_session_epoch: int = 0,
        max_wait_ms: int = 0,
        min_bytes: int = 0,
        max_bytes: int = 2147483647,
        max_records: int = 0,
        batch_size: int = 0,
        share_acquire_mode: int = 0,
        is_renew_ack: bool = False,
        topics: Iterable[ShareFetchRequest.FetchTopic] = (),
        forgotten_topics_data: Iterable[ShareFetchRequest.ForgottenTopic] = (),
    ) -> None:
        self.group_id: str | None = group_id
        self.member_id: str | None = member_id
        self.share_session_epoch: int = share_session_epoch
        self.max_wait_ms: int = max_wait_ms
        self.min_bytes: int = min_bytes
        self.max_bytes: int = max_bytes
        self.max_records: int = max_records
        self.batch_size: int = batch_size
        self.share_acquire_mode: int = share_acquire_mode
        self.is_renew_ack: bool = is_renew_ack
        self.topics: list[ShareFetchRequest.FetchTopic] = list(topics)
        self.forgotten_topics_data: list[ShareFetchRequest.ForgottenTopic] = list(forgotten_topics_data)


class ShareFetchResponse(ResponseMessage):
    """ShareFetchResponse: versions 1 to 2, flexible from 0."""

    __slots__ = (
        "throttle_time_ms",
        "error_code",
        "error_message",
        "acquisition_lock_timeout_ms",
        "responses",
        "node_endpoints",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("error_message", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("acquisition_lock_timeout_ms", "int32", (1, 32767), None, None, -1, 0, False, True),
        ("responses", "[]ShareFetchableTopicResponse", (0, 32767), None, None, -1, (), False, True),
        ("node_endpoints", "[]NodeEndpoint", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "ShareFetchResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.SHARE_FETCH

    class LeaderIdAndEpoch(Struct):
        """A struct of ShareFetchResponse."""

        __slots__ = ("leader_id", "leader_epoch")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("leader_id", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("leader_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            leader_id: int = 0,
            leader_epoch: int = 0,
        ) -> None:
            self.leader_id: int = leader_id
            self.leader_epoch: int = leader_epoch

    class AcquiredRecords(Struct):
        """A struct of ShareFetchResponse."""

        __slots__ = ("first_offset", "last_offset", "delivery_count")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("first_offset", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("last_offset", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("delivery_count", "int16", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            first_offset: int = 0,
            last_offset: int = 0,
            delivery_count: int = 0,
        ) -> None:
            self.first_offset: int = first_offset
            self.last_offset: int = last_offset
            self.delivery_count: int = delivery_count

    class PartitionData(Struct):
        """A struct of ShareFetchResponse."""

        __slots__ = (
            "partition_index",
            "error_code",
            "error_message",
            "acknowledge_error_code",
            "acknowledge_error_message",
            "current_leader",
            "records",
            "acquired_records",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
            ("acknowledge_error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("acknowledge_error_message", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
            ("current_leader", "LeaderIdAndEpoch", (0, 32767), None, None, -1, (), False, True),
            ("records", "records", (0, 32767), None, None, -1, b"", False, True),
            ("acquired_records", "[]AcquiredRecords", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            error_code: int = 0,
            error_message: str | None = None,
            acknowledge_error_code: int = 0,
            acknowledge_error_message: str | None = None,
            current_leader: ShareFetchResponse.LeaderIdAndEpoch | None = None,
            records: Part = b"",
            acquired_records: Iterable[ShareFetchResponse.AcquiredRecords] = (),
        ) -> None:
            self.partition_index: int = partition_index
            self.error_code: int = error_code
            self.error_message: str | None = error_message
            self.acknowledge_error_code: int = acknowledge_error_code
            self.acknowledge_error_message: str | None = acknowledge_error_message
            self.current_leader: ShareFetchResponse.LeaderIdAndEpoch = (
                ShareFetchResponse.LeaderIdAndEpoch() if current_leader is None else current_leader
            )
            self.records: memoryview = records  # type: ignore[assignment]  # decoded it is a memoryview; any part can be sent
            self.acquired_records: list[ShareFetchResponse.AcquiredRecords] = list(acquired_records)

    class ShareFetchableTopicResponse(Struct):
        """A struct of ShareFetchResponse."""

        __slots__ = ("topic_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("partitions", "[]PartitionData", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[ShareFetchResponse.PartitionData] = (),
        ) -> None:
            self.topic_id: bytes = topic_id
            self.partitions: list[ShareFetchResponse.PartitionData] = list(partitions)

    class NodeEndpoint(Struct):
        """A struct of ShareFetchResponse."""

        __slots__ = ("node_id", "host", "port", "rack")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("node_id", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("host", "string", (0, 32767), None, None, -1, "", False, True),
            ("port", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("rack", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
        )

        def __init__(
            self,
            *,
            node_id: int = 0,
            host: str = "",
            port: int = 0,
            rack: str | None = None,
        ) -> None:
            self.node_id: int = node_id
            self.host: str = host
            self.port: int = port
            self.rack: str | None = rack

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        error_message: str | None = None,
        acquisition_lock_timeout_ms: int = 0,
        responses: Iterable[ShareFetchResponse.ShareFetchableTopicResponse] = (),
        node_endpoints: Iterable[ShareFetchResponse.NodeEndpoint] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.error_message: str | None = error_message
        self.acquisition_lock_timeout_ms: int = acquisition_lock_timeout_ms
        self.responses: list[ShareFetchResponse.ShareFetchableTopicResponse] = list(responses)
        self.node_endpoints: list[ShareFetchResponse.NodeEndpoint] = list(node_endpoints)

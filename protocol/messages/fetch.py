"""Fetch, API key 1. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class FetchRequest(RequestMessage):
    """FetchRequest: versions 4 to 18, flexible from 12."""

    __slots__ = (
        "cluster_id",
        "replica_id",
        "replica_state",
        "max_wait_ms",
        "min_bytes",
        "max_bytes",
        "isolation_level",
        "session_id",
        "session_epoch",
        "topics",
        "forgotten_topics_data",
        "rack_id",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("cluster_id", "string", (12, 32767), (12, 32767), (12, 32767), 0, None, True, True),
        ("replica_id", "int32", (0, 14), None, None, -1, -1, False, True),
        ("replica_state", "ReplicaState", (15, 32767), None, (15, 32767), 1, (), False, True),
        ("max_wait_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("min_bytes", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("max_bytes", "int32", (3, 32767), None, None, -1, 2147483647, True, True),
        ("isolation_level", "int8", (4, 32767), None, None, -1, 0, True, True),
        ("session_id", "int32", (7, 32767), None, None, -1, 0, True, True),
        ("session_epoch", "int32", (7, 32767), None, None, -1, -1, True, True),
        ("topics", "[]FetchTopic", (0, 32767), None, None, -1, (), False, True),
        ("forgotten_topics_data", "[]ForgottenTopic", (7, 32767), None, None, -1, (), False, True),
        ("rack_id", "string", (11, 32767), None, None, -1, "", True, True),
    )
    NAME: ClassVar[str] = "FetchRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (4, 18)
    FLEXIBLE_FROM: ClassVar[int | None] = 12
    API_KEY: ClassVar[ApiKey] = ApiKey.FETCH

    class ReplicaState(Struct):
        """A struct of FetchRequest."""

        __slots__ = ("replica_id", "replica_epoch")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("replica_id", "int32", (15, 32767), None, None, -1, -1, False, True),
            ("replica_epoch", "int64", (15, 32767), None, None, -1, -1, False, True),
        )

        def __init__(
            self,
            *,
            replica_id: int = -1,
            replica_epoch: int = -1,
        ) -> None:
            self.replica_id: int = replica_id
            self.replica_epoch: int = replica_epoch

    class FetchPartition(Struct):
        """A struct of FetchRequest."""

        __slots__ = (
            "partition",
            "current_leader_epoch",
            "fetch_offset",
            "last_fetched_epoch",
            "log_start_offset",
            "partition_max_bytes",
            "replica_directory_id",
            "high_watermark",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("current_leader_epoch", "int32", (9, 32767), None, None, -1, -1, True, True),
            ("fetch_offset", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("last_fetched_epoch", "int32", (12, 32767), None, None, -1, -1, False, True),
            ("log_start_offset", "int64", (5, 32767), None, None, -1, -1, True, True),
            ("partition_max_bytes", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("replica_directory_id", "uuid", (17, 32767), None, (17, 32767), 0, ZERO_UUID, True, True),
            ("high_watermark", "int64", (18, 32767), None, (18, 32767), 1, 9223372036854775807, True, True),
        )

        def __init__(
            self,
            *,
            partition: int = 0,
            current_leader_epoch: int = -1,
            fetch_offset: int = 0,
            last_fetched_epoch: int = -1,
            log_start_offset: int = -1,
            partition_max_bytes: int = 0,
            replica_directory_id: bytes = ZERO_UUID,
            high_watermark: int = 9223372036854775807,
        ) -> None:
            self.partition: int = partition
            self.current_leader_epoch: int = current_leader_epoch
            self.fetch_offset: int = fetch_offset
            self.last_fetched_epoch: int = last_fetched_epoch
            self.log_start_offset: int = log_start_offset
            self.partition_max_bytes: int = partition_max_bytes
            self.replica_directory_id: bytes = replica_directory_id
            self.high_watermark: int = high_watermark

    class FetchTopic(Struct):
        """A struct of FetchRequest."""

        __slots__ = ("topic", "topic_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic", "string", (0, 12), None, None, -1, "", True, True),
            ("topic_id", "uuid", (13, 32767), None, None, -1, ZERO_UUID, True, True),
            ("partitions", "[]FetchPartition", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic: str = "",
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[FetchRequest.FetchPartition] = (),
        ) -> None:
            self.topic: str = topic
            self.topic_id: bytes = topic_id
            self.partitions: list[FetchRequest.FetchPartition] = list(partitions)

    class ForgottenTopic(Struct):
        """A struct of FetchRequest."""

        __slots__ = ("topic", "topic_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic", "string", (7, 12), None, None, -1, "", True, True),
            ("topic_id", "uuid", (13, 32767), None, None, -1, ZERO_UUID, True, True),
            ("partitions", "[]int32", (7, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic: str = "",
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[int] = (),
        ) -> None:
            self.topic: str = topic
            self.topic_id: bytes = topic_id
            self.partitions: list[int] = list(partitions)

    def __init__(
        self,
        *,
        cluster_id: str | None = None,
        replica_id: int = -1,
        replica_state: FetchRequest.ReplicaState | None = None,
        max_wait_ms: int = 0,
        min_bytes: int = 0,
        max_bytes: int = 2147483647,
        isolation_level: int = 0,
        session_id: int = 0,
        session_epoch: int = -1,
        topics: Iterable[FetchRequest.FetchTopic] = (),
        forgotten_topics_data: Iterable[FetchRequest.ForgottenTopic] = (),
        rack_id: str = "",
    ) -> None:
        self.cluster_id: str | None = cluster_id
        self.replica_id: int = replica_id
        self.replica_state: FetchRequest.ReplicaState = (
            FetchRequest.ReplicaState() if replica_state is None else replica_state
        )
        self.max_wait_ms: int = max_wait_ms
        self.min_bytes: int = min_bytes
        self.max_bytes: int = max_bytes
        self.isolation_level: int = isolation_level
        self.session_id: int = session_id
        self.session_epoch: int = session_epoch
        self.topics: list[FetchRequest.FetchTopic] = list(topics)
        self.forgotten_topics_data: list[FetchRequest.ForgottenTopic] = list(forgotten_topics_data)
        self.rack_id: str = rack_id


class FetchResponse(ResponseMessage):
    """FetchResponse: versions 4 to 18, flexible from 12."""

    __slots__ = ("throttle_time_ms", "error_code", "session_id", "responses", "node_endpoints")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (1, 32767), None, None, -1, 0, True, True),
        ("error_code", "int16", (7, 32767), None, None, -1, 0, True, True),
        ("session_id", "int32", (7, 32767), None, None, -1, 0, False, True),
        ("responses", "[]FetchableTopicResponse", (0, 32767), None, None, -1, (), False, True),
        ("node_endpoints", "[]NodeEndpoint", (16, 32767), None, (16, 32767), 0, (), False, True),
    )
    NAME: ClassVar[str] = "FetchResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (4, 18)
    FLEXIBLE_FROM: ClassVar[int | None] = 12
    API_KEY: ClassVar[ApiKey] = ApiKey.FETCH

    class EpochEndOffset(Struct):
        """A struct of FetchResponse."""

        __slots__ = ("epoch", "end_offset")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("epoch", "int32", (12, 32767), None, None, -1, -1, False, True),
            ("end_offset", "int64", (12, 32767), None, None, -1, -1, False, True),
        )

        def __init__(
            self,
            *,
            epoch: int = -1,
            end_offset: int = -1,
        ) -> None:
            self.epoch: int = epoch
            self.end_offset: int = end_offset

    class LeaderIdAndEpoch(Struct):
        """A struct of FetchResponse."""

        __slots__ = ("leader_id", "leader_epoch")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("leader_id", "int32", (12, 32767), None, None, -1, -1, False, True),
            ("leader_epoch", "int32", (12, 32767), None, None, -1, -1, False, True),
        )

        def __init__(
            self,
            *,
            leader_id: int = -1,
            leader_epoch: int = -1,
        ) -> None:
            self.leader_id: int = leader_id
            self.leader_epoch: int = leader_epoch

    class SnapshotId(Struct):
        """A struct of FetchResponse."""

        __slots__ = ("end_offset", "epoch")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("end_offset", "int64", (0, 32767), None, None, -1, -1, False, True),
            ("epoch", "int32", (0, 32767), None, None, -1, -1, False, True),
        )

        def __init__(
            self,
            *,
            end_offset: int = -1,
            epoch: int = -1,
        ) -> None:
            self.end_offset: int = end_offset
            self.epoch: int = epoch

    class AbortedTransaction(Struct):
        """A struct of FetchResponse."""

        __slots__ = ("producer_id", "first_offset")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("producer_id", "int64", (4, 32767), None, None, -1, 0, False, True),
            ("first_offset", "int64", (4, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            producer_id: int = 0,
            first_offset: int = 0,
        ) -> None:
            self.producer_id: int = producer_id
            self.first_offset: int = first_offset

    class PartitionData(Struct):
        """A struct of FetchResponse."""

        __slots__ = (
            "partition_index",
            "error_code",
            "high_watermark",
            "last_stable_offset",
            "log_start_offset",
            "diverging_epoch",
            "current_leader",
            "snapshot_id",
            "aborted_transactions",
            "preferred_read_replica",
            "records",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("high_watermark", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("last_stable_offset", "int64", (4, 32767), None, None, -1, -1, True, True),
            ("log_start_offset", "int64", (5, 32767), None, None, -1, -1, True, True),
            ("diverging_epoch", "EpochEndOffset", (12, 32767), None, (12, 32767), 0, (), False, True),
            ("current_leader", "LeaderIdAndEpoch", (12, 32767), None, (12, 32767), 1, (), False, True),
            ("snapshot_id", "SnapshotId", (12, 32767), None, (12, 32767), 2, (), False, True),
            ("aborted_transactions", "[]AbortedTransaction", (4, 32767), (4, 32767), None, -1, (), True, True),
            ("preferred_read_replica", "int32", (11, 32767), None, None, -1, -1, False, True),
            ("records", "records", (0, 32767), (0, 32767), None, -1, None, False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            error_code: int = 0,
            high_watermark: int = 0,
            last_stable_offset: int = -1,
            log_start_offset: int = -1,
            diverging_epoch: FetchResponse.EpochEndOffset | None = None,
            current_leader: FetchResponse.LeaderIdAndEpoch | None = None,
            snapshot_id: FetchResponse.SnapshotId | None = None,
            aborted_transactions: Iterable[FetchResponse.AbortedTransaction] | None = (),
            preferred_read_replica: int = -1,
            records: Part | None = None,
        ) -> None:
            self.partition_index: int = partition_index
            self.error_code: int = error_code
            self.high_watermark: int = high_watermark
            self.last_stable_offset: int = last_stable_offset
            self.log_start_offset: int = log_start_offset
            self.diverging_epoch: FetchResponse.EpochEndOffset = (
                FetchResponse.EpochEndOffset() if diverging_epoch is None else diverging_epoch
            )
            self.current_leader: FetchResponse.LeaderIdAndEpoch = (
                FetchResponse.LeaderIdAndEpoch() if current_leader is None else current_leader
            )
            self.snapshot_id: FetchResponse.SnapshotId = (
                FetchResponse.SnapshotId() if snapshot_id is None else snapshot_id
            )
            self.aborted_transactions: list[FetchResponse.AbortedTransaction] | None = (
                None if aborted_transactions is None else list(aborted_transactions)
            )
            self.preferred_read_replica: int = preferred_read_replica
            self.records: memoryview | None = records  # type: ignore[assignment]  # decoded it is a memoryview; any part can be sent

    class FetchableTopicResponse(Struct):
        """A struct of FetchResponse."""

        __slots__ = ("topic", "topic_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic", "string", (0, 12), None, None, -1, "", True, True),
            ("topic_id", "uuid", (13, 32767), None, None, -1, ZERO_UUID, True, True),
            ("partitions", "[]PartitionData", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic: str = "",
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[FetchResponse.PartitionData] = (),
        ) -> None:
            self.topic: str = topic
            self.topic_id: bytes = topic_id
            self.partitions: list[FetchResponse.PartitionData] = list(partitions)

    class NodeEndpoint(Struct):
        """A struct of FetchResponse."""

        __slots__ = ("node_id", "host", "port", "rack")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("node_id", "int32", (16, 32767), None, None, -1, 0, False, True),
            ("host", "string", (16, 32767), None, None, -1, "", False, True),
            ("port", "int32", (16, 32767), None, None, -1, 0, False, True),
            ("rack", "string", (16, 32767), (16, 32767), None, -1, None, False, True),
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
        session_id: int = 0,
        responses: Iterable[FetchResponse.FetchableTopicResponse] = (),
        node_endpoints: Iterable[FetchResponse.NodeEndpoint] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.session_id: int = session_id
        self.responses: list[FetchResponse.FetchableTopicResponse] = list(responses)
        self.node_endpoints: list[FetchResponse.NodeEndpoint] = list(node_endpoints)

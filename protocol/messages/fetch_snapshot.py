"""FetchSnapshot, API key 59. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class FetchSnapshotRequest(RequestMessage):
    """FetchSnapshotRequest: versions 0 to 1, flexible from 0."""

    __slots__ = ("cluster_id", "replica_id", "max_bytes", "topics")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("cluster_id", "string", (0, 32767), (0, 32767), (0, 32767), 0, None, False, True),
        ("replica_id", "int32", (0, 32767), None, None, -1, -1, False, True),
        ("max_bytes", "int32", (0, 32767), None, None, -1, 2147483647, False, True),
        ("topics", "[]TopicSnapshot", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "FetchSnapshotRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.FETCH_SNAPSHOT

    class SnapshotId(Struct):
        """A struct of FetchSnapshotRequest."""

        __slots__ = ("end_offset", "epoch")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("end_offset", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            end_offset: int = 0,
            epoch: int = 0,
        ) -> None:
            self.end_offset: int = end_offset
            self.epoch: int = epoch

    class PartitionSnapshot(Struct):
        """A struct of FetchSnapshotRequest."""

        __slots__ = ("partition", "current_leader_epoch", "snapshot_id", "position", "replica_directory_id")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("current_leader_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("snapshot_id", "SnapshotId", (0, 32767), None, None, -1, (), False, True),
            ("position", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("replica_directory_id", "uuid", (1, 32767), None, (1, 32767), 0, ZERO_UUID, True, True),
        )

        def __init__(
            self,
            *,
            partition: int = 0,
            current_leader_epoch: int = 0,
            snapshot_id: FetchSnapshotRequest.SnapshotId | None = None,
            position: int = 0,
            replica_directory_id: bytes = ZERO_UUID,
        ) -> None:
            self.partition: int = partition
            self.current_leader_epoch: int = current_leader_epoch
            self.snapshot_id: FetchSnapshotRequest.SnapshotId = (
                FetchSnapshotRequest.SnapshotId() if snapshot_id is None else snapshot_id
            )
            self.position: int = position
            self.replica_directory_id: bytes = replica_directory_id

    class TopicSnapshot(Struct):
        """A struct of FetchSnapshotRequest."""

        __slots__ = ("name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]PartitionSnapshot", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            partitions: Iterable[FetchSnapshotRequest.PartitionSnapshot] = (),
        ) -> None:
            self.name: str = name
            self.partitions: list[FetchSnapshotRequest.PartitionSnapshot] = list(partitions)

    def __init__(
        self,
        *,
        cluster_id: str | None = None,
        replica_id: int = -1,
        max_bytes: int = 2147483647,
        topics: Iterable[FetchSnapshotRequest.TopicSnapshot] = (),
    ) -> None:
        self.cluster_id: str | None = cluster_id
        self.replica_id: int = replica_id
        self.max_bytes: int = max_bytes
        self.topics: list[FetchSnapshotRequest.TopicSnapshot] = list(topics)


class FetchSnapshotResponse(ResponseMessage):
    """FetchSnapshotResponse: versions 0 to 1, flexible from 0."""

    __slots__ = ("throttle_time_ms", "error_code", "topics", "node_endpoints")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, True, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("topics", "[]TopicSnapshot", (0, 32767), None, None, -1, (), False, True),
        ("node_endpoints", "[]NodeEndpoint", (1, 32767), None, (1, 32767), 0, (), False, True),
    )
    NAME: ClassVar[str] = "FetchSnapshotResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.FETCH_SNAPSHOT

    class SnapshotId(Struct):
        """A struct of FetchSnapshotResponse."""

        __slots__ = ("end_offset", "epoch")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("end_offset", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            end_offset: int = 0,
            epoch: int = 0,
        ) -> None:
            self.end_offset: int = end_offset
            self.epoch: int = epoch

    class LeaderIdAndEpoch(Struct):
        """A struct of FetchSnapshotResponse."""

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

    class PartitionSnapshot(Struct):
        """A struct of FetchSnapshotResponse."""

        __slots__ = ("index", "error_code", "snapshot_id", "current_leader", "size", "position", "unaligned_records")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("snapshot_id", "SnapshotId", (0, 32767), None, None, -1, (), False, True),
            ("current_leader", "LeaderIdAndEpoch", (0, 32767), None, (0, 32767), 0, (), False, True),
            ("size", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("position", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("unaligned_records", "records", (0, 32767), None, None, -1, b"", False, True),
        )

        def __init__(
            self,
            *,
            index: int = 0,
            error_code: int = 0,
            snapshot_id: FetchSnapshotResponse.SnapshotId | None = None,
            current_leader: FetchSnapshotResponse.LeaderIdAndEpoch | None = None,
            size: int = 0,
            position: int = 0,
            unaligned_records: Part = b"",
        ) -> None:
            self.index: int = index
            self.error_code: int = error_code
            self.snapshot_id: FetchSnapshotResponse.SnapshotId = (
                FetchSnapshotResponse.SnapshotId() if snapshot_id is None else snapshot_id
            )
            self.current_leader: FetchSnapshotResponse.LeaderIdAndEpoch = (
                FetchSnapshotResponse.LeaderIdAndEpoch() if current_leader is None else current_leader
            )
            self.size: int = size
            self.position: int = position
            self.unaligned_records: memoryview = unaligned_records  # type: ignore[assignment]  # decoded it is a memoryview; any part can be sent

    class TopicSnapshot(Struct):
        """A struct of FetchSnapshotResponse."""

        __slots__ = ("name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]PartitionSnapshot", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            partitions: Iterable[FetchSnapshotResponse.PartitionSnapshot] = (),
        ) -> None:
            self.name: str = name
            self.partitions: list[FetchSnapshotResponse.PartitionSnapshot] = list(partitions)

    class NodeEndpoint(Struct):
        """A struct of FetchSnapshotResponse."""

        __slots__ = ("node_id", "host", "port")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("node_id", "int32", (1, 32767), None, None, -1, 0, False, True),
            ("host", "string", (1, 32767), None, None, -1, "", False, True),
            ("port", "uint16", (1, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            node_id: int = 0,
            host: str = "",
            port: int = 0,
        ) -> None:
            self.node_id: int = node_id
            self.host: str = host
            self.port: int = port

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        topics: Iterable[FetchSnapshotResponse.TopicSnapshot] = (),
        node_endpoints: Iterable[FetchSnapshotResponse.NodeEndpoint] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.topics: list[FetchSnapshotResponse.TopicSnapshot] = list(topics)
        self.node_endpoints: list[FetchSnapshotResponse.NodeEndpoint] = list(node_endpoints)

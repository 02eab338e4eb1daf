"""ShareAcknowledge, API key 79. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class ShareAcknowledgeRequest(RequestMessage):
    """ShareAcknowledgeRequest: versions 1 to 2, flexible from 0."""

    __slots__ = ("group_id", "member_id", "share_session_epoch", "is_renew_ack", "topics")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("group_id", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("member_id", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        ("share_session_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("is_renew_ack", "bool", (2, 32767), None, None, -1, False, False, True),
        ("topics", "[]AcknowledgeTopic", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "ShareAcknowledgeRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.SHARE_ACKNOWLEDGE

    class AcknowledgementBatch(Struct):
        """A struct of ShareAcknowledgeRequest."""

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

    class AcknowledgePartition(Struct):
        """A struct of ShareAcknowledgeRequest."""

        __slots__ = ("partition_index", "acknowledgement_batches")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("acknowledgement_batches", "[]AcknowledgementBatch", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            acknowledgement_batches: Iterable[ShareAcknowledgeRequest.AcknowledgementBatch] = (),
        ) -> None:
            self.partition_index: int = partition_index
            self.acknowledgement_batches: list[ShareAcknowledgeRequest.AcknowledgementBatch] = (
                list(acknowledgement_batches)
            )

    class AcknowledgeTopic(Struct):
        """A struct of ShareAcknowledgeRequest."""

        __slots__ = ("topic_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("partitions", "[]AcknowledgePartition", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[ShareAcknowledgeRequest.AcknowledgePartition] = (),
        ) -> None:
            self.topic_id: bytes = topic_id
            self.partitions: list[ShareAcknowledgeRequest.AcknowledgePartition] = list(partitions)

    def __init__(
        self,
        *,
        group_id: str | None = None,
        member_id: str | None = "",
        share_session_epoch: int = 0,
        is_renew_ack: bool = False,
        topics: Iterable[ShareAcknowledgeRequest.AcknowledgeTopic] = (),
    ) -> None:
        self.group_id: str | None = group_id
        self.member_id: str | None = member_id
        self.share_session_epoch: int = share_session_epoch
        self.is_renew_ack: bool = is_renew_ack
        self.topics: list[ShareAcknowledgeRequest.AcknowledgeTopic] = list(topics)


class ShareAcknowledgeResponse(ResponseMessage):
    """ShareAcknowledgeResponse: versions 1 to 2, flexible from 0."""

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
        ("acquisition_lock_timeout_ms", "int32", (2, 32767), None, None, -1, 0, True, True),
        ("responses", "[]ShareAcknowledgeTopicResponse", (0, 32767), None, None, -1, (), False, True),
        ("node_endpoints", "[]NodeEndpoint", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "ShareAcknowledgeResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.SHARE_ACKNOWLEDGE

    class LeaderIdAndEpoch(Struct):
        """A struct of ShareAcknowledgeResponse."""

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

    class PartitionData(Struct):
        """A struct of ShareAcknowledgeResponse."""

        __slots__ = ("partition_index", "error_code", "error_message", "current_leader")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
            ("current_leader", "LeaderIdAndEpoch", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            error_code: int = 0,
            error_message: str | None = None,
            current_leader: ShareAcknowledgeResponse.LeaderIdAndEpoch | None = None,
        ) -> None:
            self.partition_index: int = partition_index
            self.error_code: int = error_code
            self.error_message: str | None = error_message
            self.current_leader: ShareAcknowledgeResponse.LeaderIdAndEpoch = (
                ShareAcknowledgeResponse.LeaderIdAndEpoch() if current_leader is None else current_leader
            )

    class ShareAcknowledgeTopicResponse(Struct):
        """A struct of ShareAcknowledgeResponse."""

        __slots__ = ("topic_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("partitions", "[]PartitionData", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[ShareAcknowledgeResponse.PartitionData] = (),
        ) -> None:
            self.topic_id: bytes = topic_id
            self.partitions: list[ShareAcknowledgeResponse.PartitionData] = list(partitions)

    class NodeEndpoint(Struct):
        """A struct of ShareAcknowledgeResponse."""

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
        responses: Iterable[ShareAcknowledgeResponse.ShareAcknowledgeTopicResponse] = (),
        node_endpoints: Iterable[ShareAcknowledgeResponse.NodeEndpoint] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.error_message: str | None = error_message
        self.acquisition_lock_timeout_ms: int = acquisition_lock_timeout_ms
        self.responses: list[ShareAcknowledgeResponse.ShareAcknowledgeTopicResponse] = list(responses)
        self.node_endpoints: list[ShareAcknowledgeResponse.NodeEndpoint] = list(node_endpoints)

"""ShareGroupHeartbeat, API key 76. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class ShareGroupHeartbeatRequest(RequestMessage):
    """ShareGroupHeartbeatRequest: version 1, flexible from 0."""

    __slots__ = ("group_id", "member_id", "member_epoch", "rack_id", "subscribed_topic_names")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("group_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("member_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("member_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("rack_id", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("subscribed_topic_names", "[]string", (0, 32767), (0, 32767), None, -1, None, False, True),
    )
    NAME: ClassVar[str] = "ShareGroupHeartbeatRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.SHARE_GROUP_HEARTBEAT

    def __init__(
        self,
        *,
        group_id: str = "",
        member_id: str = "",
        member_epoch: int = 0,
        rack_id: str | None = None,
        subscribed_topic_names: Iterable[str] | None = None,
    ) -> None:
        self.group_id: str = group_id
        self.member_id: str = member_id
        self.member_epoch: int = member_epoch
        self.rack_id: str | None = rack_id
        self.subscribed_topic_names: list[str] | None = (
            None if subscribed_topic_names is None else list(subscribed_topic_names)
        )


class ShareGroupHeartbeatResponse(ResponseMessage):
    """ShareGroupHeartbeatResponse: version 1, flexible from 0."""

    __slots__ = (
        "throttle_time_ms",
        "error_code",
        "error_message",
        "member_id",
        "member_epoch",
        "heartbeat_interval_ms",
        "assignment",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("error_message", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("member_id", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("member_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("heartbeat_interval_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("assignment", "Assignment", (0, 32767), (0, 32767), None, -1, None, False, True),
    )
    NAME: ClassVar[str] = "ShareGroupHeartbeatResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.SHARE_GROUP_HEARTBEAT

    class TopicPartitions(Struct):
        """A struct of ShareGroupHeartbeatResponse."""

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

    class Assignment(Struct):
        """A struct of ShareGroupHeartbeatResponse."""

        __slots__ = ("topic_partitions",)
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_partitions", "[]TopicPartitions", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_partitions: Iterable[ShareGroupHeartbeatResponse.TopicPartitions] = (),
        ) -> None:
            self.topic_partitions: list[ShareGroupHeartbeatResponse.TopicPartitions] = list(topic_partitions)

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        error_message: str | None = None,
        member_id: str | None = None,
        member_epoch: int = 0,
        heartbeat_interval_ms: int = 0,
        assignment: ShareGroupHeartbeatResponse.Assignment | None = None,
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.error_message: str | None = error_message
        self.member_id: str | None = member_id
        self.member_epoch: int = member_epoch
        self.heartbeat_interval_ms: int = heartbeat_interval_ms
        self.assignment: ShareGroupHeartbeatResponse.Assignment | None = assignment

"""ConsumerGroupHeartbeat, API key 68. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class ConsumerGroupHeartbeatRequest(RequestMessage):
    """ConsumerGroupHeartbeatRequest: versions 0 to 1, flexible from 0."""

    __slots__ = (
        "group_id",
        "member_id",
        "member_epoch",
        "instance_id",
        "rack_id",
        "rebalance_timeout_ms",
        "subscribed_topic_names",
        "subscribed_topic_regex",
        "server_assignor",
        "topic_partitions",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("group_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("member_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("member_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("instance_id", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("rack_id", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("rebalance_timeout_ms", "int32", (0, 32767), None, None, -1, -1, False, True),
        ("subscribed_topic_names", "[]string", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("subscribed_topic_regex", "string", (1, 32767), (1, 32767), None, -1, None, False, True),
        ("server_assignor", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("topic_partitions", "[]TopicPartitions", (0, 32767), (0, 32767), None, -1, None, False, True),
    )
    NAME: ClassVar[str] = "ConsumerGroupHeartbeatRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.CONSUMER_GROUP_HEARTBEAT

    class TopicPartitions(Struct):
        """A struct of ConsumerGroupHeartbeatRequest."""

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
        group_id: str = "",
        member_id: str = "",
        member_epoch: int = 0,
        instance_id: str | None = None,
        rack_id: str | None = None,
        rebalance_timeout_ms: int = -1,
        subscribed_topic_names: Iterable[str] | None = None,
        subscribed_topic_regex: str | None = None,
        server_assignor: str | None = None,
        topic_partitions: Iterable[ConsumerGroupHeartbeatRequest.TopicPartitions] | None = None,
    ) -> None:
        self.group_id: str = group_id
        self.member_id: str = member_id
        self.member_epoch: int = member_epoch
        self.instance_id: str | None = instance_id
        self.rack_id: str | None = rack_id
        self.rebalance_timeout_ms: int = rebalance_timeout_ms
        self.subscribed_topic_names: list[str] | None = (
            None if subscribed_topic_names is None else list(subscribed_topic_names)
        )
        self.subscribed_topic_regex: str | None = subscribed_topic_regex
        self.server_assignor: str | None = server_assignor
        self.topic_partitions: list[ConsumerGroupHeartbeatRequest.TopicPartitions] | None = (
            None if topic_partitions is None else list(topic_partitions)
        )


class ConsumerGroupHeartbeatResponse(ResponseMessage):
    """ConsumerGroupHeartbeatResponse: versions 0 to 1, flexible from 0."""

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
    NAME: ClassVar[str] = "ConsumerGroupHeartbeatResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.CONSUMER_GROUP_HEARTBEAT

    class TopicPartitions(Struct):
        """A struct of ConsumerGroupHeartbeatResponse."""

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
        """A struct of ConsumerGroupHeartbeatResponse."""

        __slots__ = ("topic_partitions",)
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_partitions", "[]TopicPartitions", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_partitions: Iterable[ConsumerGroupHeartbeatResponse.TopicPartitions] = (),
        ) -> None:
            self.topic_partitions: list[ConsumerGroupHeartbeatResponse.TopicPartitions] = list(topic_partitions)

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        error_message: str | None = None,
        member_id: str | None = None,
        member_epoch: int = 0,
        heartbeat_interval_ms: int = 0,
        assignment: ConsumerGroupHeartbeatResponse.Assignment | None = None,
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.error_message: str | None = error_message
        self.member_id: str | None = member_id
        self.member_epoch: int = member_epoch
        self.heartbeat_interval_ms: int = heartbeat_interval_ms
        self.assignment: ConsumerGroupHeartbeatResponse.Assignment | None = assignment

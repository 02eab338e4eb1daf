"""ConsumerGroupDescribe, API key 69. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class ConsumerGroupDescribeRequest(RequestMessage):
    """ConsumerGroupDescribeRequest: versions 0 to 1, flexible from 0."""

    __slots__ = ("group_ids", "include_authorized_operations")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("group_ids", "[]string", (0, 32767), None, None, -1, (), False, True),
        ("include_authorized_operations", "bool", (0, 32767), None, None, -1, False, False, True),
    )
    NAME: ClassVar[str] = "ConsumerGroupDescribeRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.CONSUMER_GROUP_DESCRIBE

    def __init__(
        self,
        *,
        group_ids: Iterable[str] = (),
        include_authorized_operations: bool = False,
    ) -> None:
        self.group_ids: list[str] = list(group_ids)
        self.include_authorized_operations: bool = include_authorized_operations


class ConsumerGroupDescribeResponse(ResponseMessage):
    """ConsumerGroupDescribeResponse: versions 0 to 1, flexible from 0."""

    __slots__ = ("throttle_time_ms", "groups")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("groups", "[]DescribedGroup", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "ConsumerGroupDescribeResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.CONSUMER_GROUP_DESCRIBE

    class TopicPartitions(Struct):
        """A struct of ConsumerGroupDescribeResponse."""

        __slots__ = ("topic_id", "topic_name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("topic_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]int32", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_id: bytes = ZERO_UUID,
            topic_name: str = "",
            partitions: Iterable[int] = (),
        ) -> None:
            self.topic_id: bytes = topic_id
            self.topic_name: str = topic_name
            self.partitions: list[int] = list(partitions)

    class Assignment(Struct):
        """A struct of ConsumerGroupDescribeResponse."""

        __slots__ = ("topic_partitions",)
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_partitions", "[]TopicPartitions", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_partitions: Iterable[ConsumerGroupDescribeResponse.TopicPartitions] = (),
        ) -> None:
            self.topic_partitions: list[ConsumerGroupDescribeResponse.TopicPartitions] = list(topic_partitions)

    class Member(Struct):
        """A struct of ConsumerGroupDescribeResponse."""

        __slots__ = (
            "member_id",
            "instance_id",
            "rack_id",
            "member_epoch",
            "client_id",
            "client_host",
            "subscribed_topic_names",
            "subscribed_topic_regex",
            "assignment",
            "target_assignment",
            "member_type",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("member_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("instance_id", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
            ("rack_id", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
            ("member_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("client_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("client_host", "string", (0, 32767), None, None, -1, "", False, True),
            ("subscribed_topic_names", "[]string", (0, 32767), None, None, -1, (), False, True),
            ("subscribed_topic_regex", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
            ("assignment", "Assignment", (0, 32767), None, None, -1, (), False, True),
            ("target_assignment", "Assignment", (0, 32767), None, None, -1, (), False, True),
            ("member_type", "int8", (1, 32767), None, None, -1, -1, True, True),
        )

        def __init__(
            self,
            *,
            member_id: str = "",
            instance_id: str | None = None,
            rack_id: str | None = None,
            member_epoch: int = 0,
            client_id: str = "",
            client_host: str = "",
            subscribed_topic_names: Iterable[str] = (),
            subscribed_topic_regex: str | None = None,
            assignment: ConsumerGroupDescribeResponse.Assignment | None = None,
            target_assignment: ConsumerGroupDescribeResponse.Assignment | None = None,
            member_type: int = -1,
        ) -> None:
            self.member_id: str = member_id
            self.instance_id: str | None = instance_id
            self.rack_id: str | None = rack_id
            self.member_epoch: int = member_epoch
            self.client_id: str = client_id
            self.client_host: str = client_host
            self.subscribed_topic_names: list[str] = list(subscribed_topic_names)
            self.subscribed_topic_regex: str | None = subscribed_topic_regex
            self.assignment: ConsumerGroupDescribeResponse.Assignment = (
                ConsumerGroupDescribeResponse.Assignment() if assignment is None else assignment
            )
            self.target_assignment: ConsumerGroupDescribeResponse.Assignment = (
                ConsumerGroupDescribeResponse.Assignment() if target_assignment is None else target_assignment
            )
            self.member_type: int = member_type

    class DescribedGroup(Struct):
        """A struct of ConsumerGroupDescribeResponse."""

        __slots__ = (
            "error_code",
            "error_message",
            "group_id",
            "group_state",
            "group_epoch",
            "assignment_epoch",
            "assignor_name",
            "members",
            "authorized_operations",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
            ("group_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("group_state", "string", (0, 32767), None, None, -1, "", False, True),
            ("group_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("assignment_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("assignor_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("members", "[]Member", (0, 32767), None, None, -1, (), False, True),
            ("authorized_operations", "int32", (0, 32767), None, None, -1, -2147483648, False, True),
        )

        def __init__(
            self,
            *,
            error_code: int = 0,
            error_message: str | None = None,
            group_id: str = "",
            group_state: str = "",
            group_epoch: int = 0,
            assignment_epoch: int = 0,
            assignor_name: str = "",
            members: Iterable[ConsumerGroupDescribeResponse.Member] = (),
            authorized_operations: int = -2147483648,
        ) -> None:
            self.error_code: int = error_code
            self.error_message: str | None = error_message
            self.group_id: str = group_id
            self.group_state: str = group_state
            self.group_epoch: int = group_epoch
            self.assignment_epoch: int = assignment_epoch
            self.assignor_name: str = assignor_name
            self.members: list[ConsumerGroupDescribeResponse.Member] = list(members)
            self.authorized_operations: int = authorized_operations

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        groups: Iterable[ConsumerGroupDescribeResponse.DescribedGroup] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.groups: list[ConsumerGroupDescribeResponse.DescribedGroup] = list(groups)

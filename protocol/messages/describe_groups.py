"""DescribeGroups, API key 15. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct


class DescribeGroupsRequest(RequestMessage):
    """DescribeGroupsRequest: versions 0 to 6, flexible from 5."""

    __slots__ = ("groups", "include_authorized_operations")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("groups", "[]string", (0, 32767), None, None, -1, (), False, True),
        ("include_authorized_operations", "bool", (3, 32767), None, None, -1, False, False, True),
    )
    NAME: ClassVar[str] = "DescribeGroupsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 6)
    FLEXIBLE_FROM: ClassVar[int | None] = 5
    API_KEY: ClassVar[ApiKey] = ApiKey.DESCRIBE_GROUPS

    def __init__(
        self,
        *,
        groups: Iterable[str] = (),
        include_authorized_operations: bool = False,
    ) -> None:
        self.groups: list[str] = list(groups)
        self.include_authorized_operations: bool = include_authorized_operations


class DescribeGroupsResponse(ResponseMessage):
    """DescribeGroupsResponse: versions 0 to 6, flexible from 5."""

    __slots__ = ("throttle_time_ms", "groups")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (1, 32767), None, None, -1, 0, True, True),
        ("groups", "[]DescribedGroup", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DescribeGroupsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 6)
    FLEXIBLE_FROM: ClassVar[int | None] = 5
    API_KEY: ClassVar[ApiKey] = ApiKey.DESCRIBE_GROUPS

    class DescribedGroupMember(Struct):
        """A struct of DescribeGroupsResponse."""

        __slots__ = (
            "member_id",
            "group_instance_id",
            "client_id",
            "client_host",
            "member_metadata",
            "member_assignment",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("member_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("group_instance_id", "string", (4, 32767), (4, 32767), None, -1, None, True, True),
            ("client_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("client_host", "string", (0, 32767), None, None, -1, "", False, True),
            ("member_metadata", "bytes", (0, 32767), None, None, -1, b"", False, True),
            ("member_assignment", "bytes", (0, 32767), None, None, -1, b"", False, True),
        )

        def __init__(
            self,
            *,
            member_id: str = "",
            group_instance_id: str | None = None,
            client_id: str = "",
            client_host: str = "",
            member_metadata: bytes = b"",
            member_assignment: bytes = b"",
        ) -> None:
            self.member_id: str = member_id
            self.group_instance_id: str | None = group_instance_id
            self.client_id: str = client_id
            self.client_host: str = client_host
            self.member_metadata: bytes = member_metadata
            self.member_assignment: bytes = member_assignment

    class DescribedGroup(Struct):
        """A struct of DescribeGroupsResponse."""

        __slots__ = (
            "error_code",
            "error_message",
            "group_id",
            "group_state",
            "protocol_type",
            "protocol_data",
            "members",
            "authorized_operations",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (6, 32767), (6, 32767), None, -1, None, False, True),
            ("group_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("group_state", "string", (0, 32767), None, None, -1, "", False, True),
            ("protocol_type", "string", (0, 32767), None, None, -1, "", False, True),
            ("protocol_data", "string", (0, 32767), None, None, -1, "", False, True),
            ("members", "[]DescribedGroupMember", (0, 32767), None, None, -1, (), False, True),
            ("authorized_operations", "int32", (3, 32767), None, None, -1, -2147483648, False, True),
        )

        def __init__(
            self,
            *,
            error_code: int = 0,
            error_message: str | None = None,
            group_id: str = "",
            group_state: str = "",
            protocol_type: str = "",
            protocol_data: str = "",
            members: Iterable[DescribeGroupsResponse.DescribedGroupMember] = (),
            authorized_operations: int = -2147483648,
        ) -> None:
            self.error_code: int = error_code
            self.error_message: str | None = error_message
            self.group_id: str = group_id
            self.group_state: str = group_state
            self.protocol_type: str = protocol_type
            self.protocol_data: str = protocol_data
            self.members: list[DescribeGroupsResponse.DescribedGroupMember] = list(members)
            self.authorized_operations: int = authorized_operations

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        groups: Iterable[DescribeGroupsResponse.DescribedGroup] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.groups: list[DescribeGroupsResponse.DescribedGroup] = list(groups)

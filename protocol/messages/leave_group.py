"""LeaveGroup, API key 13. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct


class LeaveGroupRequest(RequestMessage):
    """LeaveGroupRequest: versions 0 to 5, flexible from 4."""

    __slots__ = ("group_id", "member_id", "members")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("group_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("member_id", "string", (0, 2), None, None, -1, "", False, True),
        ("members", "[]MemberIdentity", (3, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "LeaveGroupRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 5)
    FLEXIBLE_FROM: ClassVar[int | None] = 4
    API_KEY: ClassVar[ApiKey] = ApiKey.LEAVE_GROUP

    class MemberIdentity(Struct):
        """A struct of LeaveGroupRequest."""

        __slots__ = ("member_id", "group_instance_id", "reason")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("member_id", "string", (3, 32767), None, None, -1, "", False, True),
            ("group_instance_id", "string", (3, 32767), (3, 32767), None, -1, None, False, True),
            ("reason", "string", (5, 32767), (5, 32767), None, -1, None, True, True),
        )

        def __init__(
            self,
            *,
            member_id: str = "",
            group_instance_id: str | None = None,
            reason: str | None = None,
        ) -> None:
            self.member_id: str = member_id
            self.group_instance_id: str | None = group_instance_id
            self.reason: str | None = reason

    def __init__(
        self,
        *,
        group_id: str = "",
        member_id: str = "",
        members: Iterable[LeaveGroupRequest.MemberIdentity] = (),
    ) -> None:
        self.group_id: str = group_id
        self.member_id: str = member_id
        self.members: list[LeaveGroupRequest.MemberIdentity] = list(members)


class LeaveGroupResponse(ResponseMessage):
    """LeaveGroupResponse: versions 0 to 5, flexible from 4."""

    __slots__ = ("throttle_time_ms", "error_code", "members")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (1, 32767), None, None, -1, 0, True, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("members", "[]MemberResponse", (3, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "LeaveGroupResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 5)
    FLEXIBLE_FROM: ClassVar[int | None] = 4
    API_KEY: ClassVar[ApiKey] = ApiKey.LEAVE_GROUP

    class MemberResponse(Struct):
        """A struct of LeaveGroupResponse."""

        __slots__ = ("member_id", "group_instance_id", "error_code")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("member_id", "string", (3, 32767), None, None, -1, "", False, True),
            ("group_instance_id", "string", (3, 32767), (3, 32767), None, -1, "", False, True),
            ("error_code", "int16", (3, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            member_id: str = "",
            group_instance_id: str | None = "",
            error_code: int = 0,
        ) -> None:
            self.member_id: str = member_id
            self.group_instance_id: str | None = group_instance_id
            self.error_code: int = error_code

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        members: Iterable[LeaveGroupResponse.MemberResponse] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.members: list[LeaveGroupResponse.MemberResponse] = list(members)

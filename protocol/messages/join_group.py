"""JoinGroup, API key 11. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct


class JoinGroupRequest(RequestMessage):
    """JoinGroupRequest: versions 0 to 9, flexible from 6."""

    __slots__ = (
        "group_id",
        "session_timeout_ms",
        "rebalance_timeout_ms",
        "member_id",
        "group_instance_id",
        "protocol_type",
        "protocols",
        "reason",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("group_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("session_timeout_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("rebalance_timeout_ms", "int32", (1, 32767), None, None, -1, -1, True, True),
        ("member_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("group_instance_id", "string", (5, 32767), (5, 32767), None, -1, None, False, True),
        ("protocol_type", "string", (0, 32767), None, None, -1, "", False, True),
        ("protocols", "[]JoinGroupRequestProtocol", (0, 32767), None, None, -1, (), False, True),
        ("reason", "string", (8, 32767), (8, 32767), None, -1, None, True, True),
    )
    NAME: ClassVar[str] = "JoinGroupRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 9)
    FLEXIBLE_FROM: ClassVar[int | None] = 6
    API_KEY: ClassVar[ApiKey] = ApiKey.JOIN_GROUP

    class JoinGroupRequestProtocol(Struct):
        """A struct of JoinGroupRequest."""

        __slots__ = ("name", "metadata")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("metadata", "bytes", (0, 32767), None, None, -1, b"", False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            metadata: bytes = b"",
        ) -> None:
            self.name: str = name
            self.metadata: bytes = metadata

    def __init__(
        self,
        *,
        group_id: str = "",
        session_timeout_ms: int = 0,
        rebalance_timeout_ms: int = -1,
        member_id: str = "",
        group_instance_id: str | None = None,
        protocol_type: str = "",
        protocols: Iterable[JoinGroupRequest.JoinGroupRequestProtocol] = (),
        reason: str | None = None,
    ) -> None:
        self.group_id: str = group_id
        self.session_timeout_ms: int = session_timeout_ms
        self.rebalance_timeout_ms: int = rebalance_timeout_ms
        self.member_id: str = member_id
        self.group_instance_id: str | None = group_instance_id
        self.protocol_type: str = protocol_type
        self.protocols: list[JoinGroupRequest.JoinGroupRequestProtocol] = list(protocols)
        self.reason: str | None = reason


class JoinGroupResponse(ResponseMessage):
    """JoinGroupResponse: versions 0 to 9, flexible from 6."""

    __slots__ = (
        "throttle_time_ms",
        "error_code",
        "generation_id",
        "protocol_type",
        "protocol_name",
        "leader",
        "skip_assignment",
        "member_id",
        "members",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (2, 32767), None, None, -1, 0, True, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("generation_id", "int32", (0, 32767), None, None, -1, -1, False, True),
        ("protocol_type", "string", (7, 32767), (7, 32767), None, -1, None, True, True),
        ("protocol_name", "string", (0, 32767), (7, 32767), None, -1, "", False, True),
        ("leader", "string", (0, 32767), None, None, -1, "", False, True),
        ("skip_assignment", "bool", (9, 32767), None, None, -1, False, False, True),
        ("member_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("members", "[]JoinGroupResponseMember", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "JoinGroupResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 9)
    FLEXIBLE_FROM: ClassVar[int | None] = 6
    API_KEY: ClassVar[ApiKey] = ApiKey.JOIN_GROUP

    class JoinGroupResponseMember(Struct):
        """A struct of JoinGroupResponse."""

        __slots__ = ("member_id", "group_instance_id", "metadata")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("member_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("group_instance_id", "string", (5, 32767), (5, 32767), None, -1, None, True, True),
            ("metadata", "bytes", (0, 32767), None, None, -1, b"", False, True),
        )

        def __init__(
            self,
            *,
            member_id: str = "",
            group_instance_id: str | None = None,
            metadata: bytes = b"",
        ) -> None:
            self.member_id: str = member_id
            self.group_instance_id: str | None = group_instance_id
            self.metadata: bytes = metadata

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        generation_id: int = -1,
        protocol_type: str | None = None,
        protocol_name: str | None = "",
        leader: str = "",
        skip_assignment: bool = False,
        member_id: str = "",
        members: Iterable[JoinGroupResponse.JoinGroupResponseMember] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.generation_id: int = generation_id
        self.protocol_type: str | None = protocol_type
        self.protocol_name: str | None = protocol_name
        self.leader: str = leader
        self.skip_assignment: bool = skip_assignment
        self.member_id: str = member_id
        self.members: list[JoinGroupResponse.JoinGroupResponseMember] = list(members)

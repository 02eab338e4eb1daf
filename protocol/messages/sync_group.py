"""SyncGroup, API key 14. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct


class SyncGroupRequest(RequestMessage):
    """SyncGroupRequest: versions 0 to 5, flexible from 4."""

    __slots__ = (
        "group_id",
        "generation_id",
        "member_id",
        "group_instance_id",
        "protocol_type",
        "protocol_name",
        "assignments",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("group_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("generation_id", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("member_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("group_instance_id", "string", (3, 32767), (3, 32767), None, -1, None, False, True),
        ("protocol_type", "string", (5, 32767), (5, 32767), None, -1, None, True, True),
        ("protocol_name", "string", (5, 32767), (5, 32767), None, -1, None, True, True),
        ("assignments", "[]SyncGroupRequestAssignment", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "SyncGroupRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 5)
    FLEXIBLE_FROM: ClassVar[int | None] = 4
    API_KEY: ClassVar[ApiKey] = ApiKey.SYNC_GROUP

    class SyncGroupRequestAssignment(Struct):
        """A struct of SyncGroupRequest."""

        __slots__ = ("member_id", "assignment")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("member_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("assignment", "bytes", (0, 32767), None, None, -1, b"", False, True),
        )

        def __init__(
            self,
            *,
            member_id: str = "",
            assignment: bytes = b"",
        ) -> None:
            self.member_id: str = member_id
            self.assignment: bytes = assignment

    def __init__(
        self,
        *,
        group_id: str = "",
        generation_id: int = 0,
        member_id: str = "",
        group_instance_id: str | None = None,
        protocol_type: str | None = None,
        protocol_name: str | None = None,
        assignments: Iterable[SyncGroupRequest.SyncGroupRequestAssignment] = (),
    ) -> None:
        self.group_id: str = group_id
        self.generation_id: int = generation_id
        self.member_id: str = member_id
        self.group_instance_id: str | None = group_instance_id
        self.protocol_type: str | None = protocol_type
        self.protocol_name: str | None = protocol_name
        self.assignments: list[SyncGroupRequest.SyncGroupRequestAssignment] = list(assignments)


class SyncGroupResponse(ResponseMessage):
    """SyncGroupResponse: versions 0 to 5, flexible from 4."""

    __slots__ = ("throttle_time_ms", "error_code", "protocol_type", "protocol_name", "assignment")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (1, 32767), None, None, -1, 0, True, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("protocol_type", "string", (5, 32767), (5, 32767), None, -1, None, True, True),
        ("protocol_name", "string", (5, 32767), (5, 32767), None, -1, None, True, True),
        ("assignment", "bytes", (0, 32767), None, None, -1, b"", False, True),
    )
    NAME: ClassVar[str] = "SyncGroupResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 5)
    FLEXIBLE_FROM: ClassVar[int | None] = 4
    API_KEY: ClassVar[ApiKey] = ApiKey.SYNC_GROUP

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        protocol_type: str | None = None,
        protocol_name: str | None = None,
        assignment: bytes = b"",
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.protocol_type: str | None = protocol_type
        self.protocol_name: str | None = protocol_name
        self.assignment: bytes = assignment

"""Heartbeat, API key 12. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage


class HeartbeatRequest(RequestMessage):
    """HeartbeatRequest: versions 0 to 4, flexible from 4."""

    __slots__ = ("group_id", "generation_id", "member_id", "group_instance_id")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("group_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("generation_id", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("member_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("group_instance_id", "string", (3, 32767), (3, 32767), None, -1, None, False, True),
    )
    NAME: ClassVar[str] = "HeartbeatRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 4)
    FLEXIBLE_FROM: ClassVar[int | None] = 4
    API_KEY: ClassVar[ApiKey] = ApiKey.HEARTBEAT

    def __init__(
        self,
        *,
        group_id: str = "",
        generation_id: int = 0,
        member_id: str = "",
        group_instance_id: str | None = None,
    ) -> None:
        self.group_id: str = group_id
        self.generation_id: int = generation_id
        self.member_id: str = member_id
        self.group_instance_id: str | None = group_instance_id


class HeartbeatResponse(ResponseMessage):
    """HeartbeatResponse: versions 0 to 4, flexible from 4."""

    __slots__ = ("throttle_time_ms", "error_code")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (1, 32767), None, None, -1, 0, True, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
    )
    NAME: ClassVar[str] = "HeartbeatResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 4)
    FLEXIBLE_FROM: ClassVar[int | None] = 4
    API_KEY: ClassVar[ApiKey] = ApiKey.HEARTBEAT

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code

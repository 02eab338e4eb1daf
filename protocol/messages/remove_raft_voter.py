"""RemoveRaftVoter, API key 81. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage
from barnabas.protocol.types import ZERO_UUID


class RemoveRaftVoterRequest(RequestMessage):
    """RemoveRaftVoterRequest: version 0, flexible from 0."""

    __slots__ = ("cluster_id", "voter_id", "voter_directory_id")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("cluster_id", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        ("voter_id", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("voter_directory_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
    )
    NAME: ClassVar[str] = "RemoveRaftVoterRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.REMOVE_RAFT_VOTER

    def __init__(
        self,
        *,
        cluster_id: str | None = "",
        voter_id: int = 0,
        voter_directory_id: bytes = ZERO_UUID,
    ) -> None:
        self.cluster_id: str | None = cluster_id
        self.voter_id: int = voter_id
        self.voter_directory_id: bytes = voter_directory_id


class RemoveRaftVoterResponse(ResponseMessage):
    """RemoveRaftVoterResponse: version 0, flexible from 0."""

    __slots__ = ("throttle_time_ms", "error_code", "error_message")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("error_message", "string", (0, 32767), (0, 32767), None, -1, "", True, True),
    )
    NAME: ClassVar[str] = "RemoveRaftVoterResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.REMOVE_RAFT_VOTER

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        error_message: str | None = "",
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.error_message: str | None = error_message

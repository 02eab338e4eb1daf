"""AddRaftVoter, API key 80. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import ZERO_UUID


class AddRaftVoterRequest(RequestMessage):
    """AddRaftVoterRequest: versions 0 to 1, flexible from 0."""

    __slots__ = ("cluster_id", "timeout_ms", "voter_id", "voter_directory_id", "listeners", "ack_when_committed")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("cluster_id", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        ("timeout_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("voter_id", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("voter_directory_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
        ("listeners", "[]Listener", (0, 32767), None, None, -1, (), False, True),
        ("ack_when_committed", "bool", (1, 32767), None, None, -1, True, False, True),
    )
    NAME: ClassVar[str] = "AddRaftVoterRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.ADD_RAFT_VOTER

    class Listener(Struct):
        """A struct of AddRaftVoterRequest."""

        __slots__ = ("name", "host", "port")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("host", "string", (0, 32767), None, None, -1, "", False, True),
            ("port", "uint16", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            host: str = "",
            port: int = 0,
        ) -> None:
            self.name: str = name
            self.host: str = host
            self.port: int = port

    def __init__(
        self,
        *,
        cluster_id: str | None = "",
        timeout_ms: int = 0,
        voter_id: int = 0,
        voter_directory_id: bytes = ZERO_UUID,
        listeners: Iterable[AddRaftVoterRequest.Listener] = (),
        ack_when_committed: bool = True,
    ) -> None:
        self.cluster_id: str | None = cluster_id
        self.timeout_ms: int = timeout_ms
        self.voter_id: int = voter_id
        self.voter_directory_id: bytes = voter_directory_id
        self.listeners: list[AddRaftVoterRequest.Listener] = list(listeners)
        self.ack_when_committed: bool = ack_when_committed


class AddRaftVoterResponse(ResponseMessage):
    """AddRaftVoterResponse: versions 0 to 1, flexible from 0."""

    __slots__ = ("throttle_time_ms", "error_code", "error_message")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("error_message", "string", (0, 32767), (0, 32767), None, -1, "", True, True),
    )
    NAME: ClassVar[str] = "AddRaftVoterResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.ADD_RAFT_VOTER

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

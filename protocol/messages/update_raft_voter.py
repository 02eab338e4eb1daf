"""UpdateRaftVoter, API key 82. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import ZERO_UUID


class UpdateRaftVoterRequest(RequestMessage):
    """UpdateRaftVoterRequest: version 0, flexible from 0."""

    __slots__ = (
        "cluster_id",
        "current_leader_epoch",
        "voter_id",
        "voter_directory_id",
        "listeners",
        "kraft_version_feature",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("cluster_id", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        ("current_leader_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("voter_id", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("voter_directory_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
        ("listeners", "[]Listener", (0, 32767), None, None, -1, (), False, True),
        ("kraft_version_feature", "KRaftVersionFeature", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "UpdateRaftVoterRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.UPDATE_RAFT_VOTER

    class Listener(Struct):
        """A struct of UpdateRaftVoterRequest."""

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

    class KRaftVersionFeature(Struct):
        """A struct of UpdateRaftVoterRequest."""

        __slots__ = ("min_supported_version", "max_supported_version")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("min_supported_version", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("max_supported_version", "int16", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            min_supported_version: int = 0,
            max_supported_version: int = 0,
        ) -> None:
            self.min_supported_version: int = min_supported_version
            self.max_supported_version: int = max_supported_version

    def __init__(
        self,
        *,
        cluster_id: str | None = "",
        current_leader_epoch: int = 0,
        voter_id: int = 0,
        voter_directory_id: bytes = ZERO_UUID,
        listeners: Iterable[UpdateRaftVoterRequest.Listener] = (),
        kraft_version_feature: UpdateRaftVoterRequest.KRaftVersionFeature | None = None,
    ) -> None:
        self.cluster_id: str | None = cluster_id
        self.current_leader_epoch: int = current_leader_epoch
        self.voter_id: int = voter_id
        self.voter_directory_id: bytes = voter_directory_id
        self.listeners: list[UpdateRaftVoterRequest.Listener] = list(listeners)
        self.kraft_version_feature: UpdateRaftVoterRequest.KRaftVersionFeature = (
            UpdateRaftVoterRequest.KRaftVersionFeature() if kraft_version_feature is None else kraft_version_feature
        )


class UpdateRaftVoterResponse(ResponseMessage):
    """UpdateRaftVoterResponse: version 0, flexible from 0."""

    __slots__ = ("throttle_time_ms", "error_code", "current_leader")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("current_leader", "CurrentLeader", (0, 32767), None, (0, 32767), 0, (), False, True),
    )
    NAME: ClassVar[str] = "UpdateRaftVoterResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.UPDATE_RAFT_VOTER

    class CurrentLeader(Struct):
        """A struct of UpdateRaftVoterResponse."""

        __slots__ = ("leader_id", "leader_epoch", "host", "port")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("leader_id", "int32", (0, 32767), None, None, -1, -1, False, True),
            ("leader_epoch", "int32", (0, 32767), None, None, -1, -1, False, True),
            ("host", "string", (0, 32767), None, None, -1, "", False, True),
            ("port", "int32", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            leader_id: int = -1,
            leader_epoch: int = -1,
            host: str = "",
            port: int = 0,
        ) -> None:
            self.leader_id: int = leader_id
            self.leader_epoch: int = leader_epoch
            self.host: str = host
            self.port: int = port

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        current_leader: UpdateRaftVoterResponse.CurrentLeader | None = None,
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.current_leader: UpdateRaftVoterResponse.CurrentLeader = (
            UpdateRaftVoterResponse.CurrentLeader() if current_leader is None else current_leader
        )

"""BrokerHeartbeat, API key 63. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage


class BrokerHeartbeatRequest(RequestMessage):
    """BrokerHeartbeatRequest: versions 0 to 2, flexible from 0."""

    __slots__ = (
        "broker_id",
        "broker_epoch",
        "current_metadata_offset",
        "want_fence",
        "want_shut_down",
        "offline_log_dirs",
        "cordoned_log_dirs",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("broker_id", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("broker_epoch", "int64", (0, 32767), None, None, -1, -1, False, True),
        ("current_metadata_offset", "int64", (0, 32767), None, None, -1, 0, False, True),
        ("want_fence", "bool", (0, 32767), None, None, -1, False, False, True),
        ("want_shut_down", "bool", (0, 32767), None, None, -1, False, False, True),
        ("offline_log_dirs", "[]uuid", (1, 32767), None, (1, 32767), 0, (), False, True),
        ("cordoned_log_dirs", "[]uuid", (2, 32767), (2, 32767), (2, 32767), 1, None, False, True),
    )
    NAME: ClassVar[str] = "BrokerHeartbeatRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.BROKER_HEARTBEAT

    def __init__(
        self,
        *,
        broker_id: int = 0,
        broker_epoch: int = -1,
        current_metadata_offset: int = 0,
        want_fence: bool = False,
        want_shut_down: bool = False,
        offline_log_dirs: Iterable[bytes] = (),
        cordoned_log_dirs: Iterable[bytes] | None = None,
    ) -> None:
        self.broker_id: int = broker_id
        self.broker_epoch: int = broker_epoch
        self.current_metadata_offset: int = current_metadata_offset
        self.want_fence: bool = want_fence
        self.want_shut_down: bool = want_shut_down
        self.offline_log_dirs: list[bytes] = list(offline_log_dirs)
        self.cordoned_log_dirs: list[bytes] | None = None if cordoned_log_dirs is None else list(cordoned_log_dirs)


class BrokerHeartbeatResponse(ResponseMessage):
    """BrokerHeartbeatResponse: versions 0 to 2, flexible from 0."""

    __slots__ = ("throttle_time_ms", "error_code", "is_caught_up", "is_fenced", "should_shut_down")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("is_caught_up", "bool", (0, 32767), None, None, -1, False, False, True),
        ("is_fenced", "bool", (0, 32767), None, None, -1, True, False, True),
        ("should_shut_down", "bool", (0, 32767), None, None, -1, False, False, True),
    )
    NAME: ClassVar[str] = "BrokerHeartbeatResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.BROKER_HEARTBEAT

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        is_caught_up: bool = False,
        is_fenced: bool = True,
        should_shut_down: bool = False,
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.is_caught_up: bool = is_caught_up
        self.is_fenced: bool = is_fenced
        self.should_shut_down: bool = should_shut_down

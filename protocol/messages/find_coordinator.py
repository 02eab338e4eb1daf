"""FindCoordinator, API key 10. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct


class FindCoordinatorRequest(RequestMessage):
    """FindCoordinatorRequest: versions 0 to 6, flexible from 3."""

    __slots__ = ("key", "key_type", "coordinator_keys")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("key", "string", (0, 3), None, None, -1, "", False, True),
        ("key_type", "int8", (1, 32767), None, None, -1, 0, False, True),
        ("coordinator_keys", "[]string", (4, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "FindCoordinatorRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 6)
    FLEXIBLE_FROM: ClassVar[int | None] = 3
    API_KEY: ClassVar[ApiKey] = ApiKey.FIND_COORDINATOR

    def __init__(
        self,
        *,
        key: str = "",
        key_type: int = 0,
        coordinator_keys: Iterable[str] = (),
    ) -> None:
        self.key: str = key
        self.key_type: int = key_type
        self.coordinator_keys: list[str] = list(coordinator_keys)


class FindCoordinatorResponse(ResponseMessage):
    """FindCoordinatorResponse: versions 0 to 6, flexible from 3."""

    __slots__ = ("throttle_time_ms", "error_code", "error_message", "node_id", "host", "port", "coordinators")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (1, 32767), None, None, -1, 0, True, True),
        ("error_code", "int16", (0, 3), None, None, -1, 0, False, True),
        ("error_message", "string", (1, 3), (1, 3), None, -1, "", True, True),
        ("node_id", "int32", (0, 3), None, None, -1, 0, False, True),
        ("host", "string", (0, 3), None, None, -1, "", False, True),
        ("port", "int32", (0, 3), None, None, -1, 0, False, True),
        ("coordinators", "[]Coordinator", (4, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "FindCoordinatorResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 6)
    FLEXIBLE_FROM: ClassVar[int | None] = 3
    API_KEY: ClassVar[ApiKey] = ApiKey.FIND_COORDINATOR

    class Coordinator(Struct):
        """A struct of FindCoordinatorResponse."""

        __slots__ = ("key", "node_id", "host", "port", "error_code", "error_message")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("key", "string", (4, 32767), None, None, -1, "", False, True),
            ("node_id", "int32", (4, 32767), None, None, -1, 0, False, True),
            ("host", "string", (4, 32767), None, None, -1, "", False, True),
            ("port", "int32", (4, 32767), None, None, -1, 0, False, True),
            ("error_code", "int16", (4, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (4, 32767), (4, 32767), None, -1, "", True, True),
        )

        def __init__(
            self,
            *,
            key: str = "",
            node_id: int = 0,
            host: str = "",
            port: int = 0,
            error_code: int = 0,
            error_message: str | None = "",
        ) -> None:
            self.key: str = key
            self.node_id: int = node_id
            self.host: str = host
            self.port: int = port
            self.error_code: int = error_code
            self.error_message: str | None = error_message

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        error_message: str | None = "",
        node_id: int = 0,
        host: str = "",
        port: int = 0,
        coordinators: Iterable[FindCoordinatorResponse.Coordinator] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.error_message: str | None = error_message
        self.node_id: int = node_id
        self.host: str = host
        self.port: int = port
        self.coordinators: list[FindCoordinatorResponse.Coordinator] = list(coordinators)

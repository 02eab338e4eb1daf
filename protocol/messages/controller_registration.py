"""ControllerRegistration, API key 70. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import ZERO_UUID


class ControllerRegistrationRequest(RequestMessage):
    """ControllerRegistrationRequest: version 0, flexible from 0."""

    __slots__ = ("controller_id", "incarnation_id", "zk_migration_ready", "listeners", "features")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("controller_id", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("incarnation_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
        ("zk_migration_ready", "bool", (0, 32767), None, None, -1, False, False, True),
        ("listeners", "[]Listener", (0, 32767), None, None, -1, (), False, True),
        ("features", "[]Feature", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "ControllerRegistrationRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.CONTROLLER_REGISTRATION

    class Listener(Struct):
        """A struct of ControllerRegistrationRequest."""

        __slots__ = ("name", "host", "port", "security_protocol")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("host", "string", (0, 32767), None, None, -1, "", False, True),
            ("port", "uint16", (0, 32767), None, None, -1, 0, False, True),
            ("security_protocol", "int16", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            host: str = "",
            port: int = 0,
            security_protocol: int = 0,
        ) -> None:
            self.name: str = name
            self.host: str = host
            self.port: int = port
            self.security_protocol: int = security_protocol

    class Feature(Struct):
        """A struct of ControllerRegistrationRequest."""

        __slots__ = ("name", "min_supported_version", "max_supported_version")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("min_supported_version", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("max_supported_version", "int16", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            min_supported_version: int = 0,
            max_supported_version: int = 0,
        ) -> None:
            self.name: str = name
            self.min_supported_version: int = min_supported_version
            self.max_supported_version: int = max_supported_version

    def __init__(
        self,
        *,
        controller_id: int = 0,
        incarnation_id: bytes = ZERO_UUID,
        zk_migration_ready: bool = False,
        listeners: Iterable[ControllerRegistrationRequest.Listener] = (),
        features: Iterable[ControllerRegistrationRequest.Feature] = (),
    ) -> None:
        self.controller_id: int = controller_id
        self.incarnation_id: bytes = incarnation_id
        self.zk_migration_ready: bool = zk_migration_ready
        self.listeners: list[ControllerRegistrationRequest.Listener] = list(listeners)
        self.features: list[ControllerRegistrationRequest.Feature] = list(features)


class ControllerRegistrationResponse(ResponseMessage):
    """ControllerRegistrationResponse: version 0, flexible from 0."""

    __slots__ = ("throttle_time_ms", "error_code", "error_message")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("error_message", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
    )
    NAME: ClassVar[str] = "ControllerRegistrationResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.CONTROLLER_REGISTRATION

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

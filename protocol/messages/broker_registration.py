"""BrokerRegistration, API key 62. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import ZERO_UUID


class BrokerRegistrationRequest(RequestMessage):
    """BrokerRegistrationRequest: versions 0 to 4, flexible from 0."""

    __slots__ = (
        "broker_id",
        "cluster_id",
        "incarnation_id",
        "listeners",
        "features",
        "rack",
        "is_migrating_zk_broker",
        "log_dirs",
        "previous_broker_epoch",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("broker_id", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("cluster_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("incarnation_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
        ("listeners", "[]Listener", (0, 32767), None, None, -1, (), False, True),
        ("features", "[]Feature", (0, 32767), None, None, -1, (), False, True),
        ("rack", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        ("is_migrating_zk_broker", "bool", (1, 32767), None, None, -1, False, False, True),
        ("log_dirs", "[]uuid", (2, 32767), None, None, -1, (), True, True),
        ("previous_broker_epoch", "int64", (3, 32767), None, None, -1, -1, True, True),
    )
    NAME: ClassVar[str] = "BrokerRegistrationRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 4)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.BROKER_REGISTRATION

    class Listener(Struct):
        """A struct of BrokerRegistrationRequest."""

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
        """A struct of BrokerRegistrationRequest."""

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
        broker_id: int = 0,
        cluster_id: str = "",
        incarnation_id: bytes = ZERO_UUID,
        listeners: Iterable[BrokerRegistrationRequest.Listener] = (),
        features: Iterable[BrokerRegistrationRequest.Feature] = (),
        rack: str | None = "",
        is_migrating_zk_broker: bool = False,
        log_dirs: Iterable[bytes] = (),
        previous_broker_epoch: int = -1,
    ) -> None:
        self.broker_id: int = broker_id
        self.cluster_id: str = cluster_id
        self.incarnation_id: bytes = incarnation_id
        self.listeners: list[BrokerRegistrationRequest.Listener] = list(listeners)
        self.features: list[BrokerRegistrationRequest.Feature] = list(features)
        self.rack: str | None = rack
        self.is_migrating_zk_broker: bool = is_migrating_zk_broker
        self.log_dirs: list[bytes] = list(log_dirs)
        self.previous_broker_epoch: int = previous_broker_epoch


class BrokerRegistrationResponse(ResponseMessage):
    """BrokerRegistrationResponse: versions 0 to 4, flexible from 0."""

    __slots__ = ("throttle_time_ms", "error_code", "broker_epoch")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("broker_epoch", "int64", (0, 32767), None, None, -1, -1, False, True),
    )
    NAME: ClassVar[str] = "BrokerRegistrationResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 4)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.BROKER_REGISTRATION

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        broker_epoch: int = -1,
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.broker_epoch: int = broker_epoch

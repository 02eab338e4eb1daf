"""PushTelemetry, API key 72. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage
from barnabas.protocol.types import ZERO_UUID


class PushTelemetryRequest(RequestMessage):
    """PushTelemetryRequest: version 0, flexible from 0."""

    __slots__ = ("client_instance_id", "subscription_id", "terminating", "compression_type", "metrics")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("client_instance_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
        ("subscription_id", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("terminating", "bool", (0, 32767), None, None, -1, False, False, True),
        ("compression_type", "int8", (0, 32767), None, None, -1, 0, False, True),
        ("metrics", "bytes", (0, 32767), None, None, -1, b"", False, True),
    )
    NAME: ClassVar[str] = "PushTelemetryRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.PUSH_TELEMETRY

    def __init__(
        self,
        *,
        client_instance_id: bytes = ZERO_UUID,
        subscription_id: int = 0,
        terminating: bool = False,
        compression_type: int = 0,
        metrics: bytes = b"",
    ) -> None:
        self.client_instance_id: bytes = client_instance_id
        self.subscription_id: int = subscription_id
        self.terminating: bool = terminating
        self.compression_type: int = compression_type
        self.metrics: bytes = metrics


class PushTelemetryResponse(ResponseMessage):
    """PushTelemetryResponse: version 0, flexible from 0."""

    __slots__ = ("throttle_time_ms", "error_code")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
    )
    NAME: ClassVar[str] = "PushTelemetryResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.PUSH_TELEMETRY

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code

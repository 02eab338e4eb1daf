"""GetTelemetrySubscriptions, API key 71. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage
from barnabas.protocol.types import ZERO_UUID


class GetTelemetrySubscriptionsRequest(RequestMessage):
    """GetTelemetrySubscriptionsRequest: version 0, flexible from 0."""

    __slots__ = ("client_instance_id",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("client_instance_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
    )
    NAME: ClassVar[str] = "GetTelemetrySubscriptionsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.GET_TELEMETRY_SUBSCRIPTIONS

    def __init__(
        self,
        *,
        client_instance_id: bytes = ZERO_UUID,
    ) -> None:
        self.client_instance_id: bytes = client_instance_id


class GetTelemetrySubscriptionsResponse(ResponseMessage):
    """GetTelemetrySubscriptionsResponse: version 0, flexible from 0."""

    __slots__ = (
        "throttle_time_ms",
        "error_code",
        "client_instance_id",
        "subscription_id",
        "accepted_compression_types",
        "push_interval_ms",
        "telemetry_max_bytes",
        "delta_temporality",
        "requested_metrics",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("client_instance_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
        ("subscription_id", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("accepted_compression_types", "[]int8", (0, 32767), None, None, -1, (), False, True),
        ("push_interval_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("telemetry_max_bytes", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("delta_temporality", "bool", (0, 32767), None, None, -1, False, False, True),
        ("requested_metrics", "[]string", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "GetTelemetrySubscriptionsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.GET_TELEMETRY_SUBSCRIPTIONS

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        client_instance_id: bytes = ZERO_UUID,
        subscription_id: int = 0,
        accepted_compression_types: Iterable[int] = (),
        push_interval_ms: int = 0,
        telemetry_max_bytes: int = 0,
        delta_temporality: bool = False,
        requested_metrics: Iterable[str] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.client_instance_id: bytes = client_instance_id
        self.subscription_id: int = subscription_id
        self.accepted_compression_types: list[int] = list(accepted_compression_types)
        self.push_interval_ms: int = push_interval_ms
        self.telemetry_max_bytes: int = telemetry_max_bytes
        self.delta_temporality: bool = delta_temporality
        self.requested_metrics: list[str] = list(requested_metrics)

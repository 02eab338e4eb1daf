"""ExpireDelegationToken, API key 40. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage


class ExpireDelegationTokenRequest(RequestMessage):
    """ExpireDelegationTokenRequest: versions 1 to 2, flexible from 2."""

    __slots__ = ("hmac", "expiry_time_period_ms")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("hmac", "bytes", (0, 32767), None, None, -1, b"", False, True),
        ("expiry_time_period_ms", "int64", (0, 32767), None, None, -1, 0, False, True),
    )
    NAME: ClassVar[str] = "ExpireDelegationTokenRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.EXPIRE_DELEGATION_TOKEN

    def __init__(
        self,
        *,
        hmac: bytes = b"",
        expiry_time_period_ms: int = 0,
    ) -> None:
        self.hmac: bytes = hmac
        self.expiry_time_period_ms: int = expiry_time_period_ms


class ExpireDelegationTokenResponse(ResponseMessage):
    """ExpireDelegationTokenResponse: versions 1 to 2, flexible from 2."""

    __slots__ = ("error_code", "expiry_timestamp_ms", "throttle_time_ms")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("expiry_timestamp_ms", "int64", (0, 32767), None, None, -1, 0, False, True),
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
    )
    NAME: ClassVar[str] = "ExpireDelegationTokenResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.EXPIRE_DELEGATION_TOKEN

    def __init__(
        self,
        *,
        error_code: int = 0,
        expiry_timestamp_ms: int = 0,
        throttle_time_ms: int = 0,
    ) -> None:
        self.error_code: int = error_code
        self.expiry_timestamp_ms: int = expiry_timestamp_ms
        self.throttle_time_ms: int = throttle_time_ms

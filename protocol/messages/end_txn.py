"""EndTxn, API key 26. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage


class EndTxnRequest(RequestMessage):
    """EndTxnRequest: versions 0 to 5, flexible from 3."""

    __slots__ = ("transactional_id", "producer_id", "producer_epoch", "committed")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("transactional_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("producer_id", "int64", (0, 32767), None, None, -1, 0, False, True),
        ("producer_epoch", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("committed", "bool", (0, 32767), None, None, -1, False, False, True),
    )
    NAME: ClassVar[str] = "EndTxnRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 5)
    FLEXIBLE_FROM: ClassVar[int | None] = 3
    API_KEY: ClassVar[ApiKey] = ApiKey.END_TXN

    def __init__(
        self,
        *,
        transactional_id: str = "",
        producer_id: int = 0,
        producer_epoch: int = 0,
        committed: bool = False,
    ) -> None:
        self.transactional_id: str = transactional_id
        self.producer_id: int = producer_id
        self.producer_epoch: int = producer_epoch
        self.committed: bool = committed


class EndTxnResponse(ResponseMessage):
    """EndTxnResponse: versions 0 to 5, flexible from 3."""

    __slots__ = ("throttle_time_ms", "error_code", "producer_id", "producer_epoch")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("producer_id", "int64", (5, 32767), None, None, -1, -1, True, True),
        ("producer_epoch", "int16", (5, 32767), None, None, -1, -1, True, True),
    )
    NAME: ClassVar[str] = "EndTxnResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 5)
    FLEXIBLE_FROM: ClassVar[int | None] = 3
    API_KEY: ClassVar[ApiKey] = ApiKey.END_TXN

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        producer_id: int = -1,
        producer_epoch: int = -1,
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.producer_id: int = producer_id
        self.producer_epoch: int = producer_epoch

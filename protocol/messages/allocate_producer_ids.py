"""AllocateProducerIds, API key 67. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage


class AllocateProducerIdsRequest(RequestMessage):
    """AllocateProducerIdsRequest: version 0, flexible from 0."""

    __slots__ = ("broker_id", "broker_epoch")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("broker_id", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("broker_epoch", "int64", (0, 32767), None, None, -1, -1, False, True),
    )
    NAME: ClassVar[str] = "AllocateProducerIdsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.ALLOCATE_PRODUCER_IDS

    def __init__(
        self,
        *,
        broker_id: int = 0,
        broker_epoch: int = -1,
    ) -> None:
        self.broker_id: int = broker_id
        self.broker_epoch: int = broker_epoch


class AllocateProducerIdsResponse(ResponseMessage):
    """AllocateProducerIdsResponse: version 0, flexible from 0."""

    __slots__ = ("throttle_time_ms", "error_code", "producer_id_start", "producer_id_len")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("producer_id_start", "int64", (0, 32767), None, None, -1, 0, False, True),
        ("producer_id_len", "int32", (0, 32767), None, None, -1, 0, False, True),
    )
    NAME: ClassVar[str] = "AllocateProducerIdsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.ALLOCATE_PRODUCER_IDS

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        producer_id_start: int = 0,
        producer_id_len: int = 0,
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.producer_id_start: int = producer_id_start
        self.producer_id_len: int = producer_id_len

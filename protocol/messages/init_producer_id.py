"""InitProducerId, API key 22. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage


class InitProducerIdRequest(RequestMessage):
    """InitProducerIdRequest: versions 0 to 6, flexible from 2."""

    __slots__ = (
        "transactional_id",
        "transaction_timeout_ms",
        "producer_id",
        "producer_epoch",
        "enable_2pc",
        "keep_prepared_txn",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("transactional_id", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        ("transaction_timeout_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("producer_id", "int64", (3, 32767), None, None, -1, -1, False, True),
        ("producer_epoch", "int16", (3, 32767), None, None, -1, -1, False, True),
        ("enable_2pc", "bool", (6, 32767), None, None, -1, False, False, True),
        ("keep_prepared_txn", "bool", (6, 32767), None, None, -1, False, False, True),
    )
    NAME: ClassVar[str] = "InitProducerIdRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 6)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.INIT_PRODUCER_ID

    def __init__(
        self,
        *,
        transactional_id: str | None = "",
        transaction_timeout_ms: int = 0,
        producer_id: int = -1,
        producer_epoch: int = -1,
        enable_2pc: bool = False,
        keep_prepared_txn: bool = False,
    ) -> None:
        self.transactional_id: str | None = transactional_id
        self.transaction_timeout_ms: int = transaction_timeout_ms
        self.producer_id: int = producer_id
        self.producer_epoch: int = producer_epoch
        self.enable_2pc: bool = enable_2pc
        self.keep_prepared_txn: bool = keep_prepared_txn


class InitProducerIdResponse(ResponseMessage):
    """InitProducerIdResponse: versions 0 to 6, flexible from 2."""

    __slots__ = (
        "throttle_time_ms",
        "error_code",
        "producer_id",
        "producer_epoch",
        "ongoing_txn_producer_id",
        "ongoing_txn_producer_epoch",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, True, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("producer_id", "int64", (0, 32767), None, None, -1, -1, False, True),
        ("producer_epoch", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("ongoing_txn_producer_id", "int64", (6, 32767), None, None, -1, -1, False, True),
        ("ongoing_txn_producer_epoch", "int16", (6, 32767), None, None, -1, -1, False, True),
    )
    NAME: ClassVar[str] = "InitProducerIdResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 6)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.INIT_PRODUCER_ID

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        producer_id: int = -1,
        producer_epoch: int = 0,
        ongoing_txn_producer_id: int = -1,
        ongoing_txn_producer_epoch: int = -1,
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.producer_id: int = producer_id
        self.producer_epoch: int = producer_epoch
        self.ongoing_txn_producer_id: int = ongoing_txn_producer_id
        self.ongoing_txn_producer_epoch: int = ongoing_txn_producer_epoch

"""DescribeTransactions, API key 65. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct


class DescribeTransactionsRequest(RequestMessage):
    """DescribeTransactionsRequest: version 0, flexible from 0."""

    __slots__ = ("transactional_ids",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("transactional_ids", "[]string", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DescribeTransactionsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.DESCRIBE_TRANSACTIONS

    def __init__(
        self,
        *,
        transactional_ids: Iterable[str] = (),
    ) -> None:
        self.transactional_ids: list[str] = list(transactional_ids)


class DescribeTransactionsResponse(ResponseMessage):
    """DescribeTransactionsResponse: version 0, flexible from 0."""

    __slots__ = ("throttle_time_ms", "transaction_states")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("transaction_states", "[]TransactionState", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DescribeTransactionsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.DESCRIBE_TRANSACTIONS

    class TopicData(Struct):
        """A struct of DescribeTransactionsResponse."""

        __slots__ = ("topic", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]int32", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic: str = "",
            partitions: Iterable[int] = (),
        ) -> None:
            self.topic: str = topic
            self.partitions: list[int] = list(partitions)

    class TransactionState(Struct):
        """A struct of DescribeTransactionsResponse."""

        __slots__ = (
            "error_code",
            "transactional_id",
            "transaction_state",
            "transaction_timeout_ms",
            "transaction_start_time_ms",
            "producer_id",
            "producer_epoch",
            "topics",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("transactional_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("transaction_state", "string", (0, 32767), None, None, -1, "", False, True),
            ("transaction_timeout_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("transaction_start_time_ms", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("producer_id", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("producer_epoch", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("topics", "[]TopicData", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            error_code: int = 0,
            transactional_id: str = "",
            transaction_state: str = "",
            transaction_timeout_ms: int = 0,
            transaction_start_time_ms: int = 0,
            producer_id: int = 0,
            producer_epoch: int = 0,
            topics: Iterable[DescribeTransactionsResponse.TopicData] = (),
        ) -> None:
            self.error_code: int = error_code
            self.transactional_id: str = transactional_id
            self.transaction_state: str = transaction_state
            self.transaction_timeout_ms: int = transaction_timeout_ms
            self.transaction_start_time_ms: int = transaction_start_time_ms
            self.producer_id: int = producer_id
            self.producer_epoch: int = producer_epoch
            self.topics: list[DescribeTransactionsResponse.TopicData] = list(topics)

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        transaction_states: Iterable[DescribeTransactionsResponse.TransactionState] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.transaction_states: list[DescribeTransactionsResponse.TransactionState] = list(transaction_states)

"""ListTransactions, API key 66. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct


class ListTransactionsRequest(RequestMessage):
    """ListTransactionsRequest: versions 0 to 2, flexible from 0."""

    __slots__ = ("state_filters", "producer_id_filters", "duration_filter", "transactional_id_pattern")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("state_filters", "[]string", (0, 32767), None, None, -1, (), False, True),
        ("producer_id_filters", "[]int64", (0, 32767), None, None, -1, (), False, True),
        ("duration_filter", "int64", (1, 32767), None, None, -1, -1, False, True),
        ("transactional_id_pattern", "string", (2, 32767), (2, 32767), None, -1, None, False, True),
    )
    NAME: ClassVar[str] = "ListTransactionsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.LIST_TRANSACTIONS

    def __init__(
        self,
        *,
        state_filters: Iterable[str] = (),
        producer_id_filters: Iterable[int] = (),
        duration_filter: int = -1,
        transactional_id_pattern: str | None = None,
    ) -> None:
        self.state_filters: list[str] = list(state_filters)
        self.producer_id_filters: list[int] = list(producer_id_filters)
        self.duration_filter: int = duration_filter
        self.transactional_id_pattern: str | None = transactional_id_pattern


class ListTransactionsResponse(ResponseMessage):
    """ListTransactionsResponse: versions 0 to 2, flexible from 0."""

    __slots__ = ("throttle_time_ms", "error_code", "unknown_state_filters", "transaction_states")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("unknown_state_filters", "[]string", (0, 32767), None, None, -1, (), False, True),
        ("transaction_states", "[]TransactionState", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "ListTransactionsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.LIST_TRANSACTIONS

    class TransactionState(Struct):
        """A struct of ListTransactionsResponse."""

        __slots__ = ("transactional_id", "producer_id", "transaction_state")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("transactional_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("producer_id", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("transaction_state", "string", (0, 32767), None, None, -1, "", False, True),
        )

        def __init__(
            self,
            *,
            transactional_id: str = "",
            producer_id: int = 0,
            transaction_state: str = "",
        ) -> None:
            self.transactional_id: str = transactional_id
            self.producer_id: int = producer_id
            self.transaction_state: str = transaction_state

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        unknown_state_filters: Iterable[str] = (),
        transaction_states: Iterable[ListTransactionsResponse.TransactionState] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.unknown_state_filters: list[str] = list(unknown_state_filters)
        self.transaction_states: list[ListTransactionsResponse.TransactionState] = list(transaction_states)

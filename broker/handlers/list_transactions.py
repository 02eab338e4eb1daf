"""ListTransactions (v0–v2): the transactional ids that are coordinated here (KIP-664).

v1: only those whose transaction takes longer than this (KIP-994). v2: only those whose id matches this pattern
(KIP-1152), whole, in RE2's syntax.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from barnabas.broker.coordinator.patterns import Pattern, PatternError
from barnabas.broker.coordinator.transactions.metadata import TransactionMetadata, TransactionState
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.list_transactions import ListTransactionsRequest, ListTransactionsResponse
from barnabas.server.dispatch import Request

if TYPE_CHECKING:
    from barnabas.broker.handlers.transaction_requests import TransactionCoordinators

_STATES: Final = {state.text: state for state in TransactionState}
_Wanted = Callable[[TransactionMetadata], bool]


class ListTransactionsHandler:
    """See the module's text. `clock_ms` gives the wall clock in ms."""

    def __init__(self, coordinators: TransactionCoordinators, clock_ms: Callable[[], int]) -> None:
        self._coordinators: Final = coordinators
        self._clock_ms: Final = clock_ms

    def handle(self, request: Request[ListTransactionsRequest]) -> None:
        """Answer from what the coordinators here know."""
        body = request.body
        if self._coordinators.loading:
            request.reply(ListTransactionsResponse(error_code=ErrorCode.COORDINATOR_LOAD_IN_PROGRESS))
            return
        try:
            wanted = _filter(body, self._clock_ms())
        except PatternError:
            request.reply(ListTransactionsResponse(error_code=ErrorCode.INVALID_REGULAR_EXPRESSION))
            return
        request.reply(
            ListTransactionsResponse(
                unknown_state_filters=[state for state in body.state_filters if state not in _STATES],
                transaction_states=[
                    ListTransactionsResponse.TransactionState(
                        transactional_id=metadata.transactional_id,
                        producer_id=metadata.producer_id,
                        transaction_state=metadata.state.text,
                    )
                    for shard in self._coordinators.shards()
                    for metadata in shard.machine
                    if wanted(metadata)
                ],
            )
        )


def _filter(body: ListTransactionsRequest, now_ms: int) -> _Wanted:
    """Whether an id is asked for. Raises PatternError."""
    states = {_STATES[name] for name in body.state_filters if name in _STATES}
    producer_ids = set(body.producer_id_filters)
    pattern = Pattern(body.transactional_id_pattern) if body.transactional_id_pattern else None

    def wanted(metadata: TransactionMetadata) -> bool:
        return (
            (not producer_ids or metadata.producer_id in producer_ids)
            and (not body.state_filters or metadata.state in states)
            and (body.duration_filter < 0 or now_ms - metadata.start_ms > body.duration_filter)
            and (pattern is None or pattern.matches(metadata.transactional_id))
        )

    return wanted

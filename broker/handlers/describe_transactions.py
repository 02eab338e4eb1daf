"""DescribeTransactions (v0): how transactional ids stand (KIP-664)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.describe_transactions import DescribeTransactionsRequest, DescribeTransactionsResponse
from barnabas.server.dispatch import Request

if TYPE_CHECKING:
    from barnabas.broker.coordinator.transactions.metadata import TransactionMetadata
    from barnabas.broker.handlers.transaction_requests import TransactionCoordinators

Described = DescribeTransactionsResponse.TransactionState


class DescribeTransactionsHandler:
    """See the module's text."""

    def __init__(self, coordinators: TransactionCoordinators) -> None:
        self._coordinators: Final = coordinators

    def handle(self, request: Request[DescribeTransactionsRequest]) -> None:
        """Answer from what the coordinators here know."""
        described = [self._describe(transactional_id) for transactional_id in request.body.transactional_ids]
        request.reply(DescribeTransactionsResponse(transaction_states=described))

    def _describe(self, transactional_id: str) -> Described:
        try:
            if not transactional_id:
                raise WireError(ErrorCode.INVALID_REQUEST)
            metadata = self._coordinators.shard(transactional_id).machine.get(transactional_id)
            if metadata is None:
                raise WireError(ErrorCode.TRANSACTIONAL_ID_NOT_FOUND)
        except WireError as error:
            return Described(transactional_id=transactional_id, error_code=error.code)
        return _described(metadata)


def _described(metadata: TransactionMetadata) -> Described:
    topics: dict[str, list[int]] = {}
    for topic, index in sorted(metadata.partitions):
        topics.setdefault(topic, []).append(index)
    return Described(
        transactional_id=metadata.transactional_id,
        transaction_state=metadata.state.text,
        transaction_timeout_ms=metadata.timeout_ms,
        transaction_start_time_ms=metadata.start_ms,
        producer_id=metadata.producer_id,
        producer_epoch=metadata.producer_epoch,
        topics=[
            DescribeTransactionsResponse.TopicData(topic=topic, partitions=indexes) for topic, indexes in topics.items()
        ],
    )

"""AddOffsetsToTxn (v0–v4): a producer makes the offsets of a group a part of its transaction.

v2: PRODUCER_FENCED. Producers of the second version do without: TxnOffsetCommit adds what it needs (KIP-890).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barnabas.broker.coordinator.answers import OnceWaiter
from barnabas.broker.coordinator.transactions.init_producer_id import ProducerIdentity
from barnabas.broker.handlers.transaction_requests import submit, told
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.add_offsets_to_txn import AddOffsetsToTxnRequest, AddOffsetsToTxnResponse
from barnabas.server.dispatch import Request

if TYPE_CHECKING:
    from barnabas.broker.handlers.find_coordinator import CoordinatorLookup
    from barnabas.broker.handlers.transaction_requests import TransactionCoordinators

_FIRST_VERSION_FENCED: Final = 2


class AddOffsetsToTxnHandler:
    """See the module's text."""

    def __init__(self, coordinators: TransactionCoordinators, groups: CoordinatorLookup) -> None:
        self._coordinators: Final = coordinators
        self._groups: Final = groups

    def handle(self, request: Request[AddOffsetsToTxnRequest]) -> None:
        """Answer once it is decided, and committed."""
        body, groups = request.body, self._groups

        def reply(error: ErrorCode) -> None:
            request.reply(AddOffsetsToTxnResponse(error_code=told(error, request.version, _FIRST_VERSION_FENCED)))

        def fail(error: WireError) -> None:
            reply(error.code)

        waiter = OnceWaiter(reply, fail)
        partitions = frozenset([(groups.topic, groups.partition_for(body.group_id))])
        producer = ProducerIdentity(body.producer_id, body.producer_epoch)
        submit(
            self._coordinators,
            body.transactional_id,
            lambda machine, _, now_ms: machine.handle_add_partitions(
                body.transactional_id, producer, partitions, 0, waiter, now_ms
            ),
            waiter,
        )

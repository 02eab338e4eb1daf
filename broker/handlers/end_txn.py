"""EndTxn (v0–v5): commit or abort. The outcome is settled when this is answered; markers follow.

v2: PRODUCER_FENCED. v4: TRANSACTION_ABORTABLE. v5: the producer gets the epoch of its next transaction (KIP-890).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barnabas.broker.coordinator.answers import OnceWaiter
from barnabas.broker.coordinator.transactions.init_producer_id import ProducerIdentity
from barnabas.broker.handlers.transaction_requests import submit, told
from barnabas.protocol.errors import WireError
from barnabas.protocol.messages.end_txn import EndTxnRequest, EndTxnResponse
from barnabas.server.dispatch import Request

if TYPE_CHECKING:
    from barnabas.broker.handlers.transaction_requests import TransactionCoordinators
    from barnabas.broker.producer_ids import ProducerIds

_FIRST_VERSION_FENCED: Final = 2
_FIRST_VERSION_WITH_EPOCH_BUMP: Final = 5


class EndTxnHandler:
    """See the module's text."""

    def __init__(self, coordinators: TransactionCoordinators, producer_ids: ProducerIds) -> None:
        self._coordinators: Final = coordinators
        self._producer_ids: Final = producer_ids

    def handle(self, request: Request[EndTxnRequest]) -> None:
        """Answer once the outcome is committed."""
        body = request.body
        transactional_id = body.transactional_id
        version = 2 if request.version >= _FIRST_VERSION_WITH_EPOCH_BUMP else 0
        producer = ProducerIdentity(body.producer_id, body.producer_epoch)

        def decide(new_producer_id: int | None) -> None:
            submit(
                self._coordinators,
                transactional_id,
                lambda machine, _, now_ms: machine.handle_end_transaction(
                    transactional_id,
                    producer,
                    commit=body.committed,
                    version=version,
                    new_producer_id=new_producer_id,
                    waiter=waiter,
                    now_ms=now_ms,
                ),
                waiter,
            )

        def reply(after: ProducerIdentity) -> None:
            request.reply(EndTxnResponse(producer_id=after.producer_id, producer_epoch=after.epoch))

        def fail(error: WireError) -> None:
            request.reply(EndTxnResponse(error_code=told(error.code, request.version, _FIRST_VERSION_FENCED)))

        waiter = OnceWaiter(reply, fail)
        if self._needs_producer_id(transactional_id, producer.epoch, version):
            self._producer_ids.get(decide)
        else:
            decide(None)

    def _needs_producer_id(self, transactional_id: str, epoch: int, version: int) -> bool:
        try:
            machine = self._coordinators.shard(transactional_id).machine
        except WireError:
            return False
        return machine.end_needs_producer_id(transactional_id, epoch, version)

"""InitProducerId (v0–v5): an id and an epoch for an idempotent producer, or for one that takes over a transactional id.

v3: the producer tells the id and epoch that it has, to have its epoch bumped; without a transactional id it gets a
new id instead, as in Kafka. v4: PRODUCER_FENCED. (v6, two-phase commit, is not stable in Kafka 4.3.)
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from barnabas.broker.coordinator.answers import OnceWaiter
from barnabas.broker.coordinator.transactions.init_producer_id import Initialization, ProducerIdentity
from barnabas.broker.handlers.transaction_requests import submit, told
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.init_producer_id import InitProducerIdRequest, InitProducerIdResponse
from barnabas.server.dispatch import Request

if TYPE_CHECKING:
    from barnabas.broker.handlers.transaction_requests import TransactionCoordinators
    from barnabas.broker.producer_ids import ProducerIds

_NONE: Final = -1
_FIRST_VERSION_FENCED: Final = 4


class InitProducerIdHandler:
    """See the module's text."""

    def __init__(
        self, producer_ids: ProducerIds, coordinators: TransactionCoordinators, *, max_timeout_ms: int
    ) -> None:
        """`max_timeout_ms`: of a transaction."""
        self._producer_ids: Final = producer_ids
        self._coordinators: Final = coordinators
        self._max_timeout_ms: Final = max_timeout_ms

    def handle(self, request: Request[InitProducerIdRequest]) -> None:
        """Answer now, or once the controller has given a block of ids, or the coordinator's decision is committed."""
        body = request.body
        error = check(body)
        if error:
            request.reply(_refusal(error))
        elif body.transactional_id is None:
            self._producer_ids.get(partial(_reply, request))
        elif not 0 < body.transaction_timeout_ms <= self._max_timeout_ms:
            request.reply(_refusal(ErrorCode.INVALID_TRANSACTION_TIMEOUT))
        else:
            self._initialize(request, body.transactional_id)

    def _initialize(self, request: Request[InitProducerIdRequest], transactional_id: str) -> None:
        body = request.body
        expected = None if body.producer_id == _NONE else ProducerIdentity(body.producer_id, body.producer_epoch)

        def decide(producer_id: int | None) -> None:
            submit(
                self._coordinators,
                transactional_id,
                lambda machine, _, now_ms: machine.handle_init_producer_id(
                    transactional_id, body.transaction_timeout_ms, expected, producer_id, waiter, now_ms
                ),
                waiter,
            )

        def reply(made: Initialization) -> None:
            if made.ask_again:
                request.reply(_refusal(ErrorCode.CONCURRENT_TRANSACTIONS))
            else:
                metadata = made.metadata
                request.reply(
                    InitProducerIdResponse(producer_id=metadata.producer_id, producer_epoch=metadata.producer_epoch)
                )

        def fail(error: WireError) -> None:
            request.reply(_refusal(told(error.code, request.version, _FIRST_VERSION_FENCED)))

        waiter = OnceWaiter(reply, fail)
        try:
            machine = self._coordinators.shard(transactional_id).machine
        except WireError as error:
            waiter.fail(error)
            return
        if machine.init_needs_producer_id(transactional_id, expected):
            self._producer_ids.get(decide)
        else:
            decide(None)


def check(body: InitProducerIdRequest) -> ErrorCode:
    """NONE for what can be asked at all."""
    if (body.producer_id == _NONE) != (body.producer_epoch == _NONE) or body.transactional_id == "":
        return ErrorCode.INVALID_REQUEST
    return ErrorCode.NONE


def _reply(request: Request[InitProducerIdRequest], producer_id: int | None) -> None:
    if producer_id is None:
        request.reply(_refusal(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS))
    else:
        request.reply(InitProducerIdResponse(producer_id=producer_id, producer_epoch=0))


def _refusal(error: ErrorCode) -> InitProducerIdResponse:
    return InitProducerIdResponse(error_code=error, producer_id=_NONE, producer_epoch=_NONE)

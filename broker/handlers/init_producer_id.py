"""InitProducerId (v0–v6): an id and an epoch for an idempotent producer.

v3: the producer tells the id and epoch that it has, to have its epoch bumped; without a transactional id it gets a
new id instead, as in Kafka. v6: two-phase commit. Transactional ids need a coordinator, which comes with a later
release.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.init_producer_id import InitProducerIdRequest, InitProducerIdResponse
from barnabas.server.dispatch import Request

if TYPE_CHECKING:
    from barnabas.broker.producer_ids import ProducerIds

_NONE: Final = -1


class InitProducerIdHandler:
    """See the module's text."""

    def __init__(self, producer_ids: ProducerIds) -> None:
        self._producer_ids: Final = producer_ids

    def handle(self, request: Request[InitProducerIdRequest]) -> None:
        """Answer now, or once the controller has given a block of ids."""
        error = check(request.body)
        if error:
            request.reply(_refusal(error))
        else:
            self._producer_ids.get(partial(_reply, request))


def check(body: InitProducerIdRequest) -> ErrorCode:
    """NONE for what an idempotent producer asks."""
    if (body.producer_id == _NONE) != (body.producer_epoch == _NONE) or body.transactional_id == "":
        return ErrorCode.INVALID_REQUEST
    if body.transactional_id is not None:
        return ErrorCode.COORDINATOR_NOT_AVAILABLE
    return ErrorCode.NONE


def _reply(request: Request[InitProducerIdRequest], producer_id: int | None) -> None:
    if producer_id is None:
        request.reply(_refusal(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS))
    else:
        request.reply(InitProducerIdResponse(producer_id=producer_id, producer_epoch=0))


def _refusal(error: ErrorCode) -> InitProducerIdResponse:
    return InitProducerIdResponse(error_code=error, producer_id=_NONE, producer_epoch=_NONE)

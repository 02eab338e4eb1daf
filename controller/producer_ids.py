"""AllocateProducerIds: a broker gets a block of producer ids that nobody else will ever get (KIP-730)."""

from __future__ import annotations

from barnabas.controller.state import ControllerState
from barnabas.metadata.records import MetadataRecord, ProducerIdsRecord
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.allocate_producer_ids import AllocateProducerIdsRequest, AllocateProducerIdsResponse
from barnabas.server.runtime import Result

BLOCK_SIZE = 1000
_MOST = (1 << 63) - 1


def handle_allocate_producer_ids(
    state: ControllerState, request: AllocateProducerIdsRequest
) -> Result[MetadataRecord, AllocateProducerIdsResponse]:
    """The next block goes to the broker; it uses it up or loses it."""
    state.registered(request.broker_id, request.broker_epoch)
    first = state.image.producer_ids.next_producer_id
    if first > _MOST - BLOCK_SIZE:
        raise WireError(ErrorCode.UNKNOWN_SERVER_ERROR, "Exhausted all producer ids.")
    record = ProducerIdsRecord(
        broker_id=request.broker_id, broker_epoch=request.broker_epoch, next_producer_id=first + BLOCK_SIZE
    )
    return Result([record], AllocateProducerIdsResponse(producer_id_start=first, producer_id_len=BLOCK_SIZE))

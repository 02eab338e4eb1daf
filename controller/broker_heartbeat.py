"""BrokerHeartbeat: fencing, unfencing and controlled shutdown, as brokers ask for them (KIP-631).

    fenced    -- wants to serve, and has replayed its own registration    -> unfenced
    unfenced  -- wants to stop, and leads something                       -> in controlled shutdown
    unfenced  -- wants to stop, and leads nothing; or wants to be fenced  -> fenced
    in controlled shutdown -- leads nothing, and the others know          -> fenced

A broker that is fenced and wants to stop is told that it should. One that was in controlled shutdown stays fenced until
it registers again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from barnabas.controller.brokers import begin_shutdown, directories_failed, fence, unfence
from barnabas.controller.state import ControllerState
from barnabas.metadata.cluster import BrokerRegistration
from barnabas.metadata.records import MetadataRecord
from barnabas.protocol.messages.broker_heartbeat import BrokerHeartbeatRequest, BrokerHeartbeatResponse
from barnabas.server.runtime import Result

_Change = Callable[[ControllerState, int], Iterator[MetadataRecord]]


def handle_broker_heartbeat(
    state: ControllerState, request: BrokerHeartbeatRequest, now: float
) -> Result[MetadataRecord, BrokerHeartbeatResponse]:
    """v1 added the log directories that failed.

    The time of the heartbeat is noted in `state.heartbeats`: that is not replicated, and so no decision.
    """
    broker = state.registered(request.broker_id, request.broker_epoch)
    caught_up = request.current_metadata_offset >= broker.epoch
    change = _wanted(state, broker, request, caught_up)
    state.heartbeats.heard(broker.id, request.current_metadata_offset, now)
    if change is not None:
        records = [*change(state, broker.id)]
    else:
        records = [*directories_failed(state, broker.id, request.offline_log_dirs)]
    fenced = change is fence or (broker.fenced and change is not unfence)
    response = BrokerHeartbeatResponse(
        is_caught_up=caught_up, is_fenced=fenced, should_shut_down=fenced and request.want_shut_down
    )
    return Result(records, response, atomic=False)


def _wanted(
    state: ControllerState, broker: BrokerRegistration, request: BrokerHeartbeatRequest, caught_up: bool
) -> _Change | None:
    """The change that the broker asks for and may have now."""
    if broker.fenced:
        stays = request.want_fence or request.want_shut_down or broker.in_controlled_shutdown
        return unfence if caught_up and not stays else None
    if request.want_fence:
        return fence
    if not request.want_shut_down:
        return None
    if broker.id in state.image.topics.led:
        return begin_shutdown
    return fence if not broker.in_controlled_shutdown or state.heartbeats.may_stop(broker.id) else None

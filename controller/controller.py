"""The controller core: the replicated machine that decides the cluster's metadata.

It decides upon the newest image, which includes records that are not committed yet; the image of each batch is kept
until the batch is committed, so that losing the lead costs a reference and not a replay. The handlers are in one file
a subject; this file brings them together with what time brings: sessions that end, leaders out of balance, partitions
that wait for an unclean election.

The driver appends and commits through `server.runtime.Runtime`, calls `tick` when `next_deadline` has come, and tells
of closed connections.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from barnabas.controller.broker_heartbeat import handle_broker_heartbeat
from barnabas.controller.brokers import (
    fence,
    handle_broker_registration,
    handle_controller_registration,
    handle_unregister_broker,
)
from barnabas.controller.config import ControllerConfig
from barnabas.controller.configs import handle_alter_configs, handle_incremental_alter_configs
from barnabas.controller.election import (
    MAX_ELECTIONS,
    handle_elect_leaders,
    preferred_elections,
    unclean_elections,
)
from barnabas.controller.features import bootstrap_records, handle_update_features
from barnabas.controller.isr import handle_alter_partition
from barnabas.controller.partitions import handle_create_partitions
from barnabas.controller.producer_ids import handle_allocate_producer_ids
from barnabas.controller.state import ControllerState
from barnabas.controller.topics import handle_create_topics, handle_delete_topics
from barnabas.metadata.delta import MetadataDelta
from barnabas.metadata.image import EMPTY_IMAGE, MetadataImage
from barnabas.metadata.placement import Randomness
from barnabas.metadata.records import (
    BrokerRegistrationChangeRecord,
    ConfigRecord,
    ControlledShutdownChange,
    FencingChange,
    LeaderRecoveryState,
    MetadataRecord,
    PartitionChangeRecord,
    RegisterBrokerRecord,
    UnregisterBrokerRecord,
)
from barnabas.metadata.topic_configs import UNCLEAN_LEADER_ELECTION_ENABLE
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import LocalProtocolError
from barnabas.protocol.message import RequestMessage
from barnabas.server.runtime import Result

REBALANCE_DELAY = 5.0
"""Seconds from the moment that a preferred leader is in sync again until it may lead again."""

STOOD_STILL = 1.0
"""A timer that is late by more seconds tells that this process stood still, not that the brokers are silent."""

Decision = Result[MetadataRecord, Any]
_Handler = Callable[[ControllerState, Any, int, float], Decision]

HANDLERS: dict[ApiKey, _Handler] = {
    ApiKey.ALLOCATE_PRODUCER_IDS: lambda state, request, version, now: handle_allocate_producer_ids(state, request),
    ApiKey.ALTER_CONFIGS: lambda state, request, version, now: handle_alter_configs(state, request),
    ApiKey.ALTER_PARTITION: lambda state, request, version, now: handle_alter_partition(state, request),
    ApiKey.BROKER_HEARTBEAT: lambda state, request, version, now: handle_broker_heartbeat(state, request, now),
    ApiKey.BROKER_REGISTRATION: lambda state, request, version, now: handle_broker_registration(state, request, now),
    ApiKey.CONTROLLER_REGISTRATION: lambda state, request, version, now: handle_controller_registration(state, request),
    ApiKey.CREATE_PARTITIONS: lambda state, request, version, now: handle_create_partitions(state, request),
    ApiKey.CREATE_TOPICS: lambda state, request, version, now: handle_create_topics(state, request),
    ApiKey.DELETE_TOPICS: lambda state, request, version, now: handle_delete_topics(state, request, version),
    ApiKey.ELECT_LEADERS: lambda state, request, version, now: handle_elect_leaders(state, request),
    ApiKey.INCREMENTAL_ALTER_CONFIGS: lambda state, request, version, now: handle_incremental_alter_configs(
        state, request
    ),
    ApiKey.UNREGISTER_BROKER: lambda state, request, version, now: handle_unregister_broker(state, request),
    ApiKey.UPDATE_FEATURES: lambda state, request, version, now: handle_update_features(state, request),
}
"""What the controller decides, by API."""


_UNCLEAN_ELECTION_INTERVAL: Final = 300.0


@dataclass(slots=True)
class Counts:
    """What this node has decided as the active controller, since it started."""

    elections: int = 0
    unclean_elections: int = 0
    fenced: int = 0


class Controller:
    """See the module. Times are seconds of any one clock."""

    def __init__(self, config: ControllerConfig, random: Randomness, new_uuid: Callable[[], bytes]) -> None:
        self.state = ControllerState(config, random, new_uuid)
        self.committed_image: MetadataImage = EMPTY_IMAGE
        self.counts = Counts()
        self._uncommitted: deque[MetadataImage] = deque()
        self._active = False
        self._now = 0.0
        self._balance_at = math.inf
        self._unclean_at = math.inf

    @property
    def image(self) -> MetadataImage:
        """The newest image, with what is not committed yet."""
        return self.state.image

    # -- decide --------------------------------------------------------------------------------------------------

    def handle(self, request: RequestMessage, version: int, now: float, next_offset: int) -> Decision:
        """Decides a request, whose first record would get this offset. Raises `WireError` to refuse it."""
        handler = HANDLERS.get(request.API_KEY)
        if handler is None:
            raise LocalProtocolError(f"the controller decides no {request.NAME}")
        self._now = now
        self.state.next_offset = next_offset
        return handler(self.state, request, version, now)

    def activate(self, now: float, formatted: Sequence[MetadataRecord] = ()) -> Decision:
        """This node is the active controller from now on; everything committed was replayed.

        `formatted` is what the cluster was formatted with, for its first leader to write.
        """
        config = self.state.config
        self._active = True
        self._now = now
        self._balance_at = now + config.leader_imbalance_check_interval if config.leader_rebalance_enable else math.inf
        self._unclean_at = now + _UNCLEAN_ELECTION_INTERVAL
        self.state.heartbeats.clear()
        for broker in self.image.cluster.brokers.values():
            self.state.heartbeats.inherit(broker.id, broker.fenced, now)
        return Result([*bootstrap_records(self.state, formatted)], None)

    def deactivate(self) -> None:
        """This node is the active controller no longer."""
        self._active = False
        self.state.heartbeats.clear()
        self._balance_at = self._unclean_at = math.inf

    def heartbeat_connection_closed(self, broker_id: int, broker_epoch: int, now: float) -> None:
        """The connection that carried this incarnation's heartbeats has closed: it gets the grace time to come back."""
        broker = self.image.cluster.broker(broker_id)
        if self._active and broker is not None and broker.epoch == broker_epoch:
            self.state.heartbeats.connection_closed(broker_id, now)

    def next_deadline(self) -> float:
        """When `tick` has something to do; infinity where never."""
        return min(self.state.heartbeats.next_deadline(), self._balance_at, self._unclean_at)

    def tick(self, now: float) -> Decision:
        """The one decision that is due first. Call again while `next_deadline` has passed."""
        heartbeats = self.state.heartbeats
        if now - max(heartbeats.next_deadline(), self._now) > STOOD_STILL:
            heartbeats.renew(now)
        self._now = now
        stale = heartbeats.next_stale(now)
        if stale is not None:
            return Result([*fence(self.state, stale)], None, atomic=False)
        if self._balance_at <= now:
            records = [*preferred_elections(self.state)]
            more = len(records) == MAX_ELECTIONS
            self._balance_at = now if more else now + self.state.config.leader_imbalance_check_interval
            return Result(records, None, atomic=False)
        if self._unclean_at <= now:
            records = [*unclean_elections(self.state)]
            more = len(records) == MAX_ELECTIONS
            self._unclean_at = now if more else now + _UNCLEAN_ELECTION_INTERVAL
            return Result(records, None, atomic=False)
        return Result([], None)

    # -- replay --------------------------------------------------------------------------------------------------

    def replay(self, records: Sequence[MetadataRecord], last_offset: int, epoch: int) -> None:
        """Changes the newest image by one batch."""
        delta = MetadataDelta(self.image)
        for record in records:
            delta.replay(record)
        if self._active:
            self._follow(records, delta, last_offset)
        self.state.image = delta.apply(last_offset, epoch)
        self._uncommitted.append(self.state.image)

    def commit(self, offset: int) -> None:
        """Every batch that ends at this offset or before is committed."""
        while self._uncommitted and self._uncommitted[0].offset <= offset:
            self.committed_image = self._uncommitted.popleft()

    def revert(self) -> None:
        """Takes the newest image back to the committed one."""
        self._uncommitted.clear()
        self.state.image = self.committed_image

    def _follow(self, records: Iterable[MetadataRecord], delta: MetadataDelta, last_offset: int) -> None:
        """Brings in line what the active controller keeps besides the image."""
        heartbeats = self.state.heartbeats
        for record in records:
            match record:
                case RegisterBrokerRecord():
                    heartbeats.register(record.broker_id, record.fenced, self._now)
                case UnregisterBrokerRecord():
                    heartbeats.remove(record.broker_id)
                case BrokerRegistrationChangeRecord():
                    if record.fenced != FencingChange.NONE:
                        self.counts.fenced += record.fenced == FencingChange.FENCE
                        heartbeats.fence_changed(record.broker_id, record.fenced == FencingChange.FENCE)
                    if record.in_controlled_shutdown == ControlledShutdownChange.IN_CONTROLLED_SHUTDOWN:
                        heartbeats.shutdown_begun(record.broker_id, last_offset)
                case PartitionChangeRecord():
                    self.counts.elections += record.leader >= 0
                    self.counts.unclean_elections += record.leader_recovery_state == LeaderRecoveryState.RECOVERING
                case ConfigRecord() if record.name == UNCLEAN_LEADER_ELECTION_ENABLE:
                    self._unclean_at = min(self._unclean_at, self._now)
        soon = self._now + REBALANCE_DELAY
        if self.state.config.leader_rebalance_enable and self._balance_at > soon and _brings_back_a_leader(delta):
            self._balance_at = soon


def _brings_back_a_leader(delta: MetadataDelta) -> bool:
    """Whether a preferred leader has come back to an ISR."""
    return any(
        not after.has_preferred_leader
        and after.preferred_leader in after.isr
        and before is not None
        and after.preferred_leader not in before.isr
        for before, after in delta.topics.changes()
    )

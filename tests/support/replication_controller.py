"""The controller of the replication simulation: a few lines that never fail."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from barnabas.broker.isr import IsrChange
from barnabas.protocol.errors import ErrorCode

if TYPE_CHECKING:
    from replication_simulation import Simulation

TOPIC = b"t" * 16
BROKERS = (1, 2, 3)
PARTITIONS = (0, 1)


@dataclass(frozen=True)
class PartitionState:
    """What the metadata log says of one partition."""

    index: int
    leader: int
    leader_epoch: int
    partition_epoch: int
    isr: tuple[int, ...]
    replicas: tuple[int, ...] = BROKERS
    adding_replicas: tuple[int, ...] = ()
    topic_id: bytes = TOPIC


@dataclass(frozen=True)
class Image:
    """All that the metadata log says. Of each broker its epoch, and whether it is fenced."""

    partitions: tuple[PartitionState, ...]
    brokers: dict[int, tuple[int, bool]] = field(default_factory=dict)


class Controller:
    """Decides at once and never fails; what it decided reaches the brokers later, each at its own time."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.next_epoch = 1
        states = tuple(PartitionState(index, 1 + index, 0, 0, BROKERS) for index in PARTITIONS)
        self.images = [Image(states)]

    @property
    def image(self) -> Image:
        return self.images[-1]

    def register(self, broker_id: int) -> int:
        """A broker starts. It is fenced until it has caught up; its former life counts no more."""
        self.next_epoch += 1
        self.publish(self.fence(broker_id, self.next_epoch))
        return self.next_epoch

    def fence(self, broker_id: int, epoch: int) -> Image:
        brokers = self.image.brokers | {broker_id: (epoch, True)}
        states = [self.without(state, broker_id, brokers) for state in self.image.partitions]
        return Image(tuple(states), brokers)

    def without(self, state: PartitionState, broker_id: int, brokers: dict[int, tuple[int, bool]]) -> PartitionState:
        if broker_id not in state.isr:
            return state
        isr = tuple(other for other in state.isr if other != broker_id) or state.isr
        leader, epoch = state.leader, state.leader_epoch
        if leader == broker_id:
            leader = next((other for other in isr if not brokers.get(other, (0, True))[1]), -1)
            epoch += 1
        if (isr, leader) == (state.isr, state.leader):
            return state
        return replace(state, isr=isr, leader=leader, leader_epoch=epoch, partition_epoch=state.partition_epoch + 1)

    def died(self, broker_id: int) -> None:
        self.publish(self.fence(broker_id, self.image.brokers[broker_id][0]))

    def unfence(self, broker_id: int, epoch: int) -> None:
        if self.image.brokers[broker_id][0] != epoch:
            return
        brokers = self.image.brokers | {broker_id: (epoch, False)}
        states = [
            replace(
                state,
                leader=broker_id,
                leader_epoch=state.leader_epoch + 1,
                partition_epoch=state.partition_epoch + 1,
            )
            if state.leader == -1 and broker_id in state.isr
            else state
            for state in self.image.partitions
        ]
        self.publish(Image(tuple(states), brokers))

    def move_leader(self, index: int) -> None:
        """As a preferred leader election does."""
        state = self.image.partitions[index]
        live = [broker for broker in state.isr if not self.image.brokers.get(broker, (0, True))[1]]
        if live:
            self.replace(
                replace(
                    state,
                    leader=self.simulation.rng.choice(live),
                    leader_epoch=state.leader_epoch + 1,
                    partition_epoch=state.partition_epoch + 1,
                )
            )

    def alter(self, broker_id: int, change: IsrChange) -> PartitionState | ErrorCode:
        state = self.image.partitions[change.index]
        if state.leader != broker_id or state.leader_epoch != change.leader_epoch:
            return ErrorCode.FENCED_LEADER_EPOCH
        if state.partition_epoch != change.partition_epoch:
            return ErrorCode.INVALID_UPDATE_VERSION
        for member, epoch in change.isr:
            current, fenced = self.image.brokers[member]
            if fenced or epoch not in (-1, current):
                return ErrorCode.INELIGIBLE_REPLICA
        isr = tuple(member for member, _ in change.isr)
        return self.replace(replace(state, isr=isr, partition_epoch=state.partition_epoch + 1))

    def replace(self, state: PartitionState) -> PartitionState:
        states = list(self.image.partitions)
        states[state.index] = state
        self.publish(Image(tuple(states), self.image.brokers))
        return state

    def publish(self, image: Image) -> None:
        self.images.append(image)
        for broker in self.simulation.brokers.values():
            self.simulation.soon(broker.catch_up, longest=self.simulation.faults.metadata_delay)

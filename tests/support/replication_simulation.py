"""Three brokers with two partitions and a controller, on a plain event queue: no trio, no sockets, no files; all from
one seed.

The brokers run the real cores: `Partition`, `FetchSessionCache`, `PendingFetch`, `ReplicaFetcher`. The controller is
a few lines that never fail. The network delays, and is cut; brokers crash and come back with an older high watermark,
and where `flush.messages` is 1 also without what they had not synced. Clients produce with acks=all, and read.
Checked after every event:

- a record that anybody could read, below some replica's high watermark, is there for ever, at the same offset, and
  every replica that the controller calls in sync has it;
- no broker's high watermark goes back while it runs;
- nobody cuts its log below its high watermark.

`settle` heals everything; then every acknowledged record must be in every log, and all logs must be equal.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from barnabas.broker.fetch_session import FetchSessionCache, TopicKey
from barnabas.broker.fetcher import Diverged, Fetched, FetchLimits, OutOfRange, ReplicaFetcher
from barnabas.broker.handlers.fetch import open_context, read_params
from barnabas.broker.isr import IsrChange
from barnabas.broker.partition import ACKS_ALL, Partition
from barnabas.broker.pending_fetch import PendingFetch
from barnabas.broker.pending_produce import PendingProduce
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.fetch import FetchRequest, FetchResponse
from barnabas.protocol.messages.produce import ProduceResponse
from barnabas.storage.config import LogConfig
from fake_log import FakeBatch, FakeLog

TOPIC = b"t" * 16
FETCH_VERSION = 17
LAG_MAX = 1.0
BROKERS = (1, 2, 3)
PARTITIONS = (0, 1)
LIMITS = FetchLimits(max_wait_ms=300, min_backoff=0.01, max_backoff=0.3)


class Violation(AssertionError):
    """An invariant does not hold."""


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


class Broker:
    """One process and its disk. Implements `FetchHost` and `BrokerStates`."""

    def __init__(self, simulation: Simulation, broker_id: int) -> None:
        self.simulation = simulation
        self.id = broker_id
        flush = 1 if simulation.faults.syncs else LogConfig().flush_messages
        config = LogConfig(min_insync_replicas=simulation.faults.min_isr, flush_messages=flush)
        self.logs = {index: FakeLog(config) for index in PARTITIONS}
        self.checkpoints = dict.fromkeys(PARTITIONS, 0)
        self.life = 0
        self.alive = False

    # Life

    def start(self) -> None:
        simulation = self.simulation
        self.life += 1
        self.alive = True
        self.applied = -1
        self.image = Image(())
        self.partitions = {index: self.make_partition(index) for index in PARTITIONS}
        self.seen = dict.fromkeys(PARTITIONS, 0)
        self.sessions = FetchSessionCache(10, lambda: simulation.rng.randrange(1, 1 << 31))
        self.fetchers: dict[int, ReplicaFetcher] = {}
        self.connections: dict[int, int] = {}
        self.epoch = simulation.controller.register(self.id)
        epoch = self.epoch
        simulation.later(self, simulation.rng.uniform(0, 0.5), lambda: simulation.controller.unfence(self.id, epoch))
        self.every(0.5, self.check_isr)
        self.every(0.2, self.write_checkpoint)

    def make_partition(self, index: int) -> Partition:
        log: Any = self.logs[index]
        return Partition(
            "t",
            TOPIC,
            index,
            log,
            broker_id=self.id,
            brokers=self,
            lag_max=LAG_MAX,
            high_watermark=self.checkpoints[index],
            discard=lambda removal: None,
        )

    def crash(self) -> None:
        self.alive = False
        self.life += 1
        if self.simulation.faults.syncs and self.simulation.rng.random() < 0.5:
            for log in self.logs.values():
                log.lose_unsynced()

    def every(self, interval: float, call: Callable[[], None]) -> None:
        def run() -> None:
            call()
            self.simulation.later(self, interval, run)

        self.simulation.later(self, interval, run)

    def write_checkpoint(self) -> None:
        self.checkpoints = {index: partition.high_watermark for index, partition in self.partitions.items()}

    # Metadata

    def catch_up(self) -> None:
        if not self.alive:
            return
        images = self.simulation.controller.images
        if self.applied < 0:
            self.applied = len(images) - 2  # a broker that starts reads the log first, and acts on what is true then
        news = images[self.applied + 1 :]
        if self.simulation.rng.random() < 0.5:
            news = news[-1:]  # what is committed meanwhile comes as one delta: epochs between are never seen
        for image in news:
            before, self.image = self.image, image
            for state in image.partitions:
                self.apply(state)
            if before.brokers != image.brokers:
                for partition in self.partitions.values():
                    self.recheck(partition)
        self.applied = len(images) - 1

    def apply(self, state: PartitionState) -> None:
        partition = self.partitions[state.index]
        leads = partition.leader is not None
        new_epoch = partition.become(state, self.clock())
        if partition.leader is not None and not leads:
            self.stop_fetching(partition)
            if partition.syncs:
                self.sync_then(lambda: None)
        elif partition.leader is None and new_epoch:
            self.stop_fetching(partition)
            if state.leader != -1:
                log = partition.log
                fetcher = self.fetchers.setdefault(state.leader, ReplicaFetcher(self.id, LIMITS))
                fetcher.add(partition.key, state.leader_epoch, log.log_end_offset, log.latest_epoch, 0)
                if not self.send_fetch(state.leader, nudge=True):
                    self.send_fetch(state.leader)

    def stop_fetching(self, partition: Partition) -> None:
        for fetcher in self.fetchers.values():
            fetcher.remove(partition.key)

    def isr_eligible_epoch(self, broker_id: int) -> int | None:
        epoch, fenced = self.image.brokers.get(broker_id, (0, True))
        return None if fenced else epoch

    # The ISR

    def check_isr(self) -> None:
        for partition in self.partitions.values():
            if partition.leader is not None:
                change = partition.leader.maybe_shrink(self.clock())
                if change is not None:
                    self.change_isr(partition, change)
            self.recheck(partition)

    def recheck(self, partition: Partition) -> None:
        if partition.leader is not None:
            change = partition.leader.maybe_expand(self.clock())
            if change is not None:
                self.change_isr(partition, change)

    def change_isr(self, partition: Partition, change: IsrChange) -> None:
        """Sent to the controller, answered later; either may be lost, and is then repeated."""
        simulation = self.simulation
        life = self.life

        def ask() -> None:
            answer = simulation.controller.alter(self.id, change)
            if simulation.rng.random() < simulation.faults.alter_loss:
                answer = ErrorCode.NETWORK_EXCEPTION
            simulation.later(self, simulation.delay(), lambda: self.alter_answered(partition, change, answer))

        if self.life == life:
            simulation.later(self, simulation.delay(), ask)

    def alter_answered(self, partition: Partition, change: IsrChange, answer: PartitionState | ErrorCode) -> None:
        if isinstance(answer, PartitionState):
            partition.isr_committed(change, answer.leader_epoch, answer.partition_epoch, answer.isr, self.clock())
            self.recheck(partition)
        elif partition.leader is not None and partition.leader.handle_alter_error(change, answer):
            self.change_isr(partition, change)

    # Fetching, as a follower

    def send_fetch(self, leader: int, *, nudge: bool = False) -> bool:
        simulation, fetcher = self.simulation, self.fetchers[leader]
        changed = [self.partitions[index] for _, index in fetcher.changed]
        if any(part.syncs and part.log.recovery_point < part.log.log_end_offset for part in changed):
            if not nudge and not fetcher.in_flight:
                self.sync_then(lambda: self.fetch_on(leader))
            return False
        make = fetcher.nudge if nudge else fetcher.next_fetch
        request = make(self.epoch, self.clock())
        if request is None:
            return False
        connection = (self.life, self.connections.setdefault(leader, 0))
        server, arrived = simulation.brokers[leader], []

        def is_open() -> bool:
            return connection == (self.life, self.connections.get(leader))

        def receive() -> None:
            if is_open():
                server.serve_fetch(request, reply)

        def reply(response: FetchResponse) -> None:
            simulation.send(server, self, lambda: answered(response))

        def answered(response: FetchResponse) -> None:
            if is_open():
                arrived.append(response)
                self.fetch_answered(leader, response)

        def timed_out() -> None:
            if is_open() and not arrived:
                self.disconnected(leader)

        simulation.send(self, server, receive)
        simulation.later(self, 1.5, timed_out)
        return True

    def disconnected(self, leader: int) -> None:
        self.connections[leader] += 1
        self.fetchers[leader].disconnected()
        self.simulation.later(self, 0.05, lambda: self.fetch_on(leader))

    def fetch_answered(self, leader: int, response: FetchResponse) -> None:
        fetcher, now = self.fetchers[leader], self.clock()
        for outcome in fetcher.handle_response(response, now):
            partition = self.partitions[outcome.key[1]]
            if isinstance(outcome, Fetched):
                partition.append_as_follower(outcome.records, outcome.high_watermark, 0, 0)
            elif isinstance(outcome, Diverged):
                before = partition.high_watermark
                end = partition.truncate_diverged(outcome.epoch, outcome.end_offset, 0)
                if end < before:
                    raise Violation(f"broker {self.id} cuts {partition} at {end}, below {before}")
            elif isinstance(outcome, OutOfRange):
                raise Violation(f"broker {self.id} out of range: {partition}")
            if isinstance(outcome, Fetched | Diverged):
                fetcher.advanced(outcome.key, partition.log.log_end_offset, partition.log.latest_epoch, 0)
        self.fetch_on(leader)

    def fetch_on(self, leader: int) -> None:
        fetcher = self.fetchers[leader]
        if not self.send_fetch(leader) and not fetcher.in_flight:
            deadline = fetcher.next_deadline()
            if deadline is not None:
                self.simulation.later(self, max(0.001, deadline - self.clock()), lambda: self.fetch_on(leader))

    def sync_then(self, then: Callable[[], None]) -> None:
        ends = {index: log.log_end_offset for index, log in self.logs.items()}

        def synced() -> None:
            for index, end in ends.items():
                log = self.logs[index]
                log.recovery_point = max(log.recovery_point, min(end, log.log_end_offset))
                self.partitions[index].synced(log.recovery_point, self.clock())
            then()

        self.simulation.later(self, self.simulation.rng.uniform(0, 0.05), synced)

    # Fetching, as the leader

    def serve_fetch(self, request: FetchRequest, reply: Callable[[FetchResponse], None]) -> None:
        try:
            context = open_context(self.sessions, request, FETCH_VERSION, self.clock())
        except WireError as error:
            reply(FetchResponse(error_code=error.code))
            return
        PendingFetch(self, context, read_params(request, FETCH_VERSION, 1 << 20), reply).start()  # type: ignore[arg-type]

    def clock(self) -> float:
        return self.simulation.now

    def find(self, topic: TopicKey, index: int) -> Partition:
        return self.partitions[index]

    def preferred_replica(self, partition: Partition, rack: str, offset: int) -> int | None:
        return None

    def storage_failed(self, error: Exception) -> None:
        raise error

    def look_again(self, fetch: PendingFetch) -> None:
        self.simulation.later(self, 0.0, fetch.look_again)

    def wait(self, fetch: PendingFetch, limit: float) -> None:
        self.simulation.later(self, limit, lambda: None if fetch.done else fetch.expire())

    # Clients

    def produce(self, index: int, value: int) -> None:
        partition = self.partitions[index]
        try:
            role = partition.check_append(ACKS_ALL)
        except WireError:
            return
        batch: Any = FakeBatch(value)
        result = partition.append(role, batch, self.clock(), 0)
        if partition.syncs:
            self.sync_then(lambda: None)
        answer = ProduceResponse.PartitionProduceResponse()

        def finished() -> None:
            if answer.error_code == ErrorCode.NONE:
                self.simulation.acknowledged[index][result.first_offset] = value

        if partition.acknowledges(result.last_offset + 1, ACKS_ALL):
            answer.error_code = partition.error_after_append()
            finished()
        else:
            pending = PendingProduce(finished)
            partition.await_acknowledgement(pending.await_offset(result.last_offset + 1, answer), ACKS_ALL)
            self.simulation.later(self, 5.0, lambda: None if pending.done else pending.expire())


@dataclass
class Faults:
    """How bad the world is: mean seconds between events (0: never), the longest delays in seconds."""

    delay: float = 0.01
    metadata_delay: float = 0.05
    crash_every: float = 0.0
    cut_every: float = 0.0
    move_every: float = 0.0
    alter_loss: float = 0.0
    produce_every: float = 0.02
    min_isr: int = 1
    syncs: bool = False

    @classmethod
    def drawn(cls, rng: random.Random) -> Faults:
        def sometimes(value: float) -> float:
            return value if rng.random() < 0.7 else 0.0

        return cls(
            delay=rng.choice([0.002, 0.02, 0.2]),
            metadata_delay=rng.choice([0.005, 0.1, 1.0]),
            crash_every=sometimes(rng.uniform(0.5, 4)),
            cut_every=sometimes(rng.uniform(0.5, 4)),
            move_every=sometimes(rng.uniform(0.2, 3)),
            alter_loss=sometimes(rng.uniform(0, 0.5)),
            produce_every=rng.choice([0.01, 0.05, 0.3]),
            min_isr=rng.choice([1, 2]),
            syncs=rng.random() < 0.3,
        )


class Simulation:
    """One history of the cluster, wholly given by `seed`."""

    def __init__(self, seed: int, faults: Faults | None = None) -> None:
        self.seed = seed
        self.rng = random.Random(seed)
        self.faults = faults or Faults.drawn(self.rng)
        self.now = 0.0
        self.events: list[tuple[float, int, Callable[[], None]]] = []
        self.number = 0
        self.cuts: set[tuple[int, int]] = set()
        self.links: dict[tuple[int, int], float] = {}
        self.calm = False
        self.acknowledged: dict[int, dict[int, int]] = {index: {} for index in PARTITIONS}
        self.visible: dict[int, list[tuple[int, int]]] = {index: [] for index in PARTITIONS}
        self.brokers: dict[int, Broker] = {}
        self.controller = Controller(self)
        self.brokers = {broker_id: Broker(self, broker_id) for broker_id in BROKERS}
        self.values = 0
        for broker in self.brokers.values():
            broker.start()

    # The event queue

    def at(self, time: float, call: Callable[[], None]) -> None:
        self.number += 1
        heapq.heappush(self.events, (time, self.number, call))

    def soon(self, call: Callable[[], None], *, longest: float) -> None:
        self.at(self.now + self.rng.uniform(0, longest), call)

    def delay(self) -> float:
        return self.rng.uniform(0, self.faults.delay)

    def later(self, broker: Broker, delay: float, call: Callable[[], None]) -> None:
        """Unless the broker crashes before."""
        life = broker.life
        self.at(self.now + delay, lambda: call() if broker.life == life else None)

    def send(self, source: Broker, target: Broker, deliver: Callable[[], None]) -> None:
        """In the order of sending, as over a connection; lost where the link is cut or an end is down."""
        if (source.id, target.id) in self.cuts or not target.alive:
            return
        lives = source.life, target.life
        link = (source.id, target.id)
        arrival = max(self.now + self.delay(), self.links.get(link, 0.0))
        self.links[link] = arrival

        def arrive() -> None:
            if (source.life, target.life) == lives and link not in self.cuts:
                deliver()

        self.at(arrival, arrive)

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.events and self.events[0][0] <= end:
            self.now, _, call = heapq.heappop(self.events)
            call()
            self.check()
        self.now = end

    # What happens

    def start_faults(self) -> None:
        faults = self.faults
        self.repeat(faults.produce_every, self.produce)
        self.repeat(faults.crash_every, self.crash)
        self.repeat(faults.cut_every, self.cut)
        self.repeat(faults.move_every, lambda: self.controller.move_leader(self.rng.choice(PARTITIONS)))

    def repeat(self, mean: float, call: Callable[[], None]) -> None:
        def run() -> None:
            if not self.calm:
                call()
                self.repeat(mean, call)

        if mean:
            self.at(self.now + self.rng.expovariate(1 / mean), run)

    def produce(self) -> None:
        leaders = [b for b in self.brokers.values() if b.alive and any(p.leader for p in b.partitions.values())]
        if leaders:
            self.values += 1
            self.rng.choice(leaders).produce(self.rng.choice(PARTITIONS), self.values)

    def crash(self) -> None:
        broker = self.rng.choice(list(self.brokers.values()))
        if not broker.alive:
            return
        broker.crash()
        epoch = broker.epoch
        self.soon(lambda: self.notice_death(broker, epoch), longest=1.0)
        self.soon(lambda: None if broker.alive else broker.start(), longest=3.0)

    def notice_death(self, broker: Broker, epoch: int) -> None:
        if self.controller.image.brokers[broker.id] == (epoch, False):
            self.controller.died(broker.id)

    def cut(self) -> None:
        one, other = self.rng.sample(BROKERS, 2)
        links = {(one, other)} | ({(other, one)} if self.rng.random() < 0.5 else set())
        self.cuts |= links
        self.soon(lambda: self.cuts.difference_update(links), longest=3.0)

    # What must hold

    def check(self) -> None:
        for broker in self.brokers.values():
            if broker.alive:
                for index, partition in broker.partitions.items():
                    high_watermark = partition.high_watermark
                    if high_watermark != broker.seen[index]:
                        self.check_visible(broker, index, broker.seen[index], high_watermark)
                        broker.seen[index] = high_watermark

    def check_visible(self, broker: Broker, index: int, before: int, now: int) -> None:
        where = f"seed {self.seed} at {self.now:.3f}: broker {broker.id}, {broker.partitions[index]}"
        records, visible = broker.logs[index].records, self.visible[index]
        if now < before:
            raise Violation(f"{where}: the high watermark went back from {before}")
        if now > len(records):
            raise Violation(f"{where}: the high watermark is beyond the log's end {len(records)}")
        common = min(now, len(visible))
        if records[before:common] != visible[before:common]:
            raise Violation(f"{where}: what could be read has changed")
        visible += records[len(visible) : now]
        for member in self.controller.image.partitions[index].isr:
            if self.brokers[member].logs[index].records[before:now] != visible[before:now]:
                raise Violation(f"{where}: broker {member} is in sync and has not what is committed")

    def settle(self) -> None:
        """Heal everything, wait, and look at what is left."""
        self.calm = True
        self.faults = replace(self.faults, alter_loss=0.0, delay=0.01, metadata_delay=0.01)
        self.cuts.clear()
        for broker in self.brokers.values():
            if not broker.alive:
                broker.start()
        self.run(15.0)
        for index in PARTITIONS:
            logs = [broker.logs[index].records for broker in self.brokers.values()]
            roles = [str(broker.partitions[index]) for broker in self.brokers.values()]
            if any(log != logs[0] for log in logs):
                raise Violation(f"seed {self.seed}: replicas of {index} differ: {roles}")
            for offset, value in self.acknowledged[index].items():
                if offset >= len(logs[0]) or logs[0][offset][1] != value:
                    raise Violation(f"seed {self.seed}: the acknowledged record at {index}@{offset} is lost: {roles}")
            if len(self.controller.image.partitions[index].isr) < len(BROKERS):
                raise Violation(f"seed {self.seed}: a replica does not come back: {roles}")


def run_seed(seed: int, *, seconds: float = 12.0, faults: Faults | None = None) -> Simulation:
    """A whole history: faults, then calm, then the checks."""
    simulation = Simulation(seed, faults)
    simulation.start_faults()
    simulation.run(seconds)
    simulation.settle()
    return simulation

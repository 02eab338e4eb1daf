"""A broker of the replication simulation: the real cores of leader and follower, and what calls them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

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
from replication_controller import PARTITIONS, TOPIC, Image, PartitionState

if TYPE_CHECKING:
    from replication_simulation import Simulation

FETCH_VERSION = 17
LAG_MAX = 1.0
LIMITS = FetchLimits(max_wait_ms=300, min_backoff=0.01, max_backoff=0.3)


class Violation(AssertionError):
    """An invariant does not hold."""


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

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
from dataclasses import dataclass, replace

from replication_broker import Broker, Violation
from replication_controller import BROKERS, PARTITIONS, Controller


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

"""What a run is made of, drawn from its seed.

Swarm testing: a run that has a little of everything meets few combinations. So each seed switches on a random subset
of the faults, settings and features, and takes each by itself to an extreme: a follower that gets one batch a fetch,
a cache with room for one fetch session, a leader that waits for all of its replicas.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tests.simulation.faults import Plan
from tests.simulation.workload import FEATURES, Load
from tests.simulation.workload_groups import GroupLoad

NODE_SETTINGS: Final[Mapping[str, tuple[object, ...]]] = {
    "replica.lag.time.max.ms": (1000, 5000, 30000),
    "broker.session.timeout.ms": (2000, 9000),
    "broker.heartbeat.interval.ms": (500, 1000),
    "barnabas.broker.reconnect.grace.ms": (50, 2000),
    "replica.fetch.max.bytes": (150,),
    "replica.fetch.wait.max.ms": (100,),
    "max.incremental.fetch.session.cache.slots": (1, 3),
    "leader.imbalance.check.interval.seconds": (3,),
    "controller.quorum.fetch.timeout.ms": (500,),
    "controller.quorum.election.timeout.ms": (300,),
    "replica.high.watermark.checkpoint.interval.ms": (500,),
    "metadata.log.segment.ms": (5000,),
}
"""Each is set with chance 0.3, to one of these values."""

TOPIC_SETTINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "segment.ms": ("3000",),
    "index.interval.bytes": ("1",),
    "message.timestamp.type": ("LogAppendTime",),
}
"""The same for the topics that are there all the time."""

REPLICAS: Final = ((3, 1), (3, 2), (3, 2), (3, 3), (2, 2), (2, 1))
"""How many replicas a topic has, and how many of them must be in sync."""

_CHANCE: Final = 0.3
_GROUPS_CHANCE: Final = 0.4


@dataclass(frozen=True, slots=True)
class Scenario:
    """See the module."""

    controllers: int
    brokers: int
    settings: dict[str, object]
    load: Load
    plan: Plan | None
    """None: nothing goes wrong."""
    seconds: float
    """Simulated, before everything heals."""
    directories: int = 1
    """Log directories of each broker."""
    capacity: int = 65536
    """Bytes on their way in each direction of a connection, at most: few make requests go in pieces."""

    @classmethod
    def drawn(cls, seed: int, *, seconds: float = 40.0, faults: bool = True, groups: bool | None = None) -> Scenario:
        """`groups`: whether there are consumer groups; None: as the seed draws it."""
        rng = random.Random(f"{seed}/scenario")
        synced = rng.random() < 0.3
        settings: dict[str, object] = {
            name: rng.choice(values) for name, values in NODE_SETTINGS.items() if rng.random() < _CHANCE
        }
        configs = {name: rng.choice(values) for name, values in TOPIC_SETTINGS.items() if rng.random() < _CHANCE}
        replicas, min_isr = rng.choice(REPLICAS)
        configs["min.insync.replicas"] = str(min_isr)
        if synced:
            configs["flush.messages"] = "1"
        group_load = _drawn_groups(seed, settings, synced=synced, wanted=groups)
        return cls(
            controllers=3,
            brokers=rng.randint(3, 5),
            settings={"http.listener": "none", "broker.heartbeat.interval.ms": 1000, **settings},
            load=Load(
                {f"t{number}": rng.randint(1, 3) for number in range(rng.randint(1, 3))},
                configs,
                producers=rng.randint(2, 5),
                pause=rng.choice([0.2, 0.5, 1.0]),
                topic_pause=rng.choice([1.0, 5.0]),
                replicas=replicas,
                features=frozenset(feature for feature in FEATURES if rng.random() < 0.4),
                groups=group_load,
            ),
            plan=Plan.drawn(rng, synced=synced, lonely=min_isr == 1) if faults else None,
            seconds=seconds,
            directories=rng.choice([1, 1, 2]),
            capacity=rng.choice([65536, 65536, 300]),
        )

    def __str__(self) -> str:
        """What is drawn, for people who look at one seed."""
        settings = ", ".join(f"{name}={value}" for name, value in self.settings.items())
        topics = ", ".join(f"{name}={value}" for name, value in self.load.topic_configs.items())
        return "\n".join(
            [
                f"{self.controllers} controllers, {self.brokers} brokers with {self.directories} log directories each",
                f"settings: {settings}",
                f"topics: {self.load.topics} of {self.load.replicas} replicas: {topics}",
                f"load: {self.load.producers} producers, {self.load.pause} s between bursts of {self.load.burst:g}; "
                f"{', '.join(sorted(self.load.features)) or 'nothing else'}",
                f"groups: {self.load.groups or 'none'}",
                f"faults: {self.plan or 'none'}",
            ]
        )


def _drawn_groups(seed: int, settings: dict[str, object], *, synced: bool, wanted: bool | None) -> GroupLoad | None:
    """With random numbers of its own, so that everything else is drawn as without groups. Their coordinators' topics
    promise as much as the others: `settings` are told so.
    """
    rng = random.Random(f"{seed}/groups")
    chosen = rng.random() < _GROUPS_CHANCE
    if not (chosen if wanted is None else wanted):
        return None
    groups = GroupLoad.drawn(rng)
    settings |= {"min.insync.replicas": 2, **groups.settings}
    if synced:
        settings["log.flush.interval.messages"] = 1
    return groups

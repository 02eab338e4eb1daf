"""What a run is made of, drawn from its seed.

Swarm testing: a run that has a little of everything meets few combinations. So each seed switches on a random subset
of the faults, settings and features, and takes each by itself to an extreme: a follower that gets one batch a fetch,
a cache with room for one fetch session, a leader that waits for all of its replicas.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from tests.simulation.faults import Plan
from tests.simulation.long_runs import pace_of, patient
from tests.simulation.workload import FEATURES, Load
from tests.simulation.workload_cleaning import CleaningLoad
from tests.simulation.workload_groups import GroupLoad
from tests.simulation.workload_transactions import TransactionLoad
from tests.simulation.workload_unclean import UncleanLoad

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
_TRANSACTIONS_CHANCE: Final = 0.3
_CLEANING_CHANCE: Final = 0.3
_UNCLEAN_CHANCE: Final = 1 / 6
_WIDE: Final = 65536


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
    def drawn(
        cls, seed: int, *, seconds: float = 40.0, faults: bool = True, extras: Collection[str] | None = None
    ) -> Scenario:
        """`extras`: which there are of "groups", "transactions", "isolation" (of transactions, which read each other's
        records and make transfers), "cleaning" and "unclean"; None: as the seed draws it.
        """
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
        drawn = cls(
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
            ),
            plan=Plan.drawn(rng, synced=synced, lonely=min_isr == 1) if faults else None,
            seconds=seconds,
            directories=rng.choice([1, 1, 2]),
            capacity=rng.choice([65536, 65536, 300]),
        )
        if extras is None:
            drawn = replace(drawn, load=drawn.load.with_extremes(random.Random(f"{seed}/extremes")))
        if drawn.plan is not None:
            drawn = replace(drawn, plan=drawn.plan.with_more(random.Random(f"{seed}/more-faults")))
        load, pace = _with_extras(drawn.load, seed, extras), pace_of(seconds)
        if pace > 1:
            plan = None if drawn.plan is None else drawn.plan.stretched(pace)
            drawn, load = replace(drawn, plan=plan, settings=patient(drawn.settings)), load.stretched(pace)
        drawn = replace(drawn, load=load, settings=drawn.settings | _coordinators_settings(load, synced=synced))
        rng = random.Random(f"{seed}/unclean")
        has_unclean = rng.random() < _UNCLEAN_CHANCE if extras is None else "unclean" in extras
        return drawn.with_unclean_elections(seed) if has_unclean else drawn

    def with_unclean_elections(self, seed: int) -> Scenario:
        """The same with them, if it has none: topics that allow them, and leaders that are left alone.

        What such a leader gets of large batches takes the others ten seconds to copy where connections are narrow.
        """
        if self.load.unclean is not None:
            return self
        drawn = UncleanLoad.drawn(random.Random(f"{seed}/unclean/load"), self.load.replicas)
        settings = self.settings if self.load.pace > 1 else {**self.settings, "replica.lag.time.max.ms": drawn.lag_ms}
        unclean = drawn.stretched(self.load.pace)
        plan = None if self.plan is None else self.plan.with_lone_leaders(unclean.lone)
        capacity = _WIDE if "large batches" in self.load.extremes else self.capacity
        load = replace(self.load, unclean=unclean)
        return replace(self, load=load, settings=settings, plan=plan, capacity=capacity)

    def with_only(self, faults: tuple[str, ...]) -> Scenario:
        """The same with these kinds of faults; none given: with those that were drawn."""
        plan = replace(self.plan, kinds=faults, more=(), lone=0.0) if self.plan is not None and faults else self.plan
        return replace(self, plan=plan)

    def __str__(self) -> str:
        """What is drawn, for people who look at one seed."""
        settings = ", ".join(f"{name}={value}" for name, value in self.settings.items())
        topics = ", ".join(f"{name}={value}" for name, value in self.load.topic_configs.items())
        return "\n".join(
            [
                f"{self.controllers} controllers, {self.brokers} brokers with {self.directories} log directories each",
                f"settings: {settings}",
                f"topics: {self.load.topics} of {self.load.replicas} replicas: {topics}",
                f"load: {self.load.producers} producers, {self.load.pause} s between bursts of {self.load.burst:g}, "
                f"all pauses {self.load.pace:g} times as long; "
                f"{', '.join(sorted(self.load.features | self.load.extremes)) or 'nothing else'}",
                f"groups: {self.load.groups or 'none'}; transactions: {self.load.transactions or 'none'}",
                f"cleaning: {self.load.cleaning or 'none'}",
                f"unclean elections: {self.load.unclean or 'none'}",
                f"faults: {self.plan or 'none'}",
            ]
        )


def _with_extras(load: Load, seed: int, wanted: Collection[str] | None) -> Load:
    """Groups and the like, each with random numbers of its own, so that all else is drawn as without them."""
    groups, transactions = random.Random(f"{seed}/groups"), random.Random(f"{seed}/transactions")
    has_groups, has_transactions = groups.random() < _GROUPS_CHANCE, transactions.random() < _TRANSACTIONS_CHANCE
    cleaning = random.Random(f"{seed}/cleaning")
    has_cleaning = cleaning.random() < _CLEANING_CHANCE
    if wanted is not None:
        has_groups, has_transactions = "groups" in wanted, "transactions" in wanted
        has_cleaning = "cleaning" in wanted
    transacting = TransactionLoad.drawn(transactions) if has_transactions else None
    if transacting is not None and (wanted is None or "isolation" in wanted):
        transacting = transacting.with_isolation(random.Random(f"{seed}/isolation"), always=wanted is not None)
    return replace(
        load,
        groups=GroupLoad.drawn(groups) if has_groups else None,
        transactions=transacting,
        cleaning=_cleaning(cleaning, seed) if has_cleaning else None,
    )


def _cleaning(rng: random.Random, seed: int) -> CleaningLoad:
    return CleaningLoad.drawn(rng).with_more(random.Random(f"{seed}/more-cleaning"))


def _coordinators_settings(load: Load, *, synced: bool) -> dict[str, object]:
    """The topics of the coordinators promise as much as the others."""
    cleaning = {} if load.cleaning is None else load.cleaning.settings
    ledger = None if load.cleaning is None else load.cleaning.ledger
    parts = [part.settings for part in (ledger, load.transactions, load.groups) if part is not None]
    if not parts:
        return cleaning
    found: dict[str, object] = {"min.insync.replicas": 2, **({"log.flush.interval.messages": 1} if synced else {})}
    for settings in parts:
        found |= settings
    return found | cleaning

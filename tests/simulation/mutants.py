"""Deliberate bugs, each a promise of the design broken in one place, and the faults under which it shows.

`python -m tests.simulation.mutants [name ...]` looks for each from seed 1 on and says which seed finds it: a simulation
that finds none of them would prove nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

from tests.simulation.faults import Plan
from tests.simulation.run import Outcome, Scenario, run_seed

from barnabas.broker.partition import Partition
from barnabas.broker.partition_leader import LeaderRole
from barnabas.raft.leader import Leader
from barnabas.server.metadata_log import MetadataLog
from barnabas.server.runtime import Runtime
from barnabas.storage.deferred import Flush
from barnabas.storage.producer_state import ProducerStates

SEEDS = 200
CRASHES = ("process crash", "everything restarts", "partition", "one-way partition", "lost connections")


@dataclass(frozen=True, slots=True)
class Mutant:
    """`place` and `name` say what is replaced by `wrong`."""

    place: Any
    name: str
    wrong: Callable[..., Any]
    kinds: tuple[str, ...] = CRASHES
    synced: bool = False
    """Whether acknowledged means synced."""

    @contextmanager
    def at_work(self) -> Iterator[None]:
        with mock.patch.object(self.place, self.name, self.wrong):
            yield

    def scenario(self, seed: int) -> Scenario:
        drawn = Scenario.drawn(seed, seconds=12.0)
        configs = {"min.insync.replicas": "1" if seed % 2 else "2"} | ({"flush.messages": "1"} if self.synced else {})
        load = replace(drawn.load, topic_configs=configs, pause=0.1, producers=3)
        settings = {**drawn.settings, "replica.lag.time.max.ms": 1000, "broker.session.timeout.ms": 2000}
        plan = Plan(self.kinds, pause=0.5, length=1.5, synced=self.synced)
        return replace(drawn, brokers=3, settings=settings, load=load, plan=plan)

    def run(self, seed: int) -> Outcome:
        with self.at_work():
            return run_seed(seed, self.scenario(seed))

    def found(self, seeds: range) -> Outcome | None:
        """The first run that shows it."""
        outcomes = (self.run(seed) for seed in seeds)
        return next((outcome for outcome in outcomes if outcome.failure is not None), None)


def nothing(*_: object, **__: object) -> None:
    return None


def high_watermark_of_the_leader_alone(self: LeaderRole, now: float) -> bool:
    before, self.high_watermark = self.high_watermark, self.acked_end_offset
    return self.high_watermark > before


def keep_what_diverged(self: Partition, epoch: int, end_offset: int, now_ms: int) -> int:
    self.log.epochs.assign(self.leader_epoch, self.log.log_end_offset)
    return self.log.log_end_offset


def answer_before_commit(self: Runtime[Any], decide: Callable[[], Any], done: Callable[[Any], None]) -> None:
    answered: list[object] = []
    SUBMIT(self, decide, answered.append)
    if answered:
        done(answered[0])
    elif self._waiting:
        done(self._waiting.pop()[2])


def commit_without_majority(self: Leader) -> None:
    end = self.state.log.synced_offset
    if end > self.start_offset:
        self.state.advance_high_watermark(end)


SUBMIT = Runtime.submit

MUTANTS = {
    "acks=all is answered before the followers have it": Mutant(
        LeaderRole, "advance", high_watermark_of_the_leader_alone
    ),
    "a follower keeps what diverged": Mutant(Partition, "truncate_diverged", keep_what_diverged),
    "syncs do nothing, though acknowledged means synced": Mutant(
        Flush, "run", nothing, kinds=("host crash", "process crash"), synced=True
    ),
    "duplicates are not recognised": Mutant(ProducerStates, "check", nothing),
    "the controller answers before the commit": Mutant(Runtime, "submit", answer_before_commit),
    "the quorum commits without a majority": Mutant(Leader, "update_high_watermark", commit_without_majority),
    "votes are not written down": Mutant(
        MetadataLog, "write_election_state", nothing, kinds=("everything restarts", "partition", "process crash")
    ),
}


def main(names: list[str]) -> int:
    """The exit code: 1 if one was not found."""
    missed = 0
    for name in names or MUTANTS:
        outcome = MUTANTS[name].found(range(1, SEEDS + 1))
        missed += outcome is None
        print(f"{name}: " + ("NOT FOUND" if outcome is None else f"seed {outcome.seed}: {outcome.failure}"), flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

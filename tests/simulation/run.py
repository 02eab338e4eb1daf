"""One run: a cluster, its clients and what goes wrong; then everything heals and is checked."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial

import trio
from tests.simulation import scheduler, sometimes
from tests.simulation.cluster import Cluster, Violation
from tests.simulation.faults import Nemesis
from tests.simulation.invariants import Invariants
from tests.simulation.invariants_resources import check_quiet, files_closed
from tests.simulation.liveness import READY_SECONDS, Liveness
from tests.simulation.scenario import Scenario
from tests.simulation.trace import Trace
from tests.simulation.workload import Workload

_QUIET_SECONDS = 2.0
"""After which nothing is under way any more, but for fetches that wait longer in long runs."""


@dataclass(slots=True)
class Outcome:
    """How a run ended."""

    seed: int
    digest: str
    """Of the whole trace: the same seed gives the same."""
    failure: str | None
    """What was violated; None if nothing was."""
    simulated: float
    """Seconds."""
    took: float
    """Seconds of one core."""
    counts: Counter[str] = field(default_factory=Counter)
    """What happened how often."""
    paths: Counter[str] = field(default_factory=Counter)
    """Which of the rare paths in `sometimes.py` were taken, and how often."""
    took_long: dict[str, float] = field(default_factory=dict)
    """The longest of what is in `liveness.py`, in simulated seconds."""
    faults: int = 0
    """How many began, or were left out."""


def run_seed(seed: int, scenario: Scenario | None = None, trace: Trace | None = None) -> Outcome:
    """The whole run. What it finds is in the outcome; anything but a Violation that was raised is a finding as well."""
    scenario = scenario or Scenario.drawn(seed)
    trace = trace or Trace()
    history = _Run(seed, scenario, trace)
    began = time.process_time()
    failure = None
    with trace.takes_logs(), sometimes.watching() as paths:
        try:
            scheduler.run(seed, history.main)
        except (Exception, ExceptionGroup) as error:  # noqa: BLE001 - every failure of a run is a finding
            failure = _describe(error)
    took = time.process_time() - began
    return Outcome(
        seed, trace.digest, failure, history.now, took, history.counts, paths, history.took_long, history.faults
    )


class _Run:
    def __init__(self, seed: int, scenario: Scenario, trace: Trace) -> None:
        self.counts: Counter[str] = Counter()
        self.now = 0.0
        self.faults = 0
        self.took_long: dict[str, float] = {}
        self._seed = seed
        self._scenario = scenario
        self._trace = trace

    async def main(self) -> None:
        scenario = self._scenario
        async with trio.open_nursery() as nursery:
            cluster = Cluster(
                self._seed,
                nursery,
                self._trace,
                controllers=scenario.controllers,
                brokers=scenario.brokers,
                clients=2,
                settings=scenario.settings,
                directories=scenario.directories,
                capacity=scenario.capacity,
            )
            workload = Workload(cluster, scenario.load)
            invariants = Invariants(cluster, workload.history.marked)
            invariants.cleaning.on_missed = workload.marker_missed
            try:
                await self._play(cluster, invariants, workload)
            finally:
                self.counts["acknowledged records"] += sum(map(len, workload.history.acked.values()))
                self.counts["failed records"] += workload.history.failed
                self.counts["records seen"] += sum(map(len, workload.history.seen.values()))
                self.counts += workload.counts
                self.counts["new leaders"] += invariants.leader_epochs
                self.counts["unclean: elections"] += workload.history.marked.count
            nursery.cancel_scope.cancel()

    async def _play(self, cluster: Cluster, invariants: Invariants, workload: Workload) -> None:
        liveness = Liveness(cluster, invariants.what_is_missing, invariants.leaderless)
        self.took_long = liveness.took
        cluster.nursery.start_soon(self._look, invariants, liveness)
        cluster.start()
        await liveness.recovered("the start", READY_SECONDS)
        await workload.create_topics()
        workload.start()
        if self._scenario.plan is not None:

            def records_lost() -> None:
                invariants.forget_records()
                workload.history.forget_records()

            def nothing_promised() -> None:
                invariants.expect_no_records()
                workload.history.expect_no_records()

            nemesis = Nemesis(cluster, self._scenario.plan, records_lost, nothing_promised)
            cluster.nursery.start_soon(nemesis.run)
            try:
                await trio.sleep(self._scenario.seconds)
                await nemesis.heal()
            finally:
                self.counts += nemesis.counts
                self.faults = nemesis.faults
        else:
            await trio.sleep(self._scenario.seconds)
        workload.healed()
        await liveness.healed()
        await liveness.progress(workload.progress)
        await workload.stop(partial(liveness.caught_up, partial(invariants.lagging, self._scenario.load.topics)))
        liveness.check_records(workload.history)
        await liveness.healed()
        await trio.sleep(max(_QUIET_SECONDS, self._scenario.load.fetch_wait + 1.0))
        await liveness.caught_up(invariants.lagging)
        invariants.check_equal()
        check_quiet(cluster)
        await files_closed(cluster)
        await workload.check()
        await liveness.stop_nodes()

    async def _look(self, invariants: Invariants, liveness: Liveness) -> None:
        def looked() -> None:
            self.now = trio.current_time()
            invariants.check_well(liveness.well_for)

        await invariants.watch(looked, self._scenario.load.pace)


def _describe(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        violations = [each for each in _leaves(error) if isinstance(each, Violation)]
        error = (violations or list(_leaves(error)))[0]
    if isinstance(error, Violation):
        return str(error)
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = "" if place is None else f" ({place.tb_frame.f_code.co_filename}:{place.tb_lineno})"
    return f"{type(error).__name__}: {error}{where}"


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for each in group.exceptions:
        found += _leaves(each) if isinstance(each, BaseExceptionGroup) else [each]
    return found

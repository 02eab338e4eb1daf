"""From a seed that fails to the fewest faults with which it still does.

Every fault of a run has a number and random numbers of its own, so it can be left out, and the others stay nearly as
they are: they strike at the same times, but the cluster that they meet may have gone another way. So what is tried is
run, and kept if the same thing is broken again. First the load and the settings are made plain, then faults go: many
at once, half as many, and at last one by one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from tests.simulation.run import Outcome, run_seed
from tests.simulation.scenario import Scenario
from tests.simulation.trace import Trace


@dataclass(frozen=True, slots=True)
class Smallest:
    """What is left of a scenario that fails."""

    scenario: Scenario
    outcome: Outcome
    schedule: list[str]
    """The faults that are left, as lines for people."""
    runs: int
    """How many it took."""


def minimise(
    seed: int, scenario: Scenario, run: Callable[[int, Scenario, Trace], Outcome] = run_seed
) -> Smallest | None:
    """None if the seed does not fail. `run` runs a seed; with a bug put in, for one that is to be shown small."""
    return _Search(seed, scenario, run).smallest()


def kind_of(failure: str) -> str:
    """What was broken, without who, where and how much: two failures of one kind are taken for the same."""
    words = re.sub(r"[\[({'].*?[\])}']", "", failure).split()
    return " ".join([word for word in words if word != "None" and not re.search(r"\d", word)][:8])


class _Search:
    def __init__(self, seed: int, scenario: Scenario, run: Callable[[int, Scenario, Trace], Outcome]) -> None:
        self._seed = seed
        self._run = run
        self._scenario = scenario
        self._outcome, self._schedule = self._tried(scenario)
        self._runs = 1

    def smallest(self) -> Smallest | None:
        if self._outcome.failure is None:
            return None
        for simpler in _simpler(self._scenario):
            self._keep_if_it_fails(simpler(self._scenario))
        self._leave_out_faults()
        return Smallest(self._scenario, self._outcome, self._schedule, self._runs)

    def _leave_out_faults(self) -> None:
        assert self._scenario.plan is not None
        size = self._outcome.faults
        while size:
            left = [number for number in range(1, self._outcome.faults + 1) if number not in self._without]
            for start in range(0, len(left), size):
                self._try_without(frozenset(left[start : start + size]))
            size //= 2

    @property
    def _without(self) -> frozenset[int]:
        return frozenset() if self._scenario.plan is None else self._scenario.plan.without

    def _try_without(self, numbers: frozenset[int]) -> None:
        plan = self._scenario.plan
        if plan is not None:
            self._keep_if_it_fails(replace(self._scenario, plan=replace(plan, without=plan.without | numbers)))

    def _keep_if_it_fails(self, scenario: Scenario) -> None:
        assert self._outcome.failure is not None
        self._runs += 1
        outcome, schedule = self._tried(scenario)
        if outcome.failure is not None and kind_of(outcome.failure) == kind_of(self._outcome.failure):
            self._scenario, self._outcome, self._schedule = scenario, outcome, schedule

    def _tried(self, scenario: Scenario) -> tuple[Outcome, list[str]]:
        trace = Trace()
        outcome = self._run(self._seed, scenario, trace)
        return outcome, trace.schedule


def _simpler(scenario: Scenario) -> Iterator[Callable[[Scenario], Scenario]]:
    """Things to leave out of a scenario, but for its faults."""
    for feature in sorted(scenario.load.features):
        yield lambda it, feature=feature: replace(it, load=replace(it.load, features=it.load.features - {feature}))
    for extreme in sorted(scenario.load.extremes):
        yield lambda it, extreme=extreme: replace(it, load=replace(it.load, extremes=it.load.extremes - {extreme}))
    yield lambda it: replace(it, load=replace(it.load, groups=None))
    yield lambda it: replace(it, load=replace(it.load, transactions=None))
    for name in scenario.settings:
        if name != "http.listener":
            yield lambda it, name=name: replace(
                it, settings={other: value for other, value in it.settings.items() if other != name}
            )
    yield lambda it: replace(it, capacity=65536)
    yield lambda it: replace(it, directories=1)
    yield lambda it: replace(it, brokers=3)
    yield lambda it: replace(it, load=replace(it.load, producers=1))

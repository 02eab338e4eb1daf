"""The fewest faults with which a run fails: here of runs that are played by a few lines."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.simulation.faults import Plan
from tests.simulation.minimise import Smallest, kind_of, minimise
from tests.simulation.run import Outcome
from tests.simulation.scenario import Scenario
from tests.simulation.trace import Trace

FAULTS = 20


def smallest(needed: set[int], *, feature: str = "") -> Smallest | None:
    """Of a run of 20 faults that fails as long as these and this feature are in it."""

    def run(seed: int, scenario: Scenario, trace: Trace) -> Outcome:
        assert scenario.plan is not None
        fails = not needed & scenario.plan.without and (not feature or feature in scenario.load.features)
        failure = f"lost: p1:{seed} at t0-1 {len(scenario.plan.without)}" if fails and needed else None
        return Outcome(seed, "", failure, 1.0, 1.0, faults=FAULTS)

    plan = Plan(("partition",), pause=1.0, length=1.0, synced=False)
    drawn = replace(Scenario.drawn(1), plan=plan)
    return minimise(1, replace(drawn, load=replace(drawn.load, features=frozenset({"acks=1", "elections"}))), run)


@pytest.mark.parametrize("needed", [{1}, {20}, {3, 17}, {4, 5, 6}])
def test_what_is_not_needed_is_left_out(needed: set[int]) -> None:
    found = smallest(needed)
    assert found is not None
    assert found.scenario.plan is not None
    assert found.scenario.plan.without == set(range(1, FAULTS + 1)) - needed


def test_features_and_settings_go_first() -> None:
    found = smallest({7}, feature="elections")
    assert found is not None
    assert found.scenario.load.features == {"elections"}
    assert found.scenario.settings.keys() == {"http.listener"}


def test_a_run_that_breaks_nothing_is_left_alone() -> None:
    assert smallest(set()) is None


def test_failures_of_one_kind_differ_in_names_and_numbers() -> None:
    assert kind_of("lost: p1:12 was acknowledged at t0-1 12, where p1:13 is") == kind_of(
        "lost: p0:3 was acknowledged at t2-0 4, where None is"
    )
    assert kind_of("lost: p1:12 was acknowledged") != kind_of("duplicate: p1:12 of t0-1")

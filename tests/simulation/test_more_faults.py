"""The kinds of faults that came later: they strike, and leave the runs of other seeds as they were."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.simulation.faults import Plan, first_kinds, more_kinds
from tests.simulation.faults_connections import nonsense
from tests.simulation.run import run_seed
from tests.simulation.scenario import Scenario

SECONDS = 6.0
DONE = (
    "connections clogged",
    "connections half open",
    "files lost, cut or of long ago",
    "names that meant others",
    "nodes restarted in turn",
    "pieces of nonsense sent",
    "second processes that were refused",
    "stops without a quorum",
)


def test_they_do_something_and_nothing_breaks() -> None:
    drawn = Scenario.drawn(3, seconds=SECONDS, extras=()).with_only(tuple(more_kinds()))
    assert drawn.plan is not None
    outcome = run_seed(3, replace(drawn, plan=replace(drawn.plan, pause=0.1, length=0.5)))
    assert outcome.failure is None
    assert [what for what in DONE if not outcome.counts[what]] == []


def test_plans_are_drawn_as_before_and_half_of_them_have_more() -> None:
    plans = [Plan.drawn(Random(seed), synced=False) for seed in range(40)]
    assert {kind for plan in plans for kind in plan.kinds} == set(first_kinds())
    with_more = [plan.with_more(Random(seed)) for seed, plan in enumerate(plans)]
    assert [replace(plan, more=()) for plan in with_more] == plans
    assert 10 < sum(bool(plan.more) for plan in with_more) < 30
    assert {kind for plan in with_more for kind in plan.more} == set(more_kinds())


def test_nonsense_is_of_many_kinds() -> None:
    pieces = {nonsense(Random(seed)) for seed in range(50)}
    assert len(pieces) > 40

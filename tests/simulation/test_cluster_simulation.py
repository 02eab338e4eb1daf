"""A part of what `make simulate` does, small enough for every run of the tests."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.simulation.faults import Plan
from tests.simulation.mutants.in_sync import MUTANTS
from tests.simulation.run import run_seed
from tests.simulation.scenario import Scenario

SECONDS = 5.0


@pytest.mark.parametrize("seed", [4, 6, 8])
def test_promises_hold_under_faults(seed: int) -> None:
    outcome = run_seed(seed, Scenario.drawn(seed, seconds=SECONDS))
    assert outcome.failure is None
    assert outcome.counts["acknowledged records"] > 0


def test_a_broken_promise_is_found() -> None:
    outcome = MUTANTS[0].found(range(1, 4))
    assert outcome is not None
    assert outcome.failure is not None


def test_disk_that_fails_until_the_process_ends() -> None:
    """The storage's own error came out of a controller that closed its log (seeds 10, 13 and 27)."""
    drawn = Scenario.drawn(27, seconds=SECONDS)
    plan = Plan(("failing disk",), pause=0.5, length=0.5, synced=False)
    outcome = run_seed(27, replace(drawn, plan=plan))
    assert outcome.failure is None
    assert outcome.counts["failing disk"] > 1

"""A part of what `make simulate` does, small enough for every run of the tests."""

from __future__ import annotations

import pytest
from tests.simulation.run import run_seed
from tests.simulation.scenario import Scenario

SECONDS = 5.0


@pytest.mark.parametrize("seed", [4, 6, 8])
def test_promises_hold_under_faults(seed: int) -> None:
    outcome = run_seed(seed, Scenario.drawn(seed, seconds=SECONDS))
    assert outcome.failure is None
    assert outcome.counts["acknowledged records"] > 0


@pytest.mark.parametrize("seed", [5, 30])
def test_groups_settle_and_read_everything(seed: int) -> None:
    outcome = run_seed(seed, Scenario.drawn(seed, seconds=SECONDS, extras=["groups"]))
    assert outcome.failure is None
    assert outcome.counts["groups: commits"] > 0

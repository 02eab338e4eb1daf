"""Runs with chosen kinds of faults: `--faults` on the command line, and `Scenario.with_only`."""

from __future__ import annotations

import argparse
from dataclasses import replace

import pytest
from tests.simulation.__main__ import _kinds
from tests.simulation.faults import kinds
from tests.simulation.run import run_seed
from tests.simulation.scenario import Scenario

CHOSEN = ("clock jump", "pause")


def test_the_command_line_names_kinds_that_there_are() -> None:
    assert _kinds("clock jump,pause") == CHOSEN
    with pytest.raises(argparse.ArgumentTypeError, match="there is no pauses; there are"):
        _kinds("clock jump,pauses")


def test_only_the_faults_are_others() -> None:
    drawn = Scenario.drawn(7)
    chosen = drawn.with_only(CHOSEN)
    assert drawn.plan is not None
    assert chosen.plan is not None
    assert chosen.plan.kinds == CHOSEN
    assert replace(chosen, plan=drawn.plan) == drawn
    assert drawn.with_only(()) == drawn
    assert Scenario.drawn(7, faults=False).with_only(CHOSEN).plan is None


def test_nothing_else_goes_wrong() -> None:
    scenario = Scenario.drawn(7, seconds=5.0, extras=()).with_only(CHOSEN)
    assert scenario.plan is not None
    outcome = run_seed(7, replace(scenario, plan=replace(scenario.plan, pause=0.5)))
    assert outcome.failure is None
    assert {kind for kind in kinds() if outcome.counts[kind]} == set(CHOSEN)

"""Runs the scenario files of classic groups."""

from __future__ import annotations

from pathlib import Path

import pytest

from group_scenario import GroupScenario
from scenarios import check_scenario

SCENARIOS = Path(__file__).parents[4] / "scenarios" / "groups"


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.txt")), ids=lambda path: path.stem)
def test_scenario(path: Path, request: pytest.FixtureRequest) -> None:
    check_scenario(path, GroupScenario().execute, rewrite=request.config.getoption("--rewrite"))

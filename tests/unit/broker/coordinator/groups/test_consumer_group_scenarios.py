"""Runs the scenario files of consumer groups."""

from __future__ import annotations

from pathlib import Path

import pytest

from consumer_group_scenario import ConsumerGroupScenario
from scenarios import check_scenario

SCENARIOS = Path(__file__).parents[4] / "scenarios" / "consumer_groups"


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.txt")), ids=lambda path: path.stem)
def test_scenario(path: Path, request: pytest.FixtureRequest) -> None:
    check_scenario(path, ConsumerGroupScenario().execute, rewrite=request.config.getoption("--rewrite"))

"""The scenario files of the quorum; see tests/support/scenarios.py for their form."""

from __future__ import annotations

from pathlib import Path

import pytest

from raft_scenario import RaftScenario
from scenarios import check_scenario

FILES = sorted((Path(__file__).parents[2] / "scenarios" / "raft").glob("*.txt"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario(path: Path, request: pytest.FixtureRequest) -> None:
    check_scenario(path, RaftScenario().execute, rewrite=request.config.getoption("--rewrite"))

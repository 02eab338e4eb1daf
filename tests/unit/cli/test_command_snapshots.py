"""What each command prints, for people and for programs, and what it says when something is wrong: whole, in files."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.main import get_command

from barnabas.cli.main import app
from command_cluster import CommandScenario
from command_harness import Run, options_of
from scenarios import check_scenario

FILES = sorted((Path(__file__).parents[2] / "scenarios" / "commands").glob("*.txt"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_commands_print(
    run: Run, monkeypatch: pytest.MonkeyPatch, path: Path, request: pytest.FixtureRequest
) -> None:
    check_scenario(path, CommandScenario(run, monkeypatch).execute, rewrite=request.config.getoption("--rewrite"))


def test_every_command_is_shown_in_both_forms() -> None:
    shown = [line for path in FILES for line in path.read_text().splitlines() if line.startswith("barnabas ")]
    for names, options in options_of(get_command(app)).items():
        if "--bootstrap" not in options:
            continue
        lines = [line.split() for line in shown if line.startswith(" ".join(["barnabas", *names]))]
        assert {"--json" in line for line in lines} == {True, False}, names

"""Runs the command in this process, against a fake of the cluster."""

from __future__ import annotations

import pytest
from command_harness import FakeAdmin, Result, Run

from barnabas.cli.main import main


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `barnabas ARGUMENTS...` and tell how it ended."""
    monkeypatch.delenv("BARNABAS_BOOTSTRAP", raising=False)

    def run_command(*arguments: str) -> Result:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        captured = capfd.readouterr()
        code = ended.value.code
        return Result(code if isinstance(code, int) else 0, captured.out, captured.err)

    return run_command


@pytest.fixture
def admin(monkeypatch: pytest.MonkeyPatch) -> FakeAdmin:
    """What the commands find in place of a cluster."""
    fake = FakeAdmin()
    monkeypatch.setattr("barnabas.cli.session.Admin", fake)
    return fake

"""Runs the command in this process, against a fake of the cluster."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from command_harness import FakeAdmin, FakeConsumer, FakeProducer, Result, Run

from barnabas.cli.main import main


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run `barnabas ARGUMENTS...`, with `stdin` to read, and tell how it ended."""
    monkeypatch.delenv("BARNABAS_BOOTSTRAP", raising=False)

    def run_command(*arguments: str, stdin: bytes = b"") -> Result:
        (tmp_path / "stdin").write_bytes(stdin)
        with (tmp_path / "stdin").open() as file, monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", file)
            with pytest.raises(SystemExit) as ended:
                main(arguments)
        captured = capfdbinary.readouterr()
        code = ended.value.code
        return Result(code if isinstance(code, int) else 0, captured.out, captured.err.decode())

    return run_command


@pytest.fixture
def admin(monkeypatch: pytest.MonkeyPatch) -> FakeAdmin:
    """What the commands find in place of a cluster."""
    fake = FakeAdmin()
    monkeypatch.setattr("barnabas.cli.session.Admin", fake)
    return fake


@pytest.fixture
def producer(monkeypatch: pytest.MonkeyPatch) -> FakeProducer:
    """What `produce` finds in place of a cluster."""
    fake = FakeProducer()
    monkeypatch.setattr("barnabas.cli.produce.Producer", fake)
    return fake


@pytest.fixture
def consumer(monkeypatch: pytest.MonkeyPatch) -> FakeConsumer:
    """What `consume` finds in place of a cluster."""
    fake = FakeConsumer()
    monkeypatch.setattr("barnabas.cli.consume.Consumer", fake)
    return fake

"""Runs the command in this process, against a fake of the cluster."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from command_harness import FakeAdmin, FakeConsumer, FakeProducer, Run, run_command


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run `barnabas ARGUMENTS...`, with `stdin` to read, and tell how it ended."""
    monkeypatch.delenv("BARNABAS_BOOTSTRAP", raising=False)
    monkeypatch.delenv("BARNABAS_PROFILE", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return partial(run_command, capfdbinary, tmp_path / "stdin")


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

"""The pytest plugin: what it costs a run that does not use it, and what it gives to one that does."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

SECONDS = 120

NEW_MODULES = """
import json, sys
import pytest
before = set(sys.modules)
import barnabas.testing.pytest_plugin
print(json.dumps(sorted(set(sys.modules) - before)))
"""

TESTS = """
import socket

def connect(address):
    host, port = address.split(":")
    socket.create_connection((host, int(port))).close()

def test_embedded(barnabas_embedded):
    connect(barnabas_embedded)

def test_embedded_is_one_for_the_session(barnabas_embedded, request):
    request.config.stash.setdefault("seen", barnabas_embedded)
    assert request.config.stash["seen"] == barnabas_embedded

def test_cluster(barnabas_cluster):
    assert [node.name for node in barnabas_cluster.nodes] == ["controller-101", "broker-1"]
    [broker] = barnabas_cluster.brokers
    connect(barnabas_cluster.bootstrap)
    broker.kill()
    assert broker.pid is None and not broker.ready()
    broker.start()
    assert broker.ready() and broker.status()["role"] == "broker"
    connect(broker.listener)
"""


def python(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, cwd=cwd, check=False)


def test_a_run_that_does_not_use_it_imports_next_to_nothing() -> None:
    assert json.loads(python("-c", NEW_MODULES).stdout) == [
        "barnabas",
        "barnabas.testing",
        "barnabas.testing.pytest_plugin",
    ]


def test_pytest_finds_it_by_itself() -> None:
    [entry] = entry_points(group="pytest11", name="barnabas")
    assert entry.value == "barnabas.testing.pytest_plugin"


def test_its_fixtures(tmp_path: Path) -> None:
    (tmp_path / "test_user.py").write_text(TESTS, encoding="utf-8")
    done = python("-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout

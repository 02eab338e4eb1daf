"""The supervisor of `barnabas dev`, with nodes that do what real ones should not do."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import fake_nodes
from barnabas.cli.dev import control
from dev_harness import Lines, eventually

SECONDS = 30


class Supervised:
    """A supervisor's process, and what it says."""

    def __init__(self, process: subprocess.Popen[str], directory: Path) -> None:
        assert process.stdout is not None
        self.process, self.directory = process, directory
        self.output = Lines(process.stdout)

    def end(self) -> tuple[int, float]:
        """Its exit code, and how many seconds it still took."""
        began = time.monotonic()
        return self.process.wait(SECONDS), time.monotonic() - began


@contextmanager
def supervised(directory: Path, *arguments: str) -> Iterator[Supervised]:
    command = [sys.executable, fake_nodes.__file__, str(directory), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        running = Supervised(process, directory)
        try:
            yield running
        finally:
            process.kill()
            process.wait()
            running.output.all()


def test_a_node_that_ignores_sigterm_is_killed_in_time(tmp_path: Path) -> None:
    with supervised(tmp_path / "c", "deaf") as dev:
        dev.output.wait_for("ready: ")
        dev.process.send_signal(signal.SIGINT)
        code, seconds = dev.end()
        assert (code, 3 < seconds < 5) == (0, True), f"{code} after {seconds:.1f} s"
        assert dev.output.all()[1:] == [
            "controller-101 did not stop in time: killed",
            "broker-1 did not stop in time: killed",
        ]


def test_a_second_ctrl_c_kills_at_once(tmp_path: Path) -> None:
    with supervised(tmp_path / "c", "deaf") as dev:
        dev.output.wait_for("ready: ")
        dev.process.send_signal(signal.SIGINT)
        eventually(lambda: "shutting down" in refusal(tmp_path / "c"), "it is stopping")
        dev.process.send_signal(signal.SIGINT)
        code, seconds = dev.end()
        assert (code, seconds < 1) == (0, True), f"{code} after {seconds:.1f} s"
        assert dev.output.all()[1:] == ["controller-101 killed", "broker-1 killed"]


def refusal(directory: Path) -> str:
    """What a supervisor says to the wish to resume a node."""
    with pytest.raises(control.ControlError) as refused:
        raise control.ControlError(control.act(directory, "resume", "1"))
    return str(refused.value)


def test_ctrl_c_before_the_nodes_are_ready(tmp_path: Path) -> None:
    with supervised(tmp_path / "c", "mute") as dev:
        eventually((tmp_path / "c" / "broker-1" / "lives").exists, "it has started")
        dev.process.send_signal(signal.SIGINT)
        code, seconds = dev.end()
        assert (code, seconds < 1) == (0, True), f"{code} after {seconds:.1f} s"
        assert dev.output.all() == []


def test_a_node_that_dies_again_at_once_is_started_after_growing_pauses(tmp_path: Path) -> None:
    with supervised(tmp_path / "c", "fleeting", "--restart") as dev:
        dev.output.wait_for("ready: ")
        assert control.act(tmp_path / "c", "kill", "1") == "broker-1 is stopped (signal SIGKILL)"
        control.act(tmp_path / "c", "start", "1")
        dev.output.wait_for("starting it again in 2 s")
        died = [line.rpartition("; ")[2] for line in dev.output.so_far() if "died (exit code 3)" in line]
        assert died == ["starting it again in 1 s", "starting it again in 2 s"]
        dev.process.send_signal(signal.SIGTERM)
        assert dev.end()[0] == 0


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ("failing", "broker-1 did not start: no room for me"),
        ("broken", "broker-1 did not start: ZeroDivisionError: a bug"),
    ],
)
def test_a_node_that_does_not_start(tmp_path: Path, behaviour: str, said: str) -> None:
    with supervised(tmp_path / "c", behaviour) as dev:
        assert dev.end()[0] == 1
        assert dev.output.all() == [said]


def test_requests_that_make_no_sense(tmp_path: Path) -> None:
    directory = tmp_path / "c"
    with supervised(directory, "mute") as dev:
        eventually((directory / "broker-1" / "lives").exists, "it has started")
        for action, node, answer in [
            ("start", "1", "broker-1 is starting: cannot start it"),
            ("kill", "x", "no node 'x' here; there are controller-101, broker-1"),
            ("bury", "1", "no action 'bury'; there are kill, stop, start, pause, resume"),
        ]:
            with pytest.raises(control.ControlError, match=f"^{answer}$"):
                control.act(directory, action, node)
        assert control.act(directory, "stop", "1") == "broker-1 is stopped (signal SIGTERM)"
        dev.process.send_signal(signal.SIGINT)
        assert dev.end()[0] == 0

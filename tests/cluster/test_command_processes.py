"""The `barnabas` command as a process of its own: pipes, terminals, Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import IO

import pytest

from barnabas.testing.processes import Cluster
from command_harness import run_command
from command_suite import CommandLine
from terminal import on_terminal

pytestmark = pytest.mark.cluster

SECONDS = 60


def stream(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


@pytest.fixture
def barnabas(barnabas_cluster: Cluster, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> CommandLine:
    run = partial(run_command, capfdbinary, tmp_path / "stdin")
    return CommandLine(barnabas_cluster.bootstrap, barnabas_cluster.brokers[0].directory, run)


def test_following_shows_records_as_they_come_and_ends_with_ctrl_c(barnabas: CommandLine) -> None:
    barnabas("topic", "create", "followed", "--partitions", "1")
    barnabas("produce", "followed", stdin=b"old\n")
    with barnabas.process("consume", "followed", "--follow") as reader:
        assert stream(reader.stdout).readline() == b"old\n"
        barnabas("produce", "followed", stdin=b"new\n")
        assert stream(reader.stdout).readline() == b"new\n"
        reader.send_signal(signal.SIGINT)
        assert reader.communicate(timeout=SECONDS) == (b"", b"")
        assert reader.returncode == 0


def test_a_closed_pipe_ends_consume_quietly(barnabas: CommandLine) -> None:
    barnabas("topic", "create", "cut", "--partitions", "1")
    barnabas("produce", "cut", stdin=b"first\n" + (b"x" * 99 + b"\n") * 20_000)
    with barnabas.process("consume", "cut") as reader:
        assert stream(reader.stdout).readline() == b"first\n"
        stream(reader.stdout).close()
        assert reader.wait(SECONDS) == 0
        assert stream(reader.stderr).read() == b""


def test_ctrl_c_ends_consume_though_nobody_reads_on(barnabas: CommandLine) -> None:
    """A terminal that was stopped by Ctrl-S, a pager that waits: the pipe is full."""
    barnabas("topic", "create", "stuck", "--partitions", "1")
    barnabas("produce", "stuck", stdin=b"first\n" + (b"x" * 99 + b"\n") * 20_000)
    with barnabas.process("consume", "stuck") as reader:
        assert stream(reader.stdout).readline() == b"first\n"
        reader.send_signal(signal.SIGINT)
        assert reader.wait(SECONDS) == 130
        assert stream(reader.stderr).read() == b""


def test_produce_sends_each_line_when_it_comes_and_ends_with_ctrl_c(barnabas: CommandLine) -> None:
    barnabas("topic", "create", "typed", "--partitions", "1")
    with barnabas.process("produce", "typed") as writer:
        stream(writer.stdin).write(b"one\n")
        stream(writer.stdin).flush()
        assert barnabas("consume", "typed", "--follow", "--max-records", "1") == "one\n"
        writer.send_signal(signal.SIGINT)
        assert writer.communicate(timeout=SECONDS) == (b"", b"")
        assert writer.returncode == 130


def test_a_command_that_fails_says_so_in_a_line_and_its_exit_code(barnabas: CommandLine) -> None:
    with barnabas.process("topic", "describe", "nowhere") as command:
        output, said = command.communicate(timeout=SECONDS)
        assert (command.returncode, output) == (1, b"")
        assert said.startswith(b"barnabas: topic nowhere: UNKNOWN_TOPIC_OR_PARTITION")


def test_a_cluster_that_does_not_answer() -> None:
    command = [sys.executable, "-m", "barnabas.cli", "cluster", "describe", "--timeout", "1"]
    environment = {**os.environ, "BARNABAS_BOOTSTRAP": "127.0.0.1:1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)
    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    assert "127.0.0.1:1: Connection refused" in line


def test_the_metadata_of_a_running_controller_are_dumped(barnabas: CommandLine, barnabas_cluster: Cluster) -> None:
    barnabas("topic", "create", "known", "--partitions", "1")
    dumped = barnabas("log", "dump", "--records", "--json", str(barnabas_cluster.controllers[0].directory))
    assert {"Topic", "Partition", "RegisterBroker"} <= {json.loads(line).get("type") for line in dumped.splitlines()}


def test_top_is_drawn_again_and_again_until_ctrl_c(barnabas_cluster: Cluster) -> None:
    command = [sys.executable, "-m", "barnabas.cli", "top", "--interval", "0.3"]
    with on_terminal([*command, "--bootstrap", barnabas_cluster.bootstrap]) as terminal:
        terminal.wait_for(lambda: terminal.text.count("cluster ") > 3, "several pictures")
        assert "active" in terminal.text
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.end() == 0


def test_long_reads_show_how_far_they_are(barnabas: CommandLine, tmp_path: Path) -> None:
    barnabas("topic", "create", "long", "--partitions", "2")
    (tmp_path / "lines").write_bytes(b"x\n" * 20_000)
    for line in (f"produce long < {tmp_path}/lines", f"consume long > {tmp_path}/read"):
        command = f"{sys.executable} -m barnabas.cli {line} --bootstrap {barnabas.bootstrap}"
        with on_terminal(["/bin/sh", "-c", command], columns=100) as terminal:
            assert terminal.end() == 0
            assert "long " in terminal.text
            assert "100%" in terminal.text
    assert (tmp_path / "read").read_bytes() == (tmp_path / "lines").read_bytes()

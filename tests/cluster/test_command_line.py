"""The `barnabas` command against a broker and a controller."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

import pytest

from barnabas.testing.processes import Cluster
from command_harness import Run, run_command

pytestmark = pytest.mark.cluster

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
SECONDS = 60


class CommandLine:
    """Runs commands against one cluster: in this process, because that is quick, or in one of their own."""

    def __init__(self, bootstrap: str, run: Run) -> None:
        self._bootstrap = ["--bootstrap", bootstrap]
        self._run = run

    def __call__(self, *arguments: str, stdin: bytes = b"", code: int = 0) -> str:
        """What a command prints, or its error; it must end with `code`, and say one line of error unless that is 0."""
        result = self._run(*arguments, *self._bootstrap, stdin=stdin)
        assert result.code == code, result.err
        assert len(result.err.splitlines()) == (0 if code == 0 else 1), result.err
        return result.out if code == 0 else result.err

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json"))

    @contextmanager
    def process(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """A command as a process, with pipes to its standard streams; killed at the end if it has not ended."""
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", "barnabas.cli", *arguments, *self._bootstrap]
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
            try:
                yield process
            finally:
                process.kill()


def stream(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


@pytest.fixture
def barnabas(barnabas_cluster: Cluster, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> CommandLine:
    return CommandLine(barnabas_cluster.bootstrap, partial(run_command, capfdbinary, tmp_path / "stdin"))


def test_the_life_of_a_topic(barnabas: CommandLine) -> None:
    said = barnabas("topic", "create", "life", "--partitions", "2", "--config", "retention.ms=1000")
    assert said == "created topic life: partitions 2, replication factor 1\n"
    assert "TOPIC_ALREADY_EXISTS" in barnabas("topic", "create", "life", code=1)
    assert "life" in [topic["name"] for topic in barnabas.json("topic", "list")]
    barnabas(
        "topic", "alter", "life", "--partitions", "3", "--config", "segment.ms=5000", "--delete-config", "retention.ms"
    )
    [topic] = barnabas.json("topic", "describe", "life")
    assert topic["configs"] == {"segment.ms": "5000"}
    assert [(p["partition"], p["replicas"], p["isr"]) for p in topic["partitions"]] == [(n, [1], [1]) for n in range(3)]
    assert "INVALID_CONFIG" in barnabas("topic", "alter", "life", "--config", "no.such=1", code=1)
    assert "INVALID_PARTITIONS" in barnabas("topic", "alter", "life", "--partitions", "1", code=1)
    assert barnabas("topic", "delete", "life") == "deleted topic life\n"
    assert "UNKNOWN_TOPIC_OR_PARTITION" in barnabas("topic", "delete", "life", code=1)


def test_an_explicit_assignment(barnabas: CommandLine) -> None:
    barnabas("topic", "create", "placed", "--assignment", "1,1")
    [topic] = barnabas.json("topic", "describe", "placed")
    assert [partition["replicas"] for partition in topic["partitions"]] == [[1], [1]]
    assert "INVALID_REPLICA_ASSIGNMENT" in barnabas("topic", "create", "misplaced", "--assignment", "1:9", code=1)


def test_cluster_describe(barnabas: CommandLine, barnabas_cluster: Cluster) -> None:
    [broker] = barnabas.json("cluster", "describe")["brokers"]
    assert (broker["id"], broker["listener"], broker["state"]) == (1, barnabas_cluster.bootstrap, "active")
    assert barnabas_cluster.bootstrap in barnabas("cluster", "describe")


def test_produce_and_consume_text(barnabas: CommandLine) -> None:
    barnabas("topic", "create", "text", "--partitions", "1")
    lines = b"a=1\tk1:v1\na=,b=2\tk2:v:2\n\tk3:NULL\n"
    options = ["--key-separator", ":", "--headers", "--null", "NULL"]
    barnabas("produce", "text", *options, stdin=lines)
    assert barnabas("consume", "text", *options).encode() == lines
    assert barnabas("consume", "text", "--from", "1") == "v:2\nnull\n"
    assert barnabas("consume", "text", "--from", "1", "--max-records", "1") == "v:2\n"
    assert barnabas("consume", "text", "--from", "3") == ""
    assert "OFFSET_OUT_OF_RANGE" in barnabas("consume", "text", "--from", "9", "--follow", code=1)


def test_many_lines_keep_their_order_with_every_codec(barnabas: CommandLine) -> None:
    barnabas("topic", "create", "order", "--partitions", "1")
    lines = [f"line {number}\n" for number in range(50_000)]
    for number, codec in enumerate(CODECS):
        part = lines[number * 10_000 : (number + 1) * 10_000]
        barnabas("produce", "order", "--compression", codec, stdin="".join(part).encode())
    assert barnabas("consume", "order") == "".join(lines)


def test_a_topic_can_be_copied_as_json(barnabas: CommandLine) -> None:
    barnabas("topic", "create", "original", "copy", "--partitions", "3")
    lines = [{"key": f"k{n}", "value_base64": "/w==", "headers": [{"name": "n", "value": None}]} for n in range(50)]
    lines += [{"key": None, "value": "plain", "timestamp": 1234, "partition": 2}]
    barnabas("produce", "original", "--json", stdin=b"\n".join(json.dumps(line).encode() for line in lines))
    original = barnabas("consume", "original", "--json")
    barnabas("produce", "copy", "--json", stdin=original.encode())
    copies = barnabas("consume", "copy", "--json").replace('"topic": "copy"', '"topic": "original"')
    assert sorted(copies.splitlines()) == sorted(original.splitlines())
    assert json.loads(barnabas("consume", "copy", "--json", "--partition", "2").splitlines()[-1])["timestamp"] == 1234


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


def test_produce_sends_each_line_when_it_comes_and_ends_with_ctrl_c(barnabas: CommandLine) -> None:
    barnabas("topic", "create", "typed", "--partitions", "1")
    with barnabas.process("produce", "typed") as writer:
        stream(writer.stdin).write(b"one\n")
        stream(writer.stdin).flush()
        assert barnabas("consume", "typed", "--follow", "--max-records", "1") == "one\n"
        writer.send_signal(signal.SIGINT)
        assert writer.communicate(timeout=SECONDS) == (b"", b"")
        assert writer.returncode == 130


def test_what_goes_wrong_is_one_line(barnabas: CommandLine) -> None:
    assert "UNKNOWN_TOPIC_OR_PARTITION" in barnabas("topic", "describe", "nowhere", code=1)
    barnabas("topic", "create", "small", "--partitions", "1", "--config", "max.message.bytes=1000")
    assert "MESSAGE_TOO_LARGE" in barnabas("produce", "small", stdin=b"x" * 2000, code=1)
    assert "numbered from 0" in barnabas("produce", "small", "--partition", "1", stdin=b"x", code=1)
    assert "numbered from 0" in barnabas("consume", "small", "--partition", "1", code=1)


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

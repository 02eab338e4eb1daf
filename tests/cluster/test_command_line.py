"""The `barnabas` command as a process of its own, against a broker and a controller."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import IO, Any

import pytest

from barnabas.testing.processes import Cluster

pytestmark = pytest.mark.cluster

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
SECONDS = 60


class CommandLine:
    """Runs commands against one cluster."""

    def __init__(self, bootstrap: str) -> None:
        self.environment = {**os.environ, "BARNABAS_BOOTSTRAP": bootstrap}

    def __call__(self, *arguments: str, stdin: bytes = b"", code: int = 0) -> str:
        """What a command prints; it must end with `code`, without an error if that is 0 and with one line if not."""
        done = subprocess.run(
            _command(arguments), input=stdin, capture_output=True, env=self.environment, timeout=SECONDS
        )
        said = done.stderr.decode()
        assert done.returncode == code, said
        assert len(said.splitlines()) == (0 if code == 0 else 1), said
        return done.stdout.decode() if code == 0 else said

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json"))

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """A command that goes on, with pipes to its standard streams."""
        pipe = subprocess.PIPE
        return subprocess.Popen(_command(arguments), stdin=pipe, stdout=pipe, stderr=pipe, env=self.environment)


def _command(arguments: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "barnabas.cli", *arguments]


def stream(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


@pytest.fixture(scope="module")
def barnabas(barnabas_cluster: Cluster) -> CommandLine:
    return CommandLine(barnabas_cluster.bootstrap)


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


@pytest.mark.parametrize("codec", CODECS)
def test_many_lines_keep_their_order_with_every_codec(barnabas: CommandLine, codec: str) -> None:
    topic = f"order-{codec}"
    barnabas("topic", "create", topic, "--partitions", "1")
    lines = "".join(f"line {number}\n" for number in range(20_000))
    barnabas("produce", topic, "--compression", codec, stdin=lines.encode())
    assert barnabas("consume", topic) == lines


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
    reader = barnabas.start("consume", "followed", "--follow")
    assert stream(reader.stdout).readline() == b"old\n"
    barnabas("produce", "followed", stdin=b"new\n")
    assert stream(reader.stdout).readline() == b"new\n"
    reader.send_signal(signal.SIGINT)
    assert reader.communicate(timeout=SECONDS) == (b"", b"")
    assert reader.returncode == 0


def test_a_closed_pipe_ends_consume_quietly(barnabas: CommandLine) -> None:
    barnabas("topic", "create", "cut", "--partitions", "1")
    barnabas("produce", "cut", stdin=b"x" * 100 + b"\n" + b"y\n" * 100_000)
    reader = barnabas.start("consume", "cut")
    assert stream(reader.stdout).readline() == b"x" * 100 + b"\n"
    stream(reader.stdout).close()
    assert reader.wait(SECONDS) == 0
    assert stream(reader.stderr).read() == b""
    stream(reader.stderr).close()
    stream(reader.stdin).close()


def test_produce_sends_each_line_when_it_comes_and_ends_with_ctrl_c(barnabas: CommandLine) -> None:
    barnabas("topic", "create", "typed", "--partitions", "1")
    writer = barnabas.start("produce", "typed")
    stream(writer.stdin).write(b"one\n")
    stream(writer.stdin).flush()
    assert barnabas("consume", "typed", "--follow", "--max-records", "1") == "one\n"
    writer.send_signal(signal.SIGINT)
    assert writer.communicate(timeout=SECONDS) == (b"", b"")
    assert writer.returncode == 130


def test_what_goes_wrong_is_one_line(barnabas: CommandLine) -> None:
    assert "UNKNOWN_TOPIC_OR_PARTITION" in barnabas("topic", "describe", "nowhere", code=1)
    assert "UNKNOWN_TOPIC_OR_PARTITION" in barnabas("consume", "nowhere", code=1)
    barnabas("topic", "create", "small", "--partitions", "1", "--config", "max.message.bytes=1000")
    assert "MESSAGE_TOO_LARGE" in barnabas("produce", "small", stdin=b"x" * 2000, code=1)
    assert "numbered from 0" in barnabas("produce", "small", "--partition", "1", stdin=b"x", code=1)
    assert "numbered from 0" in barnabas("consume", "small", "--partition", "1", code=1)
    unreachable = ["--bootstrap", "127.0.0.1:1", "--timeout", "1"]
    assert "127.0.0.1:1" in barnabas("cluster", "describe", *unreachable, code=1)

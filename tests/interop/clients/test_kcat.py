"""kcat (Debian's, with librdkafka of its own) against three controllers and three brokers.

It has neither admin calls nor a call for configurations: topics are created by being produced to.
"""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import threading
from typing import Any

import pytest
from clients.client import ALL_CODECS, PATIENCE_SECONDS

from barnabas.testing.processes import Cluster
from load import create_topic, leader_of, wait_for_isr

pytestmark = pytest.mark.cluster
PROMISES = ["enable.idempotence=true", "acks=all", "acks=1", "acks=0"]
FIRST_MS = 1_700_000_000_000
SOME = 100
numbers = itertools.count()


@pytest.fixture(scope="session", autouse=True)
def _installed() -> None:
    if shutil.which("kcat") is None:
        pytest.skip("kcat is not on the PATH: install Debian's package kcat")


@pytest.fixture
def topic() -> str:
    return f"kcat-{next(numbers)}"


def kcat(cluster: Cluster, *arguments: str, text: str = "") -> str:
    """What kcat prints."""
    command = ["kcat", "-q", "-b", cluster.bootstrap, *arguments]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert done.returncode == 0, done.stderr
    return done.stdout


def lines(values: list[str]) -> str:
    return "".join(f"{value}\n" for value in values)


@pytest.mark.parametrize("codec", ALL_CODECS)
def test_produces_and_fetches(barnabas: Cluster, topic: str, codec: str) -> None:
    values = [f"value {n} " * 20 for n in range(SOME)]
    for promise in PROMISES:
        kcat(barnabas, "-P", "-t", topic, "-p", "0", "-z", codec, "-X", promise, "-H", "h=1", text=lines(values))
    count = len(PROMISES) * SOME
    read = kcat(barnabas, "-C", "-t", topic, "-p", "0", "-o", "0", "-c", str(count), "-f", "%o %h %s\n")
    assert read == lines([f"{offset} h=1 {values[offset % SOME]}" for offset in range(count)])


def test_lists_topics_and_offsets_by_time(barnabas: Cluster, topic: str) -> None:
    create_topic(barnabas.bootstrap, topic, partitions=2)
    before = json.loads(kcat(barnabas, "-L", "-J", "-t", topic))
    assert {broker["id"] for broker in before["brokers"]} == {broker.id for broker in barnabas.brokers}
    assert [len(p["replicas"]) for p in before["topics"][0]["partitions"]] == [3, 3]
    kcat(barnabas, "-P", "-t", topic, "-p", "1", "-X", "acks=all", text=lines(["first", "second"]))
    written = [json.loads(line) for line in kcat(barnabas, "-C", "-t", topic, "-p", "1", "-e", "-J").splitlines()]
    assert [(record["offset"], record["payload"]) for record in written] == [(0, "first"), (1, "second")]

    def asked(timestamp: int) -> str:
        return kcat(barnabas, "-Q", "-t", f"{topic}:1:{timestamp}").strip()

    assert asked(-2) == f"{topic} [1] offset 0"
    assert asked(-1) == f"{topic} [1] offset 2"
    assert asked(written[0]["ts"]) == f"{topic} [1] offset 0"
    assert asked(written[1]["ts"] + 1000) == f"{topic} [1] offset -1"


class Follower:
    """A kcat that prints each record as it comes."""

    def __init__(self, cluster: Cluster, topic: str) -> None:
        command = ["kcat", "-q", "-u", "-b", cluster.bootstrap, "-C", "-t", topic, "-p", "0", "-o", "0"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def read(self, count: int) -> list[str]:
        assert self._process.stdout is not None
        watchdog = threading.Timer(PATIENCE_SECONDS, self._process.kill)
        watchdog.start()
        found = [self._process.stdout.readline().rstrip("\n") for _ in range(count)]
        watchdog.cancel()
        return found

    def __enter__(self) -> Follower:
        return self

    def __exit__(self, *_: Any) -> None:
        self._process.kill()
        self._process.communicate()


def test_survives_the_kill_of_a_leader(barnabas: Cluster, topic: str) -> None:
    create_topic(barnabas.bootstrap, topic, config={"min.insync.replicas": "2"})
    wait_for_isr(barnabas.bootstrap, topic, 3)
    # It reads stdin in blocks of 1 KB, so that a line may stay behind until the next one comes.
    values = [f"{number} ".ljust(2000, ".") for number in range(3 * SOME + 1)]
    command = ["kcat", "-q", "-b", barnabas.bootstrap, "-P", "-t", topic, "-p", "0", "-X", "enable.idempotence=true"]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as producer,
        Follower(barnabas, topic) as follower,
    ):
        stdin = producer.stdin
        assert stdin is not None
        stdin.write(lines(values[:1]))

        def write_and_read(start: int) -> None:
            stdin.write(lines(values[start + 1 : start + 1 + SOME]))
            stdin.flush()
            assert follower.read(SOME) == values[start : start + SOME]

        write_and_read(0)
        leader = barnabas.node(leader_of(barnabas.bootstrap, topic))
        leader.kill()
        write_and_read(SOME)
        leader.start()
        wait_for_isr(barnabas.bootstrap, topic, 3)
        write_and_read(2 * SOME)
        stdin.close()
        assert producer.wait(PATIENCE_SECONDS) == 0
        assert follower.read(1) == values[-1:]

"""Consume, transform, produce, in transactions: what runs while things are killed, and the check that all came through
exactly once.

Input records have numbers that rise within a partition; each is copied to the same partition of the output. One
transaction in a few is aborted on purpose, and whatever else goes wrong ends in an abort or in a new producer. An
instance of the application is a process of its own (`processing_child.py`), so that it can be killed too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

from confluent_kafka import Consumer, KafkaError, TopicPartition

from load import SETTLE_SECONDS

END = KafkaError._PARTITION_EOF
_CHILD = Path(__file__).with_name("processing_child.py")
_SOAK_SECONDS = float(os.environ.get("BARNABAS_SOAK", "0"))


def rounds(least: int) -> Iterator[int]:
    """So many, and more until `BARNABAS_SOAK` seconds are over."""
    ends, number = time.monotonic() + _SOAK_SECONDS, 0
    while number < least or time.monotonic() < ends:
        yield number
        number += 1


@dataclass(frozen=True, slots=True)
class Job:
    """What an instance is to do. Two with one transactional id fence each other."""

    bootstrap: str
    source: str
    target: str
    partitions: int
    transactional_id: str
    seed: int = 0

    @property
    def group(self) -> str:
        return f"{self.target}-group"


def commit_beginnings(job: Job) -> None:
    """Its group has committed offset 0 everywhere: where nothing seems to be committed later, something is wrong."""
    consumer = Consumer({"bootstrap.servers": job.bootstrap, "group.id": job.group, "enable.auto.commit": False})
    try:
        beginnings = [TopicPartition(job.source, partition, 0) for partition in range(job.partitions)]
        consumer.commit(offsets=beginnings, asynchronous=False)
    finally:
        consumer.close()


@dataclass(slots=True)
class Progress:
    """What became of an instance so far."""

    committed: int = 0
    aborted: int = 0
    producers: int = 0
    """One after the other: what a producer does not survive, the next one resolves."""
    fenced: bool = False
    broken: bool = False
    """It gave up, though nobody fenced it."""

    def __add__(self, later: Progress) -> Progress:
        """Of this instance, and another that took over from it."""
        return Progress(
            self.committed + later.committed,
            self.aborted + later.aborted,
            self.producers + later.producers,
            later.fenced,
            later.broken,
        )


class Processor:
    """An instance, in a process of its own."""

    def __init__(self, client: str, job: Job) -> None:
        """`client` is the library's name."""
        self._name = f"{client} {job.transactional_id}"
        self._command = [sys.executable, str(_CHILD), client, json.dumps(asdict(job))]
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed by __exit__)
        self.progress = Progress()
        self.longest_pause = 0.0
        """Seconds between two commits, whichever process made them."""
        self._last_commit: float | None = None

    def __enter__(self) -> Processor:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        try:
            self.stop()
        finally:
            self._said.close()

    def start(self) -> None:
        """Begin, or take over from the one that was killed."""
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, text=True
        )
        self._listener = threading.Thread(target=self._listen, args=(self.progress,), name=self._name)
        self._listener.start()

    def stop(self) -> None:
        """It finishes the transaction at hand and ends."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(SETTLE_SECONDS)
        finally:
            self.kill()

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()
        self._listener.join()
        assert self._process.stdin is not None
        self._process.stdin.close()

    def wait_for_commits(self, more: int) -> None:
        """Return when so many more transactions are committed."""
        wanted, deadline = self.progress.committed + more, time.monotonic() + SETTLE_SECONDS
        while self.progress.committed < wanted:
            ended = self.progress.fenced or self.progress.broken or self._process.poll() is not None
            assert not ended, f"{self._name} ended: {self}; it said:\n{self._said_last()}"
            assert time.monotonic() < deadline, f"{self._name}: {wanted} commits wanted: {self}\n{self._said_last()}"
            time.sleep(0.01)

    def __str__(self) -> str:
        return f"{self.progress}, longest pause {self.longest_pause:.2f} s"

    def _said_last(self) -> str:
        self._said.seek(0)
        return self._said.read()[-4000:]

    def _listen(self, before: Progress) -> None:
        assert self._process.stdout is not None
        with self._process.stdout:
            for line in self._process.stdout:
                progress, now = before + Progress(**json.loads(line)), time.monotonic()
                if progress.committed != self.progress.committed:
                    self.longest_pause = max(self.longest_pause, now - (self._last_commit or now))
                    self._last_commit = now
                self.progress = progress


def read_committed(bootstrap: str, topic: str, partitions: int = 1) -> dict[int, list[bytes]]:
    """The values of the topic by partition, as read_committed sees them."""
    return _read(bootstrap, topic, partitions, "read_committed")


def read_uncommitted(bootstrap: str, topic: str, partitions: int = 1) -> dict[int, list[bytes]]:
    return _read(bootstrap, topic, partitions, "read_uncommitted")


def _read(bootstrap: str, topic: str, partitions: int, isolation: str) -> dict[int, list[bytes]]:
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "unused",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": isolation,
        }
    )
    read: dict[int, list[bytes]] = {partition: [] for partition in range(partitions)}
    ended: set[int] = set()
    deadline = time.monotonic() + SETTLE_SECONDS
    try:
        consumer.assign([TopicPartition(topic, partition, 0) for partition in range(partitions)])
        while len(ended) < partitions:
            if time.monotonic() > deadline:
                raise AssertionError(f"partitions {set(read) - ended} of {topic} have no end")
            for message in consumer.consume(1000, timeout=0.05):
                error = message.error()
                if error is None:
                    read[message.partition()].append(message.value())
                elif error.code() == END:
                    ended.add(message.partition())
        return read
    finally:
        consumer.close()


def check_exactly_once(bootstrap: str, source: str, target: str, partitions: int) -> None:
    """Return when the output is the input, each record once, in order; fail at once where it never can be."""
    deadline = time.monotonic() + SETTLE_SECONDS
    wanted = read_committed(bootstrap, source, partitions)
    while True:
        found = read_committed(bootstrap, target, partitions)
        for partition, values in found.items():
            expected = wanted[partition][: len(values)]
            assert values == expected, f"partition {partition} of {target} is not its input: {_where(values, expected)}"
        if found == wanted:
            return
        counts = {partition: (len(found[partition]), len(wanted[partition])) for partition in found}
        assert time.monotonic() < deadline, f"of {target} there is, and should be: {counts}"
        time.sleep(0.1)


def _where(values: list[bytes], expected: list[bytes]) -> str:
    place = next((n for n, pair in enumerate(zip(values, expected, strict=False)) if pair[0] != pair[1]), len(expected))
    return f"from place {place} on {values[place : place + 5]}, not {expected[place : place + 5]}"

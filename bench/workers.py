"""Many producers, in processes of their own so that the load is not made by one core. Each is a librdkafka client with
connections of its own.

The parent starts the processes (`Producers`) and gives them orders, a line of JSON each; a process answers each order
with a line. `python -m bench.workers` is such a process.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

PROCESSES = 2
SIZE = 1024
CHUNK = 50
OUTSTANDING = 20_000
"""Records that all producers of a process together may have under way."""
ROUND_SECONDS = 0.001
SAMPLED = 20
"""So many producers of a process time one record of each chunk."""


@dataclass(frozen=True, slots=True)
class Load:
    """What all producers did together: records a second, and milliseconds from when one is due until it is acked."""

    rate: float
    latencies_ms: list[float]

    @property
    def megabytes(self) -> float:
        """MB/s of values."""
        return self.rate * SIZE / 1e6


class Producers:
    """So many clients that produce records of 1 KB with acks=all to a topic.

    Each sends to one partition for 10 ms, then to another, as librdkafka does by default.
    """

    def __init__(self, processes: list[subprocess.Popen[str]]) -> None:
        self._processes = processes

    def run(self, seconds: float, rate: float | None = None) -> Load:
        """Produce for some seconds, at `rate` records a second (None: as fast as it goes)."""
        share = None if rate is None else rate / len(self._processes)
        for process in self._processes:
            _say(process.stdin, {"seconds": seconds, "rate": share})
        answers = [_hear(process.stdout) for process in self._processes]
        latencies = [latency for answer in answers for latency in answer["latencies_ms"]]
        return Load(sum(answer["rate"] for answer in answers), latencies)


@contextlib.contextmanager
def producers(bootstrap: str, topic: str, clients: int) -> Iterator[Producers]:
    """The clients, each of which has had a record acknowledged."""
    shares = [clients // PROCESSES + (number < clients % PROCESSES) for number in range(PROCESSES)]
    with contextlib.ExitStack() as stack:
        started = [stack.enter_context(_worker(bootstrap, topic, share)) for share in shares if share]
        for process in started:
            _hear(process.stdout)
        yield Producers(started)


@contextlib.contextmanager
def _worker(bootstrap: str, topic: str, clients: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "bench.workers", bootstrap, topic, str(clients)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _say(stream: Any, message: dict[str, Any]) -> None:
    stream.write(json.dumps(message) + "\n")
    stream.flush()


def _hear(stream: Any) -> Any:
    line = stream.readline()
    assert line, "a process that makes load has died"
    return json.loads(line)


class _Clients:
    """The producers of one process, used in turn by its one thread."""

    def __init__(self, bootstrap: str, topic: str, clients: int) -> None:
        from confluent_kafka import Producer

        settings: dict[str, Any] = {
            "bootstrap.servers": bootstrap,
            "acks": "all",
            "linger.ms": 5,
            "batch.size": 1 << 17,
            "queue.buffering.max.messages": OUTSTANDING,
            "log_level": 3,
        }
        self._topic = topic
        self._producers = [Producer(settings) for _ in range(clients)]
        self._outstanding = max(2 * CHUNK, OUTSTANDING // clients)
        self._batch = [{"value": b"x" * SIZE}] * CHUNK
        self._latencies_ms: list[float] = []
        self._failed = 0
        for producer in self._producers:
            producer.produce(topic, self._batch[0]["value"], on_delivery=self._delivered)
        self._flush()

    def run(self, seconds: float, rate: float | None) -> dict[str, Any]:
        self._latencies_ms.clear()
        began = time.monotonic()
        sent = self._fast(began + seconds) if rate is None else self._paced(began, began + seconds, rate)
        self._flush()
        return {"rate": sent / (time.monotonic() - began), "latencies_ms": self._latencies_ms}

    def _fast(self, until: float) -> int:
        sent = 0
        while time.monotonic() < until:
            before = sent
            for producer in self._producers:
                if len(producer) < self._outstanding:
                    sent += producer.produce_batch(self._topic, self._batch)
                producer.poll(0)
            if sent == before:
                time.sleep(ROUND_SECONDS)
        return sent

    def _paced(self, began: float, until: float, rate: float) -> int:
        """Each round, the producers whose turn it is send what is due; the time counts from when it was due."""
        sent = 0
        turns = itertools.cycle(enumerate(self._producers))
        while (now := time.monotonic()) < until:
            due = int((now - began) * rate) - sent
            while due > 0:
                number, producer = next(turns)
                count = min(due, CHUNK)
                while len(producer) + count > self._outstanding:
                    producer.poll(ROUND_SECONDS)
                timed = self._timed(began + sent / rate) if number < SAMPLED else None
                producer.produce_batch(self._topic, self._batch[1:count])
                producer.produce(self._topic, self._batch[0]["value"], on_delivery=timed)
                sent += count
                due -= count
            for producer in self._producers[:SAMPLED]:
                producer.poll(0)
            time.sleep(ROUND_SECONDS)
        return sent

    def _timed(self, due: float) -> Any:
        def delivered(error: object, message: object) -> None:
            self._latencies_ms.append((time.monotonic() - due) * 1000)
            self._delivered(error, message)

        return delivered

    def _delivered(self, error: object, _: object) -> None:
        self._failed += error is not None

    def _flush(self) -> None:
        left = sum(producer.flush(120) for producer in self._producers)
        assert not left + self._failed, f"{left} records left, {self._failed} failed"


def main() -> None:
    bootstrap, topic, clients = sys.argv[1:]
    load = _Clients(bootstrap, topic, int(clients))
    _say(sys.stdout, {"ready": True})
    for line in sys.stdin:
        _say(sys.stdout, load.run(**json.loads(line)))


if __name__ == "__main__":
    main()

"""What is measured: one function a benchmark. Each adds its figures to the results, by name."""

from __future__ import annotations

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench import loads
from bench.clusters import Start, System, idle_cpu
from bench.coordinators import groups, transactions
from bench.ready import Results, ready
from bench.workers import producers

EMBEDDED_RUNS = 7
EMBEDDED = """
import time
began = time.perf_counter()
from barnabas.testing import embedded
with embedded() as bootstrap:
    from confluent_kafka import Producer
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "linger.ms": 0, "log_level": 0})
    producer.produce("first", b"x")
    assert producer.flush(30) == 0
    print(time.perf_counter() - began)
"""
CLIENTS = (1, 10, 100, 500)
LOAD_SECONDS = 5.0
SOON_DELETED = {
    "log.retention.bytes": str(1 << 28),
    "log.segment.bytes": str(1 << 26),
    "log.retention.check.interval.ms": "2000",
    "log.segment.delete.delay.ms": "1000",
}


# One after another on one cluster


def idle(system: System, results: Results) -> None:
    time.sleep(3)
    results["idle broker, MB"] = system.broker_rss()
    results["idle CPU of all six, %"] = idle_cpu(system, 8)


def latency(system: System, results: Results) -> None:
    for name, value in loads.one_at_a_time(system.bootstrap, "one").items():
        results[f"one record acks=all {name}, ms"] = value
    for rate in (150, 300):
        for name, value in loads.end_to_end(system.bootstrap, f"end-{rate}", rate).items():
            results[f"end to end at {rate}/s {name}, ms"] = value


def produce(system: System, results: Results) -> None:
    for size, acks, codec in ((100, "all", "none"), (1024, "1", "none"), (1024, "all", "none"), (1024, "all", "lz4")):
        name = f"produce {size} B acks={acks} {codec}"
        topic = f"produce-{size}-{acks}-{codec}"
        loads.produce(system.bootstrap, topic + "-warm", size=size, acks=acks, codec=codec, seconds=2)
        loads.settle()
        results[name + ", MB/s"] = loads.produce(system.bootstrap, topic, size=size, acks=acks, codec=codec)


def consume(system: System, results: Results) -> None:
    topic = "consume"
    loads.produce(system.bootstrap, topic, size=1024, acks="all")
    loads.consume(system.bootstrap, topic)
    loads.settle()
    before = system.cpu_seconds()
    rate, size = loads.consume(system.bootstrap, topic)
    results["consume 1024 B, MB/s"] = rate
    results["servers' CPU a GB consumed, s"] = (system.cpu_seconds() - before) / (size / 1e9)


# With clusters of their own


def kill(start: Start, results: Results) -> None:
    with ready(start, results) as system:
        results["kill -9 of the leader: pause, s"] = loads.longest_pause(system.bootstrap, "kill", system.kill)


def connections(start: Start, results: Results) -> None:
    """The highest rate of 1, 10, 100 and 500 clients, and how long a record takes at half of that."""
    with ready(start, results) as system:
        for clients in CLIENTS:
            topic, name = f"clients-{clients}", f"{clients} clients"
            loads.create(system.bootstrap, topic, partitions=6)
            with producers(system.bootstrap, topic, clients) as running:
                running.run(2)
                loads.settle()
                highest = running.run(LOAD_SECONDS)
                results[f"{name}: produce 1024 B acks=all, MB/s"] = highest.megabytes
                loads.settle()
                half = running.run(LOAD_SECONDS, highest.rate / 2)
                results[f"{name} at half of that: p99, ms"] = statistics.quantiles(half.latencies_ms, n=100)[98]
                results[f"{name}: broker, MB"] = system.broker_rss()


def partitions(start: Start, results: Results) -> None:
    """Topics of 1, 100 and eight times 500 partitions: their creation, records to all of them, and at rest."""
    with ready(start, results) as system:

        def fill(count: int, *topics: str) -> None:
            loads.settle()
            rate = loads.produce(system.bootstrap, *topics, size=1024, acks="all", spread=True)
            results[f"produce 1024 B acks=all to {count:,} partitions, MB/s"] = rate

        for count in (1, 100):
            loads.create(system.bootstrap, f"p{count}", count)
            fill(count, f"p{count}")
        results["topic of 500 partitions, s"] = loads.create(system.bootstrap, "p500", 500)
        fill(500, "p500")
        more = [f"more-{n}" for n in range(7)]
        for topic in more:
            loads.create(system.bootstrap, topic, 500)
        time.sleep(5)
        results["4,000 partitions: broker, MB"] = system.broker_rss()
        results["4,000 partitions: CPU of all six, %"] = idle_cpu(system, 10)
        fill(4000, "p500", *more)


def more_brokers(start: Start, results: Results) -> None:
    """What a fourth broker gives on the same machine."""
    for brokers in (3, 4):
        with ready(start, results, brokers) as system:
            loads.create(system.bootstrap, "spread", 12)
            for acks in ("1", "all"):
                loads.settle()
                rate = loads.produce(system.bootstrap, "spread", size=1024, acks=acks, spread=True)
                results[f"{brokers} brokers: produce 1024 B acks={acks}, MB/s"] = rate


@dataclass(frozen=True, slots=True)
class MemoryRun:
    """Produces and consumes as fast as it goes; segments are deleted soon, so that the disk does not fill up."""

    seconds: float

    def __call__(self, start: Start, results: Results) -> None:
        with ready(start, results, settings=SOON_DELETED) as system:
            minutes = self._sample(system)
        for minute, megabytes in enumerate(minutes):
            results[f"memory after {minute} min at full speed, MB"] = megabytes
        settled = minutes[len(minutes) // 3 :]
        slope = statistics.linear_regression(range(len(settled)), settled).slope if len(settled) > 1 else 0.0
        results["memory grows in the last two thirds, MB a minute"] = slope

    def _sample(self, system: System) -> list[float]:
        """Of the largest broker, at the start and after each minute."""
        topic = "memory"
        loads.create(system.bootstrap, topic, partitions=3)
        done = threading.Event()
        reader = threading.Thread(target=loads.follow, args=(system.bootstrap, topic, done))
        with producers(system.bootstrap, topic, 2) as running:
            reader.start()
            found = [system.broker_rss()]
            print(f"{system.name}: {found[0]:.1f} MB at the start", file=sys.stderr, flush=True)
            until = time.monotonic() + self.seconds
            while (left := until - time.monotonic()) > 0:
                rate = running.run(min(60.0, left)).megabytes
                found.append(system.broker_rss())
                print(f"{system.name}: {found[-1]:.1f} MB after {rate:.0f} MB/s", file=sys.stderr, flush=True)
            done.set()
            reader.join()
        return found


# Without a cluster


def embedded(results: Results) -> None:
    """In a fresh interpreter each time, with all imports; the client's own import is in it."""

    def once() -> float:
        done = subprocess.run([sys.executable, "-c", EMBEDDED], capture_output=True, text=True, check=True)
        return float(done.stdout)

    results["embedded() until the first acked record, s"] = statistics.median(once() for _ in range(EMBEDDED_RUNS))


ON_ONE_CLUSTER: dict[str, Callable[[System, Results], None]] = {
    "idle": idle,
    "latency": latency,
    "produce": produce,
    "consume": consume,
}
ALONE: dict[str, Callable[[Start, Results], None]] = {
    "kill": kill,
    "partitions": partitions,
    "connections": connections,
    "groups": groups,
    "transactions": transactions,
}
ON_REQUEST = ("more-brokers", "memory", "python-clients")
"""These are run only when they are asked for: they take long, or answer a question that few have."""

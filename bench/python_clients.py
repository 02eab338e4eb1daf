"""Python's Kafka clients beside each other on one cluster: ours, aiokafka, kafka-python, confluent-kafka.

Each measurement is made in a fresh process by `bench.python_client_loads`. The clients take turns, several times, so
that what else the machine does hits all of them; the median counts.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from typing import Any

from confluent_kafka import Producer

from bench import loads
from bench.clusters import barnabas
from bench.ready import Results

CLIENTS = ("barnabas.client", "aiokafka", "kafka-python", "confluent-kafka")
FILLED = {100: 200_000, 1024: 80_000}
"""Records to consume, by their size in bytes."""
ROUNDS = 3
TIMEOUT = 300.0


def python_clients(found: dict[str, Results]) -> None:
    """Fill in the figures by client."""
    with barnabas() as system:
        for size in FILLED:
            _produce(system.bootstrap, size, found)
        for size, count in FILLED.items():
            _consume(system.bootstrap, size, count, found)
        _one_at_a_time(system.bootstrap, found)


def _produce(bootstrap: str, size: int, found: dict[str, Results]) -> None:
    rounds: dict[str, list[Any]] = {client: [] for client in CLIENTS}
    for number in range(ROUNDS):
        for client in CLIENTS:
            topic = f"produce-{size}-{client}-{number}"
            loads.create(bootstrap, topic, partitions=3)
            loads.settle()
            answer = _run(client, "produce", bootstrap, topic, size)
            loads.wait_for_replicas(bootstrap, topic, answer["records"])
            rounds[client].append(answer)
    _add(found, f"produce {size} B", size, rounds)


def _consume(bootstrap: str, size: int, count: int, found: dict[str, Results]) -> None:
    topic = f"consume-{size}"
    loads.create(bootstrap, topic, partitions=3)
    _fill(bootstrap, topic, size, count)
    loads.settle()
    for action, name in (("consume-batches", "in batches"), ("consume-each", "one by one")):
        rounds: dict[str, list[Any]] = {client: [] for client in CLIENTS}
        for _ in range(ROUNDS):
            for client in CLIENTS:
                rounds[client].append(_run(client, action, bootstrap, topic, count))
        _add(found, f"consume {size} B {name}", size, rounds)


def _one_at_a_time(bootstrap: str, found: dict[str, Results]) -> None:
    for client in CLIENTS:
        topic = f"one-{client}"
        loads.create(bootstrap, topic, partitions=3)
        times = [ms for _ in range(ROUNDS) for ms in _run(client, "one-at-a-time", bootstrap, topic, 100)["times_ms"]]
        cuts = statistics.quantiles(times, n=100)
        found[client]["one record of 100 B at a time, p50, ms"] = cuts[49]
        found[client]["one record of 100 B at a time, p99, ms"] = cuts[98]


def _fill(bootstrap: str, topic: str, size: int, count: int) -> None:
    """So many records in batches as a busy producer makes them, evenly on three partitions."""
    settings: dict[str, Any] = {"bootstrap.servers": bootstrap, "linger.ms": 5, "batch.size": 1 << 17}
    producer = Producer(settings)
    for number in range(count):
        while True:
            try:
                producer.produce(topic, b"x" * size, partition=number % 3)
                break
            except BufferError:
                producer.poll(0.01)
    if producer.flush(TIMEOUT):
        raise AssertionError(f"{topic} could not be filled")


def _run(client: str, action: str, bootstrap: str, topic: str, number: int) -> Any:
    """What one process measured; `number` is the size of a record, or how many there are to read."""
    print(f"{client}: {action} {number} ...", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "bench.python_client_loads", client, action, bootstrap, topic, str(number)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=TIMEOUT)
    return json.loads(done.stdout)


def _add(found: dict[str, Results], name: str, size: int, rounds: dict[str, list[Any]]) -> None:
    for client, answers in rounds.items():
        rate = statistics.median(answer["records"] / answer["seconds"] for answer in answers)
        cpu = statistics.median(answer["cpu_seconds"] / answer["records"] for answer in answers)
        found[client][f"{name}, MB/s"] = rate * size / 1e6
        found[client][f"{name}, records/s"] = rate
        found[client][f"{name}: CPU a record, µs"] = cpu * 1e6

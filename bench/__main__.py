"""Runs every benchmark on Barnabas and, where Java is there, on Apache Kafka, and prints one table.

python -m bench [--only NAME ...] [--barnabas] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from bench import loads
from bench.clusters import System, barnabas, idle_cpu, kafka

Results = dict[str, float]


def idle(system: System, results: Results) -> None:
    time.sleep(3)
    results["idle broker, MB"] = system.broker_rss()
    results["idle CPU of all six, %"] = idle_cpu(system, 8)


def produce(system: System, results: Results) -> None:
    for size, acks, codec in ((100, "all", "none"), (1024, "1", "none"), (1024, "all", "none"), (1024, "all", "lz4")):
        name = f"produce {size} B acks={acks} {codec}"
        topic = f"produce-{size}-{acks}-{codec}"
        loads.produce(system.bootstrap, topic + "-warm", size=size, acks=acks, codec=codec, seconds=2)
        results[name + ", MB/s"] = loads.produce(system.bootstrap, topic, size=size, acks=acks, codec=codec)


def consume(system: System, results: Results) -> None:
    topic = "consume"
    loads.produce(system.bootstrap, topic, size=1024, acks="all")
    loads.consume(system.bootstrap, topic)
    before = system.cpu_seconds()
    rate, size = loads.consume(system.bootstrap, topic)
    results["consume 1024 B, MB/s"] = rate
    results["servers' CPU a GB consumed, s"] = (system.cpu_seconds() - before) / (size / 1e9)


def latency(system: System, results: Results) -> None:
    for name, value in loads.one_at_a_time(system.bootstrap, "one").items():
        results[f"one record acks=all {name}, ms"] = value
    for rate in (150, 300):
        for name, value in loads.end_to_end(system.bootstrap, f"end-{rate}", rate).items():
            results[f"end to end at {rate}/s {name}, ms"] = value


def partitions(system: System, results: Results) -> None:
    results["topic of 500 partitions, s"] = loads.create(system.bootstrap, "p500", 500)
    for n in range(7):
        loads.create(system.bootstrap, f"more-{n}", 500)
    time.sleep(5)
    results["4,000 partitions: broker, MB"] = system.broker_rss()
    results["4,000 partitions: CPU of all six, %"] = idle_cpu(system, 10)


def kill(system: System, results: Results) -> None:
    results["kill -9 of the leader: pause, s"] = loads.longest_pause(system.bootstrap, "kill", system.kill)


BENCHMARKS: dict[str, Callable[[System, Results], None]] = {
    "idle": idle,
    "latency": latency,
    "produce": produce,
    "consume": consume,
    "kill": kill,
    "partitions": partitions,
}
FRESH = {"partitions", "kill"}


def run(start: Callable[[], AbstractContextManager[System]], only: list[str]) -> Results:
    """All benchmarks on one system; those that leave a mark get a cluster of their own."""
    results: Results = {}
    shared = [name for name in BENCHMARKS if name in only and name not in FRESH]
    for group in [shared, *([name] for name in BENCHMARKS if name in only and name in FRESH)]:
        if not group:
            continue
        began = time.monotonic()
        with start() as system:
            loads.one_record(system.bootstrap, "first")
            results.setdefault("start until the first acked record, s", time.monotonic() - began)
            for name in group:
                print(f"{system.name}: {name} ...", file=sys.stderr, flush=True)
                BENCHMARKS[name](system, results)
    return results


def table(results: dict[str, Results]) -> str:
    """One row a figure, one column a system, and the ratio of the first to the second."""
    names = list(next(iter(results.values())))
    width = max(map(len, names))
    lines = ["  ".join([" " * width, *(f"{system:>14}" for system in results), f"{'ratio':>8}"])]
    for name in names:
        values = [system.get(name, float("nan")) for system in results.values()]
        ratio = f"{values[0] / values[1]:8.2f}" if len(values) == 2 and values[1] else " " * 8
        lines.append("  ".join([f"{name:{width}}", *(f"{value:14.2f}" for value in values), ratio]))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--only", nargs="*", choices=BENCHMARKS, default=list(BENCHMARKS))
    parser.add_argument("--barnabas", action="store_true", help="without Apache Kafka")
    parser.add_argument("--json", help="also write the figures to this file")
    options = parser.parse_args()
    results = {"Barnabas": run(barnabas, options.only)}
    if not options.barnabas:
        from apache_kafka import missing

        if (why := missing()) is not None:
            print(f"without Apache Kafka: {why}", file=sys.stderr)
        else:
            results["Apache Kafka"] = run(kafka, options.only)
    print(table(results))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)


if __name__ == "__main__":
    main()

"""Runs the benchmarks on Barnabas and, where Java is there, on Apache Kafka, and prints one table.

python -m bench [--only NAME ...] [--barnabas] [--json FILE] [--seconds N]
python -m bench --only python-clients     on Barnabas alone; a column a client, and ours in relation to aiokafka
python -m bench --render FILE     the table of an earlier run, as Markdown
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from bench import benchmarks
from bench.benchmarks import ALONE, ON_ONE_CLUSTER, ON_REQUEST, MemoryRun, more_brokers
from bench.clusters import Start, barnabas, kafka
from bench.python_clients import CLIENTS, python_clients
from bench.ready import Results, ready

PYTHON_CLIENTS = "python-clients"
NAMES = ("embedded", *ON_ONE_CLUSTER, *ALONE, *ON_REQUEST)


def run(name: str, start: Start, results: Results, only: list[str], seconds: float) -> None:
    """The benchmarks that are wanted, on one system."""

    def say(benchmark: str) -> None:
        print(f"{name}: {benchmark} ...", file=sys.stderr, flush=True)

    shared = [each for each in ON_ONE_CLUSTER if each in only]
    if shared:
        with ready(start, results) as system:
            for each in shared:
                say(each)
                ON_ONE_CLUSTER[each](system, results)
    alone: dict[str, Callable[[Start, Results], None]] = {
        **ALONE,
        "more-brokers": more_brokers,
        "memory": MemoryRun(seconds),
    }
    for each, measure in alone.items():
        if each in only:
            say(each)
            measure(start, results)


def rows(results: dict[str, Results]) -> list[tuple[str, ...]]:
    """One row a figure, one column a system or client, and the ratio of the first to the second."""
    both = len(results) > 1
    found: list[tuple[str, ...]] = [("", *results, *(["ratio"] if both else []))]
    for name in next(iter(results.values())):
        values = [system.get(name) for system in results.values()]
        first, second = values[0], values[1 if both else 0]
        ratio = f"{first / second:.2f}" if both and first is not None and second else ""
        figures = ["" if value is None else f"{value:.2f}" for value in values]
        found.append((name, *figures, *([ratio] if both else [])))
    return found


def table(results: dict[str, Results]) -> str:
    """For people, in columns."""
    lines = rows(results)
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    aligned = [[text.ljust(widths[0]), *map(str.rjust, rest, widths[1:])] for text, *rest in lines]
    return "\n".join("  ".join(line) for line in aligned)


def markdown(results: dict[str, Results]) -> str:
    """For docs/performance.md."""
    head, *lines = ("| " + " | ".join(line) + " |" for line in rows(results))
    rule = "|---|" + "---:|" * (head.count("|") - 2)
    return "\n".join([head, rule, *lines])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument(
        "--only", nargs="*", choices=NAMES, default=[name for name in NAMES if name not in ON_REQUEST], metavar="NAME"
    )
    parser.add_argument("--barnabas", action="store_true", help="without Apache Kafka")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    parser.add_argument("--seconds", type=float, default=600.0, help="how long the benchmark `memory` runs")
    parser.add_argument("--render", type=Path, metavar="FILE", help="measure nothing: print this file as Markdown")
    options = parser.parse_args()
    if options.render:
        print(markdown(json.loads(options.render.read_text(encoding="utf-8"))))
        return
    beside_clients = PYTHON_CLIENTS in options.only
    if beside_clients and len(options.only) > 1:
        parser.error(f"{PYTHON_CLIENTS} has a table of its own: ask for it alone")
    results: dict[str, Results] = {name: {} for name in (CLIENTS if beside_clients else ["Barnabas"])}
    try:
        if beside_clients:
            python_clients(results)
        else:
            measure(results, options.only, options.seconds, beside_kafka=not options.barnabas)
    finally:  # what was measured before something failed took minutes
        print(table(results))
        if options.json:
            options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def measure(results: dict[str, Results], only: list[str], seconds: float, *, beside_kafka: bool) -> None:
    """Fill in the results by system."""
    if "embedded" in only:
        benchmarks.embedded(results["Barnabas"])
    run("Barnabas", barnabas, results["Barnabas"], only, seconds)
    if beside_kafka:
        from apache_kafka import missing

        if (why := missing()) is not None:
            print(f"without Apache Kafka: {why}", file=sys.stderr)
        else:
            run("Apache Kafka", kafka, results.setdefault("Apache Kafka", {}), only, seconds)


if __name__ == "__main__":
    main()

"""The two systems under test, behind one interface: processes to measure, brokers to kill."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from barnabas.testing import cluster

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from apache_kafka import apache_kafka

TICKS = os.sysconf("SC_CLK_TCK")
SETTINGS = {"min.insync.replicas": "2", "default.replication.factor": "3"}


@dataclass(frozen=True, slots=True)
class System:
    """One running cluster. `pids` maps node ids to process ids; `kill` is SIGKILL by node id."""

    name: str
    bootstrap: str
    pids: Callable[[], dict[int, int]]
    kill: Callable[[int], None]

    def cpu_seconds(self) -> float:
        """User and system time that the nodes have used so far."""
        return sum(_cpu(pid) for pid in self.pids().values())

    def broker_rss(self) -> float:
        """Resident memory of the largest broker, in MB."""
        return max(_rss(pid) for node, pid in self.pids().items() if node < 100)


@contextlib.contextmanager
def barnabas() -> Iterator[System]:
    """Three controllers, three brokers."""
    with cluster(brokers=3, controllers=3, overrides=SETTINGS) as running:
        nodes = {node.id: node for node in running.nodes}
        yield System(
            "Barnabas",
            running.bootstrap,
            lambda: {id_: pid for id_, node in nodes.items() if (pid := node.pid) is not None},
            lambda id_: nodes[id_].kill(),
        )


@contextlib.contextmanager
def kafka() -> Iterator[System]:
    """Three controllers, three brokers of Apache Kafka."""
    overrides = tuple(f"{name}={value}" for name, value in SETTINGS.items())
    with apache_kafka(overrides=overrides) as running:
        yield System("Apache Kafka", running.bootstrap, lambda: running.pids, running.kill)


def idle_cpu(system: System, seconds: float) -> float:
    """CPU of all nodes over `seconds` without load, in percent of one core."""
    before, began = system.cpu_seconds(), time.monotonic()
    time.sleep(seconds)
    return 100 * (system.cpu_seconds() - before) / (time.monotonic() - began)


def _cpu(pid: int) -> float:
    with contextlib.suppress(FileNotFoundError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS
    return 0.0


def _rss(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0

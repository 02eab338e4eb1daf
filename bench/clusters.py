"""The two systems under test, behind one interface: processes to measure, brokers to kill."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from barnabas.testing import cluster

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from apache_kafka import apache_kafka

TICKS = os.sysconf("SC_CLK_TCK")
NOTHING: Mapping[str, str] = {}
SETTINGS = {"min.insync.replicas": "2", "default.replication.factor": "3"}


@dataclass(frozen=True, slots=True)
class System:
    """One running cluster. `pids` maps node ids to process ids; `kill` is SIGKILL by node id.

    `began` is the monotonic time when its processes were started.
    """

    name: str
    bootstrap: str
    pids: Callable[[], Mapping[int, int]]
    kill: Callable[[int], None]
    began: float

    def cpu_seconds(self) -> float:
        """User and system time that the nodes have used so far."""
        return sum(_cpu(pid) for pid in self.pids().values())

    def broker_rss(self) -> float:
        """Resident memory of the largest broker, in MB."""
        return max(_rss(pid) for node, pid in self.pids().items() if node < 100)


class Start(Protocol):
    """Starts a cluster with three controllers, and stops it in the end."""

    def __call__(self, brokers: int = 3, settings: Mapping[str, str] = NOTHING) -> AbstractContextManager[System]:
        """`settings` under Kafka's names."""
        ...


@contextlib.contextmanager
def barnabas(brokers: int = 3, settings: Mapping[str, str] = NOTHING) -> Iterator[System]:
    """Formats the nodes' directories as well: that is part of its start."""
    began = time.monotonic()
    with cluster(brokers=brokers, controllers=3, overrides={**SETTINGS, **settings}) as running:
        nodes = {node.id: node for node in running.nodes}
        yield System(
            "Barnabas",
            running.bootstrap,
            lambda: {id_: pid for id_, node in nodes.items() if (pid := node.pid) is not None},
            lambda id_: nodes[id_].kill(),
            began,
        )


@contextlib.contextmanager
def kafka(brokers: int = 3, settings: Mapping[str, str] = NOTHING) -> Iterator[System]:
    """Apache Kafka. To format its nodes' directories is not part of its start: that takes a JVM each."""
    overrides = tuple(f"{name}={value}" for name, value in {**SETTINGS, **settings}.items())
    with apache_kafka(brokers=brokers, overrides=overrides) as running:
        yield System("Apache Kafka", running.bootstrap, lambda: running.pids, running.kill, running.began)


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

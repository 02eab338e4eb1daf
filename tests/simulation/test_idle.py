"""A cluster that nobody uses does what timers make it do, and nothing else: who asks for news asks again when the time
is up for which it waits, brokers say that they live, and no task wakes without one of these.
"""

from __future__ import annotations

import io
import random
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import trio
from tests.simulation import scheduler
from tests.simulation.cluster import Cluster, replicas_of
from tests.simulation.pauses import HOST
from tests.simulation.trace import Trace

from barnabas.client.admin import Admin
from barnabas.client.admin_types import NewTopic
from barnabas.client.cluster import Cluster as ClientCluster

SECONDS: Final = 20.0
_START_SECONDS: Final = 5.0
NODES: Final = 3
"""Controllers, and as many brokers."""

METADATA_FETCHES: Final = 2.0
"""A second: a quarter of `controller.quorum.fetch.timeout.ms` passes, and there is no news."""
REPLICA_FETCHES: Final = 2.0
"""`replica.fetch.wait.max.ms` passes."""
HEARTBEATS: Final = 0.5
"""`broker.heartbeat.interval.ms`"""
STEPS: Final = 6.0
"""Of tasks for a request: one sends it, one reads it and answers, one reads the answer, one is told that it is there;
and timers go off.
"""


@dataclass
class Measured:
    """A second of an idle cluster, on average; and what waited at the beginning and in the end."""

    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)
    waiting: list[list[int]] = field(default_factory=list)


class Steps(trio.abc.Instrument):
    """Counts the steps of the nodes' tasks."""

    def __init__(self, by: Counter[str]) -> None:
        self._by = by

    def after_task_step(self, task: Any) -> None:
        if (host := task.context.get(HOST)) is not None:
            self._by[f"{host}: {task.name}"] += 1


def idle_cluster() -> Measured:
    """With a topic that each broker leads and follows partitions of."""
    measured, lines = Measured(), io.StringIO()

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            settings: dict[str, object] = {"http.listener": "none"}
            cluster = Cluster(1, nursery, Trace(lines), controllers=NODES, brokers=NODES, clients=1, settings=settings)
            cluster.start()
            await trio.sleep(_START_SECONDS)
            assert cluster.is_ready()
            await create_topic(cluster)
            await trio.sleep(_START_SECONDS)
            lines.seek(0)
            lines.truncate()
            steps = Steps(measured.steps)
            measured.waiting.append(waiting_in(cluster))
            trio.lowlevel.add_instrument(steps)
            await trio.sleep(SECONDS)
            trio.lowlevel.remove_instrument(steps)
            measured.waiting.append(waiting_in(cluster))
            nursery.cancel_scope.cancel()

    with Trace().takes_logs():
        scheduler.run(1, main)
    measured.requests.update(re.findall(r"-> (broker|controller)\S* +(\w+) v\d+", lines.getvalue()))
    return measured


async def create_topic(cluster: Cluster) -> None:
    network = cluster.network.at("client-0")
    async with ClientCluster(cluster.bootstrap, network=network, rng=random.Random(1)) as client:
        await Admin(client).create_topics([NewTopic("t", 12, NODES)])


def waiting_in(cluster: Cluster) -> list[int]:
    """Timers and waiting requests of each broker."""
    return [len(replicas_of(node).timers) + len(replicas_of(node)._fetches) for node in cluster.brokers]


def test_an_idle_cluster_only_does_what_is_due() -> None:
    measured = idle_cluster()
    observers, pairs = 2 * NODES - 1, NODES * (NODES - 1)
    rates = {what: count / SECONDS for what, count in measured.requests.items()}
    assert set(rates) == {("controller", "FETCH"), ("controller", "BROKER_HEARTBEAT"), ("broker", "FETCH")}
    assert rates["controller", "FETCH"] <= METADATA_FETCHES * observers
    assert rates["controller", "BROKER_HEARTBEAT"] <= HEARTBEATS * NODES * 1.1
    assert rates["broker", "FETCH"] <= REPLICA_FETCHES * pairs
    assert sum(measured.steps.values()) / SECONDS <= STEPS * sum(rates.values())
    assert measured.waiting[0] == measured.waiting[1]

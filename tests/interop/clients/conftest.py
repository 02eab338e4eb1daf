"""One cluster of Barnabas for the clients of all languages, and their programs, each started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from clients import builds
from clients.client import Client, Kind, running
from clients.kinds import KINDS

from barnabas.testing import cluster
from barnabas.testing.processes import Cluster

# Few partitions of the coordinators' topics, so that a killed broker is soon back, and groups that settle soon.
OVERRIDES = {
    "offsets.topic.num.partitions": "5",
    "transaction.state.log.num.partitions": "5",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "200",
    "group.initial.rebalance.delay.ms": "0",
    "group.consumer.min.heartbeat.interval.ms": "100",
    "group.consumer.heartbeat.interval.ms": "200",
}


@pytest.fixture(scope="session")
def barnabas() -> Iterator[Cluster]:
    """Three controllers and three brokers, each a process of its own."""
    with cluster(brokers=3, controllers=3, overrides=OVERRIDES) as started:
        yield started


@pytest.fixture(scope="session", params=KINDS, ids=str)
def client(request: pytest.FixtureRequest, barnabas: Cluster) -> Iterator[Client]:
    """Each client in turn."""
    kind: Kind = request.param
    if (missing := builds.missing(kind.language)) is not None:
        pytest.skip(f"{kind}: {missing}")
    with running(kind, barnabas.bootstrap) as started:
        yield started

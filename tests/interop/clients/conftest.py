"""One cluster of Barnabas for the clients of all languages, and their programs, each started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from clients import builds
from clients.client import Client, Kind, running

from barnabas.testing import cluster
from barnabas.testing.processes import Cluster

JAVA = ("java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", "{}/classes:{}/libs/*", "Driver")
KINDS = [
    Kind("java", "java", (*JAVA, "BOOTSTRAP"), lacks=frozenset({"replace"})),
    Kind("franz-go", "go", ("{}/franz", "BOOTSTRAP")),
    Kind("sarama-2.1", "go", ("{}/sarama", "BOOTSTRAP", "2.1"), lacks=frozenset({"set", "max_timestamp"})),
    Kind("sarama-2.8", "go", ("{}/sarama", "BOOTSTRAP", "2.8"), lacks=frozenset({"max_timestamp"})),
    Kind("sarama-newest", "go", ("{}/sarama", "BOOTSTRAP", "newest"), lacks=frozenset({"max_timestamp"})),
    # It consumes in groups only, and has neither lz4 nor zstd that builds without a compiler.
    Kind(
        "kafkajs",
        "node",
        ("node", "{}/driver.js", "BOOTSTRAP"),
        codecs=("none", "gzip", "snappy"),
        lacks=frozenset({"set", "fetch", "max_timestamp"}),
    ),
]


@pytest.fixture(scope="session")
def barnabas() -> Iterator[Cluster]:
    """Three controllers and three brokers, each a process of its own."""
    with cluster(brokers=3, controllers=3) as started:
        yield started


@pytest.fixture(scope="session", params=KINDS, ids=str)
def client(request: pytest.FixtureRequest, barnabas: Cluster) -> Iterator[Client]:
    """Each client in turn."""
    kind: Kind = request.param
    if (missing := builds.missing(kind.language)) is not None:
        pytest.skip(f"{kind}: {missing}")
    with running(kind, barnabas.bootstrap) as started:
        yield started

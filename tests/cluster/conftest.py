from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from barnabas.testing import cluster
from barnabas.testing.processes import Cluster

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Tests that run in the background of a shell ignore Ctrl-C, and so would the processes that they send it to.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module")
def cluster_of_the_module() -> Iterator[Cluster]:
    with cluster(brokers=3, controllers=3) as running:
        yield running


@pytest.fixture
def three_by_three(cluster_of_the_module: Cluster) -> Iterator[Cluster]:
    """Three controllers and three brokers, each a process of its own; one cluster a test module.

    What a test that failed has left stopped is started again: it is not to blame for the next one.
    """
    yield cluster_of_the_module
    for node in cluster_of_the_module.nodes:
        if node.pid is None:
            node.start()

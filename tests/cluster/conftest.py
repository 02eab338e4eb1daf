from __future__ import annotations

from collections.abc import Iterator

import pytest

from barnabas.testing import cluster
from barnabas.testing.processes import Cluster


@pytest.fixture(scope="module")
def three_by_three() -> Iterator[Cluster]:
    """Three controllers and three brokers, each a process of its own; one cluster a test module."""
    with cluster(brokers=3, controllers=3) as running:
        yield running

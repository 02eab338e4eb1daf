"""Pytest fixtures: `barnabas_embedded` (bootstrap servers) and `barnabas_cluster` (processes), both per session.

Registered as the entry point `pytest11`, so every pytest run in an environment with Barnabas imports this module:
it imports nothing of the product until a fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from barnabas.testing.processes import Cluster


@pytest.fixture(scope="session")
def barnabas_embedded() -> Iterator[str]:
    """`bootstrap.servers` of one broker in this process."""
    from barnabas.testing import embedded

    with embedded() as bootstrap:
        yield bootstrap


@pytest.fixture(scope="session")
def barnabas_cluster() -> Iterator[Cluster]:
    """One controller and one broker, each a process of its own, with handles to kill, stop, start and pause them."""
    from barnabas.testing import cluster

    with cluster(brokers=1, controllers=1) as running:
        yield running

"""The trio client in groups and transactions, against Barnabas. `tests/interop` runs the same against Apache Kafka."""

from __future__ import annotations

import pytest

from barnabas.testing.processes import Cluster
from client_suite import checks

pytestmark = pytest.mark.cluster

CHECKS = checks()


@pytest.mark.parametrize("name", CHECKS)
async def test_client(three_by_three: Cluster, name: str) -> None:
    await CHECKS[name](three_by_three.bootstrap)

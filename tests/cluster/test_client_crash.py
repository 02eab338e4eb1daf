"""The trio client when a broker is killed, against Barnabas. `tests/interop` runs the same against Apache Kafka."""

from __future__ import annotations

import pytest

from barnabas.client.groups.membership import GroupProtocol
from barnabas.testing.processes import Cluster
from client_crash import check_a_broker_is_killed

pytestmark = pytest.mark.cluster


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
@pytest.mark.parametrize("broker", [0, 1, 2])
async def test_a_broker_is_killed(three_by_three: Cluster, protocol: GroupProtocol, broker: int) -> None:
    node = three_by_three.brokers[broker]
    await check_a_broker_is_killed(three_by_three.bootstrap, node.kill, node.start, protocol)

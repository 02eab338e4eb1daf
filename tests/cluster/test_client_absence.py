"""A member whose user does not come back gives its partitions up to another, and shares them again when back."""

from __future__ import annotations

import pytest
import trio

from barnabas.client import Consumer
from barnabas.client.groups.membership import GroupProtocol
from barnabas.testing.processes import Cluster
from client_suite import PARTITIONS, Member, new_topic, settled, unique

pytestmark = pytest.mark.cluster

PROTOCOLS: list[GroupProtocol] = ["classic", "consumer"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_others_read_on_while_one_is_away(three_by_three: Cluster, protocol: GroupProtocol) -> None:
    topic, group = await new_topic(three_by_three.bootstrap, records=40), unique("g")
    reader = Member(three_by_three.bootstrap, group, topic, group_protocol=protocol)
    async with (
        Consumer(
            three_by_three.bootstrap,
            group=group,
            topics=topic,
            group_protocol=protocol,
            auto_offset_reset="earliest",
            max_poll_interval=2.0,
        ) as sleeper,
        trio.open_nursery() as nursery,
    ):
        await anext(sleeper)
        await nursery.start(reader.run)
        await settled(reader)  # it has all of them: the sleeper is out
        assert sleeper.assignment == set()
        nursery.start_soon(_read, sleeper)
        await reader.until(lambda: len(reader.owned) == PARTITIONS // 2)
        nursery.cancel_scope.cancel()


async def _read(consumer: Consumer) -> None:
    async for _ in consumer:
        pass

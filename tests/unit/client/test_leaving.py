"""Leaving a group when its coordinator cannot be told."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from barnabas.client import Consumer
from barnabas.client.cluster import Cluster
from barnabas.client.groups.membership import GroupProtocol
from barnabas.protocol.record_builder import build_batch
from fake_brokers import FakeCluster
from fake_group import FakeGroup


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
async def test_who_cannot_reach_the_coordinator_leaves_nevertheless(
    nursery: trio.Nursery, protocol: GroupProtocol, autojump_clock: MockClock
) -> None:
    brokers = FakeCluster(nursery)
    brokers.create("t")[0].append(memoryview(build_batch([(1000, None, b"x")])))
    group = FakeGroup(brokers)
    await brokers.start()
    async with Cluster(brokers.bootstrap, network=brokers.network) as cluster:
        consumer: Consumer = Consumer(
            cluster, group="g", topics="t", group_protocol=protocol, auto_offset_reset="earliest"
        )
        async with consumer:
            assert (await anext(consumer)).value == b"x"
            await brokers.stop(1)
    assert group.history == ["joined"]

"""A member that takes long to look up where its new partitions begin: it goes on trying, while it is in the group."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from barnabas.client import Consumer
from barnabas.client.cluster import Cluster
from barnabas.client.groups.assignors import Place
from barnabas.client.groups.membership import GroupProtocol
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.record_builder import build_batch
from fake_brokers import FakeCluster
from fake_group import FakeGroup

HEARTBEAT = 3.0


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
async def test_who_is_removed_meanwhile_does_not_hear_of_them(
    nursery: trio.Nursery, protocol: GroupProtocol, autojump_clock: MockClock
) -> None:
    told: list[tuple[str, frozenset[Place]]] = []

    async def assigned(places: frozenset[Place]) -> None:
        told.append(("assigned", places))

    async def lost(places: frozenset[Place]) -> None:
        told.append(("lost", places))

    brokers = FakeCluster(nursery, brokers=2)
    brokers.create("t", leaders=(2,))[0].append(memoryview(build_batch([(1000, None, b"x")])))
    group = FakeGroup(brokers)
    await brokers.start()
    brokers.hanging.add(2)
    async with (
        Cluster(brokers.bootstrap, network=brokers.network) as cluster,
        Consumer[bytes, bytes](
            cluster,
            group="g",
            topics="t",
            group_protocol=protocol,
            heartbeat_interval=HEARTBEAT,
            auto_offset_reset="earliest",
            on_assigned=assigned,
            on_lost=lost,
        ) as consumer,
    ):
        await trio.sleep(HEARTBEAT / 2)
        assert group.history == ["joined"]
        assert brokers.count(ApiKey.LIST_OFFSETS, 2) == 1
        group.member = "another"
        await trio.sleep(HEARTBEAT)
        brokers.hanging.discard(2)
        assert (await anext(consumer)).value == b"x"
        assert group.history == ["joined", "joined"]
    assert told == [("assigned", frozenset({("t", 0)}))]


async def test_a_leader_that_does_not_answer_is_waited_for(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    brokers = FakeCluster(nursery, brokers=2)
    brokers.create("t", leaders=(2,))[0].append(memoryview(build_batch([(1000, None, b"x")])))
    group = FakeGroup(brokers)
    await brokers.start()
    brokers.hanging.add(2)
    nursery.start_soon(_answer_after, brokers, 100.0)
    async with (
        Cluster(brokers.bootstrap, network=brokers.network) as cluster,
        Consumer[bytes, bytes](cluster, group="g", topics="t", auto_offset_reset="earliest") as consumer,
    ):
        assert (await anext(consumer)).value == b"x"
        assert trio.current_time() > 100.0
        assert group.history == ["joined"]


async def _answer_after(brokers: FakeCluster, seconds: float) -> None:
    await trio.sleep(seconds)
    brokers.hanging.discard(2)

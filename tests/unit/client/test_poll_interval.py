"""Who does not come back for the next record leaves the group, and joins again when coming back (KIP-62)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio
from trio.testing import MockClock

from barnabas.client import Consumer
from barnabas.client.cluster import Cluster
from barnabas.client.errors import ConfigurationError
from barnabas.client.groups.committed import CommitFailed
from barnabas.client.groups.membership import GroupProtocol
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.record_builder import build_batch
from fake_brokers import FakeCluster
from fake_group import FakeGroup

PROTOCOLS: list[GroupProtocol] = ["classic", "consumer"]
LIMIT = 60.0
Places = frozenset[tuple[str, int]]


@pytest.fixture
async def brokers(nursery: trio.Nursery) -> FakeCluster:
    cluster = FakeCluster(nursery)
    partition = cluster.create("t")[0]
    for number in range(3):
        assert partition.append(memoryview(build_batch([(1000, None, b"%d" % number)])))[0] == ErrorCode.NONE
    return cluster


@pytest.fixture
async def group(brokers: FakeCluster) -> FakeGroup:
    group = FakeGroup(brokers)
    await brokers.start()
    return group


class Reader:
    """A consumer of the group, and what it was told."""

    def __init__(self, cluster: Cluster, protocol: GroupProtocol, **settings: object) -> None:
        self.told: list[str] = []
        self.consumer: Consumer = Consumer(
            cluster,
            group="g",
            topics="t",
            group_protocol=protocol,
            auto_offset_reset="earliest",
            max_poll_interval=LIMIT,
            on_assigned=self._assigned,
            on_revoked=self._revoked,
            on_lost=self._lost,
            **settings,  # type: ignore[arg-type]
        )

    async def _assigned(self, places: Places) -> None:
        self.told.append("assigned")

    async def _revoked(self, places: Places) -> None:
        self.told.append("revoked")

    async def _lost(self, places: Places) -> None:
        self.told.append("lost")


@pytest.fixture
async def cluster(brokers: FakeCluster, group: FakeGroup) -> AsyncIterator[Cluster]:
    async with Cluster(brokers.bootstrap, network=brokers.network) as cluster:
        yield cluster


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.message for each in caplog.records if each.name == "barnabas.client" and "leaving" in each.message]


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_who_is_away_too_long_is_out_until_coming_back(
    group: FakeGroup,
    cluster: Cluster,
    protocol: GroupProtocol,
    autojump_clock: MockClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    reader = Reader(cluster, protocol)
    async with reader.consumer as consumer:
        assert (await anext(consumer)).value == b"0"
        await trio.sleep(LIMIT * 0.9)
        assert group.history == ["joined"]
        await trio.sleep(LIMIT * 0.4)
        assert group.history == ["joined", "left"]
        assert reader.told == ["assigned", "lost"]
        await trio.sleep(LIMIT * 10)
        with pytest.raises(CommitFailed, match="group g: UNKNOWN_MEMBER_ID"):
            await consumer.commit({("t", 0): 1})
        assert group.committed == {}
        assert len(warnings(caplog)) == 1
        assert "group g: nobody came back for the next record within max_poll_interval=60 s" in warnings(caplog)[0]

        assert (await anext(consumer)).value == b"0"  # nothing of it was committed
        assert group.history == ["joined", "left", "joined"]
        assert reader.told == ["assigned", "lost", "assigned"]
        assert (await anext(consumer)).value == b"1"
        await consumer.commit()
        assert group.committed == {("t", 0): 2}
    assert reader.told[-1] == "revoked"


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_who_takes_records_slowly_or_waits_for_them_stays(
    group: FakeGroup, cluster: Cluster, protocol: GroupProtocol, autojump_clock: MockClock
) -> None:
    async with Reader(cluster, protocol).consumer as consumer:
        for _ in range(3):
            await anext(consumer)
            await trio.sleep(LIMIT * 0.8)
        with trio.move_on_after(LIMIT * 5):
            await anext(consumer)
        assert group.history == ["joined"]


async def test_within_a_batch_each_record_is_a_sign_of_life(
    brokers: FakeCluster, group: FakeGroup, cluster: Cluster, autojump_clock: MockClock
) -> None:
    batch = build_batch([(1000, None, b"x")] * 5)
    brokers.topics["t"][0].append(memoryview(batch))
    async with Reader(cluster, "classic").consumer as consumer:
        for _ in range(8):
            await anext(consumer)
            await trio.sleep(LIMIT * 0.8)
        assert group.history == ["joined"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_batch_in_hand_when_the_group_was_left_is_not_read_on(
    brokers: FakeCluster, group: FakeGroup, cluster: Cluster, protocol: GroupProtocol, autojump_clock: MockClock
) -> None:
    brokers.topics["t"][0].batches.clear()
    brokers.topics["t"][0].append(memoryview(build_batch([(1000, None, b"%d" % n) for n in range(4)])))
    async with Reader(cluster, protocol).consumer as consumer:
        assert [(await anext(consumer)).value for _ in range(2)] == [b"0", b"1"]
        await trio.sleep(LIMIT * 2)
        group.committed["t", 0] = 3  # another member was faster
        assert (await anext(consumer)).value == b"3"


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_coming_back_later_the_time_runs_anew(
    group: FakeGroup,
    cluster: Cluster,
    protocol: GroupProtocol,
    autojump_clock: MockClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with Reader(cluster, protocol).consumer as consumer:
        for _ in range(3):
            await anext(consumer)
            await trio.sleep(LIMIT * 2)
        assert group.history == ["joined", "left"] * 3
        assert len(warnings(caplog)) == 3


async def test_closing_while_away_says_nothing_twice(
    brokers: FakeCluster, group: FakeGroup, cluster: Cluster, autojump_clock: MockClock
) -> None:
    async with Reader(cluster, "classic").consumer as consumer:
        await anext(consumer)
        await trio.sleep(LIMIT * 2)
    assert group.history == ["joined", "left"]
    assert brokers.count(ApiKey.LEAVE_GROUP) == 1


async def test_a_static_member_is_not_told_to_be_gone_but_is_silent(
    brokers: FakeCluster, group: FakeGroup, cluster: Cluster, autojump_clock: MockClock
) -> None:
    reader = Reader(cluster, "classic", group_instance_id="i")
    async with reader.consumer as consumer:
        await anext(consumer)
        await trio.sleep(LIMIT * 2)
        beats = brokers.count(ApiKey.HEARTBEAT)
        await trio.sleep(LIMIT * 2)
        assert brokers.count(ApiKey.HEARTBEAT) == beats
        assert group.history == ["joined"]  # its session ends by itself
        assert reader.told == ["assigned", "lost"]
        assert (await anext(consumer)).value == b"0"
        assert reader.told == ["assigned", "lost", "assigned"]


def test_the_interval_must_be_a_time() -> None:
    with pytest.raises(ConfigurationError, match="max_poll_interval=0; it must be above 0"):
        Consumer("localhost:9092", group="g", topics="t", max_poll_interval=0)

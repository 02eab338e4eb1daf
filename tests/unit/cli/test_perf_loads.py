"""What `barnabas perf` does to brokers, and what it measures, under a clock that jumps."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import trio
from trio.testing import MockClock

from barnabas.cli.failures import CommandError
from barnabas.cli.perf import loads
from barnabas.cli.perf.loads import Plan, Window, make_values
from barnabas.client.cluster import Cluster
from barnabas.client.consumer import Consumer
from barnabas.client.errors import BrokerError
from barnabas.client.producer import Producer
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode
from command_harness import FakeProducer, FakeTopics
from fake_brokers import FakeCluster


def nothing(done: int) -> None:
    """Nobody watches."""


@pytest.fixture
async def brokers(nursery: trio.Nursery, autojump_clock: MockClock) -> FakeCluster:
    fake = FakeCluster(nursery)
    fake.create("t", [1, 1])
    await fake.start()
    return fake


@pytest.fixture
async def cluster(brokers: FakeCluster) -> AsyncIterator[Cluster]:
    async with Cluster(brokers.bootstrap, network=brokers.network, request_timeout=5.0) as opened:
        yield opened


async def test_records_are_written_a_batch_to_each_partition_in_turn(brokers: FakeCluster, cluster: Cluster) -> None:
    plan, told = Plan("t", 50, 100), list[int]()
    async with Producer(cluster) as producer:
        measured = await loads.produce(producer, plan, 1000, told.append)
    written = {number: len(p.values()) for number, p in brokers.topics["t"].items()}
    assert written == {0: 30, 1: 20}
    assert (measured.records, measured.bytes, measured.times["latency"].count) == (50, 5000, 50)
    assert told == list(range(1, 51))


async def test_a_pace_is_kept(cluster: Cluster) -> None:
    async with Producer(cluster) as producer:
        measured = await loads.produce(producer, Plan("t", 21, 100, rate=10.0), 1000, nothing)
    assert measured.seconds == pytest.approx(2.0, abs=0.05)
    assert measured.rate(measured.records) == pytest.approx(10.5, abs=0.3)


async def test_a_record_that_is_refused_ends_it(brokers: FakeCluster, cluster: Cluster) -> None:
    brokers.refusals[ApiKey.PRODUCE].append(ErrorCode.INVALID_RECORD)
    with pytest.raises(BrokerError, match="t-0: INVALID_RECORD"):
        async with Producer(cluster) as producer:
            await loads.produce(producer, Plan("t", 50, 100), 1000, nothing)


async def test_what_is_there_is_read(brokers: FakeCluster, cluster: Cluster) -> None:
    async with Producer(cluster) as producer:
        await loads.produce(producer, Plan("t", 30, 100), 1000, nothing)
    async with Consumer(cluster) as consumer:
        measured = await loads.consume(consumer, Plan("t", 1_000), 5.0, nothing)
    assert (measured.records, measured.bytes) == (30, 3000)
    assert measured.times["wait for a batch"].count >= 2


async def test_a_broker_that_is_silent_ends_the_reading(brokers: FakeCluster, cluster: Cluster) -> None:
    async with Producer(cluster) as producer:
        await producer.send("t", b"v", partition=0)
    async with Consumer(cluster) as consumer:
        refused = brokers.refusals[ApiKey.FETCH]
        refused.extend([ErrorCode.NOT_LEADER_OR_FOLLOWER] * 1000)
        with pytest.raises(CommandError, match="nothing came from t for 2 s; `barnabas topic describe t`"):
            await loads.consume(consumer, Plan("t", 10), 2.0, nothing)


async def test_records_are_timed_from_end_to_end(brokers: FakeCluster, cluster: Cluster) -> None:
    async with Producer(cluster) as producer, Cluster(brokers.bootstrap, network=brokers.network) as other:
        await producer.send("t", b"of somebody else", partition=0)
        async with Consumer(other, fetch_max_wait=0.1) as consumer:
            measured = await loads.end_to_end(producer, consumer, Plan("t", 20, 100, rate=10.0), 5.0, nothing)
    assert (measured.times["latency"].count, measured.times["acknowledged"].count) == (20, 20)
    assert measured.seconds == pytest.approx(1.9, abs=0.2)
    assert next(iter(measured.times)) == "latency"


@dataclass
class FakeTransactional(FakeProducer):
    """Takes a millisecond for each record, and ten for each commit."""

    sizes: list[int] = field(default_factory=list)
    cluster: FakeTopics = field(default_factory=FakeTopics)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        before = len(self.sent)
        yield
        await trio.sleep(0.001 * (len(self.sent) - before) + 0.01)
        self.sizes.append(len(self.sent) - before)


async def test_commits_are_timed(autojump_clock: MockClock) -> None:
    producer = FakeTransactional()
    measured = await loads.transactions(producer, Plan("t", 25, 100), 10, nothing)  # type: ignore[arg-type]
    assert producer.sizes == [10, 10, 5]
    assert (measured.records, measured.transactions) == (25, 3)
    assert measured.seconds == pytest.approx(0.055)
    assert measured.times["commit"].max == pytest.approx(0.02)


async def test_what_is_under_way_is_bounded(autojump_clock: MockClock) -> None:
    window, order = Window(10), list[str]()

    async def take(name: str, amount: int) -> None:
        await window.take(amount)
        order.append(name)

    async with trio.open_nursery() as nursery:
        await take("first", 8)
        nursery.start_soon(take, "second", 8)
        await trio.testing.wait_all_tasks_blocked()
        order.append("back")
        window.give_back(8)
    await window.take(2)
    assert order == ["first", "back", "second"]


async def test_what_is_larger_than_the_bound_goes_alone() -> None:
    await Window(10).take(50)


def test_values_have_their_size_and_are_not_all_the_same() -> None:
    values = make_values(100)
    assert {len(value) for value in values} == {100}
    assert len(set(values)) > 100
    assert len(make_values(10_000_000)) == 1

"""A follower copies from a leader over a network: real logs, real requests, trio's clock set by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from barnabas.broker.background import EventLoopBackground
from barnabas.broker.controller_channel import NodeAddress
from barnabas.broker.fetcher import FetchLimits
from barnabas.broker.fetcher_task import ReplicaFetchers
from barnabas.broker.lost_leaders import LostLeaders
from barnabas.metadata.records import PartitionRecord, TopicRecord
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.record_batch import RecordBatch
from barnabas.server.timers import Timers
from broker_harness import NOW_MS, BrokerHarness, batch
from server_harness import ServerHarness

TOPIC = b"t" * 16


class SlowDisks(EventLoopBackground):
    """Work in threads takes 20 ms of trio's clock, which does not know of real threads."""

    def in_thread(self, work: Callable[[], object], then: Callable[[], None], failed: Callable[..., None]) -> None:
        async def run() -> None:
            await trio.sleep(0.02)
            work()
            then()

        self._nursery.start_soon(run)


class Pair:
    """Broker 1 leads, and broker 2 follows it."""

    def __init__(self, path: Path, nursery: trio.Nursery) -> None:
        self.nursery = nursery
        self.server = ServerHarness(nursery)
        self.leader = self.make(path / "1", 1)
        self.follower = self.make(path / "2", 2)
        self.address: NodeAddress | None = None
        self.lost_leaders = LostLeaders(1.5, lambda _: 1)

    def make(self, path: Path, broker_id: int) -> BrokerHarness:
        broker: Any = BrokerHarness(path)
        background = SlowDisks(self.nursery)
        timers = Timers()
        self.nursery.start_soon(background.run)
        self.nursery.start_soon(timers.run)
        manager = broker.manager
        for name, value in {"clock": trio.current_time, "background": background, "timers": timers}.items():
            setattr(manager, name, value)
        for purgatory in (manager._produces, manager._fetches):
            purgatory._timers, purgatory._clock = timers, trio.current_time
        manager.flusher._background, manager.flusher._clock = background, trio.current_time
        object.__setattr__(manager.config, "broker_id", broker_id)
        return broker

    async def start(self) -> None:
        table = self.server.table
        table.register(ApiKey.FETCH, self.leader.fetch_handler.handle)
        table.register(ApiKey.LIST_OFFSETS, self.leader.list_offsets_handler.handle)
        await self.server.start()
        self.address = NodeAddress(1, "127.0.0.1", self.server.server.endpoints[0].port)
        self.follower.manager.fetchers = ReplicaFetchers(
            self.follower.manager,
            self.server.network,
            self.nursery,
            address_of=lambda broker_id: self.address,
            broker_epoch=lambda: 10,
            limits=FetchLimits(),
            lost_leaders=self.lost_leaders,
        )

    def lead(self, epoch: int = 0, *, topics: int = 1, **config: str) -> None:
        """Both learn that broker 1 leads."""
        for broker in (self.leader, self.follower):
            for number in range(topics):
                topic_id = bytes([number]) + TOPIC[1:]
                known = topic_id in broker.cache.image.topics.by_id
                name = f"t{number}"
                broker.apply(
                    *(() if known else (TopicRecord(name=name, topic_id=topic_id),)),
                    *(broker.config_record(name, key, value) for key, value in config.items()),
                    PartitionRecord(
                        partition_id=0,
                        topic_id=topic_id,
                        replicas=(1, 2),
                        isr=(1, 2),
                        leader=1,
                        leader_epoch=epoch,
                        partition_epoch=epoch,
                    ),
                )

    def end(self, broker: BrokerHarness, topic: str = "t0") -> int:
        return broker.partition(topic).log.log_end_offset


@asynccontextmanager
async def pair(path: Path) -> AsyncIterator[Pair]:
    async with trio.open_nursery() as nursery:
        both = Pair(path, nursery)
        await both.start()
        yield both
        nursery.cancel_scope.cancel()


async def settle(both: Pair, *, until: Any) -> None:
    """Let time pass until it is so."""
    with trio.fail_after(20):
        while not until():  # noqa: ASYNC110 - what is waited for has no event
            await trio.sleep(0.005)


async def test_records_and_the_high_watermark_arrive(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pair(tmp_path) as both:
        both.lead()
        request = both.leader.produce(("t0", 0, batch(b"a", b"b")))
        await settle(both, until=lambda: not request.waits)
        assert request.response.responses[0].partition_responses[0].error_code == 0
        assert both.end(both.follower) == 2
        await settle(both, until=lambda: both.follower.partition("t0").high_watermark == 2)
        assert both.leader.partition("t0").log.epochs.entries() == both.follower.partition("t0").log.epochs.entries()
        assert both.follower.manager.statistics.replication_bytes_in > 0


async def test_a_partition_that_comes_while_a_fetch_waits_is_fetched_at_once(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pair(tmp_path) as both:
        both.lead(topics=1)
        await settle(both, until=lambda: both.leader.manager.waiting_fetches == 1)
        await trio.sleep(0.6)
        both.lead(topics=2)
        started = trio.current_time()
        request = both.leader.produce(("t1", 0, batch(b"a")))
        await settle(both, until=lambda: not request.waits)
        assert trio.current_time() - started < 0.1


async def test_a_follower_that_diverged_is_cut(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pair(tmp_path) as both:
        both.lead()
        both.leader.produce(("t0", 0, batch(b"a")))
        await settle(both, until=lambda: both.end(both.follower) == 1)
        both.follower.manager.fetchers.stop(both.follower.partition("t0"))
        log = both.follower.partition("t0").log
        log.append_as_leader(RecordBatch(batch(b"x", b"y", b"z")), 1, NOW_MS)
        both.lead(epoch=2)
        both.leader.produce(("t0", 0, batch(b"b")))
        await settle(both, until=lambda: both.end(both.follower) == 2 and log.latest_epoch == 2)
        assert log.epochs.entries() == [(0, 0), (2, 1)]
        assert [bytes(r.value or b"") for b in log.read_batches(0) for r in b.records()] == [b"a", b"b"]


async def test_a_leader_that_goes_away_is_looked_for(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pair(tmp_path) as both:
        address, both.address = both.address, None
        both.lead()
        both.leader.produce(("t0", 0, batch(b"a")))
        await trio.sleep(3)
        assert both.end(both.follower) == 0
        both.address = NodeAddress(1, "127.0.0.1", 1)
        await trio.sleep(3)
        both.address = address
        await settle(both, until=lambda: both.end(both.follower) == 1)
        for connection in list(both.server.server.connections):
            connection.close("test")
        both.leader.produce(("t0", 0, batch(b"b")))
        await settle(both, until=lambda: both.end(both.follower) == 2)


async def test_a_leader_is_lost_from_when_its_connection_breaks_until_there_is_another(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pair(tmp_path) as both:

        def lost() -> frozenset[int]:
            return both.lost_leaders.at(trio.current_time())

        def disconnect() -> None:
            for connection in list(both.server.server.connections):
                connection.close("test")

        both.lead()
        await settle(both, until=lambda: both.leader.manager.waiting_fetches == 1)
        assert lost() == frozenset()
        disconnect()
        await settle(both, until=lost)
        assert lost() == {1}
        await settle(both, until=lambda: not lost())
        address, both.address = both.address, NodeAddress(1, "127.0.0.1", 1)
        await settle(both, until=lambda: both.leader.manager.waiting_fetches == 1)
        disconnect()
        await settle(both, until=lost)
        broken_at = trio.current_time()
        await settle(both, until=lambda: not lost())
        assert trio.current_time() - broken_at > 1.4
        both.address = address
        await settle(both, until=lambda: both.leader.manager.waiting_fetches == 1)


async def test_a_follower_below_the_leaders_start_begins_anew_there(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pair(tmp_path) as both:
        both.leader.create_topic("other")
        for broker in (both.leader,):
            broker.apply(TopicRecord(name="t0", topic_id=b"\0" + TOPIC[1:]))
        both.leader.apply(
            PartitionRecord(
                partition_id=0,
                topic_id=b"\0" + TOPIC[1:],
                replicas=(1, 2),
                isr=(1,),
                leader=1,
                leader_epoch=0,
                partition_epoch=0,
            )
        )
        for value in (b"a", b"b", b"c"):
            both.leader.produce(("t0", 0, batch(value)))
        both.leader.partition("t0").advance_log_start(2)
        both.lead(epoch=1)
        await settle(both, until=lambda: both.end(both.follower) == 3)
        assert both.follower.partition("t0").log.log_start_offset == 2


async def test_a_follower_beyond_the_leaders_end_is_cut_there(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pair(tmp_path) as both:
        both.lead()
        both.follower.manager.fetchers.stop(both.follower.partition("t0"))
        log = both.follower.partition("t0").log
        log.append_as_leader(RecordBatch(batch(b"x", b"y")), 0, NOW_MS)
        log.epochs.clear()
        both.lead(epoch=1)
        both.leader.produce(("t0", 0, batch(b"a")))
        await settle(both, until=lambda: both.end(both.follower) == 1)


async def test_nothing_is_acknowledged_before_it_is_synced(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pair(tmp_path) as both:
        both.lead(flush_messages="1")
        synced: list[int] = []
        follower_log = both.follower.partition("t0").log
        leader_log = both.leader.partition("t0").log
        for value in (b"a", b"b"):
            started = trio.current_time()
            request = both.leader.produce(("t0", 0, batch(value)))
            await settle(both, until=lambda request=request: not request.waits)
            assert trio.current_time() - started >= 0.02
            synced.append(min(follower_log.recovery_point, leader_log.recovery_point))
        assert synced == [1, 2]


async def test_a_fetcher_with_nothing_left_ends(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pair(tmp_path) as both:
        both.lead()
        await settle(both, until=lambda: both.leader.manager.waiting_fetches == 1)
        fetchers: Any = both.follower.manager.fetchers
        both.follower.change("t0", leader=-1)
        await settle(both, until=lambda: not fetchers._leaders)
        both.lead(epoch=2)
        both.leader.produce(("t0", 0, batch(b"a")))
        await settle(both, until=lambda: both.end(both.follower) == 1)
        fetchers.stop_all()
        await settle(both, until=lambda: not fetchers._leaders)


async def test_many_idle_partitions_cost_nothing(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pair(tmp_path) as both:
        both.lead(topics=30)
        await settle(both, until=lambda: both.leader.manager.waiting_fetches == 1)
        await trio.sleep(2)
        handled: list[Any] = []
        original = both.leader.fetch_handler.handle

        def handle(request: Any) -> None:
            handled.append(request.body)
            original(request)

        object.__setattr__(both.server.table.find(ApiKey.FETCH), "handler", handle)
        await trio.sleep(5)
        assert 8 <= len(handled) <= 12
        assert not any(body.topics or body.forgotten_topics_data for body in handled)
        await wait_all_tasks_blocked()

"""The consumer against brokers that fail, move leaders and hang."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from barnabas.client import Consumer, Producer
from barnabas.client.cluster import Cluster
from barnabas.client.consumer import Start
from barnabas.client.errors import BrokerError, ClientClosed, ConfigurationError, UnreadableRecords
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.compression import Compression
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.record_builder import build_batch
from fake_brokers import FakeCluster, FakePartition

ALL = list(Compression)


@pytest.fixture
async def brokers(nursery: trio.Nursery) -> FakeCluster:
    cluster = FakeCluster(nursery, 2)
    await cluster.start()
    return cluster


def cluster_of(brokers: FakeCluster, **options: float) -> Cluster:
    return Cluster(brokers.bootstrap, network=brokers.network, **options)  # type: ignore[arg-type]


def fill(partition: FakePartition, *values: bytes, compression: Compression = Compression.NONE) -> None:
    batch = build_batch([(1000 + n, b"k", value, [("h", b"x")]) for n, value in enumerate(values)], compression)
    assert partition.append(memoryview(batch))[0] == ErrorCode.NONE


async def read(consumer: Consumer, count: int) -> list[tuple[int, int, bytes | None]]:
    records: list[tuple[int, int, bytes | None]] = []
    while len(records) < count:
        record = await anext(consumer)
        records.append((record.partition, record.offset, record.value))
    return records


@pytest.mark.parametrize("compression", ALL)
async def test_records_are_read_as_they_were_written(brokers: FakeCluster, compression: Compression) -> None:
    partition = brokers.create("t")[0]
    fill(partition, b"a", b"b" * 1000, compression=compression)
    async with cluster_of(brokers) as cluster, Consumer(cluster) as consumer:
        await consumer.assign({("t", 0): "earliest"})
        record = await anext(consumer)
        assert (record.topic, record.partition, record.offset, record.timestamp) == ("t", 0, 0, 1000)
        assert (record.key, record.value, record.headers) == (b"k", b"a", [("h", b"x")])
        assert (await anext(consumer)).value == b"b" * 1000
        assert consumer.position("t", 0) == 2


@pytest.mark.parametrize(("start", "expected"), [("earliest", 0), ("latest", 4), (3, 3), (4, 4)])
async def test_reading_begins_where_it_is_told_to(brokers: FakeCluster, start: Start, expected: int) -> None:
    partition = brokers.create("t")[0]
    fill(partition, b"0", b"1")
    fill(partition, b"2", b"3")
    async with cluster_of(brokers) as cluster, Consumer(cluster) as consumer:
        await consumer.assign({("t", 0): start})
        fill(partition, b"4")
        assert (await read(consumer, 1))[0][1] == expected


async def test_all_partitions_are_read_to_the_end_they_have_now(brokers: FakeCluster) -> None:
    partitions = brokers.create("t", [1, 2, 1])
    for partition in partitions.values():
        for number in range(10):
            fill(partition, b"%d" % number, b"x" * 2000)
    async with cluster_of(brokers) as cluster, Consumer(cluster, max_partition_fetch_bytes=5000) as consumer:
        await consumer.assign({("t", p): "earliest" for p in partitions}, stop_at_end=True)
        fill(partitions[0], b"too late")
        read: dict[int, list[int]] = {0: [], 1: [], 2: []}
        async for record in consumer:
            read[record.partition].append(record.offset)
    assert read == {p: list(range(20)) for p in partitions}


async def test_an_empty_topic_is_at_its_end(brokers: FakeCluster) -> None:
    brokers.create("t")
    async with cluster_of(brokers) as cluster, Consumer(cluster) as consumer:
        await consumer.assign({("t", 0): "earliest"}, stop_at_end=True)
        assert [record async for record in consumer] == []


async def test_records_that_come_later_are_waited_for(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    partition = brokers.create("t")[0]
    async with cluster_of(brokers) as cluster, Consumer(cluster, fetch_max_wait=0.5) as consumer:
        await consumer.assign({("t", 0): "latest"})
        with trio.move_on_after(60):
            await read(consumer, 1)
        assert brokers.count(ApiKey.FETCH) == pytest.approx(120, abs=5)
        fill(partition, b"a")
        assert await read(consumer, 1) == [(0, 0, b"a")]


async def test_the_leader_is_followed_when_it_moves_or_dies(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    partition = brokers.create("t")[0]
    async with cluster_of(brokers) as cluster, Consumer(cluster) as consumer:
        await consumer.assign({("t", 0): "earliest"})
        for value, step in ((b"a", None), (b"b", "move"), (b"c", "die")):
            if step == "move":
                brokers.move("t", 0, 2)
            elif step == "die":
                await brokers.stop(2)
                brokers.move("t", 0, 1)
            fill(partition, value)
            assert (await read(consumer, 1))[0][2] == value
    assert trio.current_time() < 10


async def test_a_refusal_that_passes_is_not_seen(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    partition = brokers.create("t")[0]
    fill(partition, b"a")
    brokers.refusals[ApiKey.FETCH].extend([ErrorCode.UNKNOWN_TOPIC_ID, ErrorCode.KAFKA_STORAGE_ERROR])
    brokers.refusals[ApiKey.LIST_OFFSETS].extend([ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.OFFSET_NOT_AVAILABLE])
    brokers.lost_answers[ApiKey.LIST_OFFSETS] = 1
    async with cluster_of(brokers) as cluster, Consumer(cluster) as consumer:
        await consumer.assign({("t", 0): "earliest"})
        assert await read(consumer, 1) == [(0, 0, b"a")]


async def test_a_position_that_is_gone_is_an_error_or_reset(brokers: FakeCluster) -> None:
    partition = brokers.create("t")[0]
    partition.start = 100
    fill(partition, b"a")
    async with cluster_of(brokers) as cluster:
        async with Consumer(cluster, auto_offset_reset="none") as consumer:
            await consumer.assign({("t", 0): 5})
            with pytest.raises(BrokerError, match="t-0@5: OFFSET_OUT_OF_RANGE"):
                await anext(consumer)
        async with Consumer(cluster, auto_offset_reset="earliest") as consumer:
            await consumer.assign({("t", 0): 5})
            assert await read(consumer, 1) == [(0, 100, b"a")]


async def test_topics_and_partitions_must_exist(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    brokers.create("t")
    async with cluster_of(brokers) as cluster, Consumer(cluster) as consumer:
        starts: list[Start] = ["earliest", 0]
        for start in starts:
            with pytest.raises(BrokerError, match="topic u: UNKNOWN_TOPIC_OR_PARTITION"):
                await consumer.assign({("u", 0): start})
            with pytest.raises(BrokerError, match="t-7: UNKNOWN_TOPIC_OR_PARTITION"):
                await consumer.assign({("t", 7): start})
        assert not any(m.allow_auto_topic_creation for _, m, _ in brokers.requests if m.API_KEY == ApiKey.METADATA)  # type: ignore[attr-defined]


async def test_no_more_is_fetched_than_is_read(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    partition = brokers.create("t")[0]
    for _ in range(100):
        fill(partition, b"x" * 1000)
    async with (
        cluster_of(brokers) as cluster,
        Consumer(cluster, max_partition_fetch_bytes=3000, max_buffered=5000) as consumer,
    ):
        await consumer.assign({("t", 0): "earliest"})
        await trio.sleep(10)
        assert brokers.count(ApiKey.FETCH) == 2
        assert len(await read(consumer, 100)) == 100


async def test_what_is_assigned_anew_replaces_what_was(brokers: FakeCluster) -> None:
    for partition in brokers.create("t", [1, 1]).values():
        fill(partition, b"a", b"b", b"c")
    async with cluster_of(brokers) as cluster, Consumer(cluster) as consumer:
        await consumer.assign({("t", 0): 0})
        assert await read(consumer, 1) == [(0, 0, b"a")]
        await consumer.assign({("t", 1): 1})
        assert await read(consumer, 2) == [(1, 1, b"b"), (1, 2, b"c")]
        with pytest.raises(ConfigurationError):
            consumer.position("t", 0)


async def test_cancelling_the_wait_loses_no_record(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    partition = brokers.create("t")[0]
    async with cluster_of(brokers) as cluster, Consumer(cluster) as consumer:
        await consumer.assign({("t", 0): 0})
        with trio.move_on_after(1.3) as scope:
            await anext(consumer)
        assert scope.cancelled_caught
        fill(partition, b"a")
        assert await read(consumer, 1) == [(0, 0, b"a")]


async def test_closing_does_not_wait_for_a_broker_that_hangs(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    brokers.create("t")
    async with cluster_of(brokers) as cluster:
        async with Consumer(cluster) as consumer:
            await consumer.assign({("t", 0): 0})
            brokers.hanging.add(1)
            await trio.sleep(1)
            start = trio.current_time()
        assert trio.current_time() == start
        with pytest.raises(ClientClosed):
            await anext(consumer)


async def test_misuse_is_told(brokers: FakeCluster) -> None:
    brokers.create("t")
    with pytest.raises(ConfigurationError, match="auto_offset_reset='first'"):
        Consumer("localhost:9092", auto_offset_reset="first")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="fetch_max_wait=40"):
        Consumer("localhost:9092", fetch_max_wait=40)
    async with cluster_of(brokers) as cluster, Consumer(cluster) as consumer:
        with pytest.raises(ConfigurationError, match="assign partitions first"):
            await anext(consumer)
        with pytest.raises(ConfigurationError, match="a start of 'begin'"):
            await consumer.assign({("t", 0): "begin"})  # type: ignore[dict-item]


async def test_batches_are_lists_of_records_of_one_partition(brokers: FakeCluster) -> None:
    first, second = brokers.create("t", [1, 2]).values()
    fill(first, b"a", b"b")
    fill(first, b"c")
    fill(second, b"x", b"y")
    async with cluster_of(brokers) as cluster, Consumer(cluster) as consumer:
        await consumer.assign({("t", 0): 1, ("t", 1): 0}, stop_at_end=True)
        lists = [[(r.partition, r.value) for r in records] async for records in consumer.batches()]
        assert sorted(lists) == [[(0, b"b")], [(0, b"c")], [(1, b"x"), (1, b"y")]]


async def test_the_rest_of_a_batch_is_a_batch(brokers: FakeCluster) -> None:
    fill(brokers.create("t")[0], b"a", b"b", b"c")
    async with cluster_of(brokers) as cluster, Consumer(cluster) as consumer:
        await consumer.assign({("t", 0): 0}, stop_at_end=True)
        assert (await anext(consumer)).value == b"a"
        assert consumer.consumed(with_record_in_hand=False) == {("t", 0): 0}
        rest = await consumer.next_batch()
        assert rest is not None
        assert [record.value for record in rest] == [b"b", b"c"]
        assert consumer.consumed(with_record_in_hand=False) == {("t", 0): 1}
        assert consumer.consumed(with_record_in_hand=True) == {("t", 0): 3}
        assert await consumer.next_batch() is None


async def test_a_record_in_hand_counts_only_where_its_partition_is_still_read_from_there(brokers: FakeCluster) -> None:
    fill(brokers.create("t")[0], b"a", b"b", b"c")
    async with cluster_of(brokers) as cluster, Consumer(cluster) as consumer:
        await consumer.assign({("t", 0): 0})
        assert (await anext(consumer)).value == b"a"
        consumer.seek("t", 0, 2)
        assert consumer.consumed(with_record_in_hand=False) == {("t", 0): 2}


async def test_deserialisers_make_values_and_what_they_refuse_can_be_passed_over(brokers: FakeCluster) -> None:
    fill(brokers.create("t")[0], b"1", b"x", b"3")
    async with cluster_of(brokers) as cluster, Consumer(cluster, value_deserializer=int) as consumer:  # type: ignore[arg-type]
        await consumer.assign({("t", 0): 0}, stop_at_end=True)
        assert (await anext(consumer)).value == 1
        with pytest.raises(UnreadableRecords, match="t-0, offset 1: the deserialiser failed"):
            await anext(consumer)
        assert (await anext(consumer)).value == 3


async def test_paused_partitions_wait_and_the_others_go_on(brokers: FakeCluster) -> None:
    first, second = brokers.create("t", [1, 1]).values()
    fill(first, b"a")
    fill(second, b"b")
    async with cluster_of(brokers) as cluster, Consumer(cluster) as consumer:
        await consumer.assign({("t", 0): 0, ("t", 1): 0}, stop_at_end=True)
        consumer.pause(("t", 0))
        assert (await anext(consumer)).value == b"b"
        consumer.resume(("t", 0))
        assert (await anext(consumer)).value == b"a"
        consumer.seek("t", 1, 0)
        assert (await anext(consumer)).value == b"b"


async def test_a_broker_that_names_the_new_leader_saves_asking_for_metadata(
    brokers: FakeCluster, autojump_clock: MockClock
) -> None:
    partition = brokers.create("t")[0]
    brokers.tells_leaders = True
    async with cluster_of(brokers) as cluster, Consumer(cluster) as consumer:
        await consumer.assign({("t", 0): "earliest"})
        fill(partition, b"a")
        assert await read(consumer, 1) == [(0, 0, b"a")]
        await trio.testing.wait_all_tasks_blocked()
        asked = brokers.count(ApiKey.METADATA)
        brokers.move("t", 0, 2)
        fill(partition, b"b")
        open_fetch_ends = trio.current_time() + 0.5
        assert await read(consumer, 1) == [(0, 1, b"b")]
        assert (trio.current_time(), brokers.count(ApiKey.METADATA)) == (open_fetch_ends, asked)
        assert cluster.view.leader_epoch("t", 0) == 1


async def test_the_closest_replica_is_read_from_and_the_leader_when_it_fails(
    brokers: FakeCluster, autojump_clock: MockClock
) -> None:
    partition = brokers.create("t")[0]
    brokers.closest["r"] = 2
    async with cluster_of(brokers) as cluster, Consumer(cluster, client_rack="r") as consumer:
        await consumer.assign({("t", 0): 0})
        for number in range(3):
            fill(partition, b"%d" % number)
            assert await read(consumer, 1) == [(0, number, b"%d" % number)]
        assert brokers.count(ApiKey.FETCH, broker=1) == 1
        brokers.closest.clear()
        await brokers.stop(2)
        fill(partition, b"3")
        assert await read(consumer, 1) == [(0, 3, b"3")]
        assert brokers.count(ApiKey.FETCH, broker=1) > 1
    assert trio.current_time() < 5


async def test_what_else_is_asked_does_not_wait_for_a_fetch(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    """A broker answers in order, and a fetch when there is something to read."""
    brokers.create("t")
    brokers.create("other")
    async with Cluster(brokers.bootstrap, network=brokers.network) as cluster, Producer(cluster) as producer:
        async with Consumer(cluster, fetch_max_wait=20.0) as consumer:
            await consumer.assign({("t", 0): 0})
            await trio.testing.wait_all_tasks_blocked()
            start = trio.current_time()
            await producer.send("other", b"a")
            assert await consumer.offsets({("other", 0): "latest"}) == {("other", 0): 1}
            assert trio.current_time() == start
        await trio.sleep(21)
        assert len(brokers.network.transports) == 2, "the consumer's connection ends with it"

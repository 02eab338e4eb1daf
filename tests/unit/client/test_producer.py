"""The producer against brokers that fail: nothing lost, nothing doubled, order kept, an end to everything."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from barnabas.client import Producer
from barnabas.client.cluster import Cluster
from barnabas.client.errors import BrokerError, ClientClosed, ConfigurationError, TimedOut
from barnabas.client.producer import RecordMetadata
from barnabas.net.memory import MemoryNetwork
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode
from fake_brokers import FakeCluster, topic_id_of


@pytest.fixture
async def brokers(nursery: trio.Nursery) -> FakeCluster:
    cluster = FakeCluster(nursery, 2)
    await cluster.start()
    return cluster


def cluster_of(brokers: FakeCluster, **options: float) -> Cluster:
    return Cluster(brokers.bootstrap, network=brokers.network, **options)  # type: ignore[arg-type]


async def send_all(producer: Producer, count: int) -> list[RecordMetadata]:
    """Send 0, 1, ... from as many tasks, begun in that order."""
    sent: dict[int, RecordMetadata] = {}

    async def send(number: int) -> None:
        sent[number] = await producer.send("t", b"%d" % number)

    async with trio.open_nursery() as nursery:
        for number in range(count):
            nursery.start_soon(send, number)
            await trio.testing.wait_all_tasks_blocked()
    return [sent[number] for number in range(count)]


async def test_a_record_goes_to_the_partition_of_its_key_and_comes_back_with_its_offset(brokers: FakeCluster) -> None:
    partitions = brokers.create("t", [1, 2, 1])
    async with cluster_of(brokers) as cluster, Producer(cluster) as producer:
        first = await producer.send("t", b"a", key=b"k", headers=[("h", b"x"), ("n", None)], timestamp=5)
        second = await producer.send("t", None, key=b"k")
        third = await producer.send("t", b"c", partition=2)
    assert first == RecordMetadata("t", first.partition, 0, 5)
    assert (second.partition, second.offset) == (first.partition, 1)
    assert third.partition == 2
    (record,) = partitions[first.partition].batches[0].records()
    assert (record.key, record.value, record.headers, record.timestamp) == (b"k", b"a", [("h", b"x"), ("n", None)], 5)


async def test_records_that_are_sent_together_travel_together(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    partitions = brokers.create("t")
    async with cluster_of(brokers) as cluster, Producer(cluster, linger=1.0) as producer:
        sent = await send_all(producer, 50)
    assert [metadata.offset for metadata in sent] == list(range(50))
    assert len(partitions[0].batches) == 1
    assert trio.current_time() == pytest.approx(1.0, abs=0.1)


async def test_a_receipt_tells_whether_and_how_the_record_has_ended(
    brokers: FakeCluster, autojump_clock: MockClock
) -> None:
    brokers.create("t")
    async with cluster_of(brokers) as cluster, Producer(cluster) as producer:
        receipt = await producer.send_soon("t", b"a")
        assert not receipt.ended
        assert await receipt.wait() == receipt.result()
        assert receipt.ended
        brokers.refusals[ApiKey.PRODUCE].append(ErrorCode.MESSAGE_TOO_LARGE)
        refused = await producer.send_soon("t", b"b")
        await producer.flush()
        assert refused.ended
        with pytest.raises(BrokerError, match="MESSAGE_TOO_LARGE"):
            refused.result()


async def test_retries_keep_order_and_double_nothing(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    partitions = brokers.create("t")
    brokers.refusals[ApiKey.PRODUCE].extend(
        [ErrorCode.NOT_ENOUGH_REPLICAS, ErrorCode.NONE, ErrorCode.REQUEST_TIMED_OUT]
    )
    brokers.lost_answers[ApiKey.PRODUCE] = 2
    async with cluster_of(brokers) as cluster, Producer(cluster, batch_size=100) as producer:
        sent = await send_all(producer, 30)
    assert partitions[0].values() == [b"%d" % number for number in range(30)]
    assert [metadata.offset for metadata in sent] == list(range(30))


async def test_a_leader_that_moves_is_followed(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    partitions = brokers.create("t")
    async with cluster_of(brokers) as cluster, Producer(cluster) as producer:
        await producer.send("t", b"a")
        brokers.move("t", 0, 2)
        await producer.send("t", b"b")
        assert brokers.count(ApiKey.PRODUCE, broker=2) == 1
        await brokers.stop(2)
        brokers.move("t", 0, 1)
        await producer.send("t", b"c")
    assert partitions[0].values() == [b"a", b"b", b"c"]


async def test_a_hanging_leader_costs_no_more_than_the_request_timeout(
    brokers: FakeCluster, autojump_clock: MockClock
) -> None:
    partitions = brokers.create("t", [2])
    async with cluster_of(brokers, request_timeout=3.0) as cluster, Producer(cluster) as producer:
        await producer.send("t", b"a")
        brokers.hanging.add(2)
        start = trio.current_time()

        async def move_later() -> None:
            await trio.sleep(1)
            brokers.move("t", 0, 1)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(move_later)
            await producer.send("t", b"b")
        assert trio.current_time() - start < 9
    assert partitions[0].values() == [b"a", b"b"]


async def test_a_refused_record_fails_alone(brokers: FakeCluster) -> None:
    partitions = brokers.create("t")
    async with cluster_of(brokers) as cluster, Producer(cluster) as producer:
        await producer.send("t", b"a")
        brokers.refusals[ApiKey.PRODUCE].append(ErrorCode.MESSAGE_TOO_LARGE)
        with pytest.raises(BrokerError, match="t-0: MESSAGE_TOO_LARGE") as caught:
            await producer.send("t", b"b")
        assert caught.value.code == ErrorCode.MESSAGE_TOO_LARGE
        await producer.send("t", b"c")
    assert partitions[0].values() == [b"a", b"c"]


async def test_an_unreachable_cluster_ends_in_the_delivery_timeout(
    brokers: FakeCluster, autojump_clock: MockClock
) -> None:
    brokers.create("t")
    async with cluster_of(brokers) as cluster, Producer(cluster, delivery_timeout=10.0) as producer:
        await producer.send("t", b"a")
        await brokers.stop(1)
        await brokers.stop(2)
        start = trio.current_time()
        with pytest.raises(TimedOut, match=r"1 records for t-0: not delivered within 10 s; last: .*127.0.0.1:9092"):
            await producer.send("t", b"b")
        assert trio.current_time() - start == pytest.approx(10)


async def test_brokers_that_come_back_are_found_again(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    partitions = brokers.create("t")
    async with cluster_of(brokers) as cluster, Producer(cluster) as producer:
        await producer.send("t", b"a")
        await brokers.stop(1)
        await brokers.stop(2)

        async def start_later() -> None:
            await trio.sleep(5)
            await brokers.start(1, 2)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(start_later)
            await producer.send("t", b"b")
        assert trio.current_time() < 10
    assert partitions[0].values() == [b"a", b"b"]


async def test_topics_that_do_not_exist_are_an_error_and_the_cluster_may_create_them(
    brokers: FakeCluster, autojump_clock: MockClock
) -> None:
    async with cluster_of(brokers) as cluster, Producer(cluster) as producer:
        with pytest.raises(BrokerError, match="topic t: UNKNOWN_TOPIC_OR_PARTITION"):
            await producer.send("t", b"a")
        assert all(m.allow_auto_topic_creation for _, m, _ in brokers.requests if m.API_KEY == ApiKey.METADATA)  # type: ignore[attr-defined]
        brokers.create("t")
        with pytest.raises(BrokerError, match=r"t-7: UNKNOWN_TOPIC_OR_PARTITION: The topic has 1 partitions"):
            await producer.send("t", b"a", partition=7)
        await producer.send("t", b"a", partition=0)


async def test_without_acks_nothing_is_waited_for(brokers: FakeCluster) -> None:
    partitions = brokers.create("t")
    async with cluster_of(brokers) as cluster, Producer(cluster, acks=0) as producer:
        assert (await producer.send("t", b"a")).offset == -1
        assert (await producer.send("t", b"b")).offset == -1
        await trio.testing.wait_all_tasks_blocked()
    assert partitions[0].values() == [b"a", b"b"]
    assert brokers.count(ApiKey.INIT_PRODUCER_ID) == 0


async def test_without_acks_sending_waits_for_the_network_and_closing_loses_nothing(
    brokers: FakeCluster, autojump_clock: MockClock
) -> None:
    """A record counts as sent when the socket has it, not before: else they would pile up in the client."""
    partitions = brokers.create("t")
    brokers.network = MemoryNetwork(capacity=1000)
    brokers.network.latency = 0.1
    await brokers.start()
    values = [b"%d" % number + bytes(3000) for number in range(20)]
    async with cluster_of(brokers) as cluster, Producer(cluster, acks=0, buffer_memory=7000) as producer:
        for value in values:
            await producer.send_soon("t", value)
        assert trio.current_time() > 13 * 3 * 0.1
        assert len(partitions[0].values()) >= 13
    await trio.sleep(1)
    assert partitions[0].values() == values


async def test_a_producer_id_that_is_refused_fails_the_record(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    brokers.create("t")
    refusals = brokers.refusals[ApiKey.INIT_PRODUCER_ID]
    refusals.extend([ErrorCode.COORDINATOR_NOT_AVAILABLE, ErrorCode.CLUSTER_AUTHORIZATION_FAILED])
    async with cluster_of(brokers) as cluster, Producer(cluster) as producer:
        with pytest.raises(BrokerError, match="producer id: CLUSTER_AUTHORIZATION_FAILED"):
            await producer.send("t", b"a")
        await producer.send("t", b"b")


async def test_topics_go_by_name_to_a_broker_that_knows_no_ids(nursery: trio.Nursery) -> None:
    brokers = FakeCluster(nursery, max_versions={ApiKey.PRODUCE: 9, ApiKey.METADATA: 9})
    await brokers.start()
    partitions = brokers.create("t")
    async with cluster_of(brokers) as cluster, Producer(cluster) as producer:
        await producer.send("t", b"a")
        assert cluster.view.topic_id("t") != topic_id_of("t")
    assert partitions[0].values() == [b"a"]


async def test_closing_waits_for_what_is_under_way(brokers: FakeCluster, nursery: trio.Nursery) -> None:
    partitions = brokers.create("t")
    async with cluster_of(brokers) as cluster:
        async with Producer(cluster, linger=1000.0) as producer:
            nursery.start_soon(producer.send, "t", b"a")
            await trio.testing.wait_all_tasks_blocked()
        assert partitions[0].values() == [b"a"]
        with pytest.raises(ClientClosed):
            await producer.send("t", b"b")


async def test_an_error_in_the_block_closes_at_once_and_comes_out_as_it_is(
    brokers: FakeCluster, nursery: trio.Nursery
) -> None:
    brokers.create("t")
    failed: list[BaseException] = []

    async def send(producer: Producer) -> None:
        try:
            await producer.send("t", b"a")
        except ClientClosed as error:
            failed.append(error)

    async def block() -> None:
        async with cluster_of(brokers) as cluster, Producer(cluster, linger=1000.0) as producer:
            nursery.start_soon(send, producer)
            await trio.testing.wait_all_tasks_blocked()
            raise KeyError

    with pytest.raises(KeyError):
        await block()
    await trio.testing.wait_all_tasks_blocked()
    assert len(failed) == 1


async def test_cancelling_stops_the_waiting_not_the_record(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    partitions = brokers.create("t")
    async with cluster_of(brokers) as cluster, Producer(cluster, linger=5.0) as producer:
        with trio.move_on_after(1) as scope:
            await producer.send("t", b"a")
        assert scope.cancelled_caught
        await producer.send("t", b"b")
    assert partitions[0].values() == [b"a", b"b"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"acks": 2}, 'acks=2; it is "all", 1 or 0'),
        ({"acks": 1, "enable_idempotence": True}, "enable_idempotence needs"),
        ({"compression": "zip"}, "it is one of none, gzip, snappy, lz4, zstd"),
        ({"linger": -1}, "linger=-1; it must be at least 0"),
        ({"bootstrap": "localhost"}, "'localhost' is not host:port"),
        ({"bootstrap": " , "}, "bootstrap is empty"),
    ],
)
async def test_settings_that_make_no_sense_are_refused(options: dict[str, object], text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        Producer(**{"bootstrap": "localhost:9092", **options})  # type: ignore[arg-type]


async def test_sending_waits_while_too_much_is_under_way(brokers: FakeCluster, autojump_clock: MockClock) -> None:
    partitions = brokers.create("t")
    brokers.refusals[ApiKey.PRODUCE].extend([ErrorCode.NOT_ENOUGH_REPLICAS] * 3)
    async with cluster_of(brokers) as cluster, Producer(cluster, buffer_memory=2500, batch_size=1000) as producer:
        begun = trio.current_time()
        first = [await producer.send_soon("t", b"x" * 1000) for _ in range(2)]
        assert trio.current_time() == begun
        third = await producer.send_soon("t", b"y" * 1000)
        assert trio.current_time() > begun
        assert (await first[0].wait()).offset == 0
        assert (await third.wait()).offset == 2
        alone = await producer.send("t", b"z" * 5000)
        assert alone.offset == 3
    assert len(partitions[0].batches) == 4


async def test_who_waits_for_room_is_told_when_the_producer_closes(
    brokers: FakeCluster, autojump_clock: MockClock
) -> None:
    brokers.create("t")
    brokers.refusals[ApiKey.PRODUCE].extend([ErrorCode.NOT_ENOUGH_REPLICAS] * 1000)
    refused: list[ClientClosed] = []

    async def send(producer: Producer) -> None:
        try:
            await producer.send_soon("t", b"y" * 1000)
        except ClientClosed as error:
            refused.append(error)

    async def fail(cluster: Cluster, nursery: trio.Nursery) -> None:
        async with Producer(cluster, buffer_memory=1000) as producer:
            await producer.send_soon("t", b"x" * 1000)
            nursery.start_soon(send, producer)
            await trio.testing.wait_all_tasks_blocked()
            raise ZeroDivisionError

    async with cluster_of(brokers) as cluster, trio.open_nursery() as nursery:
        with pytest.raises(ZeroDivisionError):
            await fail(cluster, nursery)
    assert len(refused) == 1


async def test_serialisers_make_bytes(brokers: FakeCluster) -> None:
    partitions = brokers.create("t")
    async with (
        cluster_of(brokers) as cluster,
        Producer(cluster, key_serializer=str.encode, value_serializer=lambda number: b"%d" % number) as producer,
    ):
        await producer.send("t", 7, key="k")
        with pytest.raises(TypeError):
            await producer.send("t", "x")  # type: ignore[arg-type]
    (record,) = partitions[0].batches[0].records()
    assert (record.key, record.value) == (b"k", b"7")


async def test_a_broker_that_names_the_new_leader_saves_asking_for_metadata(
    brokers: FakeCluster, autojump_clock: MockClock
) -> None:
    partitions = brokers.create("t")
    brokers.tells_leaders = True
    async with cluster_of(brokers) as cluster, Producer(cluster) as producer:
        await producer.send("t", b"a")
        asked = brokers.count(ApiKey.METADATA)
        for leader in (2, 1):
            brokers.move("t", 0, leader)
            start = trio.current_time()
            await producer.send("t", b"%d" % leader)
            assert (trio.current_time(), brokers.count(ApiKey.METADATA)) == (start, asked)
    assert partitions[0].values() == [b"a", b"2", b"1"]

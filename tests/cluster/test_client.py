"""The trio client against a real cluster: three controllers and three brokers, each a process of its own."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable

import pytest
import trio

from barnabas.client import Admin, Consumer, NewTopic, Producer
from barnabas.client.admin import BROKER, TOPIC, CreatedTopic, TopicDescription
from barnabas.client.cluster import Cluster as ClusterView
from barnabas.client.errors import BrokerError
from barnabas.client.fetching import ConsumerRecord
from barnabas.client.offsets import ListedOffset
from barnabas.client.producer import Acks, CompressionName
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse
from barnabas.testing.processes import Cluster

pytestmark = pytest.mark.cluster

ADMINISTRATION = {
    ApiKey.METADATA: Admin.list_topics,
    ApiKey.CREATE_TOPICS: Admin.create_topics,
    ApiKey.DELETE_TOPICS: Admin.delete_topics,
    ApiKey.CREATE_PARTITIONS: Admin.create_partitions,
    ApiKey.DESCRIBE_TOPIC_PARTITIONS: Admin.describe_topic_partitions,
    ApiKey.ELECT_LEADERS: Admin.elect_leaders,
    ApiKey.LIST_OFFSETS: Admin.list_offsets,
    ApiKey.DESCRIBE_CONFIGS: Admin.describe_configs,
    ApiKey.INCREMENTAL_ALTER_CONFIGS: Admin.alter_configs,
    ApiKey.LIST_CONFIG_RESOURCES: Admin.list_config_resources,
    ApiKey.DESCRIBE_CLUSTER: Admin.describe_cluster,
    ApiKey.DESCRIBE_QUORUM: Admin.describe_quorum,
    ApiKey.API_VERSIONS: Admin.describe_features,
    ApiKey.UPDATE_FEATURES: Admin.update_features,
    ApiKey.UNREGISTER_BROKER: Admin.unregister_broker,
    ApiKey.LIST_GROUPS: Admin.list_groups,
    ApiKey.DESCRIBE_GROUPS: Admin.describe_groups,
    ApiKey.CONSUMER_GROUP_DESCRIBE: Admin.describe_groups,
    ApiKey.OFFSET_FETCH: Admin.group_offsets,
    ApiKey.OFFSET_COMMIT: Admin.alter_group_offsets,
    ApiKey.OFFSET_DELETE: Admin.delete_group_offsets,
    ApiKey.DELETE_GROUPS: Admin.delete_groups,
    ApiKey.LEAVE_GROUP: Admin.remove_members,
    ApiKey.LIST_TRANSACTIONS: Admin.list_transactions,
    ApiKey.DESCRIBE_TRANSACTIONS: Admin.describe_transactions,
    ApiKey.DESCRIBE_PRODUCERS: Admin.describe_producers,
    ApiKey.WRITE_TXN_MARKERS: Admin.abort_transaction,
    ApiKey.INIT_PRODUCER_ID: Admin.fence_producers,
}
"""The call of each API that an operator has a use for."""
OF_PRODUCERS_AND_CONSUMERS = {
    ApiKey.PRODUCE,
    ApiKey.FETCH,
    ApiKey.OFFSET_FOR_LEADER_EPOCH,
    ApiKey.FIND_COORDINATOR,
    ApiKey.JOIN_GROUP,
    ApiKey.SYNC_GROUP,
    ApiKey.HEARTBEAT,
    ApiKey.CONSUMER_GROUP_HEARTBEAT,
    ApiKey.ADD_PARTITIONS_TO_TXN,
    ApiKey.ADD_OFFSETS_TO_TXN,
    ApiKey.TXN_OFFSET_COMMIT,
    ApiKey.END_TXN,
}
SUPERSEDED = {ApiKey.ALTER_CONFIGS}
"""By IncrementalAlterConfigs, since Apache Kafka 2.3."""

_numbers = itertools.count()


@pytest.fixture
async def topic(three_by_three: Cluster) -> str:
    """A topic of three partitions, three replicas each, with leaders."""
    name = f"client-{next(_numbers)}"
    async with Admin(three_by_three.bootstrap) as admin:
        created = await admin.create_topics([NewTopic(name, 3, 3, {"min.insync.replicas": "2"})])
        assert isinstance(created[name], CreatedTopic), created[name]
        for partition in range(3):
            await admin.cluster.leader(name, partition)
    return name


async def until(ask: Callable[[], Awaitable[object]], wanted: object) -> None:
    """Return when the answer is the one that is wanted."""
    while True:
        if await ask() == wanted:
            return
        await trio.sleep(0.02)


async def read(bootstrap: str, topic: str, partitions: int = 3) -> dict[int, list[ConsumerRecord]]:
    """All records, by partition."""
    records: dict[int, list[ConsumerRecord]] = {partition: [] for partition in range(partitions)}
    async with Consumer(bootstrap) as consumer:
        await consumer.assign({(topic, partition): "earliest" for partition in records}, stop_at_end=True)
        async for record in consumer:
            records[record.partition].append(record)
    return records


@pytest.mark.parametrize("compression", ["none", "gzip", "snappy", "lz4", "zstd"])
@pytest.mark.parametrize("acks", ["all", 1, 0])
async def test_what_is_sent_is_read(
    three_by_three: Cluster, topic: str, compression: CompressionName, acks: Acks
) -> None:
    with trio.fail_after(60):
        async with Producer(three_by_three.bootstrap, acks=acks, compression=compression) as producer:
            for number in range(30):
                value = None if number == 7 else b"v%d" % number * 100
                sent = await producer.send(
                    topic, value, key=b"k%d" % number, headers=[("h", b"x"), ("n", None)], timestamp=1000 + number
                )
                assert (sent.topic, sent.timestamp) == (topic, 1000 + number)

        # Without acks the last records may still be on their way when the producer closes.
        async def count() -> int:
            return sum(map(len, (await read(three_by_three.bootstrap, topic)).values()))

        await until(count, 30)
        records = await read(three_by_three.bootstrap, topic)
    by_key = {record.key: record for partition in records.values() for record in partition}
    assert len(by_key) == 30
    for number in range(30):
        record = by_key[b"k%d" % number]
        assert record.value == (None if number == 7 else b"v%d" % number * 100)
        assert (record.timestamp, record.headers) == (1000 + number, [("h", b"x"), ("n", None)])


async def test_many_tasks_fill_batches_and_keep_order(three_by_three: Cluster, topic: str) -> None:
    with trio.fail_after(60):
        async with Producer(three_by_three.bootstrap) as producer:
            receipts = [await producer.send_soon(topic, b"%d" % n, partition=n % 3) for n in range(3000)]
            offsets = [(await receipt.wait()).offset for receipt in receipts]
        records = await read(three_by_three.bootstrap, topic)
    for partition, found in records.items():
        assert [int(record.value or b"") for record in found] == list(range(partition, 3000, 3))
        assert [record.offset for record in found] == offsets[partition::3]


async def test_a_killed_leader_costs_no_record(three_by_three: Cluster, topic: str) -> None:
    acknowledged: list[int] = []
    numbers = itertools.count()
    with trio.fail_after(120):
        async with Producer(three_by_three.bootstrap) as producer, trio.open_nursery() as nursery:

            async def load() -> None:
                for number in numbers:
                    await producer.send(topic, b"%d" % number, partition=0)
                    acknowledged.append(number)

            async def more(count: int) -> None:
                target = len(acknowledged) + count
                while len(acknowledged) < target:
                    await producer.send(topic, b"", partition=1)

            nursery.start_soon(load)
            await more(100)
            leader = await producer.cluster.leader(topic, 0)
            node = three_by_three.node(leader.id)
            await trio.to_thread.run_sync(node.kill)
            await more(100)
            assert (await producer.cluster.leader(topic, 0)).id != leader.id
            await trio.to_thread.run_sync(node.start)
            await more(100)
            nursery.cancel_scope.cancel()
        values = [int(record.value or b"") for record in (await read(three_by_three.bootstrap, topic))[0]]
    assert values[: len(acknowledged)] == acknowledged
    assert len(values) <= len(acknowledged) + 1


async def test_a_consumer_follows_while_leaders_stop(three_by_three: Cluster, topic: str) -> None:
    with trio.fail_after(120):
        async with Producer(three_by_three.bootstrap) as producer, Consumer(three_by_three.bootstrap) as consumer:
            await consumer.assign({(topic, partition): "latest" for partition in range(3)})
            for round_ in range(2):
                for partition in range(3):
                    await producer.send(topic, b"%d" % round_, partition=partition)
                got = [await anext(consumer) for _ in range(3)]
                assert sorted((r.partition, r.offset, r.value) for r in got) == [
                    (partition, round_, b"%d" % round_) for partition in range(3)
                ]
                if not round_:
                    node = three_by_three.node((await producer.cluster.leader(topic, 0)).id)
                    await trio.to_thread.run_sync(node.stop)
        await trio.to_thread.run_sync(node.start)


async def test_topics_have_a_life(three_by_three: Cluster) -> None:
    with trio.fail_after(60):
        async with Admin(three_by_three.bootstrap) as admin:
            name, placed = f"life-{next(_numbers)}", f"life-{next(_numbers)}"
            brokers = sorted(b.node.id for b in (await admin.describe_cluster()).brokers)
            one, two, three = brokers
            assert isinstance(
                (await admin.create_topics([NewTopic(name, 1, 1)], validate_only=True))[name], CreatedTopic
            )
            created = await admin.create_topics([NewTopic(name, 1, 1), NewTopic(placed, assignments=[[two, one]])])
            assert all(isinstance(topic, CreatedTopic) for topic in created.values()), created
            again = (await admin.create_topics([NewTopic(name, 1, 1)]))[name]
            assert isinstance(again, BrokerError)
            assert again.code == ErrorCode.TOPIC_ALREADY_EXISTS
            assert (await admin.create_partitions({name: 3}, assignments={name: [[two], [three]]}))[name] is None
            while len((await admin.cluster.topic(name)).partitions) < 3:
                await admin.cluster.refresh([name])
            described = await admin.describe_topics([name, placed, "nothing"])
            grown, other, nothing = described[name], described[placed], described["nothing"]
            assert isinstance(grown, TopicDescription)
            assert [grown.partitions[n].replicas for n in (1, 2)] == [(two,), (three,)]
            assert isinstance(other, TopicDescription)
            assert other.partitions[0].replicas == (two, one)
            assert isinstance(nothing, BrokerError)
            assert {name, placed} <= {topic.name for topic in await admin.list_topics()}
            assert (await admin.delete_topics([name, placed])) == {name: None, placed: None}

            async def left() -> set[str]:
                return {name, placed} & {topic.name for topic in await admin.list_topics()}

            await until(left, set())


async def test_every_api_for_operators_has_its_call(three_by_three: Cluster) -> None:
    async with ClusterView(three_by_three.bootstrap) as cluster:
        message = ApiVersionsRequest(client_software_name="tests", client_software_version="1")
        announced = {ApiKey(each.api_key) for each in (await cluster.ask(message, ApiVersionsResponse)).api_keys}
    assert announced == ADMINISTRATION.keys() | OF_PRODUCERS_AND_CONSUMERS | SUPERSEDED


async def test_settings_are_set_and_taken_back(three_by_three: Cluster, topic: str) -> None:
    async def value(admin: Admin, name: str) -> tuple[str | None, str]:
        found = (await admin.describe_configs(TOPIC, [topic]))[topic]
        assert not isinstance(found, BrokerError), found
        return next((config.value, config.source) for config in found if config.name == name)

    with trio.fail_after(60):
        async with Admin(three_by_three.bootstrap) as admin:
            assert await value(admin, "min.insync.replicas") == ("2", "topic")
            default = await value(admin, "retention.ms")
            assert default[1] != "topic"
            assert (await admin.alter_configs(TOPIC, {topic: {"retention.ms": "12345"}}))[topic] is None
            await until(lambda: value(admin, "retention.ms"), ("12345", "topic"))
            assert (await admin.alter_configs(TOPIC, {topic: {"retention.ms": None}}))[topic] is None
            await until(lambda: value(admin, "retention.ms"), default)
            bad = (await admin.alter_configs(TOPIC, {topic: {"retention.ms": "soon"}}))[topic]
            assert isinstance(bad, BrokerError)
            assert bad.code == ErrorCode.INVALID_CONFIG
            names = [str(broker.node.id) for broker in (await admin.describe_cluster()).brokers]
            of_brokers = await admin.describe_configs(BROKER, names)
            for name in names:
                configs = of_brokers[name]
                assert not isinstance(configs, BrokerError), configs
                assert {config.name: config.value for config in configs}["node.id"] == name


async def test_offsets_are_listed(three_by_three: Cluster, topic: str) -> None:
    with trio.fail_after(60):
        async with Producer(three_by_three.bootstrap) as producer:
            for timestamp in (1000, 3000, 2000):
                await producer.send(topic, b"x", partition=0, timestamp=timestamp)
        async with Admin(three_by_three.bootstrap) as admin:
            place = (topic, 0)
            points = {"earliest": 0, "latest": 3, "max_timestamp": 1, 1500: 1, 5000: -1}
            for point, offset in points.items():
                listed = (await admin.list_offsets({place: point}))[place]  # type: ignore[dict-item]
                assert isinstance(listed, ListedOffset), listed
                assert listed.offset == offset, point

"""Brokers whose answers are well-formed and make no sense: clients raise nothing but ClientErrors, in time, and go on.

Each seed is another run.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
import trio
from trio.testing import MockClock

from barnabas.client import Admin, Consumer, NewTopic, Producer
from barnabas.client.cluster import Cluster
from barnabas.client.errors import ClientError
from barnabas.client.groups.membership import GroupProtocol
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages import response_class
from barnabas.protocol.record_builder import build_batch
from fake_brokers import FakeCluster
from fake_group import FakeGroup
from twisted import Twister, filled

SEEDS = range(5)
PATIENCE = 600.0
"""Seconds of the test's clock in which everything must have ended."""

OF_ADMIN = [
    ApiKey.DESCRIBE_CLUSTER,
    ApiKey.CREATE_TOPICS,
    ApiKey.DELETE_TOPICS,
    ApiKey.CREATE_PARTITIONS,
    ApiKey.DESCRIBE_CONFIGS,
    ApiKey.INCREMENTAL_ALTER_CONFIGS,
    ApiKey.LIST_GROUPS,
    ApiKey.DESCRIBE_GROUPS,
    ApiKey.CONSUMER_GROUP_DESCRIBE,
    ApiKey.DELETE_GROUPS,
    ApiKey.OFFSET_DELETE,
    ApiKey.LIST_TRANSACTIONS,
    ApiKey.DESCRIBE_TRANSACTIONS,
    ApiKey.DESCRIBE_PRODUCERS,
    ApiKey.WRITE_TXN_MARKERS,
    ApiKey.ELECT_LEADERS,
    ApiKey.DESCRIBE_TOPIC_PARTITIONS,
    ApiKey.LIST_CONFIG_RESOURCES,
    ApiKey.UPDATE_FEATURES,
    ApiKey.UNREGISTER_BROKER,
    ApiKey.DESCRIBE_QUORUM,
]
CALLS: dict[str, Callable[[Admin], Awaitable[object]]] = {
    "describe_cluster": lambda admin: admin.describe_cluster(),
    "list_topics": lambda admin: admin.list_topics(),
    "describe_topics": lambda admin: admin.describe_topics(["t", "u"]),
    "create_topics": lambda admin: admin.create_topics([NewTopic("t")]),
    "delete_topics": lambda admin: admin.delete_topics(["t"]),
    "create_partitions": lambda admin: admin.create_partitions({"t": 3}),
    "describe_configs": lambda admin: admin.describe_configs(4, ["1", "t"]),
    "alter_configs": lambda admin: admin.alter_configs(2, {"t": {"a": "b"}}),
    "list_offsets": lambda admin: admin.list_offsets({("t", 0): "latest", ("t", 1): 5}),
    "list_groups": lambda admin: admin.list_groups(),
    "describe_groups": lambda admin: admin.describe_groups(["g", "h"]),
    "group_offsets": lambda admin: admin.offsets_of_groups(["g"]),
    "alter_group_offsets": lambda admin: admin.alter_group_offsets("g", {("t", 0): 1}),
    "remove_members": lambda admin: admin.remove_members("g", ["m"]),
    "delete_groups": lambda admin: admin.delete_groups(["g"]),
    "delete_group_offsets": lambda admin: admin.delete_group_offsets("g", [("t", 0)]),
    "list_transactions": lambda admin: admin.list_transactions(),
    "describe_transactions": lambda admin: admin.describe_transactions(["x"]),
    "describe_producers": lambda admin: admin.describe_producers([("t", 0)]),
    "find_hanging": lambda admin: admin.find_hanging_transactions([("t", 0)], older_than_ms=-1, now_ms=10),
    "fence_producers": lambda admin: admin.fence_producers(["x"]),
    "elect_leaders": lambda admin: admin.elect_leaders(),
    "describe_topic_partitions": lambda admin: admin.describe_topic_partitions(["t"]),
    "list_config_resources": lambda admin: admin.list_config_resources(),
    "describe_features": lambda admin: admin.describe_features(),
    "update_features": lambda admin: admin.update_features({"t": 1}),
    "unregister_broker": lambda admin: admin.unregister_broker(1),
    "describe_quorum": lambda admin: admin.describe_quorum(),
}


async def start(nursery: trio.Nursery, rng: random.Random) -> FakeCluster:
    brokers = FakeCluster(nursery, 2)
    brokers.network.latency = 0.01  # so that time goes on, however often is asked
    FakeGroup(brokers)
    for key in OF_ADMIN:
        cls = response_class(key)
        brokers.more[key] = lambda broker, body, cls=cls: filled(cls)
    if rng.random() < 0.5:
        brokers.fetch_sessions = {}
    await brokers.start()
    for partition in brokers.create("t", [1, 2]).values():
        for number in range(5):
            batch = build_batch([(1000, None, b"%d.%d" % (number, each)) for each in range(3)])
            assert partition.append(memoryview(batch))[0] == ErrorCode.NONE
    brokers.twist = Twister(rng, rng.choice([0.01, 0.03, 0.1, 0.3])).twist
    return brokers


def cluster_of(brokers: FakeCluster, rng: random.Random) -> Cluster:
    return Cluster(brokers.bootstrap, network=brokers.network, request_timeout=5.0, rng=rng)


async def send(cluster: Cluster) -> None:
    async with Producer(cluster, delivery_timeout=20.0) as producer:
        for number in range(10):
            with suppress(ClientError):
                await producer.send("t", b"%d" % number)


async def transact(cluster: Cluster) -> None:
    with suppress(ClientError):
        async with Producer(cluster, delivery_timeout=20.0, transactional_id="x") as producer:
            for number in range(5):
                with suppress(ClientError):
                    async with producer.transaction():
                        await producer.send_soon("t", b"%d" % number)


async def read(cluster: Cluster, group: str | None, protocol: GroupProtocol = "classic") -> None:
    topics = None if group is None else "t"
    with suppress(ClientError):
        async with Consumer(
            cluster, group=group, topics=topics, group_protocol=protocol, auto_offset_reset="earliest"
        ) as consumer:
            if group is None:
                await consumer.assign({("t", 0): "earliest", ("t", 1): 3}, stop_at_end=True)
            with trio.move_on_after(20):
                for _ in range(40):
                    with suppress(ClientError, StopAsyncIteration):
                        await anext(consumer)


USES: dict[str, Callable[[Cluster], Awaitable[None]]] = {
    "producer": send,
    "transactions": transact,
    "consumer": lambda cluster: read(cluster, None),
    "classic member": lambda cluster: read(cluster, "g"),
    "consumer member": lambda cluster: read(cluster, "g", "consumer"),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("seed", SEEDS)
async def test_clients_raise_only_their_errors_and_end(
    seed: int, use: str, nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    rng = random.Random(f"{use} {seed}")
    brokers = await start(nursery, rng)
    with trio.fail_after(PATIENCE):
        async with cluster_of(brokers, rng) as cluster:
            await USES[use](cluster)


@pytest.mark.parametrize("name", CALLS)
async def test_calls_of_admins_raise_only_their_errors_and_end(
    name: str, nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    rng = random.Random(name)
    brokers = await start(nursery, rng)
    with trio.fail_after(PATIENCE):
        async with cluster_of(brokers, rng) as cluster:
            with suppress(ClientError):
                await CALLS[name](Admin(cluster))

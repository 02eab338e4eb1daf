"""What groups and transactions cost: joining, heartbeats of many groups, commits, records within transactions.

Joins are librdkafka's, which waits by itself for 50 and 100 ms on the way, and the trio client's, which shows what the
brokers need. Transactions are librdkafka's. A thousand groups would need as many clients, so heartbeats and commits are
requests of the trio client's connections, the same to both systems.
"""

from __future__ import annotations

import itertools
import statistics
import time
from typing import Final

import trio
from confluent_kafka import Consumer, Producer

from barnabas.client import Cluster
from barnabas.client import Consumer as TrioConsumer
from barnabas.client.connection import ClientConnection
from barnabas.client.coordinator import Coordinator, CoordinatorKind
from barnabas.client.groups.membership import GroupProtocol
from barnabas.client.metadata import Node
from barnabas.protocol.messages.consumer_group_heartbeat import (
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
)
from barnabas.protocol.messages.offset_commit import OffsetCommitRequest
from bench import loads
from bench.clusters import Start, System, idle_cpu
from bench.ready import Results, ready

QUICK_JOINS: Final = {"group.initial.rebalance.delay.ms": "0"}
PROTOCOLS: Final[tuple[GroupProtocol, ...]] = ("classic", "consumer")
JOINS: Final = 9
GROUPS: Final = 1000
MEMBERS: Final = 2
HEARTBEAT_SECONDS: Final = 5.0
COMMITTERS: Final = 10
OFFSETS_A_COMMIT: Final = 100
SECONDS: Final = 5.0
WARM_SECONDS: Final = 2.0
ROUNDS: Final = 7
ROUND_SECONDS: Final = 2.0
TRANSACTION_SECONDS: Final = 0.1
VALUE: Final = b"x" * 1024


def groups(start: Start, results: Results) -> None:
    """Members that join, heartbeats of 1,000 groups of two, offsets committed by ten clients."""
    with ready(start, results, settings=QUICK_JOINS) as system:
        loads.one_record(system.bootstrap, "groups")
        for protocol in PROTOCOLS:
            times = [_join(system.bootstrap, f"{protocol}-{number}", protocol) for number in range(JOINS)]
            results[f"join to first record, {protocol}: p50, s"] = statistics.median(times[1:])
            times = [trio.run(_join_by_trio, system.bootstrap, f"t-{protocol}-{n}", protocol) for n in range(JOINS)]
            results[f"the same by the trio client, {protocol}: p50, s"] = statistics.median(times[1:])
        trio.run(_heartbeats, system, results)
        rate = trio.run(_commits, system.bootstrap)
        results[f"offsets committed by {COMMITTERS} clients, {OFFSETS_A_COMMIT} a request, a second"] = rate


def _join(bootstrap: str, group: str, protocol: str) -> float:
    """Seconds from a new client to its first record."""
    began = time.monotonic()
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "group.protocol": protocol,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe(["groups"])
    message = consumer.poll(loads.TIMEOUT)
    seconds = time.monotonic() - began
    assert message is not None
    assert message.error() is None, message.error()
    consumer.close()
    return seconds


async def _join_by_trio(bootstrap: str, group: str, protocol: GroupProtocol) -> float:
    """Seconds from a new client to its first record."""
    began = time.monotonic()
    consumer = TrioConsumer(
        bootstrap,
        group=group,
        topics=["groups"],
        group_protocol=protocol,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    with trio.fail_after(loads.TIMEOUT):
        async with consumer:
            await anext(consumer)
            return time.monotonic() - began


class _Groups:
    """Members of the new protocol, which beat over one connection to each coordinator."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._nodes: dict[str, Node] = {}
        self._epochs: dict[tuple[str, str], int] = {}

    async def join(self) -> None:
        for number in range(GROUPS):
            group = f"many-{number}"
            self._nodes[group] = await Coordinator(self._cluster, CoordinatorKind.GROUP, group).find()
            for member in range(MEMBERS):
                await self._beat(group, f"member-{number}-{member}")

    async def beat(self) -> None:
        """Every member once, evenly over the interval."""
        pause = HEARTBEAT_SECONDS / len(self._epochs)
        async with trio.open_nursery() as nursery:
            for group, member in list(self._epochs):
                nursery.start_soon(self._beat, group, member)
                await trio.sleep(pause)

    async def _beat(self, group: str, member: str) -> None:
        epoch = self._epochs.get((group, member), 0)
        joins = epoch == 0
        request = ConsumerGroupHeartbeatRequest(
            group_id=group,
            member_id=member,
            member_epoch=epoch,
            rebalance_timeout_ms=60_000 if joins else -1,
            subscribed_topic_names=["groups"] if joins else None,
            topic_partitions=[] if joins else None,
        )
        connection = await self._cluster.to(self._nodes[group])
        response = await self._cluster.request(connection, request, ConsumerGroupHeartbeatResponse)
        assert not response.error_code, response
        self._epochs[group, member] = response.member_epoch


async def _heartbeats(system: System, results: Results) -> None:
    async with Cluster(system.bootstrap) as cluster:
        before, many = system.broker_rss(), _Groups(cluster)
        await many.join()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_beat_for_ever, many)
            await trio.sleep(HEARTBEAT_SECONDS)
            share = await trio.to_thread.run_sync(idle_cpu, system, 2 * HEARTBEAT_SECONDS)
            results[f"{GROUPS:,} groups of {MEMBERS}: CPU of all six, %"] = share
            grown = system.broker_rss() - before
            results[f"{GROUPS:,} groups of {MEMBERS}: memory a group in its broker, KB"] = grown * 1000 / (GROUPS / 3)
            nursery.cancel_scope.cancel()


async def _beat_for_ever(many: _Groups) -> None:
    while True:
        await many.beat()


async def _commits(bootstrap: str) -> float:
    """Offsets a second."""
    committed = 0
    topic = OffsetCommitRequest.OffsetCommitRequestTopic(name="committed")
    async with Cluster(bootstrap) as cluster:
        await trio.to_thread.run_sync(loads.create, bootstrap, "committed", OFFSETS_A_COMMIT)

        async def commit(number: int) -> None:
            nonlocal committed
            coordinator = await Coordinator(cluster, CoordinatorKind.GROUP, f"committer-{number}").find()
            connection: ClientConnection = await cluster.to(coordinator, purpose=str(number))
            for offset in itertools.count():
                topic.partitions = [
                    OffsetCommitRequest.OffsetCommitRequestPartition(partition_index=index, committed_offset=offset)
                    for index in range(OFFSETS_A_COMMIT)
                ]
                await connection.request(OffsetCommitRequest(group_id=f"committer-{number}", topics=[topic]), 9)
                committed += OFFSETS_A_COMMIT

        began = trio.current_time()
        with trio.move_on_after(SECONDS):
            async with trio.open_nursery() as nursery:
                for number in range(COMMITTERS):
                    nursery.start_soon(commit, number)
        return committed / (trio.current_time() - began)


def transactions(start: Start, results: Results) -> None:
    """Records of 1 KB in transactions of a tenth of a second, and the same without transactions, in turns."""
    with ready(start, results) as system:
        loads.create(system.bootstrap, "transactions", partitions=3)
        plain, transactional = _producer(system.bootstrap), _producer(system.bootstrap, "bench")
        transactional.init_transactions(loads.TIMEOUT)
        _produce(plain, WARM_SECONDS)
        _transact(transactional, WARM_SECONDS)
        rates: list[tuple[float, float]] = []
        commits: list[float] = []
        for _ in range(ROUNDS):
            without = _produce(plain, ROUND_SECONDS)
            within, times = _transact(transactional, ROUND_SECONDS)
            rates.append((without, within))
            commits += times
    results["produce 1024 B acks=all, one client, MB/s"] = statistics.median(without for without, _ in rates)
    results["the same in transactions of 100 ms, MB/s"] = statistics.median(within for _, within in rates)
    costs = [(1 - within / without) * 100 for without, within in rates]
    results["what transactions cost, %"] = statistics.median(costs)
    results["commit of a transaction: p50, ms"] = statistics.median(commits)
    results["commit of a transaction: p99, ms"] = statistics.quantiles(commits, n=100)[98]


def _producer(bootstrap: str, transactional_id: str | None = None) -> Producer:
    settings: dict[str, str | int] = {
        "bootstrap.servers": bootstrap,
        "enable.idempotence": True,
        "linger.ms": 5,
        "batch.size": 1 << 17,
        "sticky.partitioning.linger.ms": 0,
        "queue.buffering.max.messages": 20_000,
    }
    if transactional_id is not None:
        settings["transactional.id"] = transactional_id
    return Producer(settings)


def _produce(producer: Producer, seconds: float) -> float:
    """MB/s."""
    began, count = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        count += _send(producer)
    producer.flush(loads.TIMEOUT)
    return count * len(VALUE) / 1e6 / (time.monotonic() - began)


def _transact(producer: Producer, seconds: float) -> tuple[float, list[float]]:
    began, count, commits = time.monotonic(), 0, []
    while time.monotonic() - began < seconds:
        producer.begin_transaction()
        until = time.monotonic() + TRANSACTION_SECONDS
        while time.monotonic() < until:
            count += _send(producer)
        producer.flush(loads.TIMEOUT)
        ends = time.monotonic()
        producer.commit_transaction(loads.TIMEOUT)
        commits.append((time.monotonic() - ends) * 1000)
    return count * len(VALUE) / 1e6 / (time.monotonic() - began), commits


def _send(producer: Producer) -> int:
    """Some records, as soon as there is room; how many."""
    for sent in range(100):
        try:
            producer.produce("transactions", VALUE)
        except BufferError:
            producer.poll(0.001)
            return sent
    producer.poll(0)
    return 100

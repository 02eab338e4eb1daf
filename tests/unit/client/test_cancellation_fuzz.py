"""Calls that are cancelled at random points, on brokers that fail at random: nothing leaks, nothing acknowledged is
lost, nothing is doubled, and the client goes on. Each seed is another run, and the same one each time.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from barnabas.client import Consumer, Producer
from barnabas.client.cluster import Cluster
from barnabas.client.errors import ClientError
from barnabas.client.groups.membership import GroupProtocol
from barnabas.client.producer import Receipt
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.add_partitions_to_txn import AddPartitionsToTxnRequest, AddPartitionsToTxnResponse
from barnabas.protocol.messages.end_txn import EndTxnRequest, EndTxnResponse
from barnabas.protocol.record_builder import build_batch
from fake_brokers import FakeCluster
from fake_group import FakeGroup

SEEDS = range(12)
LATENCY = 0.01
FAULTS = [ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.NOT_ENOUGH_REPLICAS, ErrorCode.REQUEST_TIMED_OUT]


class FakeTransactions:
    """What a transaction wrote becomes visible when it is committed."""

    def __init__(self, brokers: FakeCluster) -> None:
        """Before the brokers start."""
        self.visible: Counter[bytes] = Counter()
        self._seen: dict[tuple[str, int], int] = {}
        self._brokers = brokers
        brokers.more |= {ApiKey.ADD_PARTITIONS_TO_TXN: self._add, ApiKey.END_TXN: self._end}

    def _add(self, broker: int, body: AddPartitionsToTxnRequest) -> AddPartitionsToTxnResponse:
        new = AddPartitionsToTxnResponse
        topics = [
            new.AddPartitionsToTxnTopicResult(
                name=topic.name,
                results_by_partition=[
                    new.AddPartitionsToTxnPartitionResult(partition_index=number) for number in topic.partitions
                ],
            )
            for topic in body.v3_and_below_topics
        ]
        return new(results_by_topic_v3_and_below=topics)

    def _end(self, broker: int, body: EndTxnRequest) -> EndTxnResponse:
        for name, partitions in self._brokers.topics.items():
            for number, partition in partitions.items():
                values = partition.values()
                if body.committed:
                    self.visible.update(values[self._seen.get((name, number), 0) :])
                self._seen[name, number] = len(values)
        return EndTxnResponse()


@asynccontextmanager
async def open_cluster(brokers: FakeCluster, rng: random.Random) -> AsyncIterator[Cluster]:
    """A client's cluster, after whose end nothing of it is left: no task and no connection."""
    brokers.network.latency = LATENCY
    await wait_all_tasks_blocked()
    tasks = trio.lowlevel.current_statistics().tasks_living
    async with Cluster(brokers.bootstrap, network=brokers.network, rng=rng) as cluster:
        yield cluster
    await trio.sleep(1)  # what is on its way arrives
    await wait_all_tasks_blocked()
    assert brokers.network.transports == []
    assert trio.lowlevel.current_statistics().tasks_living == tasks


def disturb(brokers: FakeCluster, rng: random.Random, *keys: ApiKey) -> None:
    key = rng.choice(keys)
    match rng.randrange(6):
        case 0:
            brokers.refusals[key].append(rng.choice(FAULTS))
        case 1:
            brokers.lost_answers[key] = 1
        case 2:
            topic = rng.choice(list(brokers.topics))
            brokers.move(topic, rng.choice(list(brokers.topics[topic])), rng.choice([1, 2]))


@pytest.mark.parametrize("seed", SEEDS)
async def test_sending(seed: int, nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    rng = random.Random(seed)
    brokers = FakeCluster(nursery, 2)
    brokers.tells_leaders = rng.random() < 0.5
    brokers.max_batch_bytes = rng.choice([75, 1 << 20])  # the one has room for a single record
    await brokers.start()
    partitions = brokers.create("t", [1, 2])
    acked: list[bytes] = []
    receipts: dict[bytes, Receipt] = {}
    tried: list[bytes] = []
    async with open_cluster(brokers, rng) as cluster:
        linger = rng.choice([0.0, 0.05])
        async with Producer(cluster, linger=linger, buffer_memory=rng.choice([500, 100_000])) as producer:
            for number in range(60):
                disturb(brokers, rng, ApiKey.PRODUCE, ApiKey.METADATA)
                value = b"%d" % number
                with trio.move_on_after(rng.random() * 10 * LATENCY):
                    match rng.randrange(4):
                        case 0:
                            await producer.flush()
                        case 1:
                            tried.append(value)
                            await producer.send("t", value, partition=rng.choice([0, 1]))
                            acked.append(value)
                        case _:
                            tried.append(value)
                            receipts[value] = await producer.send_soon("t", value)
            await producer.send("t", b"last", partition=0)
            for value, receipt in receipts.items():
                found = await receipt.wait()
                assert partitions[found.partition].values()[found.offset] == value
    written = Counter(value for partition in partitions.values() for value in partition.values())
    assert set(acked) | receipts.keys() | {b"last"} <= written.keys() <= {*tried, b"last"}
    assert set(written.values()) == {1}
    for partition in partitions.values():
        numbers = [int(value) for value in partition.values() if value != b"last"]
        assert numbers == sorted(numbers)


@pytest.mark.parametrize("seed", SEEDS)
async def test_transactions(seed: int, nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    rng = random.Random(seed)
    brokers = FakeCluster(nursery, 2)
    FakeGroup(brokers)
    transactions = FakeTransactions(brokers)
    await brokers.start()
    brokers.create("t", [1, 2])
    sent: dict[int, set[bytes]] = {}
    committed: set[int] = set()

    async def transaction(producer: Producer, number: int) -> None:
        async with producer.transaction():
            for each in range(rng.randrange(1, 4)):
                value = b"%d.%d" % (number, each)
                await producer.send_soon("t", value, partition=rng.choice([0, 1]))
                sent.setdefault(number, set()).add(value)
        committed.add(number)

    async with open_cluster(brokers, rng) as cluster, Producer(cluster, transactional_id="x") as producer:
        for number in range(40):
            disturb(brokers, rng, ApiKey.PRODUCE, ApiKey.END_TXN, ApiKey.ADD_PARTITIONS_TO_TXN)
            with trio.move_on_after(rng.random() * 20 * LATENCY):
                await transaction(producer, number)
        await transaction(producer, 99)
    assert 99 in committed
    assert set(transactions.visible.values()) == {1}
    for number, values in sent.items():
        visible = values & transactions.visible.keys()
        assert visible in ([values] if number in committed else [set(), values]), number


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
@pytest.mark.parametrize("seed", SEEDS)
async def test_reading(seed: int, protocol: GroupProtocol, nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    rng = random.Random(seed)
    brokers = FakeCluster(nursery, 2)
    group = FakeGroup(brokers)
    if rng.random() < 0.5:
        brokers.fetch_sessions = {}
    await brokers.start()
    partitions = brokers.create("t", [1, 2])
    for partition in partitions.values():
        for number in range(30):
            batch = build_batch([(1000, None, b"%d.%d" % (number, each)) for each in range(3)])
            assert partition.append(memoryview(batch))[0] == ErrorCode.NONE
    total, read = 180, dict.fromkeys(partitions, 0)
    async with (
        open_cluster(brokers, rng) as cluster,
        Consumer(
            cluster,
            group="g",
            topics="t",
            group_protocol=protocol,
            auto_offset_reset="earliest",
            enable_auto_commit=rng.random() < 0.5,
            max_buffered=rng.choice([200, 100_000]),
            max_partition_fetch_bytes=1,
        ) as consumer,
    ):
        faults = 60  # without an end to them it might go on for ever
        while sum(read.values()) < total:
            if faults:
                faults -= 1
                disturb(brokers, rng, ApiKey.FETCH, ApiKey.OFFSET_COMMIT)
            with trio.move_on_after(rng.random() * 10 * LATENCY):
                match rng.randrange(5):
                    case 0:
                        await commit(consumer)
                        assert all(group.committed.get(("t", n), 0) <= at for n, at in read.items())
                    case 1:
                        for record in await consumer.next_batch() or ():
                            assert record.offset == read[record.partition]
                            read[record.partition] += 1
                    case _:
                        record = await anext(consumer)
                        assert record.offset == read[record.partition]
                        read[record.partition] += 1
        await consumer.commit()
    assert group.committed == {("t", n): at for n, at in read.items()}
    assert group.history == ["joined", "left"]


async def commit(consumer: Consumer) -> None:
    """Before the consumer has joined there is nothing to commit, or nobody to do it."""
    had_nothing = not consumer.assignment
    try:
        await consumer.commit()
    except ClientError:
        if not had_nothing:
            raise

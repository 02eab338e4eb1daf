"""subscribe() of each Python client, by the classic protocol: partitions are shared, commits outlive coordinators."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from confluent_kafka import Consumer, ConsumerGroupState, KafkaError, KafkaException, Message, Producer
from confluent_kafka import TopicPartition as Partition
from confluent_kafka.admin import AdminClient
from kafka import KafkaConsumer

from barnabas.testing.processes import Cluster, ClusterNode
from load import create_topic, wait_until_led

pytestmark = pytest.mark.cluster

PATIENCE_SECONDS = 60.0
COUNT = 200


def fill(cluster: Cluster, topic: str, partitions: int = 4) -> None:
    """A topic with COUNT records."""
    create_topic(cluster.bootstrap, topic, partitions=partitions)
    wait_until_led(cluster.bootstrap, topic)
    write(cluster, topic)


def write(cluster: Cluster, topic: str) -> None:
    producer = Producer({"bootstrap.servers": cluster.bootstrap, "linger.ms": 5})
    for number in range(COUNT):
        producer.produce(topic, str(number).encode(), key=str(number).encode())
    assert producer.flush(30) == 0


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "not in time"


def committed(cluster: Cluster, group: str, topic: str, partitions: int = 4) -> int:
    """The sum of the offsets that a group has committed, as soon as its coordinator is found."""
    reader = Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": group})
    wanted = [Partition(topic, index) for index in range(partitions)]
    found: list[Partition] = []

    def ask() -> bool:
        try:
            found.extend(reader.committed(wanted, timeout=PATIENCE_SECONDS))
        except KafkaException:
            return False
        return True

    try:
        until(ask)
        return sum(max(0, partition.offset) for partition in found)
    finally:
        reader.close()


def coordinator(cluster: Cluster, group: str) -> ClusterNode:
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    described = admin.describe_consumer_groups([group])[group].result(timeout=PATIENCE_SECONDS)
    return cluster.node(described.coordinator.id)


@contextlib.contextmanager
def dead(node: ClusterNode) -> Iterator[None]:
    """While it is killed."""
    node.kill()
    try:
        yield
    finally:
        node.start()


@pytest.mark.parametrize("assignor", ["range", "cooperative-sticky"])
def test_two_members_of_librdkafka_share_the_partitions(three_by_three: Cluster, assignor: str) -> None:
    topic = group = f"shared-{assignor}"
    fill(three_by_three, topic)
    settings: dict[str, Any] = {
        "bootstrap.servers": three_by_three.bootstrap,
        "group.id": group,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "partition.assignment.strategy": assignor,
        "heartbeat.interval.ms": 200,
    }
    first, second = Consumer(settings), Consumer(settings)
    seen: set[bytes] = set()

    refused: list[tuple[Consumer, Message]] = []

    def poll() -> None:
        for consumer, message in [refused.pop() for _ in range(len(refused))]:
            commit(consumer, message)
        for consumer in (first, second):
            message = consumer.poll(0.05)
            if message is not None and message.error() is None:
                seen.add(message.value())
                commit(consumer, message)

    def commit(consumer: Consumer, message: Message) -> None:
        """Commit what was read; again later if the group has just begun its next generation."""
        try:
            consumer.commit(message, asynchronous=False)
        except KafkaException as error:
            if error.args[0].code() not in (KafkaError.ILLEGAL_GENERATION, KafkaError.REBALANCE_IN_PROGRESS):
                raise
            refused.append((consumer, message))

    try:
        first.subscribe([topic])
        until(lambda: poll() or len(first.assignment()) == 4)
        second.subscribe([topic])
        until(lambda: poll() or (len(first.assignment()), len(second.assignment())) == (2, 2))
        until(lambda: poll() or (len(seen) == COUNT and not refused))
        admin = AdminClient({"bootstrap.servers": three_by_three.bootstrap})
        described = admin.describe_consumer_groups([group])[group].result(timeout=PATIENCE_SECONDS)
        assert described.state is ConsumerGroupState.STABLE
        assert described.partition_assignor == assignor
        assert sorted(len(member.assignment.topic_partitions) for member in described.members) == [2, 2]
        second.close()
        until(lambda: first.poll(0.05) is None and len(first.assignment()) == 4)
    finally:
        first.close()
        second.close()
    assert committed(three_by_three, group, topic) == COUNT


def test_members_of_kafka_python_share_the_partitions(three_by_three: Cluster) -> None:
    topic = group = "shared-python"
    fill(three_by_three, topic)
    seen: set[bytes] = set()
    sizes: dict[str, int] = {}
    stop = threading.Event()

    def consume(name: str) -> None:
        consumer = KafkaConsumer(
            topic,
            bootstrap_servers=three_by_three.bootstrap,
            group_id=group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            heartbeat_interval_ms=200,
        )
        try:
            while not stop.is_set():
                # kafka-python loses its assignment if a poll ends between JoinGroup and SyncGroup: have it wait longer.
                for records in consumer.poll(timeout_ms=3000, max_records=10).values():
                    seen.update(record.value for record in records)
                    consumer.commit()
                sizes[name] = len(consumer.assignment())
        finally:
            consumer.close()

    threads = [threading.Thread(target=consume, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    try:
        until(lambda: time.sleep(0.05) or (sizes == {"a": 2, "b": 2} and len(seen) == COUNT))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert committed(three_by_three, group, topic) == COUNT


def test_commits_of_aiokafka_outlive_the_coordinator(three_by_three: Cluster) -> None:
    topic = group = "outlives"
    fill(three_by_three, topic)

    async def consume() -> list[bytes]:
        consumer = AIOKafkaConsumer(
            topic,
            bootstrap_servers=three_by_three.bootstrap,
            group_id=group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            heartbeat_interval_ms=200,
        )
        await consumer.start()
        seen: list[bytes] = []
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while len(seen) < COUNT:
                    batches = await consumer.getmany(timeout_ms=200)
                    seen += [record.value for batch in batches.values() for record in batch]
                    await consumer.commit()
        finally:
            await consumer.stop()
        return seen

    everything = sorted(str(number).encode() for number in range(COUNT))
    assert sorted(asyncio.run(consume())) == everything
    with dead(coordinator(three_by_three, group)):
        assert committed(three_by_three, group, topic) == COUNT
    write(three_by_three, topic)
    assert sorted(asyncio.run(consume())) == everything
    assert committed(three_by_three, group, topic) == 2 * COUNT


def test_a_member_goes_on_when_its_coordinator_dies(three_by_three: Cluster) -> None:
    topic = group = "goes-on"
    fill(three_by_three, topic)
    consumer = Consumer(
        {
            "bootstrap.servers": three_by_three.bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "heartbeat.interval.ms": 200,
            "session.timeout.ms": 6000,
        }
    )
    seen: list[bytes] = []

    def poll(count: int) -> bool:
        message = consumer.poll(0.1)
        if message is not None and message.error() is None:
            seen.append(message.value())
        return len(seen) >= count

    try:
        consumer.subscribe([topic])
        until(lambda: poll(COUNT))
        consumer.commit(asynchronous=False)
        with dead(coordinator(three_by_three, group)):
            write(three_by_three, topic)
            until(lambda: poll(2 * COUNT))
            until(lambda: is_committed(consumer))
    finally:
        consumer.close()
    assert len(seen) == 2 * COUNT
    assert committed(three_by_three, group, topic) == 2 * COUNT


def is_committed(consumer: Consumer) -> bool:
    """Commit all that was read, as soon as the coordinator is found again."""
    try:
        consumer.commit(asynchronous=False)
    except KafkaException:
        return False
    return True

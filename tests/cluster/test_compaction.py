"""A compacted topic under load, with kills: whoever reads it from the start ends with the latest value of each key."""

from __future__ import annotations

import random
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import pytest
from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

from barnabas.testing import cluster
from barnabas.testing.processes import Cluster, ClusterNode
from load import SETTLE_SECONDS, create_topic, end_of, eventually, leader_of, wait_for_isr

pytestmark = pytest.mark.cluster

KEYS = 40
VALUE_BYTES = 4000
PARTITIONS = 2
OFFSETS = 20
COMMITS = 60
SETTINGS = {
    "cleanup.policy": "compact",
    "segment.bytes": "1048576",
    "min.cleanable.dirty.ratio": "0.01",
    "delete.retention.ms": "500",
    "min.insync.replicas": "2",
}


@pytest.fixture(scope="module")
def running() -> Iterator[Cluster]:
    with cluster(brokers=3, controllers=1, overrides={"log.cleaner.backoff.ms": "100"}) as started:
        yield started


class KeyedLoad:
    """Writes and deletes keys from a thread until the block ends; `latest` is what must be read then."""

    def __init__(self, bootstrap: str, topic: str, codec: str) -> None:
        settings = {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "linger.ms": 5,
            "compression.type": codec,
        }
        self._producer = Producer({**settings, "delivery.timeout.ms": int(SETTLE_SECONDS * 1000)})
        self._topic = topic
        self._random = random.Random(topic)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keyed load")
        self.latest: dict[tuple[int, bytes], bytes] = {}
        self.acked = 0
        self.failed: list[str] = []

    def _run(self) -> None:
        while not self._stop.wait(0.001):
            number = self._random.randrange(KEYS)
            key, partition = b"key %d" % number, number % PARTITIONS
            value = None if self._random.random() < 0.1 else self._random.randbytes(VALUE_BYTES)
            self._producer.produce(self._topic, value, key, partition, on_delivery=self._delivered)
            if value is None:
                self.latest.pop((partition, key), None)
            else:
                self.latest[partition, key] = value
            self._producer.poll(0)
        assert self._producer.flush(SETTLE_SECONDS) == 0

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is None:
            self.acked += 1
        else:
            self.failed.append(str(error))

    def wait_for(self, records: int) -> None:
        target = self.acked + records
        eventually(lambda: self.acked >= target or bool(self.failed))

    def __enter__(self) -> KeyedLoad:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()


def read(bootstrap: str, topic: str) -> tuple[dict[tuple[int, bytes], bytes], int]:
    """The latest value of each key, and how many records were read."""
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "unused", "enable.auto.commit": False, "check.crcs": True}
    )
    latest: dict[tuple[int, bytes], bytes] = {}
    at: dict[int, int] = {}
    count = 0
    try:
        places = [TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)]
        ends = {place.partition: end_of(consumer, place) for place in places}
        consumer.assign(places)
        deadline = time.monotonic() + SETTLE_SECONDS
        while any(at.get(partition, -1) < end - 1 for partition, end in ends.items()):
            assert time.monotonic() < deadline, (at, ends)
            for message in consumer.consume(500, timeout=0.1):
                assert message.error() is None
                place, key, value = message.partition(), message.key(), message.value()
                assert message.offset() > at.get(place, -1)
                at[place] = message.offset()
                count += 1
                if value is None:
                    latest.pop((place, key), None)
                else:
                    latest[place, key] = value
    finally:
        consumer.close()
    return latest, count


def metric(node: ClusterNode, name: str) -> float:
    with urllib.request.urlopen(f"http://{node.http}/metrics", timeout=10) as answer:
        lines = [line for line in answer.read().decode().splitlines() if line.startswith((f"{name} ", f"{name}{{"))]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


@pytest.mark.parametrize("codec", ["none", "zstd"])
def test_the_latest_values_are_read_while_brokers_compact_and_die(running: Cluster, codec: str) -> None:
    topic = f"compacted-{codec}"
    create_topic(running.bootstrap, topic, partitions=PARTITIONS, config=SETTINGS)
    wait_for_isr(running.bootstrap, topic, 3)
    rounds = {node.id: metric(node, "barnabas_cleaner_rounds_total") for node in running.brokers}
    with KeyedLoad(running.bootstrap, topic, codec) as load:
        load.wait_for(1500)
        eventually(lambda: all(metric(n, "barnabas_cleaner_rounds_total") > rounds[n.id] for n in running.brokers))
        for _ in range(2):
            node = running.node(leader_of(running.bootstrap, topic))
            node.kill()
            load.wait_for(500)
            node.start()
            wait_for_isr(running.bootstrap, topic, 3)
        load.wait_for(500)
    assert load.failed == []
    latest, count = read(running.bootstrap, topic)
    assert latest == load.latest
    assert count < load.acked / 2
    assert sum(metric(node, "barnabas_uncleanable_partitions") for node in running.brokers) == 0
    # Each replica has compacted its own log: whoever leads, the same is read.
    for node in list(running.brokers):
        node.stop()
        eventually(lambda: leader_of(running.bootstrap, topic) != node.id)  # noqa: B023
        assert read(running.bootstrap, topic)[0] == load.latest
        node.start()
        wait_for_isr(running.bootstrap, topic, 3)


def test_a_group_finds_its_offsets_when_their_topic_was_compacted(tmp_path: Path) -> None:
    """`__consumer_offsets` keeps the last commit of each partition; a broker that was killed loads that."""
    settings = {
        "log.cleaner.backoff.ms": "100",
        "log.cleaner.min.cleanable.ratio": "0.01",
        "offsets.topic.num.partitions": "1",
        "offsets.topic.segment.bytes": "1048576",
    }
    with cluster(brokers=1, controllers=1, directory=tmp_path, overrides=settings) as running:
        [node] = running.brokers
        create_topic(running.bootstrap, "t", partitions=OFFSETS, replication=1)
        client = {"bootstrap.servers": running.bootstrap, "group.id": "g", "enable.auto.commit": False}
        consumer = Consumer(client)
        note = "n" * 4000
        for commit in range(COMMITS):
            places = [TopicPartition("t", partition, commit, metadata=note) for partition in range(OFFSETS)]
            consumer.commit(offsets=places, asynchronous=False)
        folder = node.directory / "__consumer_offsets-0"
        eventually(
            lambda: sum(file.stat().st_size for file in folder.glob("*.log")) < COMMITS * OFFSETS * len(note) / 2
        )
        node.kill()
        node.start()
        places = [TopicPartition("t", partition) for partition in range(OFFSETS)]
        committed = consumer.committed(places, timeout=SETTLE_SECONDS)
        assert [(place.offset, place.metadata) for place in committed] == [(COMMITS - 1, note)] * OFFSETS
        consumer.close()

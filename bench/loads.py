"""What is done to a cluster and measured, through librdkafka. Each returns figures by name."""

from __future__ import annotations

import itertools
import os
import threading
import time
from statistics import quantiles
from typing import Any

from confluent_kafka import OFFSET_END, Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

TIMEOUT = 120.0
CHUNK = 2000
ANY = -1


def settle() -> None:
    """Let the disk write what earlier loads left in the page cache: writers are slowed down once that is too much."""
    os.sync()


def create(bootstrap: str, topic: str, partitions: int = 1, replication: int = 3) -> float:
    """Create a topic; seconds until every partition has its leader in a client's metadata."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    began = time.monotonic()
    admin.create_topics([NewTopic(topic, partitions, replication)], operation_timeout=60)[topic].result(60)
    while True:
        found = admin.list_topics(topic, timeout=30).topics[topic].partitions.values()
        if len(found) == partitions and all(p.leader >= 0 and len(p.isrs) == replication for p in found):
            return time.monotonic() - began
        if time.monotonic() - began > TIMEOUT:
            raise AssertionError(f"{topic} is not ready after {TIMEOUT:.0f} s")
        time.sleep(0.005)


def produce(
    bootstrap: str,
    *topics: str,
    size: int,
    acks: str,
    codec: str = "none",
    spread: bool = False,
    seconds: float = 5.0,
) -> float:
    """Produce as fast as it goes for some seconds; MB/s of values acknowledged.

    To three partitions of a new topic in turn; with `spread` to any partition of topics that are there, and with more
    time for batches to fill.
    """
    if not spread:
        create(bootstrap, topics[0], partitions=3)
    settings: dict[str, Any] = {
        "bootstrap.servers": bootstrap,
        "acks": acks,
        "compression.type": codec,
        "linger.ms": 50 if spread else 5,
        "batch.size": 1 << 17,
        "sticky.partitioning.linger.ms": 0,
        "queue.buffering.max.messages": 200_000,
        "queue.buffering.max.kbytes": 1 << 18,
        "delivery.report.only.error": True,
    }
    producer = Producer(settings)
    batch = [{"value": (b"0123456789abcdef" * (size // 16 + 1))[:size]}] * CHUNK
    failures: list[str] = []

    def failed(error: Any, _: Any) -> None:
        if error is not None:
            failures.append(str(error))

    sent = 0
    began = time.monotonic()
    for topic, partition in itertools.cycle(itertools.product(topics, [ANY] if spread else range(3))):
        if time.monotonic() - began > seconds:
            break
        while len(producer) > 150_000:
            producer.poll(0.002)
        sent += producer.produce_batch(topic, batch, partition=partition, on_delivery=failed)
        producer.poll(0)
    left = producer.flush(TIMEOUT)
    elapsed = time.monotonic() - began
    if left or failures:
        raise AssertionError(f"{left} records left, failures: {failures[:3]}")
    if acks == "1" and not spread:
        wait_for_replicas(bootstrap, topics[0], sent)
    return sent * size / elapsed / 1e6


def wait_for_replicas(bootstrap: str, topic: str, records: int) -> None:
    """Return when all in-sync replicas have all records of a topic's three partitions: they may be far behind."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench", "enable.auto.commit": False})
    until = time.monotonic() + TIMEOUT
    while sum(consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=30)[1] for p in range(3)) < records:
        if time.monotonic() > until:
            raise AssertionError(f"the followers of {topic} are not there after {TIMEOUT:.0f} s")
        time.sleep(0.1)
    consumer.close()


def consume(bootstrap: str, topic: str) -> tuple[float, int]:
    """Read three partitions from the beginning to the end: MB/s of values, and how many bytes."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "bench",
            "enable.auto.commit": False,
            "fetch.message.max.bytes": 1 << 22,
            "queued.max.messages.kbytes": 1 << 18,
        }
    )
    ends = [consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=30)[1] for p in range(3)]
    total, wanted, size = 0, sum(ends), 0
    began = time.monotonic()
    consumer.assign([TopicPartition(topic, p, 0) for p in range(3)])
    while total < wanted:
        for message in consumer.consume(10_000, timeout=0.5):
            total += 1
            size += len(message.value() or b"")
        if time.monotonic() - began > TIMEOUT:
            raise AssertionError(f"read {total} of {wanted}")
    elapsed = time.monotonic() - began
    consumer.close()
    return size / elapsed / 1e6, size


def follow(bootstrap: str, topic: str, done: threading.Event) -> None:
    """Read three partitions from their ends, as they grow, until `done`."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, p, OFFSET_END) for p in range(3)])
    while not done.is_set():
        consumer.consume(10_000, timeout=0.5)
    consumer.close()


def one_record(bootstrap: str, topic: str) -> None:
    """Create a topic and produce one record to all of its replicas."""
    create(bootstrap, topic)
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "linger.ms": 0})
    producer.produce(topic, value=b"x", partition=0)
    if producer.flush(60):
        raise AssertionError("the first record is not acknowledged after 60 s")


def one_at_a_time(bootstrap: str, topic: str, seconds: float = 6.0) -> dict[str, float]:
    """One record of 100 B, acks=all, then the next; milliseconds."""
    create(bootstrap, topic)
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "linger.ms": 0})
    times: list[float] = []
    until = time.monotonic() + seconds
    warm = time.monotonic() + seconds / 4
    while time.monotonic() < until:
        began = time.perf_counter()
        producer.produce(topic, value=b"x" * 100, partition=0)
        producer.flush(30)
        if time.monotonic() > warm:
            times.append((time.perf_counter() - began) * 1000)
    return _percentiles(times)


def end_to_end(bootstrap: str, topic: str, rate: int, seconds: float = 8.0) -> dict[str, float]:
    """From produce (acks=all) until a waiting consumer has the record, at a steady rate; milliseconds."""
    create(bootstrap, topic)
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench", "fetch.wait.max.ms": 500})
    consumer.assign([TopicPartition(topic, 0, 0)])
    times: list[float] = []
    done = threading.Event()
    total = int(rate * seconds)

    def read() -> None:
        seen = 0
        while seen < total and not done.is_set():
            message = consumer.poll(0.5)
            if message is None or message.error() is not None:
                continue
            seen += 1
            if seen > total // 4:
                times.append((time.monotonic_ns() - int(message.value() or 0)) / 1e6)

    reader = threading.Thread(target=read)
    reader.start()
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "linger.ms": 0})
    began = time.monotonic()
    for n in range(total):
        producer.poll(max(0.0, began + n / rate - time.monotonic()))
        producer.produce(topic, value=str(time.monotonic_ns()), partition=0)
    producer.flush(30)
    reader.join(30)
    done.set()
    reader.join()
    consumer.close()
    return _percentiles(times)


def longest_pause(bootstrap: str, topic: str, kill: Any) -> float:
    """Kill the leader under load of an idempotent producer; the longest time without an ack, in seconds."""
    create(bootstrap, topic)
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 1})
    acks: list[float] = []
    errors: list[str] = []

    def delivered(error: Any, _: Any) -> None:
        if error is not None:
            errors.append(str(error))
        acks.append(time.monotonic())

    began = time.monotonic()
    killed = None
    number = 0
    while time.monotonic() - began < 25:
        producer.produce(topic, value=str(number), partition=0, on_delivery=delivered)
        producer.poll(0.002)
        number += 1
        if killed is None and time.monotonic() - began > 3:
            admin = AdminClient({"bootstrap.servers": bootstrap})
            kill(int(admin.list_topics(topic, timeout=30).topics[topic].partitions[0].leader))
            killed = time.monotonic()
        if killed is not None and acks and acks[-1] > killed + 2:
            break
    producer.flush(60)
    if errors:
        raise AssertionError(f"records failed: {errors[:3]}")
    return max(b - a for a, b in itertools.pairwise(acks))


def _percentiles(times: list[float]) -> dict[str, float]:
    cuts = quantiles(times, n=100)
    return {"p50": cuts[49], "p99": cuts[98]}

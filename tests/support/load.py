"""A producer that runs while things are killed, and the check of what it was promised.

Every record has a number of its own; numbers rise within a partition. A record counts as acknowledged when the
client library says so, with the offset that it names.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

SETTLE_SECONDS = 90.0

_NOT_YET = frozenset(
    {
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_PARTITION,
    }
)


def create_topic(
    bootstrap: str, topic: str, *, partitions: int = 1, replication: int = 3, config: dict[str, str] | None = None
) -> None:
    """Create a topic through librdkafka's admin client and wait for the answer."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    new = NewTopic(topic, num_partitions=partitions, replication_factor=replication, config=config or {})
    admin.create_topics([new], operation_timeout=30)[topic].result(30)


def eventually(condition: Callable[[], bool]) -> None:
    """Return when the condition holds."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not so after {SETTLE_SECONDS:.0f} s")
        time.sleep(0.01)


def wait_until_led(bootstrap: str, topic: str) -> None:
    """Return when the leader of partition 0 says itself that it leads: it answers where the partition ends."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "unused", "enable.auto.commit": False})
    try:
        end_of(consumer, TopicPartition(topic, 0))
    finally:
        consumer.close()


def leader_of(bootstrap: str, topic: str, partition: int = 0) -> int:
    """The id of the partition's leader as the brokers' metadata has it."""
    metadata = AdminClient({"bootstrap.servers": bootstrap}).list_topics(topic, timeout=30)
    return int(metadata.topics[topic].partitions[partition].leader)


def wait_for_isr(bootstrap: str, topic: str, size: int) -> None:
    """Return when every partition of the topic has that many in-sync replicas."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        partitions = admin.list_topics(topic, timeout=30).topics[topic].partitions.values()
        if partitions and all(len(p.isrs) == size for p in partitions):
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"in-sync replicas of {topic}: {[p.isrs for p in partitions]}, wanted {size} each")
        time.sleep(0.05)


@dataclass(slots=True)
class History:
    """What the producer was told: per partition, offset -> number; and the longest time without any ack."""

    acked: dict[int, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    failed: list[str] = field(default_factory=list)
    longest_pause: float = 0.0
    last_ack: float = field(default_factory=time.monotonic)

    def on_delivery(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self.failed.append(str(error))
            return
        now = time.monotonic()
        self.longest_pause = max(self.longest_pause, now - self.last_ack)
        self.last_ack = now
        value = message.value()
        partition, offset = message.partition(), message.offset()
        assert value is not None
        assert partition is not None
        assert offset is not None
        self.acked[partition][offset] = int(value)

    @property
    def count(self) -> int:
        return sum(len(partition) for partition in self.acked.values())


class Load:
    """Produces to `topic` with acks=all and idempotence from a thread until the block ends, then flushes."""

    def __init__(self, bootstrap: str, topic: str, *, partitions: int = 1, rate: int = 500) -> None:
        self.history = History()
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "linger.ms": 2,
                "delivery.timeout.ms": int(SETTLE_SECONDS * 1000),
                "reconnect.backoff.max.ms": 500,
                "retry.backoff.max.ms": 200,
                "topic.metadata.refresh.fast.interval.ms": 50,
                # A paused broker keeps its connections open: when to give them up is the client's choice.
                "socket.timeout.ms": 5000,
            }
        )
        self._topic, self._partitions, self._pause = topic, partitions, 1 / rate
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load")

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(self._pause):
            self._producer.produce(
                self._topic,
                value=str(number),
                partition=number % self._partitions,
                on_delivery=self.history.on_delivery,
            )
            self._producer.poll(0)
            number += 1
        left = self._producer.flush(SETTLE_SECONDS)
        if left:
            self.history.failed.append(f"{left} records neither acknowledged nor refused")

    def wait_for_acks(self, more: int) -> None:
        """Return when `more` records have been acknowledged from now on."""
        target = self.history.count + more
        deadline = time.monotonic() + SETTLE_SECONDS
        while self.history.count < target:
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.history.count} acks, wanted {target}; failed: {self.history.failed[:3]}")
            time.sleep(0.01)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()


def read_all(
    bootstrap: str, topic: str, partitions: int = 1, least_ends: dict[int, int] | None = None
) -> dict[int, list[tuple[int, bytes]]]:
    """Every record of the topic by assignment: per partition (offset, value) in the order read, up to the end.

    `least_ends`: the end by partition that must come. A leader that was deposed while it stood still does not know that
    at once, and tells of an earlier one.
    """
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "unused", "enable.auto.commit": False, "check.crcs": True}
    )
    try:
        ends = {p: end_of(consumer, TopicPartition(topic, p), (least_ends or {}).get(p, 0)) for p in range(partitions)}
        consumer.assign([TopicPartition(topic, p, 0) for p in range(partitions)])
        read: dict[int, list[tuple[int, bytes]]] = {p: [] for p in range(partitions)}
        deadline = time.monotonic() + SETTLE_SECONDS
        while any(end and (not read[p] or read[p][-1][0] < end - 1) for p, end in ends.items()):
            if time.monotonic() > deadline:
                raise AssertionError(f"read {[len(r) for r in read.values()]} records, ends are {ends}")
            for message in consumer.consume(1000, timeout=0.05):
                if message.error() is not None:
                    raise AssertionError(str(message.error()))
                read[message.partition()].append((message.offset(), message.value()))
        return read
    finally:
        consumer.close()


def end_of(consumer: Consumer, partition: TopicPartition, least: int = 0) -> int:
    """The high watermark, once it is at least so much; asked again while a new topic or leader is not known yet."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        try:
            end = int(consumer.get_watermark_offsets(partition, timeout=30)[1])
        except KafkaException as error:
            if error.args[0].code() not in _NOT_YET or time.monotonic() > deadline:
                raise
        else:
            if end >= least or time.monotonic() > deadline:
                return end
        time.sleep(0.02)


def check(bootstrap: str, topic: str, history: History, partitions: int = 1) -> None:
    """No acknowledged record lost, none doubled, order kept."""
    assert history.failed == []
    least_ends = {partition: max(acked) + 1 for partition, acked in history.acked.items()}
    read = read_all(bootstrap, topic, partitions, least_ends)
    for partition, records in read.items():
        by_offset = dict(records)
        assert len(by_offset) == len(records), f"partition {partition}: an offset was read twice"
        wrong = {o: n for o, n in history.acked[partition].items() if by_offset.get(o) != str(n).encode()}
        assert not wrong, (
            f"partition {partition}: {len(wrong)} acknowledged records lost or changed: {list(wrong.items())[:5]}"
        )
        numbers = [int(value) for _, value in records]
        assert numbers == sorted(set(numbers)), f"partition {partition}: records doubled or out of order"

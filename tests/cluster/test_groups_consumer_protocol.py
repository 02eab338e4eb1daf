"""librdkafka with `group.protocol=consumer` (KIP-848): members share partitions, come and go, and change protocols."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from confluent_kafka import (
    Consumer,
    ConsumerGroupState,
    ConsumerGroupType,
    KafkaError,
    KafkaException,
    Message,
    Producer,
)
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
)

from barnabas.testing import cluster
from barnabas.testing.processes import Cluster
from load import create_topic, eventually, wait_until_led

pytestmark = pytest.mark.cluster

COUNT = 100
_numbers = itertools.count()


@pytest.fixture(scope="module")
def fast() -> Iterator[Cluster]:
    """Three brokers whose groups send heartbeats five times a second."""
    overrides = {
        "group.consumer.min.heartbeat.interval.ms": "100",
        "group.consumer.heartbeat.interval.ms": "200",
        "group.consumer.min.session.timeout.ms": "1000",
        "group.consumer.session.timeout.ms": "4000",
        "group.consumer.assignment.interval.ms": "100",
        "group.initial.rebalance.delay.ms": "0",
    }
    with cluster(brokers=3, overrides=overrides) as running:
        yield running


@pytest.fixture
def topic(fast: Cluster) -> str:
    """A topic of four partitions with COUNT records."""
    name = f"kip848-{next(_numbers)}"
    create_topic(fast.bootstrap, name, partitions=4)
    wait_until_led(fast.bootstrap, name)
    write(fast, name)
    return name


def write(running: Cluster, topic: str) -> None:
    producer = Producer({"bootstrap.servers": running.bootstrap, "linger.ms": 5})
    for number in range(COUNT):
        producer.produce(topic, str(number).encode(), key=str(number).encode())
    assert producer.flush(30) == 0


class Members:
    """Consumers of one group that are polled together. What any of them owns, and what was read, is looked at."""

    def __init__(self, running: Cluster, group: str) -> None:
        self.running = running
        self.group = group
        self.consumers: list[Consumer] = []
        self.read: list[tuple[int | None, int | None]] = []
        self.shared = False
        """Two have owned a partition at once."""

    def join(self, topic: str, **settings: Any) -> Consumer:
        consumer = Consumer(
            {
                "bootstrap.servers": self.running.bootstrap,
                "group.id": self.group,
                "group.protocol": "consumer",
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                **settings,
            }
        )
        consumer.subscribe([topic])
        self.consumers.append(consumer)
        return consumer

    def leave(self, consumer: Consumer) -> None:
        self.consumers.remove(consumer)
        consumer.close()

    def poll(self) -> None:
        for consumer in self.consumers:
            message = consumer.poll(0.02)
            if message is not None and message.error() is None:
                self.read.append((message.partition(), message.offset()))
                self._commit(consumer, message)

    def _commit(self, consumer: Consumer, message: Message) -> None:
        """While the coordinator moves, commits may fail; a later one tells of the same records."""
        try:
            consumer.commit(message, asynchronous=False)
        except KafkaException as error:
            found = error.args[0]
            # librdkafka does not call this one retriable, and hands it on where it comes in answer to a commit.
            if not found.retriable() and found.code() != KafkaError.COORDINATOR_LOAD_IN_PROGRESS:
                raise

    def owned(self) -> list[list[int]]:
        """The partitions of each member."""
        found = [sorted(partition.partition for partition in each.assignment()) for each in self.consumers]
        flat = [partition for partitions in found for partition in partitions]
        self.shared = self.shared or len(flat) > len(set(flat))
        return found

    def until(self, holds: Callable[[], bool]) -> None:
        def polled() -> bool:
            self.poll()
            return holds()

        eventually(polled)

    def until_loads(self, *loads: int) -> None:
        self.until(lambda: sorted(map(len, self.owned())) == sorted(loads))


@contextmanager
def members_of(running: Cluster, group: str) -> Iterator[Members]:
    members = Members(running, group)
    try:
        yield members
    finally:
        for consumer in members.consumers:
            consumer.close()


def described(running: Cluster, group: str) -> Any:
    admin = AdminClient({"bootstrap.servers": running.bootstrap})
    return admin.describe_consumer_groups([group])[group].result(timeout=30)


def test_members_share_partitions_and_take_over(fast: Cluster, topic: str) -> None:
    with members_of(fast, topic) as members:
        members.join(topic)
        members.until_loads(4)
        second = members.join(topic)
        members.until_loads(2, 2)
        third = members.join(topic)
        members.until_loads(1, 1, 2)
        group = described(fast, topic)
        assert (group.state, group.type) == (ConsumerGroupState.STABLE, ConsumerGroupType.CONSUMER)
        assert len(group.members) == 3
        members.leave(second)
        members.until_loads(2, 2)
        members.leave(third)
        members.until_loads(4)
        members.until(lambda: len(set(members.read)) == COUNT)
        assert not members.shared
        assert sorted(members.read) == sorted(set(members.read))  # each commit was there before the next owner
    assert described(fast, topic).state == ConsumerGroupState.EMPTY


def test_patterns_find_topics_and_their_partitions(fast: Cluster, topic: str) -> None:
    with members_of(fast, f"{topic}-pattern") as members:
        members.join(f"^{topic}.*")
        members.until_loads(4)
        admin = AdminClient({"bootstrap.servers": fast.bootstrap})
        admin.create_partitions([NewPartitions(topic, 6)])[topic].result(timeout=30)
        members.until_loads(6)


def test_a_static_member_comes_back_to_what_it_had(fast: Cluster, topic: str) -> None:
    with members_of(fast, topic) as members:
        static = members.join(topic, **{"group.instance.id": "one"})
        members.join(topic)
        members.until_loads(2, 2)
        had = sorted(each.partition for each in static.assignment())
        members.leave(static)
        back = members.join(topic, **{"group.instance.id": "one"})
        members.until_loads(2, 2)
        assert sorted(each.partition for each in back.assignment()) == had
        assert not members.shared


def test_a_group_goes_over_to_the_new_protocol_and_back_while_it_reads(fast: Cluster, topic: str) -> None:
    classic = {"group.protocol": "classic", "session.timeout.ms": 6000, "heartbeat.interval.ms": 200}
    with members_of(fast, topic) as members:
        old = members.join(topic, **classic)
        members.until_loads(4)
        assert described(fast, topic).type == ConsumerGroupType.CLASSIC
        new = members.join(topic)
        members.until_loads(2, 2)
        assert described(fast, topic).type == ConsumerGroupType.CONSUMER
        members.leave(old)
        members.until_loads(4)
        again = members.join(topic, **classic)
        members.until_loads(2, 2)
        members.leave(new)
        members.until_loads(4)
        assert described(fast, topic).type == ConsumerGroupType.CLASSIC
        members.until(lambda: len(set(members.read)) == COUNT)
        assert len(again.assignment()) == 4
        assert not members.shared


def test_a_group_outlives_its_coordinator(fast: Cluster, topic: str) -> None:
    with members_of(fast, topic) as members:
        members.join(topic)
        members.join(topic)
        members.until_loads(2, 2)
        coordinator = fast.node(described(fast, topic).coordinator.id)
        coordinator.kill()
        members.join(topic)
        members.until_loads(1, 1, 2)
        coordinator.start()
        members.until(lambda: len(set(members.read)) == COUNT)
        assert not members.shared


def test_a_group_has_its_own_configuration(fast: Cluster, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": fast.bootstrap})
    entry = ConfigEntry("consumer.session.timeout.ms", "5000", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.GROUP, topic, incremental_configs=[entry])
    admin.incremental_alter_configs([resource])[resource].result(timeout=30)
    asked = ConfigResource(ConfigResource.Type.GROUP, topic)

    def value() -> str:
        return str(admin.describe_configs([asked])[asked].result(timeout=30)["consumer.session.timeout.ms"].value)

    eventually(lambda: value() == "5000")

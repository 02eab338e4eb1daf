"""The image of the cluster, and the deltas by which it changes, against a naive model."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from barnabas.metadata.delta import MetadataDelta
from barnabas.metadata.image import EMPTY_IMAGE, MetadataImage
from barnabas.metadata.records import (
    NO_LEADER,
    BrokerRegistrationChangeRecord,
    ConfigRecord,
    ControlledShutdownChange,
    Endpoint,
    FeatureLevelRecord,
    FencingChange,
    MetadataRecord,
    MetadataRecordError,
    PartitionChangeRecord,
    PartitionRecord,
    ProducerIdsRecord,
    RegisterBrokerRecord,
    RegisterControllerRecord,
    RemoveTopicRecord,
    ResourceType,
    TopicRecord,
    UnregisterBrokerRecord,
)
from barnabas.metadata.topics import Partition, TopicsImage


def uuid(number: int) -> bytes:
    return number.to_bytes(16, "big")


def replay(image: MetadataImage, records: Iterable[MetadataRecord], offset: int = 0) -> MetadataImage:
    delta = MetadataDelta(image)
    for record in records:
        delta.replay(record)
    return delta.apply(offset, 1)


def topic(number: int, *leaders: int, replicas: tuple[int, ...] = (1, 2, 3), name: str = "") -> list[MetadataRecord]:
    records: list[MetadataRecord] = [TopicRecord(name=name or f"t{number}", topic_id=uuid(number))]
    for index, leader in enumerate(leaders):
        records.append(
            PartitionRecord(
                partition_id=index,
                topic_id=uuid(number),
                replicas=replicas,
                isr=replicas,
                leader=leader,
                leader_epoch=0,
                partition_epoch=0,
                directories=tuple(uuid(100 + broker) for broker in replicas),
            )
        )
    return records


def broker(number: int, **values: object) -> RegisterBrokerRecord:
    return RegisterBrokerRecord(
        broker_id=number,
        broker_epoch=10 + number,
        incarnation_id=uuid(number),
        endpoints=(Endpoint(name="PLAINTEXT", host="h", port=number),),
        log_dirs=(uuid(100 + number),),
        **values,  # type: ignore[arg-type]
    )


class RandomRecords:
    """Records that make sense one after another, drawn at random."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.topics: dict[bytes, int] = {}
        self.brokers: dict[int, int] = {}
        self.number = 0

    def next(self) -> MetadataRecord:
        makers = [self.register, self.create, self.create, self.configure]
        if self.topics:
            makers += [self.grow] * 4 + [self.change] * 6 + [self.delete]
        if self.brokers:
            makers += [self.fence, self.unregister]
        return self.random.choice(makers)()

    def register(self) -> MetadataRecord:
        number = self.random.randrange(5)
        self.brokers[number] = 10 + number
        return broker(number)

    def unregister(self) -> MetadataRecord:
        number, epoch = self.random.choice(sorted(self.brokers.items()))
        del self.brokers[number]
        return UnregisterBrokerRecord(broker_id=number, broker_epoch=epoch)

    def fence(self) -> MetadataRecord:
        number, epoch = self.random.choice(sorted(self.brokers.items()))
        return BrokerRegistrationChangeRecord(
            broker_id=number,
            broker_epoch=epoch,
            fenced=self.random.choice([FencingChange.FENCE, FencingChange.UNFENCE]),
        )

    def create(self) -> MetadataRecord:
        self.number += 1
        self.topics[uuid(self.number)] = 0
        return TopicRecord(name=f"a{self.random.choice('._-')}{self.number}", topic_id=uuid(self.number))

    def grow(self) -> MetadataRecord:
        topic_id = self.random.choice(sorted(self.topics))
        index = self.topics[topic_id]
        self.topics[topic_id] += 1
        replicas = tuple(self.random.sample(range(5), 3))
        return PartitionRecord(
            partition_id=index,
            topic_id=topic_id,
            replicas=replicas,
            isr=replicas,
            leader=self.random.choice([*replicas, NO_LEADER]),
            leader_epoch=0,
            partition_epoch=0,
            elr=self.random.choice([(), replicas[:1]]),
        )

    def change(self) -> MetadataRecord:
        topic_id = self.random.choice(sorted(self.topics))
        if not self.topics[topic_id]:
            return self.grow()
        replicas = tuple(self.random.sample(range(5), 3))
        return PartitionChangeRecord(
            partition_id=self.random.randrange(self.topics[topic_id]),
            topic_id=topic_id,
            leader=self.random.choice([-2, -1, *replicas]),
            replicas=self.random.choice([None, replicas]),
            isr=self.random.choice([None, replicas[:2]]),
            elr=self.random.choice([None, (), replicas[2:]]),
        )

    def delete(self) -> MetadataRecord:
        topic_id = self.random.choice(sorted(self.topics))
        del self.topics[topic_id]
        return RemoveTopicRecord(topic_id=topic_id)

    def configure(self) -> MetadataRecord:
        return ConfigRecord(
            resource_type=ResourceType.BROKER,
            resource_name=self.random.choice(["", "1"]),
            name=self.random.choice("ab"),
            value=self.random.choice([None, "x", "y"]),
        )


def keys(partitions: Iterable[Partition]) -> list[tuple[bytes, int]]:
    return [partition.key for partition in partitions]


def check_sets(topics: TopicsImage) -> None:
    """Every bitmap holds what a scan finds."""
    everything = sorted((partition for topic in topics for partition in topic), key=lambda partition: partition.number)
    assert len({partition.number for partition in everything}) == len(everything) == topics.partitions_count
    for broker_id in range(6):
        assert keys(topics.hosted_by(broker_id)) == keys(p for p in everything if broker_id in p.replicas)
        assert keys(topics.led_by(broker_id)) == keys(p for p in everything if p.leader == broker_id)
        assert keys(topics.without_leader_on(broker_id)) == keys(
            p for p in everything if p.leader == NO_LEADER and broker_id in p.replicas
        )
    assert keys(topics.without_leader()) == keys(p for p in everything if p.leader == NO_LEADER)
    assert keys(topics.without_preferred_leader()) == keys(p for p in everything if p.leader != p.replicas[0])
    assert keys(topics.with_elr()) == keys(p for p in everything if p.elr)
    assert set(topics.led) == {p.leader for p in everything} - {NO_LEADER}
    assert set(topics.ids.items()) == {(topic.name, topic.id) for topic in topics}
    for topic in topics:
        squashed = topic.name.replace(".", "_")
        same = {other.name for other in topics if other.name.replace(".", "_") == squashed} - {topic.name}
        assert set(topics.colliding_with(topic.name)) == same


@pytest.mark.parametrize("seed", range(12))
def test_deltas_of_any_size_give_the_same_image_as_one_by_one(seed: int) -> None:
    source = RandomRecords(seed)
    records = [source.next() for _ in range(150)]
    one_by_one = in_batches = EMPTY_IMAGE
    for offset, record in enumerate(records):
        one_by_one = replay(one_by_one, [record], offset)
        check_sets(one_by_one.topics)
    at = 0
    while at < len(records):
        size = source.random.randrange(1, 30)
        in_batches = replay(in_batches, records[at : at + size], at)
        check_sets(in_batches.topics)
        at += size
    assert replay(EMPTY_IMAGE, records) == in_batches == one_by_one


@pytest.mark.parametrize("seed", range(12))
def test_an_image_is_the_replay_of_its_own_records(seed: int) -> None:
    source = RandomRecords(seed)
    image = replay(EMPTY_IMAGE, [source.next() for _ in range(120)])
    copy = replay(EMPTY_IMAGE, image.records())
    assert copy == image
    check_sets(copy.topics)
    assert list(copy.records()) == list(image.records())


def test_dense_numbers_follow_the_order_of_creation_on_every_node() -> None:
    records = [*topic(1, 1, 2), *topic(2, 1), RemoveTopicRecord(topic_id=uuid(1)), *topic(3, 3)]
    image = replay(EMPTY_IMAGE, records)
    assert [partition.number for partition in image.topics.hosted_by(1)] == [2, 3]
    one_by_one = EMPTY_IMAGE
    for record in records:
        one_by_one = replay(one_by_one, [record])
    assert one_by_one.topics.keys == image.topics.keys


def test_an_image_never_changes() -> None:
    before = replay(EMPTY_IMAGE, topic(1, 1, 2, 3))
    led = keys(before.topics.led_by(1))
    replay(before, [PartitionChangeRecord(partition_id=0, topic_id=uuid(1), leader=2), *topic(2, 1)])
    replay(before, [RemoveTopicRecord(topic_id=uuid(1))])
    assert keys(before.topics.led_by(1)) == led == [(uuid(1), 0)]
    assert len(before.topics) == 1


def test_a_change_raises_the_partition_epoch_and_a_named_leader_the_leader_epoch() -> None:
    image = replay(EMPTY_IMAGE, topic(1, 1))
    image = replay(image, [PartitionChangeRecord(partition_id=0, topic_id=uuid(1), isr=(1, 2))])
    partition = image.topics.by_id[uuid(1)].partitions[0]
    assert (partition.isr, partition.partition_epoch, partition.leader_epoch) == ((1, 2), 1, 0)
    image = replay(image, [PartitionChangeRecord(partition_id=0, topic_id=uuid(1), leader=1)])
    partition = image.topics.by_id[uuid(1)].partitions[0]
    assert (partition.leader, partition.partition_epoch, partition.leader_epoch) == (1, 2, 1)


def test_a_delta_tells_exactly_what_changed() -> None:
    image = replay(EMPTY_IMAGE, [broker(1), broker(2), *topic(1, 1, 2), *topic(2, 1), *topic(3, 3)])
    delta = MetadataDelta(image)
    assert not delta
    for record in (
        PartitionChangeRecord(partition_id=1, topic_id=uuid(1), leader=1),
        RemoveTopicRecord(topic_id=uuid(2)),
        *topic(4, 2),
        BrokerRegistrationChangeRecord(broker_id=2, broker_epoch=12, fenced=FencingChange.UNFENCE),
        ConfigRecord(resource_type=ResourceType.TOPIC, resource_name="t1", name="retention.ms", value="5"),
    ):
        delta.replay(record)
    assert {key: list(changed) for key, changed in delta.topics.changed.items()} == {uuid(1): [1], uuid(4): [0]}
    assert list(delta.topics.created) == [uuid(4)]
    assert list(delta.topics.deleted) == [uuid(2)]
    assert list(delta.cluster.brokers) == [2]
    assert delta.configs.changed == {(ResourceType.TOPIC, "t1"): {"retention.ms": "5"}}
    after = delta.apply(9, 1)
    assert after.topics.by_id[uuid(3)] is image.topics.by_id[uuid(3)]
    assert after.features is image.features


def test_local_changes_sort_the_partitions_by_role() -> None:
    image = replay(EMPTY_IMAGE, [*topic(1, 1, 2, 3, 3), *topic(2, 2)])
    delta = MetadataDelta(image)
    for record in (
        PartitionChangeRecord(partition_id=0, topic_id=uuid(1), leader=2),
        PartitionChangeRecord(partition_id=1, topic_id=uuid(1), leader=1),
        PartitionChangeRecord(partition_id=2, topic_id=uuid(1), replicas=(2, 3)),
        RemoveTopicRecord(topic_id=uuid(2)),
    ):
        delta.replay(record)
    local = delta.topics.local_changes(1)
    assert keys(local.leaders) == [(uuid(1), 1)]
    assert keys(local.followers) == [(uuid(1), 0)]
    assert keys(local.removed) == [(uuid(1), 2)]
    assert keys(local.deleted) == [(uuid(2), 0)]
    assert not delta.topics.local_changes(4)


def test_a_topic_takes_its_configuration_along() -> None:
    configured = ConfigRecord(resource_type=ResourceType.TOPIC, resource_name="t1", name="retention.ms", value="5")
    image = replay(EMPTY_IMAGE, [*topic(1, 1), configured])
    assert dict(image.configs.of_topic("t1")) == {"retention.ms": "5"}
    image = replay(image, [RemoveTopicRecord(topic_id=uuid(1)), *topic(2, 1, name="t1")])
    assert not image.configs.of_topic("t1")
    by_name = image.topics.by_name("t1")
    assert by_name is not None
    assert by_name.id == uuid(2)


def test_a_topic_created_and_deleted_in_one_delta_leaves_nothing() -> None:
    image = replay(EMPTY_IMAGE, [*topic(1, 1), RemoveTopicRecord(topic_id=uuid(1))])
    assert image == EMPTY_IMAGE
    check_sets(image.topics)


def test_registrations_fence_shut_down_and_go() -> None:
    image = replay(
        EMPTY_IMAGE, [broker(1, rack="r"), RegisterControllerRecord(controller_id=9, incarnation_id=uuid(9))]
    )
    registered = image.cluster.brokers[1]
    assert registered.fenced
    assert registered.rack == "r"
    endpoint = registered.endpoint("PLAINTEXT")
    assert endpoint is not None
    assert endpoint.port == 1
    assert not image.cluster.is_active(1)
    change = BrokerRegistrationChangeRecord(broker_id=1, broker_epoch=11, fenced=FencingChange.UNFENCE)
    image = replay(image, [change])
    assert image.cluster.is_active(1)
    assert [unfenced.id for unfenced in image.cluster.unfenced()] == [1]
    change = BrokerRegistrationChangeRecord(
        broker_id=1, broker_epoch=11, in_controlled_shutdown=ControlledShutdownChange.IN_CONTROLLED_SHUTDOWN
    )
    image = replay(image, [change])
    assert not image.cluster.is_active(1)
    image = replay(image, [UnregisterBrokerRecord(broker_id=1, broker_epoch=11)])
    assert not image.cluster.brokers
    assert list(image.cluster.controllers) == [9]


def test_features_and_producer_ids() -> None:
    image = replay(
        EMPTY_IMAGE,
        [
            FeatureLevelRecord(name="metadata.version", feature_level=30),
            FeatureLevelRecord(name="gone", feature_level=2),
            FeatureLevelRecord(name="gone", feature_level=0),
            ProducerIdsRecord(broker_id=1, broker_epoch=2, next_producer_id=1000),
        ],
    )
    assert dict(image.features.levels) == {"metadata.version": 30}
    assert image.features.finalized == {"metadata.version": 30, "kraft.version": 1}
    assert image.producer_ids.next_producer_id == 1000


@pytest.mark.parametrize(
    "record",
    [
        RemoveTopicRecord(topic_id=uuid(7)),
        PartitionChangeRecord(partition_id=0, topic_id=uuid(7), leader=1),
        PartitionChangeRecord(partition_id=9, topic_id=uuid(1), leader=1),
        TopicRecord(name="again", topic_id=uuid(1)),
        UnregisterBrokerRecord(broker_id=1, broker_epoch=99),
        BrokerRegistrationChangeRecord(broker_id=2, broker_epoch=12, fenced=FencingChange.FENCE),
    ],
)
def test_a_record_that_contradicts_the_image_is_refused(record: MetadataRecord) -> None:
    image = replay(EMPTY_IMAGE, [broker(1), *topic(1, 1)])
    with pytest.raises(MetadataRecordError):
        MetadataDelta(image).replay(record)

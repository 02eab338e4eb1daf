"""The newest image, and who is told of it."""

from __future__ import annotations

import pytest

from barnabas.broker.metadata_cache import MetadataCache
from barnabas.broker.metadata_loader import MetadataLoader, whole_image_delta
from barnabas.metadata.records import (
    Endpoint,
    MetadataRecord,
    MetadataRecordError,
    PartitionRecord,
    RegisterBrokerRecord,
    RemoveTopicRecord,
    TopicRecord,
    encode_record,
)
from barnabas.server.quorum import CommittedBatch

TOPIC = TopicRecord(name="t", topic_id=b"t" * 16)
PARTITION = PartitionRecord(
    partition_id=0, topic_id=b"t" * 16, replicas=(1,), isr=(1,), leader=1, leader_epoch=0, partition_epoch=0
)
BROKER = RegisterBrokerRecord(
    broker_id=1,
    broker_epoch=5,
    incarnation_id=bytes(16),
    endpoints=(Endpoint(name="PLAINTEXT", host="h", port=1),),
    fenced=False,
)


def batch(base_offset: int, *records: MetadataRecord) -> CommittedBatch:
    values = [memoryview(encode_record(record)) for record in records]
    return CommittedBatch(base_offset, base_offset + max(len(values), 1) - 1, 1, 0, values)


def test_images_follow_the_batches() -> None:
    cache = MetadataCache()
    told: list[tuple[int, bool]] = []
    cache.subscribe(lambda image, delta: told.append((image.offset, bool(delta.topics))))
    loader = MetadataLoader(cache)
    loader.committed([batch(0), batch(1, TOPIC, PARTITION)])
    loader.committed([batch(3)])  # a control batch: the offset moves, and nothing else
    assert told == [(2, True), (3, False)]
    assert cache.image.topics.by_name("t") is not None


def test_a_broken_record_stops_the_loading() -> None:
    loader = MetadataLoader(MetadataCache())
    with pytest.raises(MetadataRecordError):
        loader.committed([batch(0, RemoveTopicRecord(topic_id=b"x" * 16))])


def test_the_whole_image_as_a_delta() -> None:
    cache = MetadataCache()
    MetadataLoader(cache).committed([batch(0, TOPIC, PARTITION, BROKER)])
    delta = whole_image_delta(cache.image)
    assert [partition.index for partition in delta.topics.local_changes(1).leaders] == [0]
    assert delta.apply(2, 1) == cache.image


def test_views_last_until_brokers_change() -> None:
    cache = MetadataCache()
    loader = MetadataLoader(cache)
    loader.committed([batch(0, BROKER)])
    view = cache.view("PLAINTEXT")
    loader.committed([batch(1, TOPIC, PARTITION)])
    assert cache.view("PLAINTEXT") is view
    loader.committed([batch(3, BROKER)])
    assert cache.view("PLAINTEXT") is not view

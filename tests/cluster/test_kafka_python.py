"""kafka-python against three controllers and three brokers."""

from __future__ import annotations

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic

from barnabas.testing.processes import Cluster
from load import wait_until_led

pytestmark = pytest.mark.cluster


def create(cluster: Cluster, topic: str) -> None:
    """Create a topic whose leader knows that it leads: a record sent without acks is lost where it does not."""
    admin = KafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    try:
        admin.create_topics([NewTopic(name=topic, num_partitions=1, replication_factor=3)])
    finally:
        admin.close()
    wait_until_led(cluster.bootstrap, topic)


def read(cluster: Cluster, topic: str, count: int) -> list[bytes]:
    consumer = KafkaConsumer(
        bootstrap_servers=cluster.bootstrap, enable_auto_commit=False, group_id=None, consumer_timeout_ms=30_000
    )
    try:
        consumer.assign([TopicPartition(topic, 0)])
        consumer.seek_to_beginning()
        values = []
        for record in consumer:
            values.append(record.value)
            if len(values) == count:
                break
        return values
    finally:
        consumer.close()


@pytest.mark.parametrize("codec", [None, "gzip", "snappy", "lz4", "zstd"])
@pytest.mark.parametrize("acks", [0, 1, "all"])
def test_produces_and_fetches_with_every_codec_and_acks(
    three_by_three: Cluster, codec: str | None, acks: int | str
) -> None:
    topic = f"python-{codec}-{acks}"
    create(three_by_three, topic)
    values = [f"value {n} ".encode() * 20 for n in range(100)]
    producer = KafkaProducer(
        bootstrap_servers=three_by_three.bootstrap,
        acks=acks,
        compression_type=codec,
        linger_ms=5,
        enable_idempotence=False,
    )
    try:
        for value in values:
            producer.send(topic, value, key=b"k", headers=[("h", b"1")], partition=0)
        producer.flush(30)
    finally:
        producer.close()
    assert read(three_by_three, topic, len(values)) == values


def test_an_idempotent_producer_writes_in_order(three_by_three: Cluster) -> None:
    create(three_by_three, "python-idempotent")
    producer = KafkaProducer(
        bootstrap_servers=three_by_three.bootstrap, acks="all", enable_idempotence=True, linger_ms=1
    )
    try:
        sent = [producer.send("python-idempotent", str(n).encode(), partition=0) for n in range(500)]
        assert [future.get(30).offset for future in sent] == list(range(500))
    finally:
        producer.close()
    assert read(three_by_three, "python-idempotent", 500) == [str(n).encode() for n in range(500)]

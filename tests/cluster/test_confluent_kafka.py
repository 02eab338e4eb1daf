"""librdkafka, through confluent-kafka, against three controllers and three brokers."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, OffsetSpec

from barnabas.testing.processes import Cluster
from load import create_topic, eventually, read_all

pytestmark = pytest.mark.cluster
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]


def produce(bootstrap: str, topic: str, values: list[bytes], **settings: Any) -> list[int]:
    """Produce to partition 0 and return the offsets acknowledged."""
    offsets: list[int] = []
    errors: list[str] = []

    def delivered(error: Any, message: Any) -> None:
        if error is not None:
            errors.append(str(error))
        else:
            offsets.append(message.offset())

    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5, **settings})
    for value in values:
        producer.produce(topic, key=b"k", value=value, headers=[("h", b"1")], partition=0, on_delivery=delivered)
    assert producer.flush(30) == 0
    assert errors == []
    return offsets


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("acks", ["0", "1", "all"])
def test_produces_and_fetches_with_every_codec_and_acks(three_by_three: Cluster, codec: str, acks: str) -> None:
    topic = f"confluent-{codec}-{acks}"
    create_topic(three_by_three.bootstrap, topic)
    values = [f"value {n} ".encode() * 20 for n in range(300)]
    # The leader knows that it leads before anything is sent that nobody would hear was refused; and what is
    # acknowledged early is below the high watermark when a later record is acknowledged by all.
    produce(three_by_three.bootstrap, topic, [b"first"], acks="all")
    produce(three_by_three.bootstrap, topic, values, acks=acks, **{"compression.type": codec})
    produce(three_by_three.bootstrap, topic, [b"last"], acks="all")
    read = [value for _, value in read_all(three_by_three.bootstrap, topic)[0]]
    assert read == [b"first", *values, b"last"]


def test_an_idempotent_producer_writes_in_order(three_by_three: Cluster) -> None:
    create_topic(three_by_three.bootstrap, "confluent-idempotent")
    values = [str(n).encode() for n in range(2000)]
    offsets = produce(three_by_three.bootstrap, "confluent-idempotent", values, **{"enable.idempotence": True})
    assert offsets == list(range(2000))


def test_offsets_by_time_and_from_both_ends(three_by_three: Cluster) -> None:
    topic = "confluent-offsets"
    create_topic(three_by_three.bootstrap, topic)
    producer = Producer({"bootstrap.servers": three_by_three.bootstrap})
    for n in range(10):
        producer.produce(topic, value=str(n), partition=0, timestamp=1_700_000_000_000 + n * 1000)
        assert producer.flush(30) == 0
    admin = AdminClient({"bootstrap.servers": three_by_three.bootstrap})
    partition = TopicPartition(topic, 0)

    def offset(spec: OffsetSpec) -> int:
        return int(admin.list_offsets({partition: spec})[partition].result(30).offset)

    assert offset(OffsetSpec.earliest()) == 0
    assert offset(OffsetSpec.latest()) == 10
    assert offset(OffsetSpec.max_timestamp()) == 9
    assert offset(OffsetSpec.for_timestamp(1_700_000_003_500)) == 4


def test_admin_alters_partitions_and_configs(three_by_three: Cluster) -> None:
    topic = "confluent-admin"
    create_topic(three_by_three.bootstrap, topic, config={"retention.ms": "1000000"})
    admin = AdminClient({"bootstrap.servers": three_by_three.bootstrap})
    admin.create_partitions([NewPartitions(topic, 3)])[topic].result(30)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    resource.add_incremental_config(
        ConfigEntry("max.message.bytes", "2000", incremental_operation=AlterConfigOpType.SET)
    )
    admin.incremental_alter_configs([resource])[resource].result(30)

    def described() -> dict[str, str]:
        entries = admin.describe_configs([resource])[resource].result(30)
        return {name: entries[name].value for name in ("retention.ms", "max.message.bytes")}

    # Any broker may answer, and may hear of the change a moment later than the one that was asked for it.
    eventually(lambda: described() == {"retention.ms": "1000000", "max.message.bytes": "2000"})
    eventually(lambda: len(admin.list_topics(topic, timeout=30).topics[topic].partitions) == 3)
    with pytest.raises(KafkaException, match="already exists"):
        create_topic(three_by_three.bootstrap, topic)
    admin.delete_topics([topic], operation_timeout=30)[topic].result(30)
    eventually(lambda: topic not in admin.list_topics(timeout=30).topics)


def test_a_record_above_max_message_bytes_is_refused_and_not_written(three_by_three: Cluster) -> None:
    topic = "confluent-too-large"
    create_topic(three_by_three.bootstrap, topic, config={"max.message.bytes": "1000"})
    producer = Producer({"bootstrap.servers": three_by_three.bootstrap})
    errors: list[Any] = []
    producer.produce(topic, value=b"x" * 5000, partition=0, on_delivery=lambda error, _: errors.append(error))
    assert producer.flush(30) == 0
    assert errors[0].name() == "MSG_SIZE_TOO_LARGE"
    assert read_all(three_by_three.bootstrap, topic) == {0: []}


def test_a_consumer_waits_for_records_that_come_later(three_by_three: Cluster) -> None:
    topic = "confluent-tail"
    create_topic(three_by_three.bootstrap, topic)
    settings = {"bootstrap.servers": three_by_three.bootstrap, "group.id": "unused", "enable.auto.commit": False}
    consumer = Consumer(settings)
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        assert consumer.poll(0.3) is None
        produce(three_by_three.bootstrap, topic, [b"now"])
        message = consumer.poll(10)
        assert message is not None
        assert message.value() == b"now"
    finally:
        consumer.close()

"""aiokafka against three controllers and three brokers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from barnabas.testing.processes import Cluster
from load import wait_until_led

pytestmark = pytest.mark.cluster


async def produce_and_read(bootstrap: str, topic: str, values: list[bytes], **settings: Any) -> list[bytes]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=3)])
    finally:
        await admin.close()
    wait_until_led(bootstrap, topic)  # a record sent without acks is lost where the leader does not know that it leads
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=5, **settings)
    await producer.start()
    try:
        sent = [await producer.send(topic, value, key=b"k", headers=[("h", b"1")], partition=0) for value in values]
        await producer.flush()
        await asyncio.gather(*sent)
    finally:
        await producer.stop()
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        await consumer.seek_to_beginning()
        read: list[bytes] = []
        async with asyncio.timeout(30):
            while len(read) < len(values):
                read += [
                    record.value for batch in (await consumer.getmany(timeout_ms=1000)).values() for record in batch
                ]
        return read
    finally:
        await consumer.stop()


@pytest.mark.parametrize("codec", [None, "gzip", "snappy", "lz4", "zstd"])
@pytest.mark.parametrize("acks", [0, 1, "all"])
def test_produces_and_fetches_with_every_codec_and_acks(
    three_by_three: Cluster, codec: str | None, acks: int | str
) -> None:
    values = [f"value {n} ".encode() * 20 for n in range(100)]
    topic = f"aiokafka-{codec}-{acks}"
    read = asyncio.run(produce_and_read(three_by_three.bootstrap, topic, values, acks=acks, compression_type=codec))
    assert read == values


def test_an_idempotent_producer_writes_in_order(three_by_three: Cluster) -> None:
    values = [str(n).encode() for n in range(500)]
    read = asyncio.run(
        produce_and_read(three_by_three.bootstrap, "aiokafka-idempotent", values, enable_idempotence=True)
    )
    assert read == values

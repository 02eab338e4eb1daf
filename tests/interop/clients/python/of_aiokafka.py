"""A member of aiokafka."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

if TYPE_CHECKING:
    from driver import Tell


def run(bootstrap: str, group: str, topic: str, protocol: str, tell: Tell, leaving: threading.Event) -> None:
    assert protocol == "eager"
    asyncio.run(_run(bootstrap, group, topic, tell, leaving))


async def _run(bootstrap: str, group: str, topic: str, tell: Tell, leaving: threading.Event) -> None:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        heartbeat_interval_ms=200,
        fetch_max_wait_ms=50,
    )

    class Listener(ConsumerRebalanceListener):  # type: ignore[misc]
        async def on_partitions_assigned(self, assigned: list[TopicPartition]) -> None:
            for each in assigned:
                tell("assigned", each.partition, -1)

        async def on_partitions_revoked(self, revoked: list[TopicPartition]) -> None:
            if revoked:
                await _commit(consumer)
            for each in revoked:
                tell("revoked", each.partition, -1)

    consumer.subscribe([topic], listener=Listener())
    await consumer.start()
    try:
        while not leaving.is_set():
            batches = await consumer.getmany(timeout_ms=50)
            for partition, records in batches.items():
                for record in records:
                    tell("read", partition.partition, record.offset)
            if batches:
                await _commit(consumer)
    finally:
        await consumer.stop()


async def _commit(consumer: AIOKafkaConsumer) -> None:
    """A rebalance may be in the way; the next commit covers what this one would have."""
    try:
        await consumer.commit()
    except (CommitFailedError, IllegalStateError):
        return

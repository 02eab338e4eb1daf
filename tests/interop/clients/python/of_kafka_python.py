"""A member of kafka-python."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import CommitFailedError

if TYPE_CHECKING:
    from driver import Tell

ASSIGNORS: dict[str, Any] = {"eager": RangePartitionAssignor, "cooperative": CooperativeStickyAssignor}
# It loses its assignment if a poll ends between JoinGroup and SyncGroup.
POLL_MS = 3000


def run(bootstrap: str, group: str, topic: str, protocol: str, tell: Tell, leaving: threading.Event) -> None:
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        heartbeat_interval_ms=200,
        fetch_max_wait_ms=50,
        partition_assignment_strategy=[ASSIGNORS[protocol]],
    )

    # Neither calls the consumer: all that a poll gives is committed before the next one.
    class Listener(ConsumerRebalanceListener):  # type: ignore[misc]
        def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
            for each in assigned:
                tell("assigned", each.partition, -1)

        def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
            for each in revoked:
                tell("revoked", each.partition, -1)

    consumer.subscribe([topic], listener=Listener())
    try:
        while not leaving.is_set():
            batches = consumer.poll(timeout_ms=POLL_MS)
            for partition, records in batches.items():
                for record in records:
                    tell("read", partition.partition, record.offset)
            if batches:
                _commit(consumer)
    finally:
        consumer.close()


def _commit(consumer: KafkaConsumer) -> None:
    """A rebalance may be in the way; the next commit covers what this one would have."""
    try:
        consumer.commit()
    except CommitFailedError:
        return

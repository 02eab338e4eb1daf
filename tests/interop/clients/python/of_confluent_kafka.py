"""A member of librdkafka."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

if TYPE_CHECKING:
    from driver import Tell

COMMIT_EVERY = 20
PROTOCOLS: dict[str, dict[str, Any]] = {
    "eager": {"partition.assignment.strategy": "range", "heartbeat.interval.ms": 200},
    "cooperative": {"partition.assignment.strategy": "cooperative-sticky", "heartbeat.interval.ms": 200},
    "consumer": {"group.protocol": "consumer"},
}
_REBALANCED = (
    KafkaError._NO_OFFSET,
    KafkaError.REBALANCE_IN_PROGRESS,
    KafkaError.ILLEGAL_GENERATION,
    KafkaError.STALE_MEMBER_EPOCH,
)


def run(bootstrap: str, group: str, topic: str, protocol: str, tell: Tell, leaving: threading.Event) -> None:
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 50,
            **PROTOCOLS[protocol],
        }
    )

    def assigned(_: Consumer, partitions: list[TopicPartition]) -> None:
        for each in partitions:
            tell("assigned", each.partition, -1)

    def revoked(_: Consumer, partitions: list[TopicPartition]) -> None:
        _commit(consumer)
        for each in partitions:
            tell("revoked", each.partition, -1)

    consumer.subscribe([topic], on_assign=assigned, on_revoke=revoked)
    try:
        uncommitted = 0
        while not leaving.is_set():
            message = consumer.poll(0.05)
            if message is not None:
                if (error := message.error()) is not None:
                    raise KafkaException(error)
                tell("read", message.partition() or 0, message.offset() or 0)
                uncommitted += 1
            if uncommitted >= (COMMIT_EVERY if message is not None else 1):
                uncommitted = 0
                _commit(consumer)
    finally:
        consumer.close()


def _commit(consumer: Consumer) -> None:
    """A rebalance may be in the way; the next commit covers what this one would have."""
    try:
        consumer.commit(asynchronous=False)
    except KafkaException as error:
        if error.args[0].code() not in _REBALANCED:
            raise

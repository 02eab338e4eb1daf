"""The application with confluent-kafka; see `processing_child.py`."""

from __future__ import annotations

import sys
import time

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from load import SETTLE_SECONDS
from processing_life import MOST_RECORDS, POLL_SECONDS, Fenced, Life

_FENCED = (KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH)
_CALL_SECONDS = 20.0


def live(life: Life) -> None:
    job = life.job
    consumer = Consumer(
        {
            "bootstrap.servers": job.bootstrap,
            "group.id": job.group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
        }
    )
    producer = Producer(
        {
            "bootstrap.servers": job.bootstrap,
            "transactional.id": job.transactional_id,
            "linger.ms": 0,
            "transaction.timeout.ms": 10_000,
        }
    )
    try:
        producer.init_transactions(_CALL_SECONDS)
        _rewind(life, consumer)
        while life.goes_on:
            _process(life, consumer, producer)
            life.moved()
    except KafkaException as error:
        print(error, file=sys.stderr)
        if error.args[0].code() in _FENCED:
            raise Fenced from error
    finally:
        consumer.close()


def _rewind(life: Life, consumer: Consumer) -> None:
    """Go on from what is committed."""
    assignment = [TopicPartition(life.job.source, partition) for partition in range(life.job.partitions)]
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        try:
            committed = consumer.committed(assignment, timeout=10)
            break
        except KafkaException:
            if time.monotonic() > deadline:
                raise
    assert all(each.offset >= 0 for each in committed), committed
    consumer.assign(committed)


def _process(life: Life, consumer: Consumer, producer: Producer) -> None:
    """One transaction, if there is something to be copied."""
    messages = [message for message in consumer.consume(MOST_RECORDS, timeout=POLL_SECONDS) if message.error() is None]
    if not messages:
        return
    producer.begin_transaction()
    try:
        for message in messages:
            producer.produce(life.job.target, message.value(), partition=message.partition())
        if life.wants_abort():
            producer.flush(_CALL_SECONDS)
            raise KafkaException(_Wanted())
        positions = [each for each in consumer.position(consumer.assignment()) if each.offset >= 0]
        producer.send_offsets_to_transaction(positions, consumer.consumer_group_metadata(), _CALL_SECONDS)
        producer.commit_transaction(_CALL_SECONDS)
        life.committed()
    except KafkaException as error:
        if not error.args[0].txn_requires_abort():
            raise
        producer.abort_transaction(_CALL_SECONDS)
        life.aborted()
        _rewind(life, consumer)


class _Wanted:
    """An abort for no reason."""

    def txn_requires_abort(self) -> bool:
        return True

"""The application with aiokafka; see `processing_child.py`."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import InvalidProducerEpoch, KafkaError, NotCoordinatorForGroupError, ProducerFenced

from processing_life import MOST_RECORDS, POLL_SECONDS, Fenced, Life

_CALL_SECONDS = 20.0
_STOP_SECONDS = 5.0


def live(life: Life) -> None:
    asyncio.run(_live(life))


async def _live(life: Life) -> None:
    job = life.job
    consumer = AIOKafkaConsumer(
        bootstrap_servers=job.bootstrap,
        group_id=job.group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=job.bootstrap, transactional_id=job.transactional_id, transaction_timeout_ms=10_000
    )
    try:
        async with asyncio.timeout(_CALL_SECONDS):
            await producer.start()
            await consumer.start()
            consumer.assign([TopicPartition(job.source, partition) for partition in range(job.partitions)])
            await _rewind(consumer)
        while life.goes_on:
            async with asyncio.timeout(_CALL_SECONDS):
                await _process(life, consumer, producer)
            life.moved()
    except (KafkaError, TimeoutError) as error:
        print(repr(error), file=sys.stderr)
        if _is_fenced(error):
            raise Fenced from error
    finally:
        for client in (consumer, producer):
            # Both may wait for ever for brokers that are gone.
            with suppress(KafkaError, TimeoutError):
                await asyncio.wait_for(client.stop(), _STOP_SECONDS)


def _is_fenced(error: BaseException | None) -> bool:
    """aiokafka wraps some of what its sender meets."""
    while error is not None and not isinstance(error, ProducerFenced | InvalidProducerEpoch):
        error = error.__cause__
    return error is not None


async def _rewind(consumer: AIOKafkaConsumer) -> None:
    """Go on from what is committed."""
    for partition in consumer.assignment():
        committed = await consumer.committed(partition)
        if committed is None:
            # Something is: aiokafka overlooks errors of the whole answer, and goes on asking the wrong coordinator.
            raise NotCoordinatorForGroupError
        consumer.seek(partition, committed)


async def _process(life: Life, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer) -> None:
    """One transaction, if there is something to be copied."""
    read = await consumer.getmany(timeout_ms=int(POLL_SECONDS * 1000), max_records=MOST_RECORDS)
    if not read:
        return
    try:
        async with producer.transaction():
            sent = [
                await producer.send(life.job.target, record.value, partition=partition.partition)
                for partition, records in read.items()
                for record in records
            ]
            # aiokafka would commit without a batch that could not be written.
            await asyncio.gather(*sent)
            if life.wants_abort():
                raise _Wanted
            offsets = {partition: records[-1].offset + 1 for partition, records in read.items()}
            await producer.send_offsets_to_transaction(offsets, life.job.group)
    except _Wanted:
        life.aborted()
        await _rewind(consumer)
    else:
        life.committed()


class _Wanted(Exception):
    """An abort for no reason."""

"""One client under one load, in a process of its own: `python -m bench.python_client_loads CLIENT ACTION BOOTSTRAP
TOPIC NUMBER` prints what it measured as JSON.

All are set up alike: `acks=all`, idempotent, batches of up to 128 KB, a linger of 5 ms, three partitions in turn; to
send one record at a time there is no linger. Everything else is each client's default. Reading is measured twice: as
each client hands out what it has fetched (`batches`, `getmany`, `poll`, `consume`), and record by record. The clock
starts when the client is connected and has sent or read its first record; the CPU is that of the whole process.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

PARTITIONS = 3
LINGER_MS = 5
BATCH = 1 << 17
CHUNK = 300
SECONDS = 4.0
ONE_SECONDS = 2.0
WARM = 50


class Meter:
    """Time and CPU from its making on."""

    def __init__(self) -> None:
        self._began, self._cpu = time.perf_counter(), time.process_time()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._began

    def read(self, records: int) -> dict[str, Any]:
        """What it took for so many records."""
        return {"records": records, "seconds": self.seconds, "cpu_seconds": time.process_time() - self._cpu}


class Stopwatch:
    """How long each of many took, in ms; the first ones do not count."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._began = time.perf_counter()
        self._until = self._began + ONE_SECONDS

    @property
    def goes_on(self) -> bool:
        return self._began < self._until

    def lap(self) -> None:
        now = time.perf_counter()
        self._times.append((now - self._began) * 1000)
        self._began = now

    def read(self) -> dict[str, Any]:
        return {"times_ms": self._times[WARM:]}


# -- ours --------------------------------------------------------------------------------------------------------


def our_produce(bootstrap: str, topic: str, size: int) -> dict[str, Any]:
    import trio

    from barnabas.client import Producer

    async def run() -> dict[str, Any]:
        value, sent = b"x" * size, 0
        async with Producer(bootstrap, linger=LINGER_MS / 1000, batch_size=BATCH) as producer:
            await producer.send(topic, value)
            meter = Meter()
            while meter.seconds < SECONDS:
                for number in range(CHUNK):
                    receipt = await producer.send_soon(topic, value, partition=number % PARTITIONS)
                sent += CHUNK
            await producer.flush()
            await receipt.wait()
            return meter.read(sent)

    return trio.run(run)


def our_consume(bootstrap: str, topic: str, total: int, *, each: bool) -> dict[str, Any]:
    import trio

    from barnabas.client import Consumer

    async def run() -> dict[str, Any]:
        async with Consumer(bootstrap) as consumer:
            await consumer.assign({(topic, number): "earliest" for number in range(PARTITIONS)})
            await anext(consumer)
            meter, seen, size = Meter(), 1, 0
            if each:
                async for record in consumer:
                    size += len(record.value or b"")
                    seen += 1
                    if seen == total:
                        break
            else:
                async for records in consumer.batches():
                    for record in records:
                        size += len(record.value or b"")
                    seen += len(records)
                    if seen == total:
                        break
            return meter.read(seen)

    return trio.run(run)


def our_one_at_a_time(bootstrap: str, topic: str, size: int) -> dict[str, Any]:
    import trio

    from barnabas.client import Producer

    async def run() -> dict[str, Any]:
        async with Producer(bootstrap) as producer:
            watch = Stopwatch()
            while watch.goes_on:
                await producer.send(topic, b"x" * size, partition=0)
                watch.lap()
        return watch.read()

    return trio.run(run)


# -- aiokafka ----------------------------------------------------------------------------------------------------


def aiokafka_produce(bootstrap: str, topic: str, size: int) -> dict[str, Any]:
    import asyncio

    from aiokafka import AIOKafkaProducer

    async def run() -> dict[str, Any]:
        value, sent = b"x" * size, 0
        producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap,
            acks="all",
            enable_idempotence=True,
            linger_ms=LINGER_MS,
            max_batch_size=BATCH,
        )
        async with producer:
            await producer.send_and_wait(topic, value)
            meter = Meter()
            while meter.seconds < SECONDS:
                for number in range(CHUNK):
                    receipt = await producer.send(topic, value, partition=number % PARTITIONS)
                sent += CHUNK
            await producer.flush()
            await receipt
            return meter.read(sent)

    return asyncio.run(run())


def aiokafka_consume(bootstrap: str, topic: str, total: int, *, each: bool) -> dict[str, Any]:
    import asyncio

    from aiokafka import AIOKafkaConsumer, TopicPartition

    async def run() -> dict[str, Any]:
        consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
        consumer.assign([TopicPartition(topic, number) for number in range(PARTITIONS)])
        async with consumer:
            await consumer.getone()
            meter, seen, size = Meter(), 1, 0
            if each:
                async for record in consumer:
                    size += len(record.value or b"")
                    seen += 1
                    if seen == total:
                        break
            else:
                while seen < total:
                    for records in (await consumer.getmany(timeout_ms=500)).values():
                        for record in records:
                            size += len(record.value or b"")
                        seen += len(records)
            return meter.read(seen)

    return asyncio.run(run())


def aiokafka_one_at_a_time(bootstrap: str, topic: str, size: int) -> dict[str, Any]:
    import asyncio

    from aiokafka import AIOKafkaProducer

    async def run() -> dict[str, Any]:
        async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True) as producer:
            watch = Stopwatch()
            while watch.goes_on:
                await producer.send_and_wait(topic, b"x" * size, partition=0)
                watch.lap()
        return watch.read()

    return asyncio.run(run())


# -- kafka-python ------------------------------------------------------------------------------------------------


def _kafka_python_producer(bootstrap: str, linger_ms: int) -> Any:
    from kafka import KafkaProducer

    return KafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=linger_ms, batch_size=BATCH
    )


def kafka_python_produce(bootstrap: str, topic: str, size: int) -> dict[str, Any]:
    value, sent = b"x" * size, 0
    producer = _kafka_python_producer(bootstrap, LINGER_MS)
    producer.send(topic, value).get(60)
    meter = Meter()
    while meter.seconds < SECONDS:
        for number in range(CHUNK):
            receipt = producer.send(topic, value, partition=number % PARTITIONS)
        sent += CHUNK
    producer.flush()
    receipt.get(60)
    found = meter.read(sent)
    producer.close()
    return found


def kafka_python_consume(bootstrap: str, topic: str, total: int, *, each: bool) -> dict[str, Any]:
    from kafka import KafkaConsumer, TopicPartition

    consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    consumer.assign([TopicPartition(topic, number) for number in range(PARTITIONS)])
    next(consumer)
    meter, seen, size = Meter(), 1, 0
    if each:
        for record in consumer:
            size += len(record.value or b"")
            seen += 1
            if seen == total:
                break
    else:
        while seen < total:
            for records in consumer.poll(timeout_ms=500).values():
                for record in records:
                    size += len(record.value or b"")
                seen += len(records)
    found = meter.read(seen)
    consumer.close()
    return found


def kafka_python_one_at_a_time(bootstrap: str, topic: str, size: int) -> dict[str, Any]:
    producer = _kafka_python_producer(bootstrap, 0)
    watch = Stopwatch()
    while watch.goes_on:
        producer.send(topic, b"x" * size, partition=0).get(60)
        watch.lap()
    producer.close()
    return watch.read()


# -- confluent-kafka ---------------------------------------------------------------------------------------------


def _confluent_producer(bootstrap: str, linger_ms: int) -> Any:
    from confluent_kafka import Producer

    settings: dict[str, Any] = {
        "bootstrap.servers": bootstrap,
        "acks": "all",
        "enable.idempotence": True,
        "linger.ms": linger_ms,
        "batch.size": BATCH,
    }
    return Producer(settings)


def confluent_produce(bootstrap: str, topic: str, size: int) -> dict[str, Any]:
    value, sent = b"x" * size, 0
    producer = _confluent_producer(bootstrap, LINGER_MS)
    producer.produce(topic, value)
    _flush(producer)
    meter = Meter()
    while meter.seconds < SECONDS:
        for number in range(CHUNK):
            while True:
                try:
                    producer.produce(topic, value, partition=number % PARTITIONS)
                    break
                except BufferError:
                    producer.poll(0.005)
        sent += CHUNK
        producer.poll(0)
    _flush(producer)
    return meter.read(sent)


def confluent_consume(bootstrap: str, topic: str, total: int, *, each: bool) -> dict[str, Any]:
    from confluent_kafka import Consumer, TopicPartition

    settings: dict[str, Any] = {"bootstrap.servers": bootstrap, "group.id": "bench", "enable.auto.commit": False}
    consumer = Consumer(settings)
    consumer.assign([TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
    seen, size = len(consumer.consume(1, timeout=60)), 0
    meter = Meter()
    while seen < total:
        if each:
            message = consumer.poll(0.5)
            messages = [message] if message is not None else []
        else:
            messages = consumer.consume(10_000, timeout=0.5)
        for message in messages:
            if message.error() is None:
                size += len(message.value() or b"")
                seen += 1
    found = meter.read(seen)
    consumer.close()
    return found


def confluent_one_at_a_time(bootstrap: str, topic: str, size: int) -> dict[str, Any]:
    producer = _confluent_producer(bootstrap, 0)
    watch = Stopwatch()
    while watch.goes_on:
        producer.produce(topic, b"x" * size, partition=0)
        _flush(producer)
        watch.lap()
    return watch.read()


def _flush(producer: Any) -> None:
    if left := producer.flush(60):
        raise AssertionError(f"{left} records are not acknowledged after 60 s")


PRODUCE: dict[str, Callable[[str, str, int], dict[str, Any]]] = {
    "barnabas.client": our_produce,
    "aiokafka": aiokafka_produce,
    "kafka-python": kafka_python_produce,
    "confluent-kafka": confluent_produce,
}
CONSUME: dict[str, Callable[..., dict[str, Any]]] = {
    "barnabas.client": our_consume,
    "aiokafka": aiokafka_consume,
    "kafka-python": kafka_python_consume,
    "confluent-kafka": confluent_consume,
}
ONE_AT_A_TIME: dict[str, Callable[[str, str, int], dict[str, Any]]] = {
    "barnabas.client": our_one_at_a_time,
    "aiokafka": aiokafka_one_at_a_time,
    "kafka-python": kafka_python_one_at_a_time,
    "confluent-kafka": confluent_one_at_a_time,
}


def main() -> None:
    client, action, bootstrap, topic, number = sys.argv[1:]
    if action == "produce":
        found = PRODUCE[client](bootstrap, topic, int(number))
    elif action == "one-at-a-time":
        found = ONE_AT_A_TIME[client](bootstrap, topic, int(number))
    else:
        found = CONSUME[client](bootstrap, topic, int(number), each=action == "consume-each")
    print(json.dumps(found))


if __name__ == "__main__":
    main()

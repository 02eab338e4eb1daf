"""`barnabas.testing.embedded()`: a broker and a controller in a thread of the test's own process."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from confluent_kafka import Producer as ConfluentProducer

from barnabas.client import Admin, Consumer, Producer
from barnabas.testing import embedded
from barnabas.testing.in_thread import EmbeddedError
from load import create_topic, read_all


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Trio keeps its worker threads for ten seconds after their last work; they are nobody's."""
    before = set(threading.enumerate())
    yield
    left = set(threading.enumerate()) - before
    assert [thread.name for thread in left if thread.name.startswith("barnabas")] == []


def produce(bootstrap: str, topic: str, *values: str) -> None:
    failed: list[object] = []
    producer = ConfluentProducer({"bootstrap.servers": bootstrap, "acks": "all", "linger.ms": 0})
    for value in values:
        producer.produce(topic, value=value, on_delivery=lambda error, _: failed.append(error) if error else None)
    assert (producer.flush(30), failed) == (0, [])


def values(bootstrap: str, topic: str) -> list[bytes]:
    return [value for _, value in read_all(bootstrap, topic)[0]]


def test_several_at_once_know_nothing_of_each_other() -> None:
    with ExitStack() as stack:
        clusters = [stack.enter_context(embedded()) for _ in range(3)]
        assert len(set(clusters)) == 3
        for number, bootstrap in enumerate(clusters):
            produce(bootstrap, "shared-name", str(number))
        assert [values(bootstrap, "shared-name") for bootstrap in clusters] == [[b"0"], [b"1"], [b"2"]]


def test_a_directory_keeps_its_data(tmp_path: Path) -> None:
    for number in range(3):
        with embedded(directory=tmp_path / "kept") as bootstrap:
            produce(bootstrap, "kept", str(number))
    with embedded(directory=str(tmp_path / "kept")) as bootstrap:
        assert values(bootstrap, "kept") == [b"0", b"1", b"2"]


def test_overrides_and_a_port_of_ones_own() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    overrides = {"num.partitions": "3", "auto.create.topics.enable": "false"}
    with embedded(port=port, overrides=overrides) as bootstrap:
        assert bootstrap == f"127.0.0.1:{port}"
        create_topic(bootstrap, "three", partitions=-1, replication=-1)
        assert list(read_all(bootstrap, "three", 3)) == [0, 1, 2]


async def _round_trip(bootstrap: str) -> bytes:
    async with Producer(bootstrap) as producer:
        await producer.send("seen", b"from the same loop")
    async with Consumer(bootstrap) as consumer:
        await consumer.assign({("seen", 0): "earliest"})
        async for record in consumer:
            assert record.value is not None
            return bytes(record.value)
    raise AssertionError("no record")


async def test_inside_a_running_trio_program() -> None:
    with embedded() as bootstrap:
        assert await _round_trip(bootstrap) == b"from the same loop"
        async with Admin(bootstrap) as admin:
            assert "seen" in [topic.name for topic in await admin.list_topics()]


def test_inside_a_running_asyncio_program() -> None:
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
    from aiokafka.structs import TopicPartition

    async def main() -> bytes | None:
        with embedded() as bootstrap:
            async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
                await producer.send_and_wait("seen", b"from asyncio")
            async with AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
                consumer.assign([TopicPartition("seen", 0)])
                record = await consumer.getone()
                value: bytes | None = record.value
                return value

    assert asyncio.run(main()) == b"from asyncio"


def test_what_keeps_it_from_starting_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        reason = f"cannot listen on PLAINTEXT://127.0.0.1:{port}: Address already in use"
        with pytest.raises(EmbeddedError, match=reason), embedded(port=port):
            pass
    reason = r"num.partition is not a known setting; did you mean num.partitions\?"
    with pytest.raises(EmbeddedError, match=reason), embedded(overrides={"num.partition": "3"}):
        pass


def test_a_directory_in_use(tmp_path: Path) -> None:
    with embedded(directory=tmp_path) as first:
        with pytest.raises(EmbeddedError, match="another process"), embedded(directory=tmp_path):
            pass
        produce(first, "unharmed", "x")


def test_an_error_in_the_block_is_its_own() -> None:
    with pytest.raises(ZeroDivisionError), embedded():
        raise ZeroDivisionError

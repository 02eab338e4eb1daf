"""Partitions that one wrote are opened and served by the other: Apache Kafka's by Barnabas, and the reverse.

Each cluster is a controller and a broker with the same topics. A stopped broker's partitions are replaced by those of
the other cluster's, under the topic ids that the own cluster has given. Then all records are read, and a producer goes
on where it was: its last batch is known, and only the next one is taken.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from confluent_kafka import Producer

from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.init_producer_id import InitProducerIdRequest, InitProducerIdResponse
from barnabas.protocol.messages.list_offsets import ListOffsetsRequest, ListOffsetsResponse
from barnabas.protocol.record_builder import BatchBuilder
from barnabas.storage.checkpoint import (
    CLEAN_SHUTDOWN,
    PARTITION_METADATA,
    format_clean_shutdown,
)
from load import create_topic, eventually, leader_of, read_all
from one_broker import OneBroker
from wire import Wire, produce

pytestmark = pytest.mark.cluster

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
TOPICS = (*[f"codec-{codec}" for codec in CODECS], "sequence")
RECORDS = 2500
BATCHES = 8
FIRST_MS = 1_700_000_000_000
NOW_MS = int(time.time() * 1000)
"""Producers that wrote longer ago than `producer.id.expiration.ms` are forgotten."""
TOPIC_SETTINGS = {"segment.bytes": "1048576", "index.interval.bytes": "500", "retention.ms": "-1"}


@dataclass(slots=True)
class Side:
    """A cluster of either kind, and who wrote the sequence to it."""

    server: OneBroker
    producer_id: int = -1

    @property
    def bootstrap(self) -> str:
        return self.server.bootstrap

    @property
    def data(self) -> Path:
        return self.server.data

    def folder(self, topic: str) -> Path:
        return self.data / f"{topic}-0"

    def write(self) -> None:
        """The topics and their records, the same on each side but for the producer ids."""
        for topic in TOPICS:
            create_topic(self.bootstrap, topic, replication=1, config=TOPIC_SETTINGS)
        for codec in CODECS:
            settings = {"bootstrap.servers": self.bootstrap, "compression.type": codec, "linger.ms": 5}
            producer = Producer({**settings, "batch.size": 20_000, "enable.idempotence": True})
            for number in range(RECORDS):
                producer.produce(f"codec-{codec}", value_of(number), partition=0, timestamp=FIRST_MS + number)
                producer.poll(0)
            assert producer.flush(60) == 0
        with Wire(self.bootstrap) as wire:
            request = InitProducerIdRequest(transactional_id=None, transaction_timeout_ms=60_000)
            while (answer := wire.ask(request, 4, InitProducerIdResponse)).error_code:
                continue
            self.producer_id = answer.producer_id
            for number in range(BATCHES):
                assert produce(wire, "sequence", sequence_batch(self.producer_id, number)).base_offset == 2 * number

    def copy(self, target: Path) -> Path:
        """The partitions, as the broker has left them."""
        for topic in TOPICS:
            shutil.copytree(self.folder(topic), target / f"{topic}-0")
        return target

    def take_over(self, partitions: Path, *, clean: bool) -> None:
        """Replace the stopped broker's partitions; `clean` says whether it may trust what it finds."""
        for topic in TOPICS:
            folder = self.folder(topic)
            topic_id = (folder / PARTITION_METADATA).read_bytes()
            shutil.rmtree(folder)
            shutil.copytree(partitions / folder.name, folder)
            (folder / PARTITION_METADATA).write_bytes(topic_id)
        # The broker's own checkpoints are of its own logs: without a recovery point all is recovered.
        for checkpoint in self.data.glob("*-checkpoint"):
            checkpoint.unlink()
        if clean:
            points = "".join(f"{topic} 0 {end_of(topic)}\n" for topic in TOPICS)
            (self.data / "recovery-point-offset-checkpoint").write_text(f"0\n{len(TOPICS)}\n{points}")
            (self.data / CLEAN_SHUTDOWN).write_bytes(format_clean_shutdown(1))
        else:
            (self.data / CLEAN_SHUTDOWN).unlink(missing_ok=True)

    def wait_ready(self) -> None:
        """Return when all topics have their leader."""
        for topic in TOPICS:
            eventually(lambda topic=topic: leader_of(self.bootstrap, topic) > 0)

    def check(self, producer_id: int) -> None:
        """Everything is there, and the producer goes on."""
        self.wait_ready()
        for codec in CODECS:
            read = read_all(self.bootstrap, f"codec-{codec}")[0]
            assert read == [(number, value_of(number).encode()) for number in range(RECORDS)], codec
        with Wire(self.bootstrap) as wire:
            for codec in CODECS:
                for number in (0, 1, RECORDS // 2, RECORDS - 1):
                    assert offset_at(wire, f"codec-{codec}", FIRST_MS + number) == number
            assert len(read_all(self.bootstrap, "sequence")[0]) == 2 * BATCHES
            last = produce(wire, "sequence", sequence_batch(producer_id, BATCHES - 1))
            assert (last.error_code, last.base_offset) == (ErrorCode.NONE, 2 * (BATCHES - 1))
            later = produce(wire, "sequence", sequence_batch(producer_id, BATCHES + 1))
            assert later.error_code == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
            following = produce(wire, "sequence", sequence_batch(producer_id, BATCHES))
            assert (following.error_code, following.base_offset) == (ErrorCode.NONE, 2 * BATCHES)
        assert len(read_all(self.bootstrap, "sequence")[0]) == 2 * BATCHES + 2


def value_of(number: int) -> str:
    """Some hundred bytes that compress by half."""
    return f"{number} " + "".join(f"{number * factor % 1_000_003:x}-" for factor in range(3, 203))


def end_of(topic: str) -> int:
    return 2 * BATCHES if topic == "sequence" else RECORDS


def sequence_batch(producer_id: int, number: int) -> bytes:
    """The producer's batch of this number: of two records each."""
    builder = BatchBuilder(producer_id=producer_id, producer_epoch=0, base_sequence=2 * number)
    for _ in range(2):
        builder.append(NOW_MS, None, f"batch {number}".encode())
    return bytes(builder.build())


def offset_at(wire: Wire, topic: str, timestamp: int) -> int:
    wanted = ListOffsetsRequest.ListOffsetsPartition(partition_index=0, timestamp=timestamp)
    request = ListOffsetsRequest(topics=[ListOffsetsRequest.ListOffsetsTopic(name=topic, partitions=[wanted])])
    return wire.ask(request, 7, ListOffsetsResponse).topics[0].partitions[0].offset


@dataclass(frozen=True, slots=True)
class Left:
    """Who wrote, and the partitions as the broker left them when it was stopped, and when it was killed."""

    side: Side
    stopped: Path
    killed: Path


def write_and_leave(server: OneBroker, directory: Path) -> Left:
    server.start()
    side = Side(server)
    side.write()
    server.stop()
    stopped = side.copy(directory / "stopped")
    server.start()
    side.wait_ready()
    server.kill()
    return Left(side, stopped, side.copy(directory / "killed"))


@pytest.fixture(scope="module")
def kafka(one_kafka: OneBroker, tmp_path_factory: pytest.TempPathFactory) -> Left:
    """Apache Kafka, its broker dead."""
    return write_and_leave(one_kafka, tmp_path_factory.mktemp("kafka"))


@pytest.fixture(scope="module")
def barnabas(kafka: Left, one_barnabas: OneBroker, tmp_path_factory: pytest.TempPathFactory) -> Left:
    """Barnabas, its broker dead."""
    return write_and_leave(one_barnabas, tmp_path_factory.mktemp("barnabas"))


def check_serves(server: Left, writer: Left, *, clean: bool) -> None:
    server.side.take_over(writer.stopped if clean else writer.killed, clean=clean)
    server.side.server.start()
    try:
        server.side.check(writer.side.producer_id)
    finally:
        server.side.server.kill()


@pytest.mark.parametrize("clean", [False, True], ids=["killed", "stopped"])
def test_barnabas_serves_what_kafka_wrote(kafka: Left, barnabas: Left, clean: bool) -> None:
    check_serves(barnabas, kafka, clean=clean)


@pytest.mark.parametrize("clean", [False, True], ids=["killed", "stopped"])
def test_kafka_serves_what_barnabas_wrote(kafka: Left, barnabas: Left, clean: bool) -> None:
    check_serves(kafka, barnabas, clean=clean)

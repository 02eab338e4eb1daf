"""Compacted partitions: Apache Kafka's dump tool reads them; what one has compacted the other serves and compacts on.

Each cluster is a controller and a broker with the same topics: records of few keys, tombstones, transactions of which
some are aborted. A stopped or killed broker's partitions are replaced by those of the other cluster's.
"""

from __future__ import annotations

import random
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from barnabas.storage.checkpoint import CLEAN_SHUTDOWN, CLEANER_OFFSETS, PARTITION_METADATA, parse_offsets
from kafka_tools import Tools
from load import create_topic, eventually, leader_of, wait_until_led
from one_broker import OneBroker

pytestmark = pytest.mark.cluster

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
TOPICS = (*[f"compacted-{codec}" for codec in CODECS], "transactions")
KEYS = 50
RECORDS = 2500
A_TRANSACTION = 40
TOPIC_SETTINGS = {
    "cleanup.policy": "compact",
    "segment.bytes": "1048576",
    "index.interval.bytes": "500",
    "min.cleanable.dirty.ratio": "0.01",
    "delete.retention.ms": "2000",
}

Latest = dict[bytes, bytes]


@dataclass(slots=True)
class Side:
    """A cluster of either kind, and what was written to it."""

    server: OneBroker
    latest: dict[str, Latest] = field(default_factory=lambda: defaultdict(dict))
    """What is to be read of each topic."""

    @property
    def bootstrap(self) -> str:
        return self.server.bootstrap

    @property
    def data(self) -> Path:
        return self.server.data

    def write(self, seed: int, latest: dict[str, Latest]) -> None:
        """Records of all topics; `latest` is brought up to date."""
        for codec in CODECS:
            settings = {"bootstrap.servers": self.bootstrap, "compression.type": codec, "linger.ms": 5}
            producer = Producer({**settings, "batch.size": 20_000, "enable.idempotence": codec != "lz4"})
            for key, value in records(seed, codec):
                producer.produce(f"compacted-{codec}", value, key, 0)
                producer.poll(0)
                note(latest[f"compacted-{codec}"], key, value)
            assert producer.flush(60) == 0
        self.write_transactions(seed, latest["transactions"])

    def write_transactions(self, seed: int, latest: Latest) -> None:
        producer = Producer({"bootstrap.servers": self.bootstrap, "transactional.id": f"writer-{seed}", "linger.ms": 5})
        producer.init_transactions(60)
        all_records = list(records(seed, "transactions"))
        for start in range(0, len(all_records), A_TRANSACTION):
            producer.begin_transaction()
            part = all_records[start : start + A_TRANSACTION]
            for key, value in part:
                producer.produce("transactions", value, key, 0)
                producer.poll(0)
            if start // A_TRANSACTION % 3 == 1:
                assert producer.flush(60) == 0  # or librdkafka never sends them
                producer.abort_transaction(60)
                continue
            producer.commit_transaction(60)
            for key, value in part:
                note(latest, key, value)

    def wait_compacted(self) -> None:
        """Return when all but the active segments have been cleaned."""
        for topic in TOPICS:
            eventually(lambda topic=topic: self.cleaned(topic) >= self.active_segment(topic) > 0)

    def cleaned(self, topic: str) -> int:
        with suppress(FileNotFoundError):
            return parse_offsets((self.data / CLEANER_OFFSETS).read_bytes()).get((topic, 0), -1)
        return -1

    def active_segment(self, topic: str) -> int:
        return max(int(file.stem) for file in (self.data / f"{topic}-0").glob("*.log"))

    def copy(self, target: Path) -> Path:
        """The partitions, as the broker has left them, and how far they were compacted."""
        for topic in TOPICS:
            shutil.copytree(self.data / f"{topic}-0", target / f"{topic}-0")
        shutil.copy(self.data / CLEANER_OFFSETS, target)
        return target

    def take_over(self, partitions: Path) -> None:
        """Replace the dead broker's partitions; without a recovery point it has to read all that it finds."""
        for topic in TOPICS:
            folder = self.data / f"{topic}-0"
            topic_id = (folder / PARTITION_METADATA).read_bytes()
            shutil.rmtree(folder)
            shutil.copytree(partitions / folder.name, folder)
            (folder / PARTITION_METADATA).write_bytes(topic_id)
        for checkpoint in self.data.glob("*-checkpoint"):
            checkpoint.unlink()
        shutil.copy(partitions / CLEANER_OFFSETS, self.data)
        (self.data / CLEAN_SHUTDOWN).unlink(missing_ok=True)

    def check(self, latest: dict[str, Latest]) -> None:
        for topic in TOPICS:
            assert read(self.bootstrap, topic) == latest[topic], topic

    def wait_ready(self) -> None:
        for topic in TOPICS:
            eventually(lambda topic=topic: is_led(self.bootstrap, topic))
            wait_until_led(self.bootstrap, topic)


def is_led(bootstrap: str, topic: str) -> bool:
    """Whether the topic has a leader, as far as anybody can be asked yet."""
    with suppress(KafkaException):
        return leader_of(bootstrap, topic) > 0
    return False


def records(seed: int, topic: str) -> Iterator[tuple[bytes, bytes | None]]:
    rng = random.Random(f"{seed} {topic}")
    for _ in range(RECORDS):
        value = None if rng.random() < 0.1 else rng.randbytes(700) + bytes(300)
        yield b"key %d" % rng.randrange(KEYS), value


def note(latest: Latest, key: bytes, value: bytes | None) -> None:
    if value is None:
        latest.pop(key, None)
    else:
        latest[key] = value


def read(bootstrap: str, topic: str) -> Latest:
    """The latest value of each key, of committed records."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "unused",
            "enable.auto.commit": False,
            "check.crcs": True,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
        }
    )
    latest: Latest = {}
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        while True:
            message = consumer.poll(60)
            assert message is not None
            if message.error() is not None:
                assert message.error().name() == "_PARTITION_EOF", message.error()
                return latest
            note(latest, message.key(), message.value())
    finally:
        consumer.close()


@dataclass(frozen=True, slots=True)
class Left:
    """Who compacted, and the partitions as the broker left them when it was stopped, and when it was killed."""

    side: Side
    stopped: Path
    killed: Path


def write_and_leave(server: OneBroker, directory: Path) -> Left:
    server.start()
    side = Side(server)
    for topic in TOPICS:
        create_topic(side.bootstrap, topic, replication=1, config=TOPIC_SETTINGS)
    side.write(1, side.latest)
    side.wait_compacted()
    side.check(side.latest)
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
def barnabas(one_barnabas: OneBroker, tmp_path_factory: pytest.TempPathFactory) -> Left:
    """Barnabas, its broker dead."""
    return write_and_leave(one_barnabas, tmp_path_factory.mktemp("barnabas"))


def check_goes_on(server: Left, writer: Left, partitions: Path) -> None:
    """The server reads what the writer left, writes more, and compacts it all."""
    latest = {topic: dict(values) for topic, values in writer.side.latest.items()}
    server.side.take_over(partitions)
    server.side.server.start()
    try:
        server.side.wait_ready()
        server.side.check(latest)
        server.side.write(2, latest)
        server.side.wait_compacted()
        server.side.check(latest)
    finally:
        server.side.server.kill()


@pytest.mark.parametrize("state", ["stopped", "killed"])
def test_barnabas_compacts_what_kafka_has_compacted(kafka: Left, barnabas: Left, state: str) -> None:
    check_goes_on(barnabas, kafka, getattr(kafka, state))


@pytest.mark.parametrize("state", ["stopped", "killed"])
def test_kafka_compacts_what_barnabas_has_compacted(kafka: Left, barnabas: Left, state: str) -> None:
    check_goes_on(kafka, barnabas, getattr(barnabas, state))


def dump(tools: Tools, files: list[Path], *options: str) -> str:
    """What the dump tool prints; that offsets have gaps is all that it may complain of."""
    assert files
    ended = tools.end("kafka-dump-log", *options, "--files", ",".join(map(str, files)))
    complaints = re.sub(r"Non-consecutive offsets in .*\n(  -?\d+ is followed by \d+\n)+", "", ended.err)
    assert (ended.code, complaints) == (0, "")
    return ended.out


def test_the_dump_tool_reads_compacted_segments(tools: Tools, barnabas: Left) -> None:
    logs = sorted(barnabas.stopped.rglob("*.log"))
    printed = dump(tools, logs, "--deep-iteration")
    headers = re.findall(r"^baseOffset: .*$", printed, re.MULTILINE)
    assert all("isvalid: true" in header for header in headers)
    assert any("count: 0" in header for header in headers)
    assert any(re.search(r"deleteHorizonMs: OptionalLong\[\d+\]", header) for header in headers)
    assert "invalid bytes" not in printed
    assert len(re.findall(r"^\| offset: ", printed, re.MULTILINE)) < len(TOPICS) * RECORDS / 2
    for codec in CODECS[1:]:
        assert f"compresscodec: {codec}" in printed


def test_the_dump_tool_finds_nothing_wrong_with_their_indexes(tools: Tools, barnabas: Left) -> None:
    indexes = [file for file in sorted(barnabas.stopped.rglob("*")) if file.suffix in (".index", ".timeindex")]
    passed = dump(tools, indexes, "--index-sanity-check")
    assert len(re.findall(r" passed sanity check\.$| is empty\.$", passed, re.MULTILINE)) == len(indexes)
    assert "offset" not in dump(tools, indexes, "--verify-index-only")
    aborted = dump(tools, sorted((barnabas.stopped / "transactions-0").glob("*.txnindex")))
    assert re.search(r"version: 0 producerId: \d+ firstOffset: \d+ lastOffset: \d+ lastStableOffset: \d+", aborted)
    checkpoint = barnabas.stopped / CLEANER_OFFSETS
    offsets = {f"{topic}-{number}": at for (topic, number), at in parse_offsets(checkpoint.read_bytes()).items()}
    assert tools.read(checkpoint) == offsets
    assert all(offsets[f"{topic}-0"] > 0 for topic in TOPICS)

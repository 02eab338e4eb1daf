"""Apache Kafka's dump tool, and its readers of checkpoints, read every file that a cluster wrote, without complaint."""

from __future__ import annotations

import random
import re
import shutil
import string
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from confluent_kafka import Producer

from barnabas.storage.checkpoint import (
    CLEAN_SHUTDOWN,
    HIGH_WATERMARKS,
    LOG_START_OFFSETS,
    META_PROPERTIES,
    PARTITION_METADATA,
    RECOVERY_POINTS,
    parse_offsets,
)
from barnabas.storage.leader_epoch import FILE_NAME as LEADER_EPOCHS
from barnabas.testing import cluster
from barnabas.testing.processes import Cluster
from kafka_tools import Tools
from load import Load, check, create_topic, wait_for_isr

pytestmark = pytest.mark.cluster

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
RECORDS = 3000
SOME = 100
STATES = ("running", "killed", "stopped")
# What the cluster makes for itself: consumers look for their coordinator.
INTERNAL = "__consumer_offsets-"
# The smallest segments there are, with an index entry for almost every batch.
SMALL = {"segment.bytes": "1048576", "index.interval.bytes": "500", "min.insync.replicas": "2"}


@dataclass(slots=True)
class Written:
    """Copies of the directories of all nodes, by what the nodes did at the time; how many records a partition has."""

    copies: dict[str, list[Path]] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)

    def files(self, state: str, *suffixes: str) -> list[Path]:
        return [file for copy in self.copies[state] for file in sorted(copy.rglob("*")) if file.suffix in suffixes]

    def named(self, state: str, *names: str) -> list[Path]:
        return [file for copy in self.copies[state] for file in sorted(copy.rglob("*")) if file.name in names]


@pytest.fixture(scope="module")
def written(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    """What three brokers and three controllers wrote while each broker was killed once, and stopped once."""
    found = Written()
    with cluster(brokers=3, controllers=3) as running:
        write_everything(running, found)
        for state in STATES:
            for node in running.brokers if state != "running" else ():
                node.kill() if state == "killed" else node.stop()
            target = tmp_path_factory.mktemp(state)
            found.copies[state] = [Path(shutil.copytree(node.directory, target / node.name)) for node in running.nodes]
            if state == "killed":
                for node in running.brokers:
                    node.start(wait=False)
                for topic in CODECS:
                    wait_for_isr(running.bootstrap, f"codec-{topic}", 3)
                wait_for_isr(running.bootstrap, "killed", 3)
    yield found
    for copies in found.copies.values():
        for copy in copies:
            shutil.rmtree(copy)


def write_everything(running: Cluster, found: Written) -> None:
    bootstrap = running.bootstrap
    create_topic(bootstrap, "killed", partitions=3, config=SMALL)
    for codec in CODECS:
        create_topic(bootstrap, f"codec-{codec}", config=SMALL)
    with Load(bootstrap, "killed", partitions=3) as load:
        for codec, node in zip(CODECS, [*running.brokers, *running.brokers], strict=False):
            load.wait_for_acks(SOME)
            node.kill() if codec != "none" else node.stop()
            found.records[f"codec-{codec}-0"] = produce(bootstrap, codec)
            node.start()
            wait_for_isr(bootstrap, "killed", 3)
    check(bootstrap, "killed", load.history, 3)
    found.records |= {f"killed-{partition}": len(acked) for partition, acked in load.history.acked.items()}


def produce(bootstrap: str, codec: str) -> int:
    """How many records were written; most of them do not compress well, so that segments fill up.

    Each of them does compress: librdkafka sends a batch as it is that would not become smaller.
    """
    rng = random.Random(codec)
    settings = {"bootstrap.servers": bootstrap, "compression.type": codec, "linger.ms": 2, "batch.size": 20_000}
    producer = Producer({**settings, "enable.idempotence": codec not in ("gzip", "lz4"), "acks": "all"})
    failed = []
    for number in range(RECORDS):
        value = "".join(rng.choices(string.ascii_letters + string.digits, k=50)) * (20 if number % 10 == 0 else 1)
        value = f"{number} {value} {rng.randbytes(500).hex()} {100 * '.'}"
        producer.produce(
            f"codec-{codec}", value, str(number), 0, lambda error, _: failed.append(error) if error else None
        )
        producer.poll(0)
    assert producer.flush(60) == 0
    assert failed == []
    return RECORDS


def dump(tools: Tools, files: list[Path], *options: str) -> str:
    """What the dump tool prints, where it has nothing to complain of.

    4.3.1 misses the offsets before a segment's first one, in every segment but one that begins at 0.
    """
    assert files
    ended = tools.end("kafka-dump-log", *options, "--files", ",".join(map(str, files)))
    complaints = re.sub(r"Non-consecutive offsets in .*/0*(\d+)\.log\n  -1 is followed by \1\n", "", ended.err)
    assert (ended.code, complaints) == (0, "")
    return ended.out


def by_file(dumped: str) -> dict[str, str]:
    """What was printed of each file."""
    _, *parts = re.split(r"^Dumping (.*)\n", dumped, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def batches(dumped: str) -> list[dict[str, str]]:
    """The batches' headers."""
    return [dict(re.findall(r"(\w+): (\S+)", line)) for line in re.findall(r"^baseOffset: .*$", dumped, re.MULTILINE)]


@pytest.mark.parametrize("state", STATES)
def test_logs(tools: Tools, written: Written, state: str) -> None:
    records: dict[tuple[str, str], int] = defaultdict(int)
    segments: dict[tuple[str, str], int] = defaultdict(int)
    for name, dumped in by_file(dump(tools, written.files(state, ".log"), "--deep-iteration")).items():
        assert "invalid bytes" not in dumped, name
        found = batches(dumped)
        assert all(batch["isvalid"] == "true" for batch in found), name
        folder = Path(name).parent
        if folder.name.startswith("codec-"):
            assert {batch["compresscodec"] for batch in found} <= {folder.name.split("-")[1]}
        partition = (folder.parent.name, folder.name)
        offsets = [int(offset) for offset in re.findall(r"^\| offset: (\d+)", dumped, re.MULTILINE)]
        if offsets:
            assert offsets[0] == int(Path(name).stem) == records[partition]
        records[partition] += len(offsets)
        segments[partition] += 1
    for (_, folder_name), count in records.items():
        assert count == written.records.get(folder_name, count), folder_name
    assert len([1 for (_, folder_name) in records if folder_name in written.records]) == 3 * len(written.records)
    assert all(count >= 2 for (_, folder_name), count in segments.items() if folder_name.startswith("codec-"))


@pytest.mark.parametrize("state", STATES)
def test_indexes(tools: Tools, written: Written, state: str) -> None:
    files = written.files(state, ".index", ".timeindex")
    passed = dump(tools, files, "--index-sanity-check")
    assert len(re.findall(r" passed sanity check\.$| is empty\.$", passed, re.MULTILINE)) == len(files)
    assert "offset: " not in dump(tools, files, "--verify-index-only")
    of_closed = [file for file in files if file.parent.name.startswith("codec-") and file.stem == "0" * 20]
    for name, dumped in by_file(dump(tools, of_closed)).items():
        assert len(dumped.splitlines()) > (10 if name.endswith(".index") else 1), name


@pytest.mark.parametrize("state", STATES)
def test_snapshots(tools: Tools, written: Written, state: str) -> None:
    dumped = by_file(dump(tools, written.files(state, ".snapshot")))
    for name, text in dumped.items():
        for line in text.splitlines():
            entry = dict(re.findall(r"(\w+): (-?\d+)", line))
            assert int(entry["lastOffset"]) < int(Path(name).stem)
            assert entry["lastSequence"] == entry["lastOffset"] or "killed" in name
    if state == "stopped":
        for codec in ("none", "snappy", "zstd"):
            last = [text for name, text in dumped.items() if f"codec-{codec}-0/{RECORDS:020d}" in name]
            assert len(last) == 3
            assert all(f"lastSequence: {RECORDS - 1} lastOffset: {RECORDS - 1}" in text for text in last)


def test_the_records_themselves(tools: Tools, written: Written) -> None:
    copies = [file for file in written.files("stopped", ".log") if file.parent.name == "killed-0"]
    printed = by_file(dump(tools, copies, "--print-data-log"))
    payloads = [re.findall(r" payload: (\d+)$", text, re.MULTILINE) for text in printed.values()]
    assert payloads[0] == payloads[1] == payloads[2]
    assert payloads[0] == sorted(payloads[0], key=int)


def test_the_metadata_log_and_its_checkpoint(tools: Tools, written: Written) -> None:
    checkpoints = [file for file in written.files("stopped", ".checkpoint") if "controller" in str(file)]
    for dumped in by_file(dump(tools, checkpoints, "--deep-iteration")).values():
        assert "SnapshotHeader {" in dumped
        assert "KRaftVersion {" in dumped
        assert re.findall(r'"voterId":(\d+)', dumped) == ["101", "102", "103"]
        assert "SnapshotFooter {" in dumped
    logs = [file for file in written.files("stopped", ".log") if file.parent.name == "__cluster_metadata-0"]
    for dumped in by_file(dump(tools, logs, "--deep-iteration")).values():
        assert re.search(r'LeaderChange.*"leaderId":10[123],', dumped)


@pytest.mark.parametrize("state", STATES)
def test_leader_epochs(tools: Tools, written: Written, state: str) -> None:
    """What the checkpoint says is what the batches say; only after a kill it may be behind."""
    began: dict[Path, dict[int, int]] = defaultdict(dict)
    for name, dumped in by_file(dump(tools, written.files(state, ".log"))).items():
        for batch in batches(dumped):
            began[Path(name).parent].setdefault(int(batch["partitionLeaderEpoch"]), int(batch["baseOffset"]))
    for file in written.named(state, LEADER_EPOCHS):
        found = [(epoch, start) for epoch, start in tools.read(file)]
        in_batches = sorted(began[file.parent].items())
        if state == "stopped" and "broker" in str(file) and "metadata" not in str(file):
            assert set(in_batches) <= set(found), file
        last_start = found[-1][1] if found else -1
        assert [entry for entry in in_batches if entry[1] <= last_start] == [e for e in found if e in in_batches], file


@pytest.mark.parametrize("state", STATES)
def test_the_small_files(tools: Tools, written: Written, state: str) -> None:
    for file in written.named(state, RECOVERY_POINTS, HIGH_WATERMARKS, LOG_START_OFFSETS):
        offsets = tools.read(file)
        assert offsets == {f"{topic}-{number}": at for (topic, number), at in parse_offsets(file.read_bytes()).items()}
        offsets = {partition: at for partition, at in offsets.items() if not partition.startswith(INTERNAL)}
        if state == "stopped" and file.name == RECOVERY_POINTS:
            assert offsets == written.records, file
        elif state == "stopped" and file.name == HIGH_WATERMARKS:
            # What a follower has not been told of yet is missing.
            assert offsets.keys() == written.records.keys(), file
            assert all(at <= written.records[partition] for partition, at in offsets.items())
    ids = {
        (file.parent.name, tools.read(file))
        for file in written.named(state, PARTITION_METADATA)
        if not file.parent.name.startswith(INTERNAL)
    }
    assert len(ids) == len(written.records) + 1
    owners = [tools.read(file) for file in written.named(state, META_PROPERTIES)]
    assert sorted(node for _, node, _ in owners) == [1, 2, 3, 101, 102, 103]
    assert len({cluster_id for cluster_id, _, _ in owners}) == 1
    assert len({directory for _, _, directory in owners}) == 6
    epochs = [tools.read(file) for file in written.named(state, CLEAN_SHUTDOWN)]
    assert len(set(epochs)) == (3 if state == "stopped" else 0)
    assert all(tools.read(file) >= 1 for file in written.named(state, "quorum-state"))

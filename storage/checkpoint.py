"""The small text files of a log directory, in Kafka's formats: read with suspicion, written by replacing them whole."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from barnabas.protocol.types import ZERO_UUID, parse_uuid, uuid_text

RECOVERY_POINTS = "recovery-point-offset-checkpoint"
HIGH_WATERMARKS = "replication-offset-checkpoint"
LOG_START_OFFSETS = "log-start-offset-checkpoint"
CLEANER_OFFSETS = "cleaner-offset-checkpoint"
CLEAN_SHUTDOWN = ".kafka_cleanshutdown"
META_PROPERTIES = "meta.properties"
PARTITION_METADATA = "partition.metadata"

TopicPartition = tuple[str, int]


class CorruptCheckpoint(Exception):
    """A file that is not in its format."""


def parse_checkpoint(data: bytes) -> list[list[str]]:
    """The fields of each entry of a version 0 checkpoint: version, count, a line an entry. Raises CorruptCheckpoint."""
    try:
        lines = data.decode("utf-8").splitlines()
        if not lines:
            return []
        version, count = int(lines[0]), int(lines[1]) if len(lines) > 1 else 0
    except (UnicodeDecodeError, ValueError) as error:
        raise CorruptCheckpoint(f"no checkpoint: {error}") from None
    if version != 0:
        raise CorruptCheckpoint(f"version {version}, not 0")
    entries = [line.split() for line in lines[2:]]
    if len(entries) != count:
        raise CorruptCheckpoint(f"{len(entries)} entries where {count} were written")
    return entries


def format_checkpoint(entries: Iterable[str]) -> bytes:
    """A version 0 checkpoint with a line for each entry."""
    lines = list(entries)
    return "".join(f"{line}\n" for line in ("0", str(len(lines)), *lines)).encode()


def parse_offsets(data: bytes) -> dict[TopicPartition, int]:
    """An offset for each partition: lines of `topic partition offset`. Raises CorruptCheckpoint."""
    offsets: dict[TopicPartition, int] = {}
    for line in parse_checkpoint(data):
        try:
            topic, partition, offset = line
            offsets[topic, int(partition)] = int(offset)
        except ValueError:
            raise CorruptCheckpoint(f"not a topic, a partition and an offset: {' '.join(line)}") from None
    return offsets


def format_offsets(offsets: Mapping[TopicPartition, int]) -> bytes:
    return format_checkpoint(f"{topic} {partition} {offset}" for (topic, partition), offset in offsets.items())


def parse_clean_shutdown(data: bytes) -> int:
    """The broker epoch that a clean shutdown left; -1 if the file does not tell."""
    try:
        content = json.loads(data)
    except ValueError:
        return -1
    epoch = content.get("brokerEpoch") if isinstance(content, dict) else None
    return epoch if isinstance(epoch, int) else -1


def format_clean_shutdown(broker_epoch: int) -> bytes:
    return json.dumps({"version": 0, "brokerEpoch": broker_epoch}, separators=(",", ":")).encode()


def parse_partition_metadata(data: bytes) -> bytes:
    """The topic id in a `partition.metadata` file. Raises CorruptCheckpoint."""
    lines = [line.split() for line in data.decode("utf-8", "replace").splitlines()]
    try:
        if int(lines[0][1]) < 0:
            raise CorruptCheckpoint(f"version {lines[0][1]}")
        topic_id = parse_uuid(lines[1][1])
    except IndexError:
        raise CorruptCheckpoint("no partition metadata: the file ends too early") from None
    except ValueError as error:
        raise CorruptCheckpoint(f"no partition metadata: {error}") from None
    if topic_id == ZERO_UUID:
        raise CorruptCheckpoint("the topic id is zero")
    return topic_id


def format_partition_metadata(topic_id: bytes) -> bytes:
    return f"version: 0\ntopic_id: {uuid_text(topic_id)}".encode()


@dataclass(frozen=True, slots=True)
class MetaProperties:
    """Whose log directory it is (`meta.properties`, version 1)."""

    cluster_id: str
    node_id: int
    directory_id: bytes
    """16 bytes; ZERO_UUID if the directory has none."""

    @classmethod
    def from_file(cls, data: bytes) -> MetaProperties:
        """Read the file's content. Raises CorruptCheckpoint."""
        values: dict[str, str] = {}
        for line in data.decode("utf-8", "replace").splitlines():
            name, separator, value = line.partition("=")
            if separator and not line.startswith(("#", "!")):
                values[name.strip()] = value.strip().replace("\\=", "=").replace("\\:", ":")
        version = values.get("version", "0")
        if version != "1":
            raise CorruptCheckpoint(f"version {version}, not 1")
        try:
            directory_id = parse_uuid(values["directory.id"]) if "directory.id" in values else ZERO_UUID
            return cls(values["cluster.id"], int(values["node.id"]), directory_id)
        except KeyError as error:
            raise CorruptCheckpoint(f"{error.args[0]} is missing") from None
        except ValueError as error:
            raise CorruptCheckpoint(str(error)) from None

    def to_file(self) -> bytes:
        lines = [f"cluster.id={self.cluster_id}", "version=1", f"node.id={self.node_id}"]
        if self.directory_id != ZERO_UUID:
            lines.append(f"directory.id={uuid_text(self.directory_id)}")
        return "".join(f"{line}\n" for line in lines).encode()

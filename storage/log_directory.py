"""One log directory: whose it is, whether it was closed cleanly, its checkpoints, and whether it still works.

    meta.properties      cluster, node and directory id; written by `barnabas format` only
    .lock                held while a process uses the directory
    .kafka_cleanshutdown only while nobody does, and only after a clean shutdown
    *-offset-checkpoint  one offset for each partition

Kept true: the mark of a clean shutdown is made durable after everything else is, and is gone, durably, before anything
is written again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock as ThreadLock

from barnabas.protocol.types import ZERO_UUID
from barnabas.storage.checkpoint import (
    CLEAN_SHUTDOWN,
    CLEANER_OFFSETS,
    HIGH_WATERMARKS,
    LOG_START_OFFSETS,
    META_PROPERTIES,
    RECOVERY_POINTS,
    CorruptCheckpoint,
    MetaProperties,
    TopicPartition,
    format_clean_shutdown,
    format_offsets,
    parse_clean_shutdown,
    parse_offsets,
)
from barnabas.storage.disk import Disk, Lock, StorageError

LOCK_FILE = ".lock"
METADATA_TOPIC = "__cluster_metadata"
_DELETE_SUFFIX = "-delete"


class WrongDirectory(Exception):
    """The directory is not formatted, or is another cluster's or node's; the text says what to do."""


class LogDirectory:
    """One log directory of a node. After a StorageError it is offline, for good, with the reason kept."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.path = disk.directory
        """Absolute."""
        self.directory_id = ZERO_UUID
        """16 bytes, from `meta.properties`."""
        self.offline: str | None = None
        """Why the directory is not used any more."""
        self.clean = False
        """Whether the process that used it last closed it."""
        self.previous_broker_epoch = -1
        """Of the process that closed it cleanly."""
        self.logs = 0
        """How many logs it holds."""
        self.notes: list[str] = []
        """What was found damaged, for people."""
        self.recovery_points: dict[TopicPartition, int] = {}
        self.log_start_offsets: dict[TopicPartition, int] = {}
        self.high_watermarks: dict[TopicPartition, int] = {}
        self.cleaner_offsets: dict[TopicPartition, int] = {}
        """What the checkpoints said when the directory was opened."""
        self._lock: Lock | None = None
        self.rewinds = 0
        """How often a log went back or away: what was gathered before, to be written down, is too late then."""
        self._writing = ThreadLock()
        self._written: dict[str, Mapping[TopicPartition, int]] = {}

    def __repr__(self) -> str:
        return f"LogDirectory({self.path}, {self.offline or 'online'})"

    def open(self, cluster_id: str | None, node_id: int) -> None:
        """Take the directory for this process and read what it says of itself; `cluster_id` None takes any.

        Raises DirectoryLocked and WrongDirectory; a disk that fails only takes the directory offline.
        """
        try:
            self._check_owner(cluster_id, node_id)
            self._lock = self.disk.lock(LOCK_FILE)
            self._read_checkpoints()
            self._take_clean_mark()
        except StorageError as error:
            self.fail(error)

    def _check_owner(self, cluster_id: str | None, node_id: int) -> None:
        data = self.disk.read_file(META_PROPERTIES)
        if data is None:
            raise WrongDirectory(f"{self.path} has no {META_PROPERTIES}: format it first (barnabas format)")
        try:
            found = MetaProperties.from_file(data)
        except CorruptCheckpoint as error:
            raise WrongDirectory(f"{self.path}/{META_PROPERTIES} is damaged: {error}") from None
        if cluster_id is not None and found.cluster_id != cluster_id:
            raise WrongDirectory(f"{self.path} belongs to cluster {found.cluster_id}, not to {cluster_id}")
        if found.node_id != node_id:
            raise WrongDirectory(f"{self.path} belongs to node {found.node_id}, not to node {node_id}")
        self.directory_id = found.directory_id

    def _read_checkpoints(self) -> None:
        self.recovery_points = self._read_offsets(RECOVERY_POINTS)
        self.log_start_offsets = self._read_offsets(LOG_START_OFFSETS)
        self.high_watermarks = self._read_offsets(HIGH_WATERMARKS)
        self.cleaner_offsets = self._read_offsets(CLEANER_OFFSETS)

    def _read_offsets(self, name: str) -> dict[TopicPartition, int]:
        """A damaged file counts as an empty one: more is recovered than need be, nothing is lost."""
        data = self.disk.read_file(name)
        if data is None:
            return {}
        try:
            offsets = parse_offsets(data)
        except CorruptCheckpoint as error:
            self.notes.append(f"{self.path}/{name} is not used: {error}")
            return {}
        self._written[name] = offsets
        return offsets

    def _take_clean_mark(self) -> None:
        data = self.disk.read_file(CLEAN_SHUTDOWN)
        if data is not None:
            self.clean = True
            self.previous_broker_epoch = parse_clean_shutdown(data)
            self.disk.remove(CLEAN_SHUTDOWN)
            self.disk.fsync_directory()

    def fail(self, error: StorageError) -> None:
        """Take the directory offline; the first reason counts."""
        if self.offline is None:
            self.offline = str(error)

    def partition_folders(self) -> list[tuple[str, str, int]]:
        """(folder, topic, partition) of each log in the directory, but not of the metadata's."""
        found = []
        for entry in self.disk.scan():
            if entry.is_directory:
                topic, separator, number = entry.name.rpartition("-")
                if separator and topic and topic != METADATA_TOPIC and number.isdecimal() and number.isascii():
                    found.append((entry.name, topic, int(number)))
        return found

    def deleted_folders(self) -> list[str]:
        """Folders whose removal is not done yet."""
        return [entry.name for entry in self.disk.scan() if entry.is_directory and entry.name.endswith(_DELETE_SUFFIX)]

    def free_name_for_deletion(self, folder: str, topic_id: bytes) -> str:
        """A name that marks a partition's folder as to be removed, and is not taken."""
        number = int.from_bytes(topic_id, "big")
        while True:
            suffix = f".{number:032x}{_DELETE_SUFFIX}"
            name = folder[: 255 - len(suffix)] + suffix
            if not self.disk.exists(name):
                return name
            number = (number + 1) % (1 << 128)

    def write_offsets(self, name: str, offsets: Mapping[TopicPartition, int], *, as_of: int | None = None) -> None:
        """Replace a checkpoint, durably, unless it says the same already. May be called from any thread.

        `as_of`: the `rewinds` when the offsets were gathered; nothing is written if there were more since.
        """
        with self._writing:
            if self._written.get(name) != offsets and as_of in (None, self.rewinds):
                self.disk.write_file(name, format_offsets(offsets))
                self._written[name] = dict(offsets)

    def forget(self, key: TopicPartition, is_here: Callable[[TopicPartition], bool]) -> None:
        """A log is to be made: no checkpoint may say anything of an earlier one of its name.

        Where one does, it loses everything that it says of logs which are not here any more.
        """
        for name in (RECOVERY_POINTS, LOG_START_OFFSETS, HIGH_WATERMARKS, CLEANER_OFFSETS):
            written = self._written.get(name, {})
            if key in written:
                self.write_offsets(name, {other: offset for other, offset in written.items() if is_here(other)})

    def close(self, broker_epoch: int | None) -> None:
        """Let the directory go; with a broker epoch as after a clean shutdown: all else must be durable by then."""
        try:
            if broker_epoch is not None and self.offline is None:
                self.disk.write_file(CLEAN_SHUTDOWN, format_clean_shutdown(broker_epoch))
        except StorageError as error:
            self.fail(error)
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def format_directory(disk: Disk, cluster_id: str, node_id: int, directory_id: bytes) -> None:
    """Make the directory that of a node. Raises WrongDirectory if it is one already, of whomever."""
    if disk.read_file(META_PROPERTIES) is not None:
        raise WrongDirectory(f"{disk.directory} is formatted already: it has a {META_PROPERTIES}")
    disk.make_directory("")
    disk.write_file(META_PROPERTIES, MetaProperties(cluster_id, node_id, directory_id).to_file())

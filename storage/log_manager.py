"""All logs of a broker, over its log directories: finding and loading them at the start, creating, deleting, closing.

A disk that fails takes its directory offline (`mark_offline`), and the logs in it with it; the others go on. What may
wait for a disk comes as an object with a `run()` for a thread: `LogLoad`, `Checkpoint`, `Removal`. All else is called
from one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from barnabas.protocol.types import ZERO_UUID
from barnabas.storage.checkpoint import (
    CLEANER_OFFSETS,
    HIGH_WATERMARKS,
    LOG_START_OFFSETS,
    PARTITION_METADATA,
    RECOVERY_POINTS,
    TopicPartition,
    format_partition_metadata,
)
from barnabas.storage.config import LogConfig
from barnabas.storage.deferred import Removal
from barnabas.storage.disk import Disk, StorageError
from barnabas.storage.log import PartitionLog
from barnabas.storage.log_directory import LogDirectory, WrongDirectory
from barnabas.storage.recovery import open_log

_SYNC_ALL_ABOVE = 32


@dataclass(slots=True)
class LogLoad:
    """One log that is to be opened. `run` may go to any thread; the result goes to `LogManager.add`."""

    directory: LogDirectory
    folder: str
    topic: str
    partition: int
    config: LogConfig
    now_ms: int

    def run(self) -> PartitionLog:
        """Open and, after a crash, recover the log. Raises StorageError."""
        key = (self.topic, self.partition)
        log = open_log(
            self.directory.disk,
            self.folder,
            self.topic,
            self.partition,
            self.config,
            clean=self.directory.clean,
            recovery_point=self.directory.recovery_points.get(key, 0),
            log_start_offset=self.directory.log_start_offsets.get(key, 0),
            cleaned_offset=self.directory.cleaner_offsets.get(key, 0),
            now_ms=self.now_ms,
        )
        log.release()
        return log


Write = tuple[LogDirectory, str, dict[TopicPartition, int], int]
"""Directory, file, offsets, and the directory's `rewinds` when they were gathered."""


@dataclass(slots=True)
class Checkpoint:
    """Offsets to be written down. `run` may go to any thread."""

    writes: list[Write] = field(default_factory=list)

    def run(self) -> list[StorageError]:
        """Write what changed; the errors of the directories that are to go offline."""
        errors: list[StorageError] = []
        for directory, name, offsets, rewinds in self.writes:
            if directory.offline is None:
                try:
                    directory.write_offsets(name, offsets, as_of=rewinds)
                except StorageError as error:
                    errors.append(error)
        return errors


class LogManager:
    """The logs of one broker by topic and partition."""

    def __init__(self, disks: Sequence[Disk]) -> None:
        self.directories = [LogDirectory(disk) for disk in disks]
        self._logs: dict[TopicPartition, PartitionLog] = {}
        self._places: dict[TopicPartition, LogDirectory] = {}
        self._unloaded: dict[TopicPartition, LogDirectory] = {}
        """Logs that are still to be added: what the checkpoints say of them stays."""
        self._cleaned: dict[TopicPartition, int] = {}
        """Up to where logs have been cleaned."""

    def open(self, cluster_id: str | None, node_id: int) -> None:
        """Take the directories for this process. Raises DirectoryLocked, WrongDirectory, StorageError if none works."""
        try:
            self._open(cluster_id, node_id)
        except BaseException:
            for directory in self.directories:
                directory.close(None)
            raise

    def _open(self, cluster_id: str | None, node_id: int) -> None:
        for directory in self.directories:
            directory.open(cluster_id, node_id)
        ids = [directory.directory_id for directory in self.directories if directory.directory_id != ZERO_UUID]
        if len(set(ids)) < len(ids):
            paths = ", ".join(directory.path for directory in self.directories)
            raise WrongDirectory(f"two of {paths} have the same directory id: one is a copy of the other")
        if self.directories and not self.online:
            raise StorageError("log.dirs", "", OSError(0, "; ".join(str(d.offline) for d in self.directories)))

    @property
    def online(self) -> list[LogDirectory]:
        return [directory for directory in self.directories if directory.offline is None]

    @property
    def previous_broker_epoch(self) -> int:
        """The broker epoch at whose end all directories were closed cleanly; -1 if they were not, or do not agree."""
        epochs = {directory.previous_broker_epoch for directory in self.directories}
        return epochs.pop() if len(epochs) == 1 else -1

    # Loading

    def plan_loading(
        self,
        config_of: Callable[[str], LogConfig],
        now_ms: int,
        failed: Callable[[LogDirectory, StorageError], object],
    ) -> list[LogLoad]:
        """What there is to be opened; `config_of` gives a topic's configuration.

        `failed` is told of each directory whose disk fails, and takes it offline.
        """
        loads: list[LogLoad] = []
        for directory in self.online:
            try:
                for folder, topic, partition in directory.partition_folders():
                    loads.append(LogLoad(directory, folder, topic, partition, config_of(topic), now_ms))
                    self._unloaded[topic, partition] = directory
            except StorageError as error:
                failed(directory, error)
        return loads

    def add(self, load: LogLoad, log: PartitionLog) -> None:
        """`load.run()` gave `log`. Raises WrongDirectory if the partition is in two directories."""
        key = (load.topic, load.partition)
        if key in self._logs:
            raise WrongDirectory(
                f"{load.folder} is both in {self._places[key].path} and in {load.directory.path}: remove one of them"
            )
        self._keep(key, log, load.directory)
        self._unloaded.pop(key, None)
        if key in load.directory.cleaner_offsets:
            self._cleaned[key] = load.directory.cleaner_offsets[key]
        if log.recovery_point < load.directory.recovery_points.get(key, 0):
            self._checkpoint_directory(load.directory)

    def discard(self, load: LogLoad, log: PartitionLog) -> None:
        """`load.run()` gave `log`, which is no replica's any more: it is marked as one that is to be removed.

        Raises StorageError.
        """
        if self._unloaded.get((load.topic, load.partition)) is load.directory:
            del self._unloaded[load.topic, load.partition]
        log.abandon()
        _mark_for_removal(load.directory, load.folder, log.topic_id)

    def load_all(self, config_of: Callable[[str], LogConfig], now_ms: int) -> None:
        """Open all logs here and now; a directory whose disk fails goes offline."""
        for load in self.plan_loading(config_of, now_ms, self.mark_offline):
            if load.directory.offline is None:
                try:
                    self.add(load, load.run())
                except StorageError as error:
                    self.mark_offline(load.directory, error)

    def unfinished_removals(self) -> list[Removal]:
        """Folders that a deletion left behind when the process ended."""
        return [Removal(directory.disk, folders=directory.deleted_folders()) for directory in self.online]

    def _keep(self, key: TopicPartition, log: PartitionLog, directory: LogDirectory) -> None:
        self._logs[key] = log
        self._places[key] = directory
        directory.logs += 1
        log.on_rewind = lambda: self._rewound(key, log, directory)

    # Single logs

    def __len__(self) -> int:
        return len(self._logs)

    def __iter__(self) -> Iterator[PartitionLog]:
        return iter(self._logs.values())

    def get(self, topic: str, partition: int) -> PartitionLog | None:
        return self._logs.get((topic, partition))

    def directory_of(self, log: PartitionLog) -> LogDirectory:
        return self._places[log.topic, log.partition]

    def create(
        self,
        topic: str,
        partition: int,
        topic_id: bytes,
        config: LogConfig,
        now_ms: int,
        *,
        directory_id: bytes = ZERO_UUID,
        is_new: bool = True,
    ) -> PartitionLog:
        """Make an empty log, in the directory asked for if it works, else in the one with the fewest logs.

        `is_new` is False where there may have been a log before: while a directory is offline, it may be in that one.
        Raises StorageError; the directory that it names is then to go offline.
        """
        directory = self._choose(directory_id)
        offline = next((each for each in self.directories if each.offline is not None), None)
        if not is_new and offline is not None and directory.directory_id != directory_id:
            raise StorageError("log.dirs", "", OSError(0, f"the log may be in {offline.path}, which is offline"))
        directory.forget((topic, partition), lambda key: self._is_in(directory, key))
        folder = f"{topic}-{partition}"
        directory.disk.make_directory(folder)
        # Not synced: the first flush does that, and a folder without records is made again at no loss.
        directory.disk.write_file(f"{folder}/{PARTITION_METADATA}", format_partition_metadata(topic_id), sync=False)
        log = open_log(directory.disk, folder, topic, partition, config, clean=False, now_ms=now_ms)
        log.topic_id = topic_id
        log.sync_with_next_flush(f"{folder}/{PARTITION_METADATA}")
        self._keep((topic, partition), log, directory)
        return log

    def _choose(self, directory_id: bytes) -> LogDirectory:
        online = self.online
        if not online:
            raise StorageError("log.dirs", "", OSError(0, "no log directory is online"))
        for directory in online:
            if directory_id != ZERO_UUID and directory.directory_id == directory_id:
                return directory
        return min(online, key=lambda directory: directory.logs)

    def delete(self, log: PartitionLog) -> Removal:
        """Take a log away: its folder is renamed at once, and removed by what is returned. Raises StorageError."""
        key = (log.topic, log.partition)
        directory = self._places.pop(key)
        directory.rewinds += 1
        directory.logs -= 1
        self._cleaned.pop(key, None)
        del self._logs[key]
        log.abandon()
        return Removal(directory.disk, folders=[_mark_for_removal(directory, log.directory, log.topic_id)])

    def cleaned_offset(self, log: PartitionLog) -> int | None:
        """Up to where the log was cleaned; None if it never was."""
        return self._cleaned.get((log.topic, log.partition))

    def set_cleaned_offset(self, log: PartitionLog, offset: int) -> None:
        """The log was cleaned up to `offset`, durably."""
        self._cleaned[log.topic, log.partition] = offset

    # All logs

    def mark_offline(self, directory: LogDirectory, error: StorageError) -> list[PartitionLog]:
        """Stop using a directory; the logs that went with it."""
        directory.fail(error)
        directory.logs = 0
        self._unloaded = {key: place for key, place in self._unloaded.items() if place is not directory}
        lost = [self._logs.pop(key) for key, place in self._places.items() if place is directory]
        for log in lost:
            self._cleaned.pop((log.topic, log.partition), None)
            del self._places[log.topic, log.partition]
            log.abandon()
        return lost

    def directory_of_error(self, error: StorageError) -> LogDirectory | None:
        """Which directory failed."""
        for directory in self.directories:
            if directory.path == error.directory:
                return directory
        return None

    def prepare_checkpoint(self, high_watermarks: Mapping[TopicPartition, int]) -> Checkpoint:
        """Write down every log's recovery point and start offset, and the high watermarks given."""
        checkpoint = Checkpoint()
        for directory in self.online:
            marks = self._still_unloaded(directory, directory.high_watermarks)
            marks |= {key: high_watermarks[key] for key in self._logs_in(directory) if key in high_watermarks}
            checkpoint.writes += (
                (directory, RECOVERY_POINTS, self._recovery_points(directory), directory.rewinds),
                (directory, LOG_START_OFFSETS, self._log_start_offsets(directory), directory.rewinds),
                (directory, HIGH_WATERMARKS, marks, directory.rewinds),
            )
        return checkpoint

    def prepare_cleaner_checkpoint(self, log: PartitionLog) -> Checkpoint:
        """Write down up to where the logs have been cleaned that are in the directory of `log`. One at a time."""
        return Checkpoint(self._write_cleaner_offsets(self.directory_of(log)))

    def _write_cleaner_offsets(self, directory: LogDirectory) -> list[Write]:
        """Nothing where there is no compacted log."""
        offsets = self._still_unloaded(directory, directory.cleaner_offsets)
        offsets |= {key: offset for key, offset in self._cleaned.items() if self._places[key] is directory}
        return [(directory, CLEANER_OFFSETS, offsets, directory.rewinds)] if offsets else []

    def _logs_in(self, directory: LogDirectory) -> dict[TopicPartition, PartitionLog]:
        return {key: self._logs[key] for key, place in self._places.items() if place is directory}

    def _is_in(self, directory: LogDirectory, key: TopicPartition) -> bool:
        """Whether the directory holds this log, opened or not."""
        return directory in (self._places.get(key), self._unloaded.get(key))

    def _rewound(self, key: TopicPartition, log: PartitionLog, directory: LogDirectory) -> None:
        if key in self._cleaned:
            self._cleaned[key] = min(self._cleaned[key], log.active.base_offset)
        self._checkpoint_directory(directory)

    def _checkpoint_directory(self, directory: LogDirectory) -> None:
        """A log went back behind what the checkpoints say of it, and must not be taken for durable up to there."""
        directory.rewinds += 1
        directory.write_offsets(RECOVERY_POINTS, self._recovery_points(directory))
        directory.write_offsets(LOG_START_OFFSETS, self._log_start_offsets(directory))
        for _, name, offsets, _ in self._write_cleaner_offsets(directory):
            directory.write_offsets(name, offsets)

    def _recovery_points(self, directory: LogDirectory) -> dict[TopicPartition, int]:
        points = self._still_unloaded(directory, directory.recovery_points)
        return points | {key: log.recovery_point for key, log in self._logs_in(directory).items()}

    def _log_start_offsets(self, directory: LogDirectory) -> dict[TopicPartition, int]:
        """Those that the first segment's name does not tell."""
        starts = self._still_unloaded(directory, directory.log_start_offsets)
        return starts | {
            key: log.log_start_offset
            for key, log in self._logs_in(directory).items()
            if log.log_start_offset > log.segments[0].base_offset
        }

    def _still_unloaded(
        self, directory: LogDirectory, offsets: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, int]:
        return {key: offset for key, offset in offsets.items() if self._unloaded.get(key) is directory}

    def release_idle(self) -> int:
        """Close the files that were not used since the last call; of how many segments."""
        return sum(log.release_idle() for log in self._logs.values())

    def expire_producers(self, now_ms: int, expiration_ms: int) -> int:
        """Forget idle producers (`producer.id.expiration.ms`); how many."""
        return sum(log.producers.expire(now_ms, expiration_ms) for log in self._logs.values() if log.producers)

    def close(self, broker_epoch: int, high_watermarks: Mapping[TopicPartition, int], now_ms: int) -> None:
        """Make everything durable, mark the shutdown as clean, let the directories go. For a thread."""
        for directory in self.directories:
            if directory.offline is None:
                try:
                    self._close_logs(directory, now_ms)
                except StorageError as error:
                    self.mark_offline(directory, error)
        for failure in self.prepare_checkpoint(high_watermarks).run():
            failed = self.directory_of_error(failure)
            if failed is not None:
                self.mark_offline(failed, failure)
        for directory in self.directories:
            directory.close(broker_epoch)
        self._logs.clear()
        self._places.clear()
        self._cleaned.clear()

    def _close_logs(self, directory: LogDirectory, now_ms: int) -> None:
        flushes = [(log, log.prepare_close()) for log in self._logs_in(directory).values()]
        wanted = [flush for _, flush in flushes if flush is not None]
        at_once = len(wanted) > _SYNC_ALL_ABOVE
        for flush in wanted:
            if at_once:
                flush.write_only()
            else:
                flush.run()
        if at_once:
            directory.disk.sync()
        for log, last in flushes:
            if last is not None:
                log.complete_flush(last, now_ms)
            log.release()


def _mark_for_removal(directory: LogDirectory, folder: str, topic_id: bytes) -> str:
    """The folder's new name, which says that it is to go."""
    name = directory.free_name_for_deletion(folder, topic_id)
    directory.disk.rename(folder, name)
    directory.disk.fsync_directory()
    return name

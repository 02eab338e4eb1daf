"""A broker's log directories: whose they are, who holds them, and in what state they are left."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from barnabas.server.failure import NodeFailure
from barnabas.server.format import log_directories
from barnabas.server.logging import get_logger
from barnabas.server.settings import Settings
from barnabas.storage.checkpoint import META_PROPERTIES, CorruptCheckpoint, MetaProperties, TopicPartition
from barnabas.storage.disk import DirectoryLocked, Disk, StorageError
from barnabas.storage.log_directory import LogDirectory, WrongDirectory
from barnabas.storage.log_manager import LogManager

log = get_logger(__name__)


class LogDirectories:
    """The directories of `log.dirs`, and the one of the metadata log, which is the first of them unless it is apart."""

    def __init__(self, settings: Settings, open_disk: Callable[[str], Disk]) -> None:
        self._node_id = settings.int("node.id")
        paths = log_directories(settings)
        disks = {path: open_disk(path) for path in paths}
        self.metadata_disk = disks[paths[0]]
        own = settings.list("log.dirs") or settings.list("log.dir")
        self.logs = LogManager([disks[path] for path in dict.fromkeys(own)])
        apart = paths[0] not in own
        self._apart = LogDirectory(self.metadata_disk) if apart else None
        self.cluster_id = ""
        self._loaded = False

    @property
    def metadata_directory_id(self) -> bytes:
        """The id of the directory that holds the metadata log."""
        if self._apart is not None:
            return self._apart.directory_id
        return next(each.directory_id for each in self.logs.directories if each.disk is self.metadata_disk)

    def open(self) -> None:
        """Take all directories for this process. Blocks on the disk. NodeFailure when one is not this node's."""
        try:
            self.cluster_id = self._read_cluster_id()
            self.logs.open(self.cluster_id, self._node_id)
            if self._apart is not None:
                self._apart.open(self.cluster_id, self._node_id)
        except (DirectoryLocked, WrongDirectory, StorageError) as error:
            self.release()
            raise NodeFailure(str(error)) from None
        metadata = self._apart or next(each for each in self.logs.directories if each.disk is self.metadata_disk)
        if metadata.offline is not None:
            self.release()
            raise NodeFailure(f"the directory of the metadata log cannot be used: {metadata.offline}")
        for directory in self.logs.directories:
            for note in directory.notes:
                log.warning("log directory damaged", what=note)
            if directory.offline is not None:
                log.error("log directory failed", directory=directory.path, reason=directory.offline)

    def _read_cluster_id(self) -> str:
        data = self.metadata_disk.read_file(META_PROPERTIES)
        if data is None:
            raise WrongDirectory(f"{self.metadata_disk.directory} is not formatted: run barnabas format first")
        try:
            return MetaProperties.from_file(data).cluster_id
        except CorruptCheckpoint as error:
            raise WrongDirectory(f"{self.metadata_disk.directory}/{META_PROPERTIES} is damaged: {error}") from None

    def begin_loading(self) -> None:
        """From now on the directories change: only `close` leaves them clean."""
        self._loaded = True

    def close(self, broker_epoch: int, high_watermarks: Mapping[TopicPartition, int], now_ms: int) -> None:
        """Make everything durable and mark it as such. Blocks on the disk."""
        self.logs.close(broker_epoch, high_watermarks, now_ms)

    def release(self) -> None:
        """Let go of what is still held, as it is: clean where it was and nothing was opened."""
        for directory in self.logs.directories:
            was_clean = directory.clean and not self._loaded
            directory.close(directory.previous_broker_epoch if was_clean else None)
        if self._apart is not None:
            self._apart.close(None)

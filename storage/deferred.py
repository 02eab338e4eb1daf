"""What may wait for the disk, cut out of the log so that only it leaves the event loop: each has a `run()` for a
thread.

    flush = log.prepare_flush()    on the loop: what is to be synced, and up to which offset; None if nothing is
    flush.run()                    in a thread, if the loop is not to wait
    log.complete_flush(flush)      on the loop: the recovery point moves

One flush of a log at a time. If `run` fails, nothing is known about the files any more: the directory is to go offline.
A log that is given up meanwhile may lose its folder, and another log may get the name: `abandon` keeps the flush away.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from threading import Lock

from barnabas.storage.disk import Disk, File, StorageError


class Flush:
    """What one flush of a log has to sync."""

    __slots__ = (
        "_abandoned",
        "_by_name",
        "_directory",
        "_disk",
        "epochs",
        "files",
        "generation",
        "new_files",
        "new_folder",
        "offset",
        "paths",
    )

    def __init__(self, disk: Disk, directory: str, offset: int, generation: int) -> None:
        self._disk = disk
        self._directory = directory
        self.offset = offset
        """The log is durable up to here, exclusive, once `run` is done."""
        self.generation = generation
        """How often the log was truncated before: a truncation meanwhile makes the flush count for nothing."""
        self.files: list[File] = []
        """Synced in this order."""
        self.paths: list[str] = []
        """Files that were written and closed, and are not durable yet; some may be gone again."""
        self.epochs: tuple[str, bytes] | None = None
        """Path and content of the epoch checkpoint, if it is behind."""
        self.new_files = False
        """Whether files were made since the last flush, so that their names are to be synced as well."""
        self.new_folder = False
        """Whether the log itself is new, and its folder's name not durable."""
        self._by_name = Lock()
        """Held while something is done in the folder of that name, for which the log must not be abandoned."""
        self._abandoned = False

    def run(self) -> None:
        """Sync. Raises StorageError."""
        for path in self.paths:
            self._sync(path)
        for file in self.files:
            file.fdatasync()
        with self._by_name:
            if not self._abandoned:
                self._sync_folder()

    def _sync(self, path: str) -> None:
        try:
            self._disk.open(path).fdatasync()
        except StorageError as error:
            if error.errno != errno.ENOENT:
                raise

    def _sync_folder(self) -> None:
        if self.epochs is not None:
            self._disk.write_file(*self.epochs)
        if self.new_files:
            self._disk.fsync_directory(self._directory)
        if self.new_folder:
            self._disk.fsync_directory()

    def abandon(self) -> None:
        """The log is given up: leave its folder alone from now on. Waits for what is being done there now."""
        with self._by_name:
            self._abandoned = True

    def write_only(self) -> None:
        """Instead of `run`, where the caller syncs the whole disk afterwards."""
        if self.epochs is not None:
            self._disk.write_file(*self.epochs, sync=False)


class Removal:
    """Files and folders under names that say they are to go. A start removes them too, if nobody got to it."""

    __slots__ = ("_disk", "files", "folders")

    def __init__(self, disk: Disk, *, files: Iterable[str] = (), folders: Iterable[str] = ()) -> None:
        self._disk = disk
        self.files = list(files)
        self.folders = list(folders)

    def __bool__(self) -> bool:
        return bool(self.files or self.folders)

    def run(self) -> None:
        """Remove them. Raises StorageError."""
        for path in self.files:
            self._disk.remove(path)
        for path in self.folders:
            self._disk.remove_tree(path)

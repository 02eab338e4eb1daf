"""Making a log durable in three steps, so that only the slow one leaves the event loop.

    flush = log.prepare_flush()    on the loop: what is to be synced, and up to which offset; None if nothing is
    flush.run()                    in a thread, if the loop is not to wait
    log.complete_flush(flush)      on the loop: the recovery point moves

One flush of a log at a time. If `run` fails nothing is known about the files any more: the log directory is to go
offline.
"""

from __future__ import annotations

from barnabas.storage.disk import Disk, File


class Flush:
    """What one flush has to sync."""

    __slots__ = ("_directory", "_disk", "epochs", "files", "generation", "new_files", "offset", "paths")

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
        """Files that were written and closed, and are not durable yet."""
        self.epochs: tuple[str, bytes] | None = None
        """Path and content of the epoch checkpoint, if it is behind."""
        self.new_files = False
        """Whether files were made since the last flush, so that the folder is to be synced as well."""

    def run(self) -> None:
        """Sync. Raises StorageError."""
        for path in self.paths:
            if self._disk.exists(path):
                self._disk.open(path).fdatasync()
        for file in self.files:
            file.fdatasync()
        if self.epochs is not None:
            self._disk.write_file(*self.epochs)
        if self.new_files:
            self._disk.fsync_directory(self._directory)

    def run_all_at_once(self) -> None:
        """Like `run`, where the caller syncs the whole disk afterwards."""
        if self.epochs is not None:
            self._disk.write_file(*self.epochs, sync=False)

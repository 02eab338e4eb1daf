"""A disk in memory that can crash and fail, and small things to fill logs with."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from barnabas.protocol.record_batch import RecordBatch, parse_batch
from barnabas.protocol.record_builder import BatchBuilder
from barnabas.storage.config import LogConfig
from barnabas.storage.disk import Buffer, DirectoryLocked, Entry, StorageError
from barnabas.storage.log import PartitionLog
from barnabas.storage.recovery import open_log

SECTOR = 16


class Inode:
    """A file's bytes: as they are, and as they are on the platter."""

    def __init__(self, data: bytes = b"") -> None:
        self.data = bytearray(data)
        self.durable = bytes(data)


class MemoryFile:
    def __init__(self, disk: MemoryDisk, path: str, inode: Inode) -> None:
        self.disk = disk
        self.path = path
        self.inode = inode
        self.fd = -1

    def pwritev(self, buffers: Sequence[Buffer], position: int) -> None:
        data = b"".join(buffers)
        allowed = self.disk.spend(self.path, len(data))
        content = self.inode.data
        if len(content) < position:
            content += bytes(position - len(content))
        content[position : position + allowed] = data[:allowed]
        if allowed < len(data):
            self.disk.fail(self.path)

    def read(self, position: int, size: int) -> memoryview:
        return memoryview(bytes(self.inode.data[position : position + size]))

    def try_read(self, position: int, size: int) -> memoryview | None:
        return self.read(position, size)

    def size(self) -> int:
        return len(self.inode.data)

    def truncate(self, size: int) -> None:
        self.disk.check(self.path)
        content = self.inode.data
        del content[size:]
        content += bytes(size - len(content))

    def fdatasync(self) -> None:
        self.disk.check(self.path)
        self.inode.durable = bytes(self.inode.data)

    def close(self) -> None:
        pass


class MemoryDisk:
    """Folders of files. `crash` gives the disk as the next boot finds it; `fail_at` makes the nth change fail."""

    def __init__(self, directory: str = "/memory") -> None:
        self.directory = directory
        self.names: dict[str, Inode] = {}
        self.folders = {""}
        self.journal: list[tuple[str, Callable[[MemoryDisk], None]]] = []
        """Changes of names that are not durable yet: the folder, and how to do the change again."""
        self.durable_names: dict[str, Inode] = {}
        self.durable_folders = {""}
        self.locked = False
        self.changes = 0
        """How many changes there were."""
        self.fail_at: int | None = None
        self.error = errno.EIO
        self.sticky = True
        """Whether all changes after the first failure fail too."""

    # Faults

    def check(self, path: str) -> None:
        if self.spend(path, 1) < 1:
            self.fail(path)

    def spend(self, path: str, size: int) -> int:
        """How much of a write goes through."""
        self.changes += 1
        if self.fail_at is None or self.changes < self.fail_at or (self.changes > self.fail_at and not self.sticky):
            return size
        return size // 2

    def fail(self, path: str) -> None:
        raise StorageError(self.directory, path, OSError(self.error, os.strerror(self.error)))

    def crash(self, random: Random | None = None) -> MemoryDisk:
        """The machine lost power. Without `random`, all is lost that was not synced; with it, any part of it."""
        after = MemoryDisk(self.directory)
        after.names, after.folders = dict(self.durable_names), set(self.durable_folders)
        kept: dict[str, bool] = {}
        for folder, change in self.journal:
            if random is not None and kept.get(folder, True) and folder in after.folders:
                kept[folder] = random.random() < 0.9
                if kept[folder]:
                    change(after)
        after.names = {
            path: Inode(_after_crash(inode, random))
            for path, inode in after.names.items()
            if os.path.dirname(path) in after.folders
        }
        after.durable_names, after.durable_folders = dict(after.names), set(after.folders)
        return after

    def reboot(self) -> MemoryDisk:
        """The process died, the machine did not."""
        self.locked = False
        return self

    def _change(self, folder: str, change: Callable[[MemoryDisk], None]) -> None:
        change(self)
        self.journal.append((folder, change))

    # Disk

    def open(self, path: str, *, create: bool = False) -> MemoryFile:
        if path not in self.names:
            if not create or os.path.dirname(path) not in self.folders:
                raise StorageError(self.directory, path, FileNotFoundError(errno.ENOENT, "No such file"))
            self.check(path)
            inode = Inode()
            self._change(os.path.dirname(path), lambda disk: disk.names.__setitem__(path, inode))
        return MemoryFile(self, path, self.names[path])

    def scan(self, path: str = "") -> list[Entry]:
        prefix = f"{path}/" if path else ""
        files = [
            Entry(name[len(prefix) :], False, len(inode.data))
            for name, inode in self.names.items()
            if os.path.dirname(name) == path
        ]
        folders = [
            Entry(name[len(prefix) :], True, 0) for name in self.folders if name and os.path.dirname(name) == path
        ]
        return sorted(files + folders)

    def exists(self, path: str) -> bool:
        return path in self.names or path in self.folders

    def make_directory(self, path: str) -> None:
        if path not in self.folders:
            self.check(path)
            self._change(os.path.dirname(path), lambda disk: disk.folders.add(path))

    def rename(self, path: str, new_path: str) -> None:
        self.check(path)
        if path in self.folders:
            self._change("", lambda disk: disk.rename_folder(path, new_path))
        else:
            inode = self.names[path]

            def change(disk: MemoryDisk) -> None:
                disk.names.pop(path, None)
                disk.names[new_path] = inode

            self._change(os.path.dirname(path), change)

    def rename_folder(self, path: str, new_path: str) -> None:
        self.folders = {new_path if folder == path else folder for folder in self.folders}
        self.names = {
            (new_path + name[len(path) :] if name.startswith(f"{path}/") else name): inode
            for name, inode in self.names.items()
        }

    def remove(self, path: str) -> None:
        if path in self.names:
            self.check(path)
            self._change(os.path.dirname(path), lambda disk: disk.names.pop(path, None))

    def remove_tree(self, path: str) -> None:
        for name in [name for name in self.names if name.startswith(f"{path}/")]:
            self.remove(name)
        self._change(os.path.dirname(path), lambda disk: disk.folders.discard(path))

    def fsync_directory(self, path: str = "") -> None:
        self.check(path)
        durable = MemoryDisk()
        durable.names, durable.folders = self.durable_names, self.durable_folders
        for folder, change in self.journal:
            if folder == path:
                change(durable)
        self.durable_names, self.durable_folders = durable.names, durable.folders
        self.journal = [(folder, change) for folder, change in self.journal if folder != path]

    def read_file(self, path: str) -> bytes | None:
        return bytes(self.names[path].data) if path in self.names else None

    def write_file(self, path: str, data: Buffer, *, sync: bool = True) -> None:
        self.check(path)
        file = self.open(f"{path}.tmp", create=True)
        file.truncate(0)
        file.pwritev((data,), 0)
        if sync:
            file.fdatasync()
        self.rename(f"{path}.tmp", path)
        if sync:
            self.fsync_directory(os.path.dirname(path))

    def sync(self) -> None:
        self.check("")
        for inode in self.names.values():
            inode.durable = bytes(inode.data)
        self.durable_names, self.durable_folders, self.journal = dict(self.names), set(self.folders), []

    def lock(self, name: str) -> Any:
        if self.locked:
            raise DirectoryLocked(f"{self.directory} is used by another process")
        self.locked = True
        return SimpleNamespace(close=self.reboot)


def _after_crash(inode: Inode, random: Random | None) -> bytes:
    if random is None:
        return inode.durable
    kind = random.randrange(4)
    if kind == 0:
        return inode.durable
    if kind == 1:
        return bytes(inode.data)
    if kind == 2:
        return bytes(inode.data[: random.randint(min(len(inode.durable), len(inode.data)), len(inode.data))])
    size = random.choice((len(inode.data), len(inode.durable)))
    data = bytearray(inode.durable[:size].ljust(size, b"\0"))
    for start in range(0, size, SECTOR):
        if random.random() < 0.8:
            piece = inode.data[start : min(start + SECTOR, size)]
            data[start : start + len(piece)] = piece
    return bytes(data)


@dataclass
class Making:
    """Makes batches and logs."""

    disk: MemoryDisk

    def batch(
        self,
        *values: bytes,
        timestamps: Iterable[int] | None = None,
        offset: int = 0,
        epoch: int = -1,
        producer: int = -1,
        producer_epoch: int = 0,
        sequence: int = 0,
        transactional: bool = False,
    ) -> RecordBatch:
        """A batch of one record for each value."""
        builder = BatchBuilder(
            base_offset=offset,
            leader_epoch=epoch,
            producer_id=producer,
            producer_epoch=producer_epoch if producer >= 0 else -1,
            base_sequence=sequence if producer >= 0 else -1,
            transactional=transactional,
        )
        times = list(timestamps) if timestamps is not None else [1000] * len(values)
        for value, timestamp in zip(values, times, strict=True):
            builder.append(timestamp, None, value)
        return parse_batch(builder.build())

    def log(self, *, clean: bool = False, folder: str = "t-0", now_ms: int = 0, **settings: Any) -> PartitionLog:
        """Open `t-0`; settings beyond open_log's are topic configs."""
        checkpoints = ("recovery_point", "log_start_offset", "cleaned_offset")
        opening = {name: settings.pop(name) for name in checkpoints if name in settings}
        settings.setdefault("index_interval_bytes", 100)
        return open_log(self.disk, folder, "t", 0, LogConfig(**settings), clean=clean, now_ms=now_ms, **opening)

    def fill(self, log: PartitionLog, count: int, *, size: int = 10, epoch: int = 0) -> None:
        """Append single records, whose timestamps are their offsets."""
        for _ in range(count):
            offset = log.log_end_offset
            log.append_as_leader(self.batch(b"v" * size, timestamps=[offset]), epoch, offset)


def contents(log: PartitionLog) -> list[tuple[int, bytes]]:
    """(offset, value) of all records."""
    return [
        (record.offset, bytes(record.value or b""))
        for batch in log.read_batches(log.log_start_offset)
        for record in batch.records()
    ]


@pytest.fixture
def memory_disk() -> MemoryDisk:
    return MemoryDisk()


@pytest.fixture
def make(memory_disk: MemoryDisk) -> Making:
    return Making(memory_disk)


@pytest.fixture(name="contents")
def contents_fixture() -> Callable[[PartitionLog], list[tuple[int, bytes]]]:
    return contents


@pytest.fixture
def new_disk() -> Callable[[], MemoryDisk]:
    """For tests that need a fresh disk for each example."""
    return MemoryDisk


@pytest.fixture
def making() -> Callable[[MemoryDisk], Making]:
    return Making

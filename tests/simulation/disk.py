"""A machine's disk in memory, which outlives the processes that use it.

`Platter` is the disk; `SimulatedDisk` is what one process has of it, and implements `storage.disk.Disk`. What a process
wrote is there for the next one; when the host crashes, of every file and folder the latest changes that were not synced
may be gone, as many as chance says, and the last write that is left may be torn. Some disks write back in any order:
then any of the changes to a file may be gone, and what lay behind them is left, after zeros where nothing was before.

A disk fails with EIO, for whatever is asked of it, or with ENOSPC, for what needs room: a write that does not fit
may be there in part. And it may rot: `rot` turns bits of a file over, and nobody is told.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Final
from weakref import WeakSet

from barnabas.storage.disk import Buffer, DirectoryLocked, Entry, StorageError

SECTOR: Final = 512
"""Bytes: what is written at once, whole or not at all, where writes are lost out of order."""


class Loss(Enum):
    """What a host that crashes loses of the changes to a file that were not synced."""

    LATEST = "the latest"
    ANY = "any"


class Inode:
    """A file's bytes, and how to take back each change since the last sync: where, what was there, the size before."""

    __slots__ = ("data", "undo")

    def __init__(self) -> None:
        self.data = bytearray()
        self.undo: list[tuple[int, bytes, int]] = []

    def write(self, position: int, new: bytes) -> None:
        data = self.data
        self.undo.append((position, bytes(data[position : position + len(new)]), len(data)))
        if len(data) < position:
            data += bytes(position - len(data))
        data[position : position + len(new)] = new

    def truncate(self, size: int) -> None:
        data = self.data
        self.undo.append((min(size, len(data)), bytes(data[size:]), len(data)))
        del data[size:]
        data += bytes(size - len(data))

    def lose(self, random: Random, loss: Loss = Loss.LATEST) -> None:
        """The host crashed: some of what was not synced is not there."""
        if loss is Loss.ANY:
            self._lose_any(random)
        else:
            self._lose_latest(random)
        self.undo.clear()

    def _lose_latest(self, random: Random) -> None:
        """Take back the latest changes; of the first one that is lost, a piece may remain."""
        keep = random.randint(0, len(self.undo))
        torn = b""
        while len(self.undo) > keep:
            position, old, size = self.undo.pop()
            torn = bytes(self.data[position:]) if position == size else b""
            del self.data[size:]
            self.data[position : position + len(old)] = old
            self.data += bytes(size - len(self.data))
        if torn and random.random() < 0.5:
            self.data += torn[: random.randrange(len(torn))]

    def _lose_any(self, random: Random) -> None:
        """Each sector is as it was at the last sync, or as it is now."""
        now = bytes(self.data)
        for position, old, size in reversed(self.undo):
            del self.data[size:]
            self.data[position : position + len(old)] = old
            self.data += bytes(size - len(self.data))
        for start in range(0, len(now), SECTOR):
            sector = now[start : start + SECTOR]
            if sector != self.data[start : start + SECTOR] and random.random() < 0.5:
                self.data += bytes(max(start - len(self.data), 0))
                self.data[start : start + SECTOR] = sector
        if len(now) < len(self.data) and random.random() < 0.5:
            del self.data[len(now) :]


@dataclass(eq=False, slots=True)
class Folder:
    """Names, and what stands for each."""

    names: dict[str, Inode | Folder] = field(default_factory=dict)


@dataclass(slots=True)
class Change:
    """What a name in a folder was before; several are one change."""

    folder: Folder
    before: list[tuple[Folder, str, Inode | Folder | None]]


class Platter:
    """See the module. `failing`: the errno that is met while it is set. `random` says how much fits on a full disk."""

    def __init__(self, random: Random) -> None:
        self.root = Folder()
        self.journal: list[Change] = []
        self.failing: int | None = None
        self.holder: SimulatedDisk | None = None
        """The process that has locked the directory, or had it when it died."""
        self.random = random
        self.rotten: set[Inode] = set()
        """Files that are not as they were written."""

    def crash(self, random: Random, loss: Loss = Loss.LATEST) -> None:
        """The host lost its power: no process may use the disk when this is called."""
        lost: set[int] = set()
        for change in reversed(self.journal):
            if id(change.folder) not in lost and random.random() < 0.5:
                # Of a folder the latest changes go, up to one that stays.
                for folder, name, before in change.before:
                    _put(folder, name, before)
            else:
                lost.add(id(change.folder))
        self.journal.clear()
        for _, inode in self.files():
            inode.lose(random, loss)

    @contextmanager
    def sound(self) -> Iterator[None]:
        """Whoever looks from outside meets no failure meanwhile."""
        failing, self.failing = self.failing, None
        try:
            yield
        finally:
            self.failing = failing

    def files(self) -> list[tuple[str, Inode]]:
        """All files by their paths, sorted."""
        return _files_in(self.root, "")

    def has_name(self, ending: str) -> bool:
        """Whether the name of a file in one of the root's folders ends so."""
        folders = (entry for entry in self.root.names.values() if isinstance(entry, Folder))
        return any(name.endswith(ending) for folder in folders for name in folder.names)

    def rot(self, inode: Inode, position: int, random: Random) -> None:
        """A bit of the file is another from now on; that it was synced changes nothing."""
        inode.data[position] ^= 1 << random.randrange(8)
        self.rotten.add(inode)


def _files_in(folder: Folder, path: str) -> list[tuple[str, Inode]]:
    found: list[tuple[str, Inode]] = []
    for name in sorted(folder.names):
        entry = folder.names[name]
        if isinstance(entry, Folder):
            found += _files_in(entry, f"{path}{name}/")
        else:
            found.append((path + name, entry))
    return found


def _put(folder: Folder, name: str, entry: Inode | Folder | None) -> None:
    if entry is None:
        folder.names.pop(name, None)
    else:
        folder.names[name] = entry


class SimulatedFile:
    """A file, open as long as somebody refers to it. Without a descriptor, so it is read and never sent by one."""

    fd = -1

    def __init__(self, disk: SimulatedDisk, path: str, inode: Inode) -> None:
        self.disk = disk
        self.path = path
        self.inode = inode

    def pwritev(self, buffers: Sequence[Buffer], position: int) -> None:
        data = b"".join(buffers)
        room = self.disk.room(self.path, len(data) if position + len(data) > self.size() else 0)
        if room is None:
            self.inode.write(position, data)
        elif room >= 0:
            self.inode.write(position, data[:room])
            raise self.disk.error(self.path, errno.ENOSPC)

    def read(self, position: int, size: int) -> memoryview:
        self.disk.check_readable(self.path)
        return memoryview(bytes(self.inode.data[position : position + size]))

    def try_read(self, position: int, size: int) -> memoryview | None:
        data = self.read(position, size)
        return data if len(data) == size else None

    def size(self) -> int:
        return len(self.inode.data)

    def truncate(self, size: int) -> None:
        if self.disk.may_change(self.path):
            self.inode.truncate(size)

    def fdatasync(self) -> None:
        if self.disk.may_change(self.path):
            self.inode.undo.clear()

    def close(self) -> None:
        self.disk.closed(self)


class SimulatedDisk:
    """A process's view of the platter, whose root is the log directory. `die` when the process does."""

    def __init__(self, platter: Platter, directory: str) -> None:
        self.platter = platter
        self.directory = directory
        self.is_dead = False
        self.on_change: Callable[[], None] | None = None
        """Called before each change, which is not made if the process dies of it."""
        self._open_files: WeakSet[SimulatedFile] = WeakSet()

    @property
    def open_files(self) -> list[SimulatedFile]:
        """What this process has opened and not closed, by the paths under which it did."""
        return sorted(self._open_files, key=lambda file: file.path)

    def closed(self, file: SimulatedFile) -> None:
        """The process has closed this."""
        self._open_files.discard(file)

    @property
    def locked(self) -> bool:
        """Whether this process has locked the directory, and not let go of it."""
        return self.platter.holder is self

    def die(self) -> None:
        """Nothing that is still done through this view changes anything."""
        self.is_dead = True

    def may_change(self, path: str, *, grows: bool = False) -> bool:
        """False in a process that has died. StorageError while the disk fails, or is full and the change needs room."""
        if self.on_change is not None and not self.is_dead:
            self.on_change()
        if self.is_dead:
            return False
        failing = self.platter.failing
        if failing is not None and (grows or failing != errno.ENOSPC):
            raise self.error(path, failing)
        return True

    def room(self, path: str, wanted: int) -> int | None:
        """How many of the bytes fit on a disk that is full; None if all do, -1 in a process that has died."""
        if not self.may_change(path):
            return -1
        return self.platter.random.randint(0, wanted - 1) if wanted and self.platter.failing is not None else None

    def check_readable(self, path: str) -> None:
        """StorageError while the disk fails."""
        if self.platter.failing == errno.EIO and not self.is_dead:
            raise self.error(path, errno.EIO)

    def error(self, path: str, number: int) -> StorageError:
        return StorageError(self.directory, path, OSError(number, os.strerror(number)))

    def _find(self, path: str) -> Inode | Folder | None:
        entry: Inode | Folder | None = self.platter.root
        for name in path.split("/") if path else ():
            entry = entry.names.get(name) if isinstance(entry, Folder) else None
        return entry

    def _folder_of(self, path: str) -> tuple[Folder, str]:
        parent, _, name = path.rpartition("/")
        folder = self._find(parent)
        if not isinstance(folder, Folder):
            raise self.error(path, errno.ENOENT)
        return folder, name

    def _set(self, *entries: tuple[Folder, str, Inode | Folder | None]) -> None:
        before = [(folder, name, folder.names.get(name)) for folder, name, _ in entries]
        self.platter.journal.append(Change(entries[0][0], before[::-1]))
        for entry in entries:
            _put(*entry)

    def open(self, path: str, *, create: bool = False) -> SimulatedFile:
        found = self._find(path)
        if not isinstance(found, Inode):
            if not create or found is not None:
                raise self.error(path, errno.ENOENT)
            found = Inode()
            if self.may_change(path, grows=True):
                self._set((*self._folder_of(path), found))
        file = SimulatedFile(self, path, found)
        self._open_files.add(file)
        return file

    def scan(self, path: str = "") -> list[Entry]:
        self.check_readable(path)
        folder = self._find(path)
        if not isinstance(folder, Folder):
            return []
        return sorted(
            Entry(name, isinstance(entry, Folder), 0 if isinstance(entry, Folder) else len(entry.data))
            for name, entry in folder.names.items()
        )

    def exists(self, path: str) -> bool:
        return self._find(path) is not None

    def make_directory(self, path: str) -> None:
        if path and not self.exists(path) and self.may_change(path, grows=True):
            self.make_directory(path.rpartition("/")[0])
            self._set((*self._folder_of(path), Folder()))

    def rename(self, path: str, new_path: str) -> None:
        if self.may_change(path):
            entry = self._find(path)
            if entry is None:
                raise self.error(path, errno.ENOENT)
            self._set((*self._folder_of(path), None), (*self._folder_of(new_path), entry))

    def remove(self, path: str) -> None:
        if self._find(path) is not None and self.may_change(path):
            self._set((*self._folder_of(path), None))

    remove_tree = remove

    def fsync_directory(self, path: str = "") -> None:
        if self.may_change(path):
            folder = self._find(path)
            self.platter.journal = [change for change in self.platter.journal if change.folder is not folder]

    def read_file(self, path: str) -> bytes | None:
        self.check_readable(path)
        found = self._find(path)
        return bytes(found.data) if isinstance(found, Inode) else None

    def write_file(self, path: str, data: Buffer, *, sync: bool = True) -> None:
        if self.may_change(path, grows=True):
            file = self.open(f"{path}.tmp", create=True)
            file.truncate(0)
            file.pwritev((data,), 0)
            if sync:
                file.fdatasync()
            self.rename(f"{path}.tmp", path)
            if sync:
                self.fsync_directory(path.rpartition("/")[0])

    def sync(self) -> None:
        if self.may_change(""):
            self.platter.journal.clear()
            _sync(self.platter.root)

    def lock(self, name: str) -> SimulatedDisk:
        holder = self.platter.holder
        if holder is not None and not holder.is_dead:
            raise DirectoryLocked(f"{self.directory} is used by another process")
        self.platter.holder = self
        return self

    def close(self) -> None:
        """As a lock: let go."""
        if self.platter.holder is self:
            self.platter.holder = None


def _sync(folder: Folder) -> None:
    for entry in folder.names.values():
        if isinstance(entry, Folder):
            _sync(entry)
        else:
            entry.undo.clear()

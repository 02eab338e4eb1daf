"""The only way to files: a `Disk` is one log directory, and every path is relative to it.

`RealDisk` is the operating system's. The simulation and the tests have others, which lose what was not synced, or fail.
What a `Disk` promises, and the rest of storage builds on:

- a write is there for every later read at once, but survives a crash of the machine only after `fdatasync` of the file;
  a file's being created, renamed or removed only after `fsync_directory` of the folder that it is in;
- `write_file` replaces a file whole: after a crash it is the old one or the new one;
- a `File` stays readable while somebody holds it, also after its name was removed. It closes when the last reference
  goes.

Every failure is a `StorageError` that says which directory and which path.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Sequence
from typing import Final, NamedTuple, NoReturn, Protocol, TypeAlias

from barnabas.protocol.types import FileSlice

Buffer: TypeAlias = bytes | bytearray | memoryview

_RWF_NOWAIT: Final[int] = getattr(os, "RWF_NOWAIT", 0) if hasattr(os, "preadv") else 0
_IOV_MAX: Final = 1024
_UNSUPPORTED: Final = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)


class StorageError(Exception):
    """Reading or writing failed: the log directory is not to be trusted any more. `__cause__` is the OSError."""

    def __init__(self, directory: str, path: str, error: OSError) -> None:
        reason = error.strerror or str(error)
        super().__init__(f"{directory}: {path}: {reason}" if path else f"{directory}: {reason}")
        self.directory = directory
        """The log directory, as configured."""
        self.path = path
        """The file, relative to the directory; "" for the directory itself."""
        self.errno = error.errno


class DirectoryLocked(Exception):
    """Another process uses the log directory."""


class Entry(NamedTuple):
    """One name in a folder."""

    name: str
    is_directory: bool
    size: int
    """Bytes; 0 for a folder."""


class File(Protocol):
    """An open file, for reading and writing at positions."""

    @property
    def path(self) -> str: ...

    @property
    def fd(self) -> int:
        """The descriptor, for sendfile; -1 where there is none."""
        ...

    def pwritev(self, buffers: Sequence[Buffer], position: int) -> None:
        """Write all buffers one after another from `position` on; what was written when it fails is anybody's guess."""
        ...

    def read(self, position: int, size: int) -> memoryview:
        """The bytes there, fewer than `size` at the file's end. May wait for the disk."""
        ...

    def try_read(self, position: int, size: int) -> memoryview | None:
        """All `size` bytes if they can be had without waiting for the disk, else None."""
        ...

    def size(self) -> int: ...
    def truncate(self, size: int) -> None: ...
    def fdatasync(self) -> None: ...
    def close(self) -> None: ...


class Lock(Protocol):
    """A directory that is locked until `close`."""

    def close(self) -> None: ...


class Disk(Protocol):
    """One log directory."""

    @property
    def directory(self) -> str:
        """The directory's own absolute path, as people know it."""
        ...

    def open(self, path: str, *, create: bool = False) -> File: ...

    def scan(self, path: str = "") -> list[Entry]:
        """What is in a folder, sorted by name; "" is the log directory itself. Empty if there is no such folder."""
        ...

    def exists(self, path: str) -> bool: ...

    def make_directory(self, path: str) -> None:
        """Make a folder, and those above it; nothing happens if it is there."""
        ...

    def rename(self, path: str, new_path: str) -> None: ...

    def remove(self, path: str) -> None:
        """Remove a file; nothing happens if it is not there."""
        ...

    def remove_tree(self, path: str) -> None:
        """Remove a folder with all that is in it; nothing happens if it is not there."""
        ...

    def fsync_directory(self, path: str = "") -> None: ...

    def read_file(self, path: str) -> bytes | None:
        """The whole file, None if there is none."""
        ...

    def write_file(self, path: str, data: Buffer, *, sync: bool = True) -> None:
        """Replace the file whole: written beside it, synced, renamed, the folder synced (the syncs only if `sync`)."""
        ...

    def sync(self) -> None:
        """Make everything written so far durable, at once: cheaper than thousands of fdatasyncs."""
        ...

    def lock(self, name: str) -> Lock:
        """Take the directory for this process, by a lock on file `name`. Raises DirectoryLocked."""
        ...


class LogSlice(FileSlice):
    """`size` bytes of a file from `offset` on: sent by `fd`, or read. Keeps the file open while it lives."""

    __slots__ = ("file",)

    def __init__(self, file: File, position: int, size: int) -> None:
        super().__init__(file.fd, position, size)
        self.file = file

    def try_read(self) -> memoryview | None:
        """The bytes if they are cached in memory, None if reading would wait for the disk."""
        return self.file.try_read(self.offset, self.size)

    def read(self) -> memoryview:
        """The bytes, waiting for the disk if need be (for a thread); fewer if the log was truncated meanwhile."""
        return self.file.read(self.offset, self.size)


class RealFile:
    """A file of the operating system."""

    __slots__ = ("_disk", "_nowait", "fd", "path")

    def __init__(self, disk: RealDisk, path: str, fd: int) -> None:
        self._disk = disk
        self._nowait = bool(_RWF_NOWAIT)
        self.path: str = path
        self.fd: int = fd

    def pwritev(self, buffers: Sequence[Buffer], position: int) -> None:
        size = sum(map(len, buffers))
        try:
            written = os.pwritev(self.fd, buffers[:_IOV_MAX], position)
            if written != size:
                self._write_rest(b"".join(buffers), written, position)
        except OSError as error:
            self._fail(error)

    def _write_rest(self, data: bytes, written: int, position: int) -> None:
        view = memoryview(data)
        while written < len(view):
            count = os.pwrite(self.fd, view[written:], position + written)
            if count == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            written += count

    def read(self, position: int, size: int) -> memoryview:
        try:
            data = os.pread(self.fd, size, position)
            if 0 < len(data) < size:
                return self._read_rest(data, position, size)
        except OSError as error:
            self._fail(error)
        return memoryview(data)

    def _read_rest(self, data: bytes, position: int, size: int) -> memoryview:
        buffer = bytearray(data)
        while len(buffer) < size:
            more = os.pread(self.fd, size - len(buffer), position + len(buffer))
            if not more:
                break
            buffer += more
        return memoryview(buffer)

    def try_read(self, position: int, size: int) -> memoryview | None:
        if not self._nowait:
            # A platform without the flag gets None; a file system without it (tmpfs) is memory anyway.
            return self._whole(self.read(position, size), size) if _RWF_NOWAIT else None
        buffer = bytearray(size)
        try:
            count = os.preadv(self.fd, (buffer,), position, _RWF_NOWAIT)
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                self._fail(error)
            self._nowait = False
            return self.try_read(position, size)
        return memoryview(buffer) if count == size else None

    @staticmethod
    def _whole(data: memoryview, size: int) -> memoryview | None:
        return data if len(data) == size else None

    def size(self) -> int:
        try:
            return os.fstat(self.fd).st_size
        except OSError as error:
            self._fail(error)

    def truncate(self, size: int) -> None:
        try:
            os.ftruncate(self.fd, size)
        except OSError as error:
            self._fail(error)

    def fdatasync(self) -> None:
        try:
            if self.fd < 0:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            _fdatasync(self.fd)
        except OSError as error:
            self._fail(error)

    def close(self) -> None:
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        self.close()

    def _fail(self, error: OSError) -> NoReturn:
        raise StorageError(self._disk.directory, self.path, error) from error


class RealDisk:
    """A log directory of the operating system's file system."""

    __slots__ = ("_root", "directory")

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self.directory: str = os.path.abspath(directory)
        self._root = self.directory + "/"

    def open(self, path: str, *, create: bool = False) -> RealFile:
        flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0)
        try:
            return RealFile(self, path, os.open(self._root + path, flags, 0o644))
        except OSError as error:
            self._fail(path, error)

    def scan(self, path: str = "") -> list[Entry]:
        entries: list[Entry] = []
        try:
            with os.scandir(self._root + path) as found:
                for entry in found:
                    folder = entry.is_dir()
                    entries.append(Entry(entry.name, folder, 0 if folder else entry.stat().st_size))
        except FileNotFoundError:
            return []
        except OSError as error:
            self._fail(path, error)
        entries.sort()
        return entries

    def exists(self, path: str) -> bool:
        return os.path.exists(self._root + path)

    def make_directory(self, path: str) -> None:
        try:
            os.makedirs(self._root + path, mode=0o755, exist_ok=True)
        except OSError as error:
            self._fail(path, error)

    def rename(self, path: str, new_path: str) -> None:
        try:
            os.rename(self._root + path, self._root + new_path)
        except OSError as error:
            self._fail(path, error)

    def remove(self, path: str) -> None:
        try:
            os.unlink(self._root + path)
        except FileNotFoundError:
            pass
        except OSError as error:
            self._fail(path, error)

    def remove_tree(self, path: str) -> None:
        try:
            shutil.rmtree(self._root + path)
        except FileNotFoundError:
            pass
        except OSError as error:
            self._fail(path, error)

    def fsync_directory(self, path: str = "") -> None:
        try:
            fd = os.open(self._root + path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
        except OSError as error:
            self._fail(path, error)

    def read_file(self, path: str) -> bytes | None:
        try:
            with open(self._root + path, "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._fail(path, error)

    def write_file(self, path: str, data: Buffer, *, sync: bool = True) -> None:
        beside = f"{self._root}{path}.tmp"
        try:
            with open(beside, "wb", buffering=0) as file:
                view = memoryview(data)
                while view:
                    view = view[file.write(view) :]
                if sync:
                    _fdatasync(file.fileno())
            os.rename(beside, self._root + path)
        except OSError as error:
            self._fail(path, error)
        if sync:
            self.fsync_directory(os.path.dirname(path))

    def sync(self) -> None:
        os.sync()

    def lock(self, name: str) -> RealLock:
        try:
            fd = os.open(self._root + name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            self._fail(name, error)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            raise DirectoryLocked(f"{self.directory} is used by another process (it holds {name})") from None
        except OSError as error:
            os.close(fd)
            self._fail(name, error)
        return RealLock(fd)

    def _fail(self, path: str, error: OSError) -> NoReturn:
        raise StorageError(self.directory, path, error) from error


class RealLock:
    """A flock, which ends with the process at the latest."""

    __slots__ = ("_fd",)

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


_fdatasync = getattr(os, "fdatasync", os.fsync)

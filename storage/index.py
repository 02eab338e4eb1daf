"""A segment's two indexes, in Kafka's formats: from an offset to a position in the log, and from a time to an offset.

`.index`      int32 offset - base offset | int32 position          the batch that ends in this offset starts there
`.timeindex`  int64 timestamp | int32 offset - base offset         up to this offset, no record is later than that

Kept true: entries grow strictly, in both columns. Both are mere hints to speed up a search: an entry that is not
written yet waits in memory until the log is flushed, rolled or closed, a missing or damaged file is rebuilt from the
log, and whoever looks a position up checks the batch that he finds there. The files are opened at their first use only.
"""

from __future__ import annotations

from struct import Struct

from barnabas.protocol.record_batch import NO_TIMESTAMP
from barnabas.storage.disk import Disk, File


class CorruptIndex(Exception):
    """An index that cannot be that of its segment."""


class FileIndex:
    """A file of fixed-size entries, the newest of which may still be in memory; `file_bytes` None: there is no file.

    The base of all indexes of a segment.
    """

    __slots__ = ("_disk", "_file", "_missing", "_pending", "_whole", "_written", "base_offset", "path", "unsynced")

    ENTRY: Struct

    def __init__(self, disk: Disk, path: str, base_offset: int, file_bytes: int | None = None) -> None:
        self._disk = disk
        self._file: File | None = None
        self._missing = file_bytes is None
        self._whole = file_bytes is not None and file_bytes % self.ENTRY.size == 0
        self._pending = bytearray()
        self.unsynced = False
        """Whether the file was written since it was taken for syncing."""
        self._written = (file_bytes or 0) // self.ENTRY.size
        self.path = path
        self.base_offset = base_offset

    def __len__(self) -> int:
        return self._written + len(self._pending) // self.ENTRY.size

    @property
    def is_whole(self) -> bool:
        """Whether the file was there when the log was opened, and ended with an entry."""
        return self._whole

    def entry(self, number: int) -> tuple[int, ...]:
        """Entry `number` from the oldest on, as in the file. Raises CorruptIndex if the file is shorter."""
        entry, written = self.ENTRY, self._written
        if number >= written:
            return entry.unpack_from(self._pending, (number - written) * entry.size)
        data = self._open().read(number * entry.size, entry.size)
        if len(data) < entry.size:
            raise CorruptIndex(f"{self.path} ends before its entry {number}")
        return entry.unpack(data)

    def _floor(self, target: int, column: int) -> int:
        """The number of the last entry whose `column` is at most `target`, -1 if there is none."""
        low, high = 0, len(self)
        # Most look for what is new: try the entries in memory first.
        if self._pending and low < self._written and self.entry(self._written)[column] <= target:
            low = self._written
        while low < high:
            middle = (low + high) // 2
            if self.entry(middle)[column] <= target:
                low = middle + 1
            else:
                high = middle
        return low - 1

    def _keep(self, count: int) -> None:
        """Keep the oldest `count` entries."""
        if count >= self._written:
            del self._pending[(count - self._written) * self.ENTRY.size :]
        else:
            self._pending.clear()
            self._written = count
            self.unsynced = True
            self._open().truncate(count * self.ENTRY.size)

    def clear(self) -> None:
        """Start anew, also if the file is damaged or missing."""
        self._pending.clear()
        self._written = 0
        self.unsynced = True
        self._open().truncate(0)
        self._whole = True

    def write(self) -> None:
        """Bring the file up to date; it need not be durable then."""
        if self._pending:
            self._open().pwritev((self._pending,), self._written * self.ENTRY.size)
            self._written += len(self._pending) // self.ENTRY.size
            self._pending = bytearray()
            self.unsynced = True
        elif self._missing:
            self._open()
            self.unsynced = True

    def take_unsynced(self) -> tuple[File, ...]:
        """Bring the file up to date; the file, if it was written since this was called last."""
        self.write()
        unsynced, self.unsynced = self.unsynced, False
        return (self._open(),) if unsynced else ()

    def release(self) -> None:
        """Let go of the file; the next use opens it again."""
        self.write()
        self._file = None

    def renamed(self, path: str) -> None:
        """The file has another name now."""
        self.path = path
        self._file = None

    def _open(self) -> File:
        if self._file is None:
            self._file = self._disk.open(self.path, create=True)
            self._missing = False
        return self._file


class OffsetIndex(FileIndex):
    """`.index`: for some batches, where they start."""

    __slots__ = ("last_offset",)

    ENTRY = Struct(">ii")

    def __init__(self, disk: Disk, path: str, base_offset: int, file_bytes: int | None = None) -> None:
        super().__init__(disk, path, base_offset, file_bytes)
        self.last_offset = -1
        """Of the newest entry; only kept while the segment is written to."""

    def is_full(self, max_bytes: int) -> bool:
        return len(self) >= max_bytes // self.ENTRY.size

    def append(self, last_offset: int, position: int) -> None:
        """The batch that ends in `last_offset` starts at `position`."""
        if last_offset > self.last_offset:
            self._pending += self.ENTRY.pack(last_offset - self.base_offset, position)
            self.last_offset = last_offset

    def lookup(self, offset: int) -> int:
        """Where the last indexed batch starts that ends at `offset` or before; 0 if none does."""
        slot = self._floor(offset - self.base_offset, 0)
        return self.entry(slot)[1] if slot >= 0 else 0

    def clear(self) -> None:
        """Start anew, also if the file is damaged or missing."""
        super().clear()
        self.last_offset = -1

    def upper_bound(self, position: int) -> int | None:
        """The last offset of the first indexed batch that starts at `position` or later; None if none is indexed."""
        slot = self._floor(position - 1, 1) + 1
        return self.base_offset + self.entry(slot)[0] if slot < len(self) else None

    def truncate_to(self, offset: int) -> None:
        """Forget the entries for `offset` and beyond."""
        self._keep(self._floor(offset - 1 - self.base_offset, 0) + 1)
        self.read_last()

    def truncate_to_position(self, position: int) -> None:
        """Forget the entries for batches that start at `position` or later."""
        self._keep(self._floor(position - 1, 1) + 1)
        self.read_last()

    def read_last(self) -> tuple[int, int]:
        """(last offset, position) of the newest entry; (-1, 0) if there is none."""
        count = len(self)
        if not count:
            self.last_offset = -1
            return -1, 0
        relative, position = self.entry(count - 1)
        self.last_offset = self.base_offset + relative
        return self.last_offset, position


class TimeIndex(FileIndex):
    """`.timeindex`: the largest timestamp so far, whenever it grew between two entries of the offset index."""

    __slots__ = ("last_timestamp",)

    ENTRY = Struct(">qi")

    def __init__(self, disk: Disk, path: str, base_offset: int, file_bytes: int | None = None) -> None:
        super().__init__(disk, path, base_offset, file_bytes)
        self.last_timestamp = NO_TIMESTAMP
        """Of the newest entry; only kept while the segment is written to."""

    def is_full(self, max_bytes: int) -> bool:
        """Whether only the entry is left that completes the index when the segment does."""
        return len(self) >= max_bytes // self.ENTRY.size - 1

    def append(self, timestamp: int, offset: int) -> None:
        """Up to `offset` the largest timestamp is `timestamp`; nothing happens unless it grew."""
        if timestamp > self.last_timestamp:
            self._pending += self.ENTRY.pack(timestamp, offset - self.base_offset)
            self.last_timestamp = timestamp

    def clear(self) -> None:
        """Start anew, also if the file is damaged or missing."""
        super().clear()
        self.last_timestamp = NO_TIMESTAMP

    def lookup(self, timestamp: int) -> tuple[int, int]:
        """The last entry (timestamp, offset) that is earlier than `timestamp`; (-1, base offset) if there is none."""
        slot = self._floor(timestamp - 1, 0)
        if slot < 0:
            return NO_TIMESTAMP, self.base_offset
        earlier, relative = self.entry(slot)
        return earlier, self.base_offset + relative

    def truncate_to(self, offset: int) -> None:
        """Forget the entries for `offset` and beyond."""
        self._keep(self._floor(offset - 1 - self.base_offset, 1) + 1)
        self.read_last()

    def read_last(self) -> tuple[int, int]:
        """(timestamp, offset) of the newest entry; (-1, base offset) if there is none."""
        count = len(self)
        if not count:
            self.last_timestamp = NO_TIMESTAMP
            return NO_TIMESTAMP, self.base_offset
        self.last_timestamp, relative = self.entry(count - 1)
        return self.last_timestamp, self.base_offset + relative

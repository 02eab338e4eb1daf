"""A segment's index of aborted transactions (`.txnindex`), in Kafka's format: whose records read_committed skips.

    int16 version (0) | int64 producer id | int64 first offset | int64 last offset | int64 last stable offset

An entry stands in the segment with the transaction's marker, which is its last offset; entries ascend by it. The last
stable offset is the one that the marker left: every transaction that is aborted later begins there or behind it, so a
reader of what lies before may stop looking. A segment without aborted transactions has no file.

Like the other indexes it is made from the log, and made anew where it cannot be right; unlike them it is no mere hint:
what it lacks, a consumer would see. So a segment whose index is not known to be whole is recovered.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import Final, NamedTuple

from barnabas.storage.disk import Disk
from barnabas.storage.index import CorruptIndex, FileIndex

_VERSION: Final = 0
_LAST_OFFSET: Final = 3
"""The column by which entries ascend."""
_ENTRIES_AT_ONCE: Final = 128


class AbortedTransaction(NamedTuple):
    """One transaction's records in one partition, all to be skipped."""

    producer_id: int
    first_offset: int
    last_offset: int
    """Of its marker."""
    last_stable_offset: int
    """That of the partition once the marker was there."""


class TransactionIndex(FileIndex):
    """See the module's text."""

    __slots__ = ("_new",)

    ENTRY = Struct(">hqqqq")

    def __init__(self, disk: Disk, path: str, base_offset: int, file_bytes: int | None = None) -> None:
        super().__init__(disk, path, base_offset, file_bytes)
        self._new = False

    @property
    def exists(self) -> bool:
        """Whether there is a file."""
        return not self._missing

    @property
    def is_whole(self) -> bool:
        """Whether there is no file, or one that may be right: whole entries, in order, of this segment."""
        return self._missing or (self._whole and self._is_in_order())

    def _is_in_order(self) -> bool:
        latest = self.base_offset - 1
        try:
            for entry in self._read(0):
                if entry.last_offset <= latest or not 0 <= entry.first_offset < entry.last_offset:
                    return False
                latest = entry.last_offset
        except CorruptIndex:
            return False
        return True

    def append(self, aborted: AbortedTransaction) -> None:
        """A marker that aborts a transaction was written."""
        self._pending.extend(self.ENTRY.pack(_VERSION, *aborted))

    def after(self, offset: int) -> Iterator[AbortedTransaction]:
        """Those that end at `offset` or later, in the order of their ends."""
        return self._read(self._floor(offset - 1, _LAST_OFFSET) + 1)

    def _read(self, number: int) -> Iterator[AbortedTransaction]:
        size = self.ENTRY.size
        while number < len(self):
            written = min(self._written - number, _ENTRIES_AT_ONCE)
            if written > 0:
                data = bytes(self._open().read(number * size, written * size))
                if len(data) < written * size:
                    raise CorruptIndex(f"{self.path} ends before its entry {number + written - 1}")
            else:
                data = bytes(self._pending[(number - self._written) * size :])
            for version, *fields in self.ENTRY.iter_unpack(data):
                if version < _VERSION:
                    raise CorruptIndex(f"{self.path}: an entry of version {version}")
                yield AbortedTransaction(*fields)
            number += len(data) // size

    def truncate_to(self, offset: int) -> None:
        """Forget those whose marker is at `offset` or beyond."""
        if len(self):
            self._keep(self._floor(offset - 1, _LAST_OFFSET) + 1)

    def clear(self) -> None:
        """Start anew, also if the file is damaged."""
        if self._missing:
            self._pending.clear()
        else:
            super().clear()

    def write(self) -> None:
        """Bring the file up to date; it need not be durable then. Without entries none is made."""
        if self._pending:
            self._new |= self._missing
            super().write()

    def take_new(self) -> bool:
        """Whether the file was made since this was asked last, so that its name is to be synced as well."""
        new, self._new = self._new, False
        return new

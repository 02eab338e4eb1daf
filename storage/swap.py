"""A cleaned segment takes the place of those it was made from, so that a crash at any point leaves it or them.

    000.log.cleaned   being written; worth nothing
    000.log.swap      whole and durable, and as good as in place
    000.log.deleted   of a segment that was replaced

Files are renamed in this order, and names reach the disk in the order in which they were changed, as journaling file
systems have it:

1. `.cleaned` becomes `.swap`, the log file last. While anything is `.cleaned`, nothing of it counts.
2. The old segments' files become `.deleted`.
3. `.swap` gets its final name, the log file first: an index that is still `.swap` then belongs to it.

A start (`finish_swaps`) throws `.swap` away if `.cleaned` is still there; else it goes on where the crash came: what is
left of the old segments goes, and `.swap` gets its name. The names are Kafka's, and each goes on with what the other
left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from barnabas.protocol.record_batch import NO_TIMESTAMP, RecordBatch
from barnabas.storage import scan
from barnabas.storage.config import LogConfig
from barnabas.storage.disk import Disk, File
from barnabas.storage.segment import (
    DELETED_SUFFIX,
    INDEX_SUFFIX,
    LOG_SUFFIX,
    TIME_INDEX_SUFFIX,
    TXN_INDEX_SUFFIX,
    Segment,
    segment_name,
)
from barnabas.storage.transaction_index import AbortedTransaction

CLEANED_SUFFIX: Final = ".cleaned"
SWAP_SUFFIX: Final = ".swap"
_TEMPORARY: Final = (CLEANED_SUFFIX, DELETED_SUFFIX, ".tmp")
_SUFFIXES: Final = (LOG_SUFFIX, INDEX_SUFFIX, TIME_INDEX_SUFFIX, TXN_INDEX_SUFFIX)
_MAX_BYTES: Final = (1 << 31) - 1
"""Positions in an index are of 32 bits."""


class SegmentTooLarge(Exception):
    """What is left of some segments does not fit into one."""


class CleanedSegment:
    """A segment that is being written; its batches come in order.

    It is opened, finished, discarded and put in place where nobody else uses the folder's names; in between it may be
    written and synced anywhere.
    """

    __slots__ = ("_batches", "_written", "segment")

    def __init__(self, disk: Disk, directory: str, base_offset: int, config: LogConfig, created_ms: int) -> None:
        self.segment = Segment(
            disk,
            segment_name(directory, base_offset),
            base_offset,
            index_interval=config.index_interval_bytes,
            created_ms=created_ms,
            suffix=CLEANED_SUFFIX,
        )
        self._batches: list[memoryview] = []
        self._written = 0

    def open(self) -> None:
        """Make the files."""
        self.segment.remove()
        self.segment.file()
        self.segment.clear_indexes()

    def append(self, batch: RecordBatch) -> None:
        """Add a batch; nothing is written yet. Raises SegmentTooLarge."""
        if self.segment.size + batch.size > _MAX_BYTES:
            raise SegmentTooLarge(f"{self.segment.name} would have more than {_MAX_BYTES} bytes after cleaning")
        self._batches.append(batch.view)
        # The time index is for finding records, and who checks it looks at those.
        latest = batch.max_timestamp if batch.records_count else NO_TIMESTAMP
        self.segment.note(batch.size, batch.last_offset, latest)

    def write(self) -> None:
        """Write what was added."""
        data = b"".join(self._batches)
        self._batches.clear()
        self.segment.file().pwritev((data,), self._written)
        self._written += len(data)

    def finish(self, aborted: Sequence[AbortedTransaction]) -> list[File]:
        """All batches are written: complete the indexes. The files that are to be synced."""
        for each in aborted:
            self.segment.transaction_index.append(each)
        self.segment.complete_time_index()
        self.segment.first_timestamp = self.segment.max_timestamp = None  # as the headers have them, if anybody asks
        return self.segment.take_unsynced()

    def discard(self) -> None:
        """Remove the files."""
        self.segment.remove()

    def replace(self, old: Sequence[Segment]) -> list[str]:
        """Take the place of `old`, once all is durable; the paths of the old files, which are to be removed."""
        self.segment.change_suffix(SWAP_SUFFIX, log_last=True)
        deleted = [path for segment in old for path in segment.mark_deleted()]
        self.segment.change_suffix("")
        return deleted


def finish_swaps(disk: Disk, directory: str) -> dict[str, int]:
    """Finish or undo what a crash interrupted, and remove what does not count; the files then, with their sizes."""
    names = [entry.name for entry in disk.scan(directory) if not entry.is_directory]
    started = min((_base(name) for name in names if name.endswith(CLEANED_SUFFIX)), default=None)
    swaps = [name for name in names if name.endswith(SWAP_SUFFIX)]
    whole = [name for name in swaps if started is None or _base(name) < started]
    # What is not whole goes first: without `.cleaned` beside it, it would count.
    partial = [name for name in swaps if name not in whole]
    for name in [*partial, *(name for name in names if name.endswith(_TEMPORARY))]:
        disk.remove(f"{directory}/{name}")
    if whole:
        _swap_in(disk, directory, whole, names)
    return {entry.name: entry.size for entry in disk.scan(directory) if not entry.is_directory}


def _swap_in(disk: Disk, directory: str, swaps: Sequence[str], names: Sequence[str]) -> None:
    replaced: list[range] = []
    for name in swaps:
        if name.endswith(LOG_SUFFIX + SWAP_SUFFIX):
            file, end = disk.open(f"{directory}/{name}"), _base(name)
            for header in scan.headers(file, 0, file.size(), end):
                end = header.last_offset + 1
            replaced.append(range(_base(name), end))
    for name in names:
        if name.endswith(_SUFFIXES) and any(_base(name) in each for each in replaced):
            disk.remove(f"{directory}/{name}")
    for name in sorted(swaps, key=lambda name: not name.endswith(LOG_SUFFIX + SWAP_SUFFIX)):
        disk.rename(f"{directory}/{name}", f"{directory}/{name.removesuffix(SWAP_SUFFIX)}")


def _base(name: str) -> int:
    """The base offset in the name of a segment's file; -1 if it is none."""
    base, _, _ = name.partition(".")
    return int(base) if len(base) == 20 and base.isdecimal() else -1

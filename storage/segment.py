"""A segment: a run of the log in one file, named after its base offset, with its indexes beside it.

The log writes to its last segment only, the active one; it keeps the ends of that segment's latest batches in memory
(`Tail`), so that who reads what was just written, as followers and most consumers do, costs no search. Elsewhere the
offset index leads near the batch, and the headers of a few batches are read. Whatever an index says is checked at the
batch it points to.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from barnabas.protocol.crc32c import crc32c
from barnabas.protocol.record_batch import NO_TIMESTAMP, RecordBatch
from barnabas.storage import scan
from barnabas.storage.config import LogConfig
from barnabas.storage.disk import Disk, File
from barnabas.storage.index import CorruptIndex, OffsetIndex, TimeIndex
from barnabas.storage.producer_state import CompletedTransaction, ProducerStates
from barnabas.storage.scan import Header
from barnabas.storage.transaction_index import AbortedTransaction, TransactionIndex

LOG_SUFFIX: Final = ".log"
INDEX_SUFFIX: Final = ".index"
TIME_INDEX_SUFFIX: Final = ".timeindex"
TXN_INDEX_SUFFIX: Final = ".txnindex"
DELETED_SUFFIX: Final = ".deleted"

MAX_RELATIVE_OFFSET: Final = (1 << 31) - 1
_TAIL_BATCHES: Final = 1024


class Tail:
    """Where the latest batches of a segment end: the offset after each and its end's position, both ascending.

    The first pair is only where the first batch begins.
    """

    __slots__ = ("offsets", "positions")

    def __init__(self, offset: int, position: int) -> None:
        self.offsets = array("q", (offset,))
        self.positions = array("q", (position,))

    def add(self, next_offset: int, end_position: int) -> None:
        """A batch was appended."""
        self.offsets.append(next_offset)
        self.positions.append(end_position)
        if len(self.offsets) > 2 * _TAIL_BATCHES:
            del self.offsets[:_TAIL_BATCHES], self.positions[:_TAIL_BATCHES]

    def reset(self, offset: int, position: int) -> None:
        """Nothing is known but that the segment ends in `offset` at `position`."""
        self.offsets = array("q", (offset,))
        self.positions = array("q", (position,))

    def end_before(self, offset: int) -> int:
        """Where the last batch ends that lies wholly below `offset`; `offset` is not before the first one known."""
        return self.positions[bisect_right(self.offsets, offset) - 1]


def segment_name(directory: str, base_offset: int) -> str:
    """The path of a segment's files without their suffix."""
    return f"{directory}/{base_offset:020d}"


class Segment:
    """One segment's files and what is known of them; `size` is the log file's length in bytes as far as it counts."""

    __slots__ = (
        "_bytes_since_index",
        "_disk",
        "_file",
        "_index_interval",
        "base_offset",
        "created_ms",
        "first_timestamp",
        "max_timestamp",
        "max_timestamp_offset",
        "name",
        "offset_index",
        "size",
        "suffix",
        "synced",
        "tail",
        "time_index",
        "transaction_index",
        "used",
    )

    def __init__(
        self,
        disk: Disk,
        name: str,
        base_offset: int,
        *,
        index_interval: int,
        size: int = 0,
        created_ms: int = 0,
        index_bytes: int | None = None,
        time_index_bytes: int | None = None,
        transaction_index_bytes: int | None = None,
        suffix: str = "",
    ) -> None:
        self._disk = disk
        self._file: File | None = None
        self._index_interval = index_interval
        self._bytes_since_index = 0
        self.name = name
        self.suffix = suffix
        """What the names of all files end in while they do not count."""
        self.base_offset = base_offset
        self.size = size
        self.created_ms = created_ms
        """When it was made; counts where the records have no timestamps."""
        self.first_timestamp: int | None = None
        """The first batch's largest timestamp; None until it is asked for or written."""
        self.max_timestamp: int | None = None
        """The largest timestamp, None until it is asked for; -1 if no record has one."""
        self.max_timestamp_offset = base_offset
        """The last offset of the first batch with the largest timestamp."""
        self.synced = False
        """Whether nothing was written since the last flush."""
        self.used = False
        """Whether the files were used since whoever looks for idle ones looked last."""
        self.tail: Tail | None = None
        """Of the active segment only."""
        _, index, time_index, transaction_index = self.paths()
        self.offset_index = OffsetIndex(disk, index, base_offset, index_bytes)
        self.time_index = TimeIndex(disk, time_index, base_offset, time_index_bytes)
        self.transaction_index = TransactionIndex(disk, transaction_index, base_offset, transaction_index_bytes)

    def __repr__(self) -> str:
        return f"Segment({self.name}, {self.size} bytes)"

    @property
    def log_path(self) -> str:
        return self.name + LOG_SUFFIX + self.suffix

    def file(self) -> File:
        """The log file, opened if it is not; whoever holds it keeps it open."""
        self.used = True
        if self._file is None:
            self._file = self._disk.open(self.log_path, create=True)
        return self._file

    def release(self) -> None:
        """Let go of all files; the next use opens them again."""
        self.offset_index.release()
        self.time_index.release()
        self.transaction_index.release()
        self._file = None
        if self.tail is not None:
            self.tail.reset(self.tail.offsets[-1], self.size)

    def release_idle(self) -> bool:
        """Release the files unless they were used since the last call; whether they were open."""
        if self.used or self._file is None:
            self.used = False
            return False
        self.release()
        return True

    def take_unsynced(self) -> list[File]:
        """The files that were written since this was called last, for syncing them."""
        if self.synced:
            return []
        self.synced = True
        return [
            self.file(),
            *self.offset_index.take_unsynced(),
            *self.time_index.take_unsynced(),
            *self.transaction_index.take_unsynced(),
        ]

    def sync(self) -> None:
        """Make what was written durable, and wait for it."""
        for file in self.take_unsynced():
            file.fdatasync()

    def unsync(self) -> None:
        """Nobody knows whether the files were synced."""
        self.synced = False
        self.offset_index.unsynced = self.time_index.unsynced = True
        self.transaction_index.unsynced = self.transaction_index.exists

    # Writing

    def must_roll(self, size: int, last_offset: int, max_timestamp: int, now_ms: int, config: LogConfig) -> bool:
        """Whether a batch of `size` bytes belongs into a new segment."""
        if self.size + size > config.segment_bytes or last_offset - self.base_offset > MAX_RELATIVE_OFFSET:
            return True
        if not self.size:
            return False
        first = self.read_first_timestamp()
        waited = max_timestamp - first if first >= 0 else now_ms - self.created_ms
        if waited > config.max_segment_ms - self.jitter_ms(config):
            return True
        most = config.segment_index_bytes
        return self.offset_index.is_full(most) or self.time_index.is_full(most)

    def jitter_ms(self, config: LogConfig) -> int:
        """How much earlier than the others this segment rolls, so that not all roll at once."""
        jitter_ms = min(config.segment_jitter_ms, config.max_segment_ms)
        return crc32c(self.name.encode()) % jitter_ms if jitter_ms else 0

    def note(self, size: int, last_offset: int, max_timestamp: int) -> None:
        """A batch was written at `self.size`: count it, and index it if it is time to."""
        position = self.size
        if not position:
            self.first_timestamp = max_timestamp
        if self.max_timestamp is None or max_timestamp > self.max_timestamp:
            self.max_timestamp = max_timestamp
            self.max_timestamp_offset = last_offset
        if self._bytes_since_index > self._index_interval:
            self.offset_index.append(last_offset, position)
            self.time_index.append(self.max_timestamp, self.max_timestamp_offset)
            self._bytes_since_index = 0
        self._bytes_since_index += size
        self.size = position = position + size
        self.synced = False
        if self.tail is not None:
            self.tail.add(last_offset + 1, position)

    def note_ended(self, producers: ProducerStates, completed: CompletedTransaction | None) -> None:
        """What the batch that was written last ended, and how the producers are since."""
        if completed is not None and completed.aborted:
            marker, first_open = completed.last_offset, producers.unstable.first_open
            stable = marker + 1 if first_open is None else first_open
            self.transaction_index.append(
                AbortedTransaction(completed.producer_id, completed.first_offset, marker, stable)
            )

    def seal(self) -> None:
        """No more is written to the segment: complete its indexes."""
        self.complete_time_index()
        self.offset_index.write()
        self.time_index.write()
        self.transaction_index.write()
        self.tail = None

    def complete_time_index(self) -> None:
        """Let the time index end in the largest timestamp, which retention and searches by time go by."""
        latest = self.read_max_timestamp()
        if latest > self.time_index.last_timestamp:
            self.time_index.append(latest, self.max_timestamp_offset)
            self.synced = False

    # Reading

    def headers(self, position: int = 0) -> Iterator[Header]:
        """The batches from `position` on, where one must start, up to whatever is not a whole batch."""
        return scan.headers(self.file(), position, self.size, self.base_offset)

    def batches(self, position: int = 0) -> Iterator[RecordBatch]:
        """Like `headers`, the batches whole."""
        return scan.batches(self.file(), position, self.size)

    def find(self, offset: int) -> Header | None:
        """The first batch that ends at `offset` or later; None if there is none."""
        for header in self.headers(self.position_before(offset)):
            if header.last_offset >= offset:
                return header
        return None

    def position_before(self, offset: int) -> int:
        """Where a batch starts that is not after the one with `offset`; an index that points elsewhere is rebuilt."""
        try:
            return self._indexed_position(offset)
        except CorruptIndex:
            self.rebuild_indexes()
            return self._indexed_position(offset)

    def _indexed_position(self, offset: int) -> int:
        position = self.offset_index.lookup(offset)
        if position:
            header = next(self.headers(position), None) if 0 < position < self.size else None
            if header is None or header.base_offset > offset:
                raise CorruptIndex(f"{self.offset_index.path}: no batch up to offset {offset} at position {position}")
        return position

    def end_before(self, offset: int) -> int:
        """Where the last batch ends that lies wholly below `offset`."""
        tail = self.tail
        if tail is not None and offset >= tail.offsets[0]:
            return tail.end_before(offset)
        header = self.find(offset)
        return self.size if header is None else header.position

    def locate(self, offset: int) -> tuple[int, int] | None:
        """Position and size of the first batch that ends at `offset` or later; None if there is none."""
        tail = self.tail
        if tail is not None and offset >= tail.offsets[0]:
            index = bisect_right(tail.offsets, offset)
            if index == len(tail.offsets):
                return None
            position = tail.positions[index - 1]
            return position, tail.positions[index] - position
        header = self.find(offset)
        return None if header is None else (header.position, header.size)

    def read_first_timestamp(self) -> int:
        """The first batch's largest timestamp; -1 if there is no batch, or none in it."""
        if self.first_timestamp is None:
            first = next(self.headers(0), None)
            if first is None:
                return NO_TIMESTAMP
            self.first_timestamp = first.max_timestamp
        return self.first_timestamp

    def read_max_timestamp(self) -> int:
        """The largest timestamp, -1 if there is none; `max_timestamp_offset` is right afterwards."""
        if self.max_timestamp is None:
            try:
                self._check_times(*self.time_index.read_last())
                latest, offset = self.time_index.read_last()
                position = self._indexed_position(self.offset_index.read_last()[0])
            except CorruptIndex:
                self.rebuild_indexes()
                return self.read_max_timestamp()
            # Both indexes grow together: what comes after the last entry of the one, the other cannot know yet.
            for header in self.headers(position):
                if header.max_timestamp > latest:
                    latest, offset = header.max_timestamp, header.last_offset
            self.max_timestamp, self.max_timestamp_offset = latest, offset
        return self.max_timestamp

    def position_before_time(self, timestamp: int, offset: int) -> int:
        """Where a batch starts that is not after the first record from `offset` on as late as `timestamp`."""
        try:
            earlier, up_to = self.time_index.lookup(timestamp)
            self._check_times(earlier, up_to)
        except CorruptIndex:
            self.rebuild_indexes()
            _, up_to = self.time_index.lookup(timestamp)
        return self.position_before(max(up_to, offset))

    def _check_times(self, timestamp: int, offset: int) -> None:
        """An entry of the time index names the largest timestamp of the batch with its offset."""
        if timestamp != NO_TIMESTAMP:
            header = self.find(offset)
            if header is None or header.max_timestamp != timestamp:
                raise CorruptIndex(f"{self.time_index.path}: time {timestamp} is not that of offset {offset}")

    # Changing

    def clear_indexes(self) -> None:
        """Empty both indexes, to build them anew."""
        self.offset_index.clear()
        self.time_index.clear()
        self._bytes_since_index = 0

    @property
    def has_indexes(self) -> bool:
        """Whether both index files are there, in whole entries."""
        return self.offset_index.is_whole and self.time_index.is_whole

    def open_end(self) -> bool:
        """Make the active segment of a log that was closed ready for writing: read on from its last index entry.

        False if the indexes or the file's end are not what closing leaves.
        """
        if not self.has_indexes:
            return False
        last_offset, position = self.offset_index.read_last()
        self.max_timestamp, self.max_timestamp_offset = self.time_index.read_last()
        try:
            self._check_times(self.max_timestamp, self.max_timestamp_offset)
        except CorruptIndex:
            return False
        end, tail = position, Tail(self.base_offset, 0)
        for header in self.headers(position):
            if header.position == position:
                if position and header.base_offset > last_offset:
                    return False
                tail.reset(header.base_offset, position)
            end = header.position + header.size
            tail.add(header.last_offset + 1, end)
            if header.max_timestamp > self.max_timestamp:
                self.max_timestamp, self.max_timestamp_offset = header.max_timestamp, header.last_offset
        self.tail, self._bytes_since_index = tail, end - position
        self.synced = end == self.size
        return self.synced

    def start_over(self) -> None:
        """Forget all about the file's content: `note` tells it again."""
        self.clear_indexes()
        self.transaction_index.clear()
        self.size, self.synced = 0, False
        self.max_timestamp = self.first_timestamp = None
        self.tail = Tail(self.base_offset, 0)

    def rebuild_indexes(self) -> None:
        """Make both indexes anew from the log file, whose batches are taken as good."""
        self.clear_indexes()
        size, tail, synced = self.size, self.tail, self.synced
        self.size, self.tail, self.max_timestamp = 0, None, None
        for header in scan.headers(self.file(), 0, size, self.base_offset):
            self.note(header.size, header.last_offset, header.max_timestamp)
        self.size, self.tail, self.synced = size, tail, synced
        self.complete_time_index()

    def truncate_to(self, offset: int) -> int:
        """Cut off every batch that reaches `offset` or beyond, make the segment the active one; where it ends then."""
        position, end_offset = 0, self.base_offset
        for header in self.headers(self.position_before(offset - 1)):
            if header.last_offset >= offset:
                break
            position, end_offset = header.position + header.size, header.last_offset + 1
        self.file().truncate(position)
        self.size = position
        self.offset_index.truncate_to_position(position)
        self.time_index.truncate_to(end_offset)
        self.transaction_index.truncate_to(end_offset)
        self.max_timestamp = None
        self.read_max_timestamp()
        self._bytes_since_index = position - self.offset_index.read_last()[1]
        if not position:
            self.first_timestamp = None
        self.synced = False
        self.tail = Tail(end_offset, position)
        return end_offset

    def paths(self, suffix: str | None = None) -> list[str]:
        """All files that a segment may have, the log file first; as they would be called with another suffix."""
        suffix = self.suffix if suffix is None else suffix
        return [self.name + kind + suffix for kind in (LOG_SUFFIX, INDEX_SUFFIX, TIME_INDEX_SUFFIX, TXN_INDEX_SUFFIX)]

    def change_suffix(self, suffix: str, *, log_last: bool = False) -> list[str]:
        """Rename the files, the log file first unless told otherwise; what they are called then."""
        renames = [pair for pair in zip(self.paths(), self.paths(suffix), strict=True) if self._disk.exists(pair[0])]
        for path, new_path in reversed(renames) if log_last else renames:
            self._disk.rename(path, new_path)
        self.suffix, self._file = suffix, None
        indexes = (self.offset_index, self.time_index, self.transaction_index)
        for index, path in zip(indexes, self.paths()[1:], strict=True):
            index.renamed(path)
        return [new_path for _, new_path in renames]

    def mark_deleted(self) -> list[str]:
        """Give the files names under which they do not count any more; those names. The log file goes first."""
        return self.change_suffix(DELETED_SUFFIX)

    def remove(self) -> None:
        """Remove the files. The log file goes first: an index without a log is thrown away at the next start."""
        for path in self.paths():
            self._disk.remove(path)
        self._file = None


def new_segment(disk: Disk, directory: str, base_offset: int, config: LogConfig, now_ms: int) -> Segment:
    """An empty segment, ready for writing; its log file is there."""
    segment = Segment(
        disk,
        segment_name(directory, base_offset),
        base_offset,
        index_interval=config.index_interval_bytes,
        created_ms=now_ms,
    )
    segment.tail = Tail(base_offset, 0)
    segment.file().truncate(0)
    return segment

"""One round of log compaction: of each key, only the last record stays.

1. The map: the keys of the dirty part, from its start until the end or until the map is full, with the offset of each
   key's last record. Where it ends, the next round begins.
2. All segments from the log's start to there are written anew, group by group, each group into one segment, without
   the records that the map knows a later one of (`cleaner_filter.py`) and those of aborted transactions
   (`cleaner_transactions.py`).
3. Each new segment is made durable and takes the place of its group (`swap.py`).

Kept true:
- offsets, their order, timestamps, leader epochs, codecs and producers' ids never change; gaps appear between offsets;
- a key's last record stays, a tombstone until `delete.retention.ms` after it was cleaned first;
- of each producer that the log still knows, the header of its last batch stays, and with it its last sequence number;
  and that of the last one before the round's end, as what lies behind may yet be cut off (Kafka keeps the last one);
- the header of each segment's last batch stays, so that segments join without a gap: by that recovery knows that none
  was lost. (Kafka keeps the last one of a round only.)
- a record goes only when the one that replaces it is durable (`cleaner_plan.py` sees to that).

Readers go on reading the old files as long as they hold them. The log may grow meanwhile, and lose old segments whose
turn has not come. If it loses one that is being cleaned, is truncated, deleted or given up, or is not to be compacted
any more, the round ends (`CleaningAborted`); what is in place by then stays.

A round is driven by whoever asks for its `steps`: each is a piece of work of a millisecond or two, for a thread, and
what comes between two steps happens where they are asked for: on the event loop, which owns the log.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from barnabas.protocol.record_batch import CorruptRecords, RecordBatch
from barnabas.storage import scan
from barnabas.storage.cleaner_filter import BatchFilter
from barnabas.storage.cleaner_map import OffsetMap
from barnabas.storage.cleaner_plan import Dirt, group_segments
from barnabas.storage.cleaner_transactions import CleanedTransactions
from barnabas.storage.deferred import Removal
from barnabas.storage.disk import File, StorageError
from barnabas.storage.log import PartitionLog
from barnabas.storage.producer_state import ProducerStates
from barnabas.storage.segment import Segment
from barnabas.storage.swap import CleanedSegment
from barnabas.storage.transaction_index import AbortedTransaction

Step = Callable[[], object]

_STEP_BYTES: Final = 1 << 17
"""A thread that works for longer keeps the event loop from its turn, until Python's interpreter takes it away."""


class CleaningAborted(Exception):
    """The log is another by now, so that there is nothing to go on with."""


class CleaningStatistics:
    """What one round did; sizes in bytes."""

    __slots__ = ("keyless", "map_bytes", "map_utilization", "read_bytes", "written_bytes")

    def __init__(self) -> None:
        self.map_bytes = 0
        """Read to fill the map."""
        self.map_utilization = 0.0
        """How full the map was, 0 to 1."""
        self.read_bytes = 0
        """Of what was cleaned."""
        self.written_bytes = 0
        """Of what was left."""
        self.keyless = 0
        """Records without a key, which a compacted topic must not have, and which went."""

    @property
    def io_bytes(self) -> int:
        """All that was read and written."""
        return self.map_bytes + self.read_bytes + self.written_bytes


class _Batches:
    """The batches of one segment, from a position on, some at a time. Raises CorruptRecords for what is none."""

    __slots__ = ("_batches", "_next_offset", "path", "position", "size")

    def __init__(self, segment: Segment, position: int) -> None:
        self._batches = scan.batches(segment.file(), position, segment.size)
        self._next_offset = segment.base_offset
        self.path = segment.log_path
        self.position = position
        self.size = segment.size

    @property
    def at_end(self) -> bool:
        return self.position == self.size

    def some(self) -> Iterator[RecordBatch]:
        """The next ones, of as many bytes as are a step."""
        stop = self.position + _STEP_BYTES
        while self.position < min(stop, self.size):
            batch = next(self._batches, None)
            if batch is None:
                raise CorruptRecords(f"{self.path}: no whole batch at position {self.position}")
            if batch.base_offset < self._next_offset or batch.last_offset_delta < 0 or not batch.verify_crc():
                raise CorruptRecords(f"{self.path}: the batch at position {self.position} is damaged")
            self._next_offset = batch.next_offset
            self.position += batch.size
            yield batch


class Cleaning:
    """See the module's text. One round on one log at a time."""

    def __init__(self, log: PartitionLog, dirt: Dirt, *, map_bytes: int, now_ms: int) -> None:
        """`dirt` is what `survey` found just now; the map may take `map_bytes` of memory."""
        self.statistics: Final = CleaningStatistics()
        self.end_offset = dirt.first_offset
        """Up to here the log is clean once all steps are done."""
        self._log = log
        self._dirt = dirt
        self._map = OffsetMap(map_bytes)
        self._now_ms = now_ms
        self._generation = log.generation
        self._segments = [segment for segment in log.segments if segment.base_offset < dirt.end_offset]
        self._aborted: list[AbortedTransaction] = []

    def steps(self) -> Generator[Step, None, None]:
        """See the module's text. Raises CorruptRecords, CorruptIndex, SegmentTooLarge, StorageError, CleaningAborted,
        and so do the steps. May be closed at any time.
        """
        if not self._dirt.dirty_bytes:
            return
        for segment in self._log.segments:
            # They may end after what is cleaned.
            self._aborted += segment.transaction_index.after(0)
        yield from self._fill_map()
        self.statistics.map_utilization = self._map.utilization
        end_offset = self._map.latest_offset + 1
        segments = [segment for segment in self._segments if segment.base_offset < end_offset]
        transactions = CleanedTransactions(self._aborted)
        kept = BatchFilter(self._map, self._now_ms, self._log.config.delete_retention_ms)
        for group in group_segments(segments, self._log.config, self._dirt.end_offset):
            yield from self._clean(group, transactions, kept)
        self.statistics.keyless = kept.keyless
        self.end_offset = end_offset

    @property
    def is_stale(self) -> bool:
        """Whether the log was truncated or given up since: whatever a step says then, means nothing."""
        return self._log.generation != self._generation or not self._log.segments

    def _go_on(self, group: Sequence[Segment] = ()) -> None:
        if self.is_stale:
            raise CleaningAborted(f"{self._log.directory} was truncated or given up while it was cleaned")
        if not self._log.config.compact:
            raise CleaningAborted(f"{self._log.directory} is not to be compacted any more")
        if len(self._still_there(group)) < len(group):
            raise CleaningAborted(f"{self._log.directory} lost a segment that was being cleaned")

    def _still_there(self, segments: Sequence[Segment]) -> list[Segment]:
        """Those that are still the log's; retention may have taken some."""
        there = set(self._log.segments)
        return [segment for segment in segments if segment in there]

    # The map

    def _fill_map(self) -> Iterator[Step]:
        keys, start = self._map, self._dirt.first_offset
        transactions = CleanedTransactions(aborted for aborted in self._aborted if aborted.last_offset >= start)
        ends = [*(segment.base_offset for segment in self._segments[1:]), self._dirt.end_offset]
        keys.latest_offset = start - 1
        for segment, end_offset in zip(self._segments, ends, strict=True):
            if end_offset <= start or not self._still_there([segment]):
                continue
            batches = _Batches(segment, segment.position_before(start) if segment.base_offset < start else 0)
            full: list[bool] = []
            while not batches.at_end:
                yield partial(self._map_some, batches, transactions, full)
                self._go_on()
                if full:
                    return
            keys.latest_offset = end_offset - 1

    def _map_some(self, batches: _Batches, transactions: CleanedTransactions, full: list[bool]) -> None:
        for batch in batches.some():
            self.statistics.map_bytes += batch.size
            if batch.is_control:
                transactions.is_needless(batch)
            elif not transactions.is_aborted(batch) and not self._map.add(batch, self._dirt.first_offset):
                full.append(True)
                return
            self._map.latest_offset = max(self._map.latest_offset, batch.last_offset)

    # The segments

    def _clean(self, group: list[Segment], transactions: CleanedTransactions, kept: BatchFilter) -> Iterator[Step]:
        log = self._log
        group = self._still_there(group)
        if not any(segment.size for segment in group):
            return
        made = CleanedSegment(log.disk, log.directory, group[0].base_offset, log.config, group[-1].created_ms)
        copying = _Copying(
            made, transactions, kept, _last_batches(log.producers, self._map.latest_offset), self.statistics
        )
        durable = False
        made.open()
        try:
            for segment in group:
                batches = _Batches(segment, 0)
                while not batches.at_end:
                    yield partial(copying.some, batches, segment is group[-1])
                    self._go_on(group)
            yield partial(_sync, made.finish(transactions.take_kept()))
            self._go_on(group)
            durable = True
        finally:
            if not durable and log.segments:
                with suppress(StorageError):  # the next start removes the files, if the disk still works
                    made.discard()
        removal = Removal(log.disk, files=made.replace(group))
        log.replace_segments(group, made.segment)
        yield partial(_settle, log, removal)
        self._go_on()


class _Copying:
    """Writes what is to stay of one group into one segment. For a thread."""

    __slots__ = ("_filter", "_last_batches", "_made", "_statistics", "_transactions")

    def __init__(
        self,
        made: CleanedSegment,
        transactions: CleanedTransactions,
        kept: BatchFilter,
        last_batches: _LastBatches,
        statistics: CleaningStatistics,
    ) -> None:
        self._made = made
        self._transactions = transactions
        self._filter = kept
        self._last_batches = last_batches
        self._statistics = statistics

    def some(self, batches: _Batches, is_last: bool) -> None:
        """Copy the next ones of a segment; `is_last` says that it is the group's last."""
        statistics, before = self._statistics, self._made.segment.size
        for batch in batches.some():
            statistics.read_bytes += batch.size
            discard = (
                self._transactions.is_needless(batch) if batch.is_control else self._transactions.is_aborted(batch)
            )
            keep_empty = (is_last and batches.at_end) or self._is_last_of_producer(batch)
            left = self._filter.clean(batch, discard=discard, keep_empty=keep_empty)
            if left is not None:
                self._made.append(left)
        self._made.write()
        statistics.written_bytes += self._made.segment.size - before

    def _is_last_of_producer(self, batch: RecordBatch) -> bool:
        """Whether it holds the last sequence of a producer that is known, or, where none is known, its epoch."""
        last = self._last_batches.get(batch.producer_id)
        if last is None or not batch.has_producer_id:
            return False
        last_offsets, epoch = last
        if last_offsets:
            return batch.last_offset in last_offsets
        return batch.is_control and batch.producer_epoch == epoch


_LastBatches = Mapping[int, tuple[Sequence[int], int]]
"""Of each producer the last offsets of the batches that must not be forgotten, and its epoch."""


def _last_batches(producers: ProducerStates, latest_offset: int) -> _LastBatches:
    """`latest_offset`: the last one that is cleaned."""
    found: dict[int, tuple[Sequence[int], int]] = {}
    for state in producers:
        offsets = [batch.last_offset for batch in state.batches]
        cleaned = [offset for offset in offsets if offset <= latest_offset]
        found[state.producer_id] = ([*cleaned[-1:], *offsets[-1:]], state.epoch)
    return found


def _sync(files: Sequence[File]) -> None:
    for file in files:
        file.fdatasync()


def _settle(log: PartitionLog, removal: Removal) -> None:
    """Make new names durable, then remove the old segments. The log may have been deleted meanwhile."""
    try:
        log.disk.fsync_directory(log.directory)
    except StorageError as error:
        if error.errno != errno.ENOENT:
            raise
    removal.run()

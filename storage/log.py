"""One partition's log: batches in segments, what a leader and a follower append, what a fetch reads.

Kept true:
- offsets grow from batch to batch; `log_start_offset <= log_end_offset`; a batch is in the file before the end offset,
  the indexes, the epochs and the producers' state know of it;
- up to `recovery_point` everything is durable; beyond it a crash may lose or tear what was written, and recovery
  (`recovery.py`) reads on from there;
- a reader's `LogSlice` holds the file itself: it may outlive the segment.

Everything is called from one thread, the event loop's, but for `LogSlice.read` and `Flush.run`. After a StorageError
the log is as it was before the call; the shell takes the log directory offline. What is to be durable when, who may
read up to where, and what the records of a client's batch must look like, are not the log's affair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.record_batch import RecordBatch, end_txn_marker
from barnabas.storage import leader_epoch as epochs_file
from barnabas.storage.append_result import AppendResult
from barnabas.storage.config import LogConfig
from barnabas.storage.deferred import Flush, Removal
from barnabas.storage.disk import Buffer, Disk, LogSlice, StorageError
from barnabas.storage.follower_append import checked_batches, runs
from barnabas.storage.leader_epoch import LeaderEpochs
from barnabas.storage.producer_state import ProducerStates
from barnabas.storage.retention import expired_segments
from barnabas.storage.segment import MAX_RELATIVE_OFFSET, Segment, new_segment
from barnabas.storage.segment_list import SegmentList
from barnabas.storage.snapshots import ProducerSnapshots, load_producers
from barnabas.storage.timestamps import TimestampOffset, first_at_or_after, first_of_latest
from barnabas.storage.transaction_index import AbortedTransaction


class PartitionLog:
    """The log of one partition. Made by `recovery.open_log`, which fills it in."""

    __slots__ = (
        "_disk",
        "_flush",
        "_new_files",
        "_new_folder",
        "_segments",
        "_unsynced",
        "config",
        "directory",
        "epochs",
        "generation",
        "last_flush_ms",
        "log_end_offset",
        "log_start_offset",
        "on_rewind",
        "partition",
        "producers",
        "recovery_notes",
        "recovery_point",
        "snapshots",
        "topic",
        "topic_id",
    )

    def __init__(
        self,
        disk: Disk,
        directory: str,
        topic: str,
        partition: int,
        config: LogConfig,
        *,
        topic_id: bytes,
        segments: SegmentList,
        snapshots: ProducerSnapshots,
        producers: ProducerStates,
        epochs: LeaderEpochs,
        log_start_offset: int,
        log_end_offset: int,
        recovery_point: int,
        clean: bool,
        now_ms: int,
    ) -> None:
        self._disk = disk
        self._segments = segments
        self._flush: Flush | None = None
        self._new_files = self._new_folder = not clean
        self._unsynced: list[str] = []
        self.directory = directory
        """The partition's folder, relative to the log directory."""
        self.topic = topic
        self.partition = partition
        self.topic_id = topic_id
        """16 bytes; ZERO_UUID if the folder does not tell."""
        self.config = config
        """May be replaced at any time."""
        self.epochs = epochs
        self.producers = producers
        self.snapshots = snapshots
        self.log_start_offset = log_start_offset
        """Of the first record that readers may have."""
        self.log_end_offset = log_end_offset
        """Of the next record: where the last batch ends."""
        self.recovery_point = recovery_point
        """All before it is durable."""
        self.last_flush_ms = now_ms
        self.generation = 0
        """How often the log was truncated."""
        self.recovery_notes: list[str] = []
        """What had to be repaired when the log was opened, for people."""
        self.on_rewind: Callable[[], None] | None = None
        """Called when the recovery point or the log's start went back: what checkpoints say of them is too late now."""

    def __repr__(self) -> str:
        return f"PartitionLog({self.directory}, {self.log_start_offset}..{self.log_end_offset})"

    @property
    def latest_epoch(self) -> int:
        """The leader epoch of the newest batch, or one assigned since; -1 if there is none."""
        return self.epochs.latest

    @property
    def size(self) -> int:
        """Bytes of all segments."""
        return self._segments.bytes

    @property
    def disk(self) -> Disk:
        return self._disk

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Oldest first; the last one is being written to."""
        return tuple(self._segments)

    @property
    def active(self) -> Segment:
        """The segment that is being written to. Raises WireError(KAFKA_STORAGE_ERROR) after `abandon`."""
        if not self._segments:
            raise WireError(ErrorCode.KAFKA_STORAGE_ERROR, f"The log {self.directory} is not in use any more.")
        return self._segments[-1]

    # Appending

    def append_as_leader(
        self, batch: RecordBatch, leader_epoch: int, now_ms: int, *, sequenced: bool = True
    ) -> AppendResult:
        """Append one validated batch, whose memory is written into: it gets the next offset and `leader_epoch`.

        `sequenced` is False for a coordinator's own batches. Raises WireError for the producer's mistakes
        (`producer_state.py`) and RECORD_LIST_TOO_LARGE, and StorageError.
        """
        if batch.has_producer_id:
            known = self.producers.check(batch, sequenced=sequenced)
            if known is not None:
                return AppendResult(known.first_offset, known.last_offset, True, known.timestamp, 0)
        return self._append_checked(batch, leader_epoch, now_ms)

    def append_marker(
        self, batch: RecordBatch, leader_epoch: int, now_ms: int, *, transaction_version: int
    ) -> AppendResult:
        """Append the control batch that ends a transaction, likewise. `transaction_version` as in `check_marker`."""
        marker = end_txn_marker(next(batch.records()))
        if marker is not None:
            self.producers.check_marker(batch, marker, transaction_version)
        return self._append_checked(batch, leader_epoch, now_ms)

    def _append_checked(self, batch: RecordBatch, leader_epoch: int, now_ms: int) -> AppendResult:
        size = batch.size
        if size > self.config.segment_bytes:
            raise WireError(
                ErrorCode.RECORD_LIST_TOO_LARGE,
                f"Message batch size is {size} bytes in append to partition {self.topic}-{self.partition},"
                f" which exceeds the maximum configured segment size of {self.config.segment_bytes}.",
            )
        base_offset = self.log_end_offset
        last_offset = base_offset + batch.last_offset_delta
        if self.active.must_roll(size, last_offset, batch.max_timestamp, now_ms, self.config):
            self.roll(now_ms)
        batch.assign(base_offset, leader_epoch)
        self._write(batch.view)
        self._count(batch)
        timestamp = batch.max_timestamp if batch.log_append_time else -1
        return AppendResult(base_offset, last_offset, False, timestamp, size)

    def append_as_follower(
        self, records: Buffer, now_ms: int, *, leader_epoch: int | None = None, verify: bool = True
    ) -> AppendResult:
        """Append batches that have their offsets and epochs, as a leader sent them; a last one that is cut is left out.

        With `leader_epoch`, batches of later epochs are left out too: they are not that leader's to send. Nothing is
        appended if any is bad: raises CorruptRecords (also for the CRC, unless `verify` is off), UnexpectedOffset,
        StorageError.
        """
        end_offset = self.log_end_offset
        empty = end_offset == self.log_start_offset
        good = checked_batches(records, end_offset, empty=empty, leader_epoch=leader_epoch, verify=verify)
        if not good:
            return AppendResult(end_offset, end_offset - 1, False, -1, 0)
        first = good[0]
        if first.base_offset < self.log_end_offset:
            # The leader's first batch may begin before its log's start; only an empty log can step back to there.
            self.truncate_fully_and_start_at(first.base_offset, now_ms, log_start_offset=self.log_start_offset)
        view, position = memoryview(records), 0
        for run in runs(good, self.config.segment_bytes):
            size = sum(batch.size for batch in run)
            self._append_run(run, view[position : position + size], now_ms)
            position += size
        return AppendResult(first.base_offset, good[-1].last_offset, False, -1, position)

    def _append_run(self, run: list[RecordBatch], data: memoryview, now_ms: int) -> None:
        latest = max(batch.max_timestamp for batch in run)
        if self.active.must_roll(len(data), run[-1].last_offset, latest, now_ms, self.config):
            fits = run[-1].last_offset - self.log_end_offset <= MAX_RELATIVE_OFFSET
            self.roll(now_ms, None if fits else run[0].base_offset)
        self._write(data)
        for batch in run:
            self._count(batch)

    def _write(self, data: memoryview) -> None:
        segment = self._segments[-1]
        file = segment.file()
        try:
            file.pwritev((data,), segment.size)
        except StorageError:
            # A torn batch must not come to lie behind a shorter one that is written over its beginning later.
            with suppress(StorageError):
                file.truncate(segment.size)
            raise

    def _count(self, batch: RecordBatch) -> None:
        """The batch is written: let everything else know."""
        last_offset = batch.base_offset + batch.last_offset_delta
        segment, producers = self._segments[-1], self.producers
        segment.note(batch.size, last_offset, batch.max_timestamp)
        if batch.leader_epoch != self.epochs.latest and batch.leader_epoch >= 0:
            self.epochs.assign(batch.leader_epoch, batch.base_offset)
        segment.note_ended(producers, producers.replay(batch))
        self.log_end_offset = last_offset + 1

    def roll(self, now_ms: int, base_offset: int | None = None) -> None:
        """Begin a new segment, at the end offset.

        Segments join without a gap, even where the offsets have one, by which recovery knows that none was lost. Only
        where a gap is too large for the indexes must the segment begin behind it, at `base_offset`.
        """
        base, active = self.log_end_offset if base_offset is None else base_offset, self._segments[-1]
        if not active.size and active.base_offset == base:
            return
        segment = new_segment(self._disk, self.directory, base, self.config, now_ms)
        try:
            self.producers.end_offset = base
            if self.snapshots.take(self.producers):
                self._unsynced.append(self.snapshots.path(base))
            active.seal()
        except StorageError:
            # Batches that go on into the old segment must not be cut off where the new one would have begun.
            with suppress(StorageError):
                segment.remove()
            raise
        self._new_files = True
        self._segments.append(segment)

    def assign_epoch(self, leader_epoch: int) -> None:
        """A leader of `leader_epoch` writes from here on, even if it has nothing to write yet."""
        self.epochs.assign(leader_epoch, self.log_end_offset)

    # Reading

    def locate(self, offset: int, max_bytes: int, limit_offset: int, min_one_batch: bool = True) -> LogSlice | None:
        """Where a fetch finds its records: from the batch with `offset` on, the batches wholly below `limit_offset`.

        At most `max_bytes`, which may cut the last batch, but with `min_one_batch` the first one whole; never beyond
        the segment. None if there is nothing. Raises WireError(OFFSET_OUT_OF_RANGE), StorageError.
        """
        if not self.log_start_offset <= offset <= self.log_end_offset:
            raise WireError(
                ErrorCode.OFFSET_OUT_OF_RANGE,
                f"Received request for offset {offset} for partition {self.topic}-{self.partition}, but we only have"
                f" log segments upto {self.log_end_offset} and starting from {self.log_start_offset}.",
            )
        if offset >= limit_offset or offset == self.log_end_offset or not self._segments:
            return None
        place = self._segments.locate(offset)
        if place is None:
            return None
        length = max(max_bytes, place.size) if min_one_batch else max_bytes
        segment = self._segments[place.number]
        end = segment.size
        if limit_offset < self._segments.end_of(place.number, self.log_end_offset):
            end = segment.end_before(limit_offset)
        if length < place.size or end <= place.position:
            return None
        return LogSlice(segment.file(), place.position, min(length, end - place.position))

    def aborted_transactions(self, offset: int, records: LogSlice) -> list[AbortedTransaction]:
        """The aborted transactions of which `records`, what `locate(offset)` found, may hold a part; perhaps more."""
        return self._segments.aborted_transactions(offset, records, self.log_end_offset)

    def read_batches(self, offset: int, end_offset: int | None = None) -> Iterator[RecordBatch]:
        """The batches from the one with `offset` on, to those that begin below `end_offset`. May wait for the disk."""
        return self._segments.read_batches(offset, self.log_end_offset if end_offset is None else end_offset)

    def end_offset_for_epoch(self, epoch: int) -> tuple[int, int]:
        """(largest known epoch up to `epoch`, the offset where it ends); (-1, -1) if that cannot be told."""
        return self.epochs.end_offset_for(epoch, self.log_end_offset)

    def offset_for_timestamp(self, timestamp: int) -> TimestampOffset | None:
        """The first record that is not earlier than `timestamp` (ms); None if all are. May wait for the disk."""
        return first_at_or_after(self._segments, timestamp, self.log_start_offset)

    def max_timestamp_offset(self) -> TimestampOffset | None:
        """The first of the records with the largest timestamp; None if there is none. May wait for the disk."""
        return first_of_latest(self._segments)

    def earliest(self) -> TimestampOffset:
        """Where the log starts, and in which epoch; no timestamp (-1)."""
        return TimestampOffset(-1, self.log_start_offset, self.epochs.epoch_for_offset(self.log_start_offset))

    # Durability

    def flush_needed(self, now_ms: int) -> bool:
        """Whether the topic's configuration, or a segment that is complete, wants a flush now."""
        unflushed = self.log_end_offset - self.recovery_point
        if unflushed <= 0 or not self._segments:
            return False
        return (
            unflushed >= self.config.flush_messages
            or now_ms - self.last_flush_ms >= self.config.flush_ms
            or self.active.base_offset > self.recovery_point
        )

    def prepare_flush(self) -> Flush | None:
        """Begin to make all that is written durable (`deferred.py`). None if it is, or a flush is under way."""
        if self._flush is not None or not self._segments:
            return None
        behind = self.recovery_point < self.log_end_offset or not self.active.synced
        if not (behind or self._new_files or self.epochs.dirty):
            return None
        flush = Flush(self._disk, self.directory, self.log_end_offset, self.generation)
        for segment in self._segments[self._segments.number_of(self.recovery_point) :]:
            flush.files += segment.take_unsynced()
            self._new_files |= segment.transaction_index.take_new()
        if self.epochs.dirty:
            flush.epochs = (f"{self.directory}/{epochs_file.FILE_NAME}", self.epochs.to_file())
            self.epochs.dirty = False
        flush.paths, self._unsynced = self._unsynced, []
        flush.new_files, self._new_files = self._new_files, False
        flush.new_folder, self._new_folder = self._new_folder, False
        self._flush = flush
        return flush

    def complete_flush(self, flush: Flush, now_ms: int) -> None:
        """`flush.run()` is done."""
        self._flush = None
        self.last_flush_ms = now_ms
        if flush.generation == self.generation:
            self.recovery_point = max(self.recovery_point, flush.offset)

    def flush(self, now_ms: int) -> None:
        """Make all that is written durable, and wait for it."""
        flush = self.prepare_flush()
        if flush is not None:
            flush.run()
            self.complete_flush(flush, now_ms)

    # Cutting

    def truncate_to(self, offset: int, now_ms: int) -> int:
        """Remove every batch that reaches `offset` or beyond; the new end offset, where the last batch left ends.

        That is below `offset` if a batch contained it, so that a follower fetches the batch again, or after a gap.
        """
        if offset >= self.log_end_offset:
            self.epochs.truncate_from_end(self.log_end_offset)
            return self.log_end_offset
        if offset < self._segments[0].base_offset:
            self.truncate_fully_and_start_at(offset, now_ms)
            return offset
        self.generation += 1
        self._segments.remove_from(self._segments.number_of(offset) + 1)
        active = self._segments[-1]
        end_offset = active.truncate_to(offset)
        self._end_at(end_offset)
        self.log_start_offset = min(self.log_start_offset, end_offset)
        self.snapshots.remove_after(end_offset)
        self.producers = load_producers(self.snapshots, self._segments, end_offset, self.recovery_notes)
        # The cut is durable before anything is written over it: old batches must not come back behind new ones.
        active.sync()
        self._rewound()
        return end_offset

    def truncate_fully_and_start_at(self, offset: int, now_ms: int, *, log_start_offset: int | None = None) -> None:
        """Remove everything and begin anew with an empty segment at `offset`."""
        self.generation += 1
        self._segments.remove_from(0)
        self.snapshots.remove_after(-1)
        self.epochs.clear()
        self.producers = ProducerStates(offset)
        segment = new_segment(self._disk, self.directory, offset, self.config, now_ms)
        self._segments.append(segment)
        self._end_at(offset)
        self.log_start_offset = offset if log_start_offset is None else log_start_offset
        self._rewound()

    def _end_at(self, offset: int) -> None:
        self.log_end_offset = offset
        self.recovery_point = min(self.recovery_point, offset)
        self.epochs.truncate_from_end(offset)

    def _rewound(self) -> None:
        self._disk.fsync_directory(self.directory)
        self._new_files = False
        if self.on_rewind is not None:
            self.on_rewind()

    def advance_log_start(self, offset: int) -> Removal:
        """Readers get nothing before `offset` any more; what is returned removes the segments wholly before it.

        Their files have other names from now on, under which a start removes them too.
        """
        removal = Removal(self._disk)
        if offset > self.log_start_offset:
            self.log_start_offset = offset
            self.epochs.truncate_from_start(offset)
            while len(self._segments) > 1 and self._segments[1].base_offset <= offset:
                removal.files += self._segments.pop(0).mark_deleted()
            self.snapshots.remove_before(self._segments[0].base_offset)
        return removal

    def apply_retention(self, high_watermark: int, now_ms: int) -> Removal:
        """Let go of the segments that `retention.bytes` and `retention.ms` do not keep, if they are replicated."""
        count = expired_segments(self._segments, self.config, high_watermark, self.log_end_offset, now_ms)
        if not count:
            return Removal(self._disk)
        if count == len(self._segments):
            self.roll(now_ms)
        return self.advance_log_start(self._segments[count].base_offset)

    def replace_segments(self, old: Sequence[Segment], new: Segment) -> None:
        """`new` is in the place of `old`, which follow one another; whoever reads those may go on."""
        self._segments.replace(old, new)
        self.snapshots.remove_except(segment.base_offset for segment in self._segments)

    # Ending

    def sync_with_next_flush(self, path: str) -> None:
        """The file at `path` in the log's folder was written, and is not durable yet."""
        self._unsynced.append(path)

    def release_idle(self) -> int:
        """Close the files of the segments that were not used since the last call; how many."""
        return sum(segment.release_idle() for segment in self._segments)

    def release(self) -> None:
        """Close all files; the next use opens them again."""
        for segment in self._segments:
            segment.release()

    def close(self, now_ms: int) -> None:
        """Make everything durable and leave what the next start needs, then close the files."""
        flush = self.prepare_close()
        if flush is not None:
            flush.run()
            self.complete_flush(flush, now_ms)
        self.release()

    def prepare_close(self) -> Flush | None:
        """Write what the next start after a clean shutdown needs; the log's last flush, None if all is durable."""
        if self._flush is not None:
            self._take_back(self._flush)
        self.active.complete_time_index()
        begun = self.log_end_offset > self._segments[0].base_offset
        if begun and self.snapshots.take(self.producers):
            self._unsynced.append(self.snapshots.path(self.log_end_offset))
            self._new_files = True
        return self.prepare_flush()

    def _take_back(self, flush: Flush) -> None:
        """Nobody knows how far a flush came that is under way: all of it is to be done again."""
        self._flush = None
        for segment in self._segments[self._segments.number_of(self.recovery_point) :]:
            segment.unsync()
        self.epochs.dirty |= flush.epochs is not None
        self._unsynced += flush.paths
        self._new_files |= flush.new_files
        self._new_folder |= flush.new_folder

    def abandon(self) -> None:
        """Forget all files as they are: the disk failed, or the log is to be removed. It is of no use afterwards."""
        if self._flush is not None:
            self._flush.abandon()
        self._segments.clear()

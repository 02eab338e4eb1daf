"""Opening a log: after a clean shutdown with a glance at its end, after a crash by reading what may not be durable.

After a crash, from the segment with the recovery point on, batch by batch: length, magic, CRC and offsets are checked,
the log is cut at the first batch that fails, later segments are removed, and indexes, epochs and producers' state are
made anew from what was read. Before the recovery point the files were synced, and are taken as they are.
"""

from __future__ import annotations

from typing import Final

from barnabas.protocol.record_batch import CorruptRecords, RecordBatch
from barnabas.protocol.types import ZERO_UUID
from barnabas.storage import leader_epoch as epochs_file
from barnabas.storage import scan
from barnabas.storage.checkpoint import PARTITION_METADATA, CorruptCheckpoint, parse_partition_metadata
from barnabas.storage.config import LogConfig
from barnabas.storage.disk import Disk
from barnabas.storage.leader_epoch import LeaderEpochs
from barnabas.storage.log import PartitionLog
from barnabas.storage.producer_state import ProducerStates
from barnabas.storage.segment import (
    INDEX_SUFFIX,
    LOG_SUFFIX,
    MAX_RELATIVE_OFFSET,
    TIME_INDEX_SUFFIX,
    TXN_INDEX_SUFFIX,
    Segment,
    new_segment,
    segment_name,
)
from barnabas.storage.segment_list import SegmentList
from barnabas.storage.snapshots import SNAPSHOT_SUFFIX, ProducerSnapshots, load_producers
from barnabas.storage.swap import finish_swaps

_INDEX_SUFFIXES: Final = (INDEX_SUFFIX, TIME_INDEX_SUFFIX, TXN_INDEX_SUFFIX)


def open_log(
    disk: Disk,
    directory: str,
    topic: str,
    partition: int,
    config: LogConfig,
    *,
    clean: bool,
    recovery_point: int = 0,
    log_start_offset: int = 0,
    cleaned_offset: int = 0,
    now_ms: int = 0,
) -> PartitionLog:
    """Open the log in folder `directory`, which is made if need be; what was repaired is in its `recovery_notes`.

    `clean`: the log was closed and nothing wrote to it since. `recovery_point`, `log_start_offset` and `cleaned_offset`
    are those of the checkpoints. Raises StorageError.
    """
    opening = _Opening(disk, directory, config, cleaned_offset, now_ms)
    return opening.open(topic, partition, clean, recovery_point, log_start_offset)


class _Opening:
    def __init__(self, disk: Disk, directory: str, config: LogConfig, cleaned_offset: int, now_ms: int) -> None:
        self.disk = disk
        self.directory = directory
        self.config = config
        self.cleaned_offset = cleaned_offset
        self.now_ms = now_ms
        self.notes: list[str] = []
        self.segments = SegmentList()
        self.snapshots = ProducerSnapshots(disk, directory)
        self.epochs = LeaderEpochs()
        self.topic_id = ZERO_UUID

    def open(self, topic: str, partition: int, clean: bool, recovery_point: int, log_start_offset: int) -> PartitionLog:
        self.disk.make_directory(self.directory)
        self._read_folder()
        self._read_epochs()
        producers: ProducerStates | None = None
        if self.segments and not (clean and self._open_clean()):
            producers = self._recover(recovery_point)
            clean = False
        end_offset = self._end_offset() if producers is None else producers.end_offset
        if not self.segments or end_offset < log_start_offset:
            self._start_empty(log_start_offset)
            end_offset, producers = log_start_offset, ProducerStates(log_start_offset)
            clean = False
        while len(self.segments) > 1 and self.segments[1].base_offset <= log_start_offset:
            self.segments.pop(0).remove()
        log_start_offset = max(log_start_offset, self.segments[0].base_offset)
        self.epochs.truncate_from_end(end_offset)
        self._complete_epochs(log_start_offset, end_offset)
        self.snapshots.remove_after(end_offset)
        self.snapshots.remove_except(segment.base_offset for segment in self.segments)
        log = PartitionLog(
            self.disk,
            self.directory,
            topic,
            partition,
            self.config,
            topic_id=self.topic_id,
            segments=self.segments,
            snapshots=self.snapshots,
            producers=ProducerStates(end_offset) if producers is None else producers,
            epochs=self.epochs,
            log_start_offset=log_start_offset,
            log_end_offset=end_offset,
            recovery_point=end_offset if clean else min(recovery_point, end_offset),
            clean=clean,
            now_ms=self.now_ms,
        )
        log.recovery_notes = self.notes
        if not clean and self.topic_id != ZERO_UUID:
            # The process that wrote it may have died before it was durable, and it must not be behind the records.
            log.sync_with_next_flush(f"{self.directory}/{PARTITION_METADATA}")
        if producers is None:
            log.producers = load_producers(self.snapshots, self.segments, end_offset, self.notes)
        return log

    def _read_folder(self) -> None:
        """Find the segments and snapshots; remove what an interrupted deletion or rewriting left."""
        sizes = finish_swaps(self.disk, self.directory)
        bases = [int(name[: -len(LOG_SUFFIX)]) for name in sizes if _is_numbered(name, LOG_SUFFIX)]
        for base in sorted(bases):
            name = f"{base:020d}"
            self.segments.append(
                Segment(
                    self.disk,
                    segment_name(self.directory, base),
                    base,
                    index_interval=self.config.index_interval_bytes,
                    size=sizes[name + LOG_SUFFIX],
                    created_ms=self.now_ms,
                    index_bytes=sizes.get(name + INDEX_SUFFIX),
                    time_index_bytes=sizes.get(name + TIME_INDEX_SUFFIX),
                    transaction_index_bytes=sizes.get(name + TXN_INDEX_SUFFIX),
                )
            )
        # Empty ones within are what failed rolls left. The log starts with the first one: Kafka's cleaner may have
        # emptied it, or a crash, after which what follows is not to be had without it.
        for segment in [segment for segment in self.segments[1:-1] if not segment.size]:
            segment.remove()
            self.segments.remove(segment)
        known = set(bases)
        for name in sizes:
            if any(_is_numbered(name, suffix) and int(name[:20]) not in known for suffix in _INDEX_SUFFIXES):
                self.disk.remove(f"{self.directory}/{name}")
        offsets = [int(name[:20]) for name in sizes if _is_numbered(name, SNAPSHOT_SUFFIX)]
        self.snapshots = ProducerSnapshots(self.disk, self.directory, offsets)
        if PARTITION_METADATA in sizes:
            self._read_partition_metadata()

    def _read_partition_metadata(self) -> None:
        data = self.disk.read_file(f"{self.directory}/{PARTITION_METADATA}")
        try:
            self.topic_id = ZERO_UUID if data is None else parse_partition_metadata(data)
        except CorruptCheckpoint as error:
            self.notes.append(f"{PARTITION_METADATA}: {error}")

    def _read_epochs(self) -> None:
        data = self.disk.read_file(f"{self.directory}/{epochs_file.FILE_NAME}")
        try:
            self.epochs = LeaderEpochs() if data is None else LeaderEpochs.from_file(data)
        except CorruptCheckpoint as error:
            self.notes.append(f"{epochs_file.FILE_NAME}: {error}; the epochs are read from the log")
            self._rebuild_epochs()

    def _complete_epochs(self, log_start_offset: int, end_offset: int) -> None:
        """A crash may bring the log's start back to before the first epoch that is known."""
        known = self.epochs.entries()
        if log_start_offset < min((start for _, start in known), default=end_offset):
            self._rebuild_epochs()
            for epoch, start_offset in known:
                if epoch > self.epochs.latest:
                    self.epochs.assign(epoch, start_offset)
        self.epochs.truncate_from_start(log_start_offset)

    def _rebuild_epochs(self) -> None:
        self.epochs = LeaderEpochs()
        for segment in self.segments:
            for header in segment.headers():
                if header.leader_epoch > self.epochs.latest:
                    self.epochs.assign(header.leader_epoch, header.base_offset)

    def _open_clean(self) -> bool:
        """Find the log's end; False if the active segment is not as a clean shutdown leaves it."""
        self._check_indexes(self.segments[:-1])
        self._check_transaction_indexes(self.segments)
        active = self.segments[-1]
        if not active.size and len(self.segments) > 1:
            active = self._choose_active(active, self.segments[-2])
        if active.open_end():
            return True
        self.notes.append(f"{active.name}{LOG_SUFFIX}: its end is not what a clean shutdown leaves")
        return False

    def _choose_active(self, last: Segment, previous: Segment) -> Segment:
        """An empty last segment may be what a failed roll left, while its predecessor was written on."""
        if previous.open_end() and previous.tail is not None and previous.tail.offsets[-1] > last.base_offset:
            self._remove_from(len(self.segments) - 1)
            return previous
        previous.tail = None
        return last

    def _check_indexes(self, segments: list[Segment]) -> None:
        for segment in segments:
            if not segment.has_indexes:
                self.notes.append(f"{segment.name}: an index is missing or damaged, both are made anew")
                segment.rebuild_indexes()

    def _check_transaction_indexes(self, segments: list[Segment]) -> None:
        """`segments` are the first ones of the log."""
        for number, segment in enumerate(segments):
            if not segment.transaction_index.is_whole:
                self.notes.append(f"{segment.transaction_index.path} is damaged, and made anew")
                before = SegmentList(segments[:number])
                producers = load_producers(self.snapshots, before, segment.base_offset, self.notes)
                segment.transaction_index.clear()
                for batch in segment.batches():
                    segment.note_ended(producers, producers.replay(batch))
                # At once: it counts as durable, and one that is cut at an entry looks whole.
                for file in segment.transaction_index.take_unsynced():
                    file.fdatasync()

    def _end_offset(self) -> int:
        tail = self.segments[-1].tail if self.segments else None
        return tail.offsets[-1] if tail is not None else 0

    def _start_empty(self, offset: int) -> None:
        if self.segments:
            self.notes.append(f"the log ends before its start offset {offset}: all segments are removed")
            self.segments.remove_from(0)
            self.snapshots.remove_after(-1)
            self.disk.fsync_directory(self.directory)
        self.epochs.clear()
        self.segments.append(new_segment(self.disk, self.directory, offset, self.config, self.now_ms))

    def _recover(self, recovery_point: int) -> ProducerStates:
        """Read what may not be durable, cut at the first bad batch; the producers' state at the end that is left."""
        first = self.segments.number_of(recovery_point)
        end_offset = self.segments[first].base_offset
        durable = SegmentList(self.segments[:first])
        self._check_indexes(durable)
        self._check_transaction_indexes(durable)
        if durable:
            # Its last entry was written when the next segment began: perhaps after all else in it was synced.
            durable[-1].read_max_timestamp()
        self.snapshots.remove_after(end_offset)
        # What was cleaned was durable, and its epochs written down: they cannot be read from what is left of it.
        self.epochs.truncate_from_end(max(end_offset, self.cleaned_offset))
        producers = load_producers(self.snapshots, durable, end_offset, self.notes)
        for number in range(first, len(self.segments)):
            segment = self.segments[number]
            if not self._follows(segment, end_offset):
                # Or an empty last one is what a failed roll left.
                self.notes.append(
                    f"{segment.name}{LOG_SUFFIX} does not begin at {end_offset}, where the one before ends"
                )
                self._remove_from(number)
                break
            producers.end_offset = segment.base_offset
            if number:
                self.snapshots.take(producers)
            good = self._recover_segment(segment, producers)
            end_offset = producers.end_offset
            if not good or end_offset <= recovery_point:
                # The next recovery may begin behind this segment, so nothing of what was cut may come back then.
                segment.sync()
            if not good:
                self._remove_from(number + 1)
                break
        for segment in self.segments[first:-1]:
            segment.seal()
        return producers

    def _follows(self, segment: Segment, end_offset: int) -> bool:
        """Whether nothing is missing between `end_offset` and the segment.

        What was cleaned was durable before, and may have lost the end of a segment if Apache Kafka did it.
        """
        return segment.base_offset == end_offset or end_offset < segment.base_offset <= self.cleaned_offset

    def _recover_segment(self, segment: Segment, producers: ProducerStates) -> bool:
        """Whether all of it was good; what follows the first bad batch is cut off."""
        size = segment.size
        segment.start_over()
        for batch in scan.batches(segment.file(), 0, size):
            if not self._is_good(batch, producers.end_offset, segment):
                break
            try:
                completed = producers.replay(batch)
            except CorruptRecords:
                break
            if batch.leader_epoch > self.epochs.latest:
                self.epochs.assign(batch.leader_epoch, batch.base_offset)
            segment.note(batch.size, batch.last_offset, batch.max_timestamp)
            segment.note_ended(producers, completed)
        segment.complete_time_index()
        if segment.size == size:
            return True
        self.notes.append(
            f"{segment.name}{LOG_SUFFIX} is cut from {size} to {segment.size} bytes:"
            f" no good batch at offset {producers.end_offset}"
        )
        segment.file().truncate(segment.size)
        return False

    @staticmethod
    def _is_good(batch: RecordBatch, expected: int, segment: Segment) -> bool:
        return (
            batch.base_offset >= expected
            and batch.last_offset_delta >= 0
            and batch.last_offset - segment.base_offset <= MAX_RELATIVE_OFFSET
            and batch.verify_crc()
        )

    def _remove_from(self, number: int) -> None:
        if number == len(self.segments):
            return
        for segment in self.segments[number:]:
            self.notes.append(f"{segment.name}{LOG_SUFFIX} is removed: what comes before it is not whole")
        self.segments.remove_from(number)
        self.disk.fsync_directory(self.directory)


def _is_numbered(name: str, suffix: str) -> bool:
    return len(name) == 20 + len(suffix) and name.endswith(suffix) and name[:20].isdigit()

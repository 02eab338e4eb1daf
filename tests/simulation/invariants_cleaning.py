"""What must be true of records that go: by retention, and by compaction.

Each is looked at where it happens, on one replica, against a naive idea of what may go:

- *Retention*: whole segments at the log's beginning, below the high watermark; every record in them older than
  `retention.ms` by that broker's clock, or what is left not smaller than `retention.bytes`. A follower may also begin
  where somebody's log began by right.
- *Compaction*: what is rewritten lies below the high watermark, the first unstable offset, the recovery point and the
  active segment, and is older than `min.compaction.lag.ms`; what stays is as it was, at the same offsets; what goes has
  a later record of its key in the log, was aborted, or is a tombstone whose time is up and that hides nothing any more.
  Of transactions and producers: see `invariants_markers.py`.
- *Both*: by the `cleanup.policy` that is in force on that broker then, which is the one that it knows of the topic.

All copies of a compacted log are held against what was committed (`CommittedKeys`): a record at an offset is the one
that was written there, and of each key the last one is there. Each replica compacts by itself, so which older records
two of them still have says nothing.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple
from unittest import mock

import trio
from tests.simulation.cluster import START_MS, Cluster, Node, Violation, image_of, replicas_of
from tests.simulation.invariants_markers import check_rewritten
from tests.simulation.invariants_metadata import Key
from tests.simulation.pauses import HOST
from tests.simulation.workload_cleaning import KEYED, POLICY

from barnabas.protocol.record_batch import ControlType, RecordBatch, control_type
from barnabas.storage.log import PartitionLog
from barnabas.storage.segment import Segment

_RARE_MS: Final = 86_400_000
"""Segments that get records for longer are not complete within a run, so nothing of their logs is cleaned."""


def is_cleaned(log: PartitionLog) -> bool:
    """Whether this log may be compacted within a run, by the policy that it has now or another one that it had."""
    return log.topic == KEYED or (log.config.compact and log.config.segment_ms < _RARE_MS)


class Content(NamedTuple):
    """A record, but for its offset."""

    key: bytes | None
    is_tombstone: bool
    checksum: int
    """Of its value and headers."""
    timestamp: int
    producer_id: int


def contents(batches: Iterable[RecordBatch]) -> Iterator[tuple[int, Content, RecordBatch]]:
    """All records with their offsets and batches."""
    for batch in batches:
        for record in batch.records():
            key = None if record.key is None else bytes(record.key)
            said = repr((record.value and bytes(record.value), record.headers)).encode()
            content = Content(key, record.value is None, zlib.crc32(said), record.timestamp, batch.producer_id)
            yield record.offset, content, batch


class Outcomes:
    """Of the records of some batches, in order: which were aborted, and which are not decided."""

    def __init__(self, batches: Iterable[RecordBatch]) -> None:
        self.aborted: set[int] = set()
        """Base offsets of batches."""
        self._open: dict[int, list[int]] = defaultdict(list)
        for batch in batches:
            self.add(batch)

    def add(self, batch: RecordBatch) -> ControlType | None:
        """The next batch; if it ends a transaction, how."""
        if not batch.is_control:
            if batch.is_transactional:
                self._open[batch.producer_id].append(batch.base_offset)
            return None
        record = next(batch.records(), None)
        kind = None if record is None else control_type(record.key)
        ended = self._open.pop(batch.producer_id, [])
        if kind is ControlType.ABORT:
            self.aborted.update(ended)
        return kind

    @property
    def first_open(self) -> float:
        """The first offset that is not decided."""
        return min((offsets[0] for offsets in self._open.values()), default=float("inf"))


class CommittedKeys:
    """What was committed to one compacted log, according to anybody."""

    def __init__(self) -> None:
        self._records: dict[int, Content] = {}
        self._last: dict[bytes, int] = {}
        self._open: dict[int, list[tuple[bytes, int]]] = defaultdict(list)
        self._end = 0

    def check(self, name: str, log: PartitionLog, start: int, end: int, *, whole: bool) -> None:
        """A copy is committed up to `end`, and is looked at from `start` on; `whole`: all of it was read."""
        present: set[int] = set()
        for batch in log.read_batches(start, end):
            is_new = batch.base_offset >= self._end
            for offset, content, _ in contents([batch]):
                if self._records.setdefault(offset, content) != content:
                    raise Violation(f"{name}: at {offset} is {content}, and was {self._records[offset]}")
                present.add(offset)
                if is_new and content.key is not None and not batch.is_control:
                    self._learn(batch, content.key, offset)
            if is_new and batch.is_control:
                self._decide(batch)
        self._end = max(self._end, end)
        if whole:
            self._check_last(name, max(start, log.log_start_offset), end, present)

    def _learn(self, batch: RecordBatch, key: bytes, offset: int) -> None:
        if batch.is_transactional:
            self._open[batch.producer_id].append((key, offset))
        else:
            self._last[key] = max(offset, self._last.get(key, -1))

    def _decide(self, batch: RecordBatch) -> None:
        record = next(batch.records(), None)
        records = self._open.pop(batch.producer_id, [])
        if record is not None and control_type(record.key) is ControlType.COMMIT:
            for key, offset in records:
                self._last[key] = max(offset, self._last.get(key, -1))

    def _check_last(self, name: str, start: int, end: int, present: set[int]) -> None:
        for key, offset in self._last.items():
            if start <= offset < end and offset not in present and not self._records[offset].is_tombstone:
                raise Violation(f"{name}: the last record of {key!r}, at {offset}, is gone")


class CleaningInvariants:
    """What goes, where it goes. What is wrong is in `violation`, to be raised where that is heard."""

    def __init__(self, cluster: Cluster, committed: dict[Key, int]) -> None:
        """`committed`: the highest high watermark that each partition had."""
        self.violation: Violation | None = None
        self.starts: dict[Key, int] = {}
        """Where anybody's log of a partition begins by right, at most."""
        self.rewritten: set[PartitionLog] = set()
        """Of which a part was compacted since they were read."""
        self.started_at: dict[Key, float] = {}
        """When any of these last changed, in simulated seconds."""
        self.expects_nothing = False
        """Whether no record need be kept."""
        self.forgot = False
        """Whether records may have been lost by right."""
        self.missed: set[Key] = set()
        """Partitions of which a replica may lack a marker by right: it was away while that went from the others."""
        self.on_missed: Callable[[], None] = lambda: None
        """Called when there is another one."""
        self._dropped: dict[Key, int] = {}
        """The last marker that went from anybody's log."""
        self._nodes = {node.host: node for node in cluster.brokers}
        self._committed = committed
        self._furthest: dict[Node, int] = {}
        """How far each wall clock was ahead, at most, in ms."""

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look at all that goes meanwhile."""
        with (
            mock.patch.object(PartitionLog, "advance_log_start", self._around("advance_log_start", self._advance)),
            mock.patch.object(PartitionLog, "replace_segments", self._around("replace_segments", self._replace)),
        ):
            yield

    def _around(self, name: str, look: Callable[..., Callable[[], None]]) -> Callable[..., Any]:
        """`look` reads what is there before, and gives what checks that against what is there afterwards."""
        original = getattr(PartitionLog, name)

        def call(log: PartitionLog, *args: Any) -> Any:
            node = self._nodes.get(HOST.get())
            replica = None if node is None or node.handle is None else _replica_of(node, log)
            if node is None or replica is None:
                return original(log, *args)
            with node.sound_disks():
                check = look(node, replica, *args)
            result = original(log, *args)
            try:
                with node.sound_disks():
                    check()
            except Violation as violation:
                self.violation = self.violation or violation
            return result

        return call

    def note_end(self, key: Key, end: int) -> None:
        """A replica's log ends here: if it has a transaction's batches, it will not get a marker that is gone."""
        if 0 < end <= self._dropped.get(key, -1) and key not in self.missed:
            self.missed.add(key)
            self.on_missed()

    def _note_gone(self, key: Key, offset: int) -> None:
        self._dropped[key] = max(offset, self._dropped.get(key, -1))
        for node in self._nodes.values():
            if node.handle is not None:
                replica = replicas_of(node).by_id.get(key[0], {}).get(key[1])
                if replica is not None:
                    self.note_end(key, replica.log.log_end_offset)

    def _check_policy(self, name: str, node: Node, log: PartitionLog) -> None:
        """What a log does is by what its broker knows."""
        known = image_of(node).configs.of_topic(log.topic).get(POLICY, "delete")
        if set(known.split(",")) != set(log.config.cleanup_policy):
            raise Violation(f"{name}: cleaned as {log.config.cleanup_policy}, where its broker knows {known}")

    def note_clock(self, node: Node) -> None:
        """Called often enough to meet each wall clock that the node ever had."""
        self._furthest[node] = max(self._furthest.get(node, 0), node.clock_offset_ms)

    def _now_ms(self, node: Node) -> int:
        return START_MS + node.clock_offset_ms + int(trio.current_time() * 1000)

    # Retention

    def _advance(self, node: Node, replica: Any, offset: int) -> Callable[[], None]:
        log: PartitionLog = replica.log
        start, before = log.log_start_offset, log.segments
        gone = [segment for segment in before if segment.base_offset < offset]
        batches = [batch for segment in gone for batch in segment.batches()]

        def check() -> None:
            if log.log_start_offset > start:
                self._check_start(node, replica, gone, batches)

        return check

    def _check_start(self, node: Node, replica: Any, gone: Sequence[Segment], batches: Sequence[RecordBatch]) -> None:
        log, key = replica.log, replica.key
        start, name = log.log_start_offset, f"{node}: {replica.topic}-{replica.index}"
        known = self.starts.get(key, 0)
        if not self.expects_nothing:
            if start > self._committed.get(key, start) and not self.forgot:
                raise Violation(f"{name}: begins at {start}, beyond the high watermark {self._committed[key]}")
            may_follow = replica.leader is None and start <= known
            if not may_follow:
                self._check_policy(name, node, log)
            if not may_follow and not self._may_go(node, log, gone, batches):
                raise Violation(f"{name}: begins at {start}, and nothing allows that; others begin at {known}")
        self.starts[key] = max(known, start)
        self.started_at[key] = trio.current_time()

    def _may_go(self, node: Node, log: PartitionLog, gone: Sequence[Segment], batches: Sequence[RecordBatch]) -> bool:
        config = log.config
        if not config.delete or log.segments[0].base_offset != log.log_start_offset:
            return False
        latest = max((batch.max_timestamp for batch in batches if batch.records_count), default=-1)
        by_age = config.retention_ms >= 0 and self._now_ms(node) - latest > config.retention_ms
        return by_age or 0 <= config.retention_bytes <= sum(segment.size for segment in log.segments)

    # Compaction

    def _replace(self, node: Node, replica: Any, old: Sequence[Segment], new: Segment) -> Callable[[], None]:
        log: PartitionLog = replica.log
        self.rewritten.add(log)
        if self.expects_nothing or log.directory in node.damaged:
            return lambda: None
        name = f"{node}: {replica.topic}-{replica.index}"
        segments = log.segments
        before = [batch for segment in old for batch in segment.batches()]
        high_watermark = replica.high_watermark
        log_before = list(log.read_batches(log.segments[0].base_offset, high_watermark))

        def check() -> None:
            if segments.index(old[-1]) + 1 == len(segments):
                raise Violation(f"{name}: the active segment was cleaned")
            end = segments[segments.index(old[-1]) + 1].base_offset
            self._check_region(name, node, replica, before, end, Outcomes(log_before))
            self._check_policy(name, node, log)
            self._check_records(name, node, before, list(new.batches()), log_before, end)
            for marker in check_rewritten(name, log, log_before, high_watermark, self._latest_ms(node)):
                self._note_gone(replica.key, marker.batch.base_offset)

        return check

    def _check_region(
        self, name: str, node: Node, replica: Any, before: Sequence[RecordBatch], end: int, outcomes: Outcomes
    ) -> None:
        log = replica.log
        limit = min(replica.high_watermark, log.recovery_point, outcomes.first_open)
        if not log.config.compact:
            raise Violation(f"{name}: was cleaned, and is not to be compacted any more")
        if end > limit:
            raise Violation(f"{name}: was cleaned up to {end}, which may be done up to {limit}")
        latest = max((batch.max_timestamp for batch in before if batch.records_count), default=-1)
        youngest = self._latest_ms(node) - log.config.min_compaction_lag_ms
        if log.config.min_compaction_lag_ms and latest > youngest:
            raise Violation(f"{name}: a record of {latest} was cleaned, which may be done up to {youngest}")

    def _latest_ms(self, node: Node) -> int:
        """What the node's clock may have shown, at most."""
        self.note_clock(node)
        return START_MS + self._furthest[node] + int(trio.current_time() * 1000)

    def _check_records(
        self,
        name: str,
        node: Node,
        before: Sequence[RecordBatch],
        after: Sequence[RecordBatch],
        log: Sequence[RecordBatch],
        end: int,
    ) -> None:
        were = {offset: (content, batch) for offset, content, batch in contents(before)}
        stay = {offset: content for offset, content, _ in contents(after)}
        for offset, content in stay.items():
            if offset not in were or were[offset][0] != content:
                raise Violation(f"{name}: compaction left {content} at {offset}, where {were.get(offset)} was")
        if not after or after[-1].next_offset != end:
            raise Violation(f"{name}: what was cleaned ends at {end}, and what is left does not")
        outcomes = Outcomes(log)
        offsets: dict[bytes, list[int]] = defaultdict(list)
        for offset, content, batch in contents(log):
            if content.key is not None and not batch.is_control and batch.base_offset not in outcomes.aborted:
                offsets[content.key].append(offset)
        for offset, (content, batch) in were.items():
            if offset in stay or batch.is_control or content.key is None or batch.base_offset in outcomes.aborted:
                continue
            same = offsets[content.key]
            if same[-1] > offset:
                continue
            horizon = batch.delete_horizon_ms
            if not content.is_tombstone or horizon is None or horizon > self._latest_ms(node):
                raise Violation(f"{name}: the last record of {content.key!r}, at {offset}, was cleaned away")
            if hidden := [each for each in same if each < offset and (each in stay or each not in were)]:
                raise Violation(f"{name}: the tombstone of {content.key!r}, at {offset}, is gone before {hidden}")


def _replica_of(node: Node, log: PartitionLog) -> Any:
    return next((replica for replica in replicas_of(node) if replica.log is log), None)

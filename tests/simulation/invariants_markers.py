"""What must be true of transactions in a log that is compacted: a reader of committed records gets the same from it as
from the log before, of each key.

Where something of a log is rewritten (`check_rewritten`):

- a marker goes only when its delete horizon has come, which it gets only once no batch of its transaction is left, and
  when there is none then (a follower may get the marker with its leader's horizon, and have the batches);
- the table that readers of committed records make is the same before and after, but for tombstones whose time is up:
  by the batches and their markers, and by the index of aborted transactions, as readers use it;
- of each producer that the log knows, the last batch is still there, with its sequence, or its epoch where it has none.

At any time (`check_compacted`) what is open by the batches is what is open by the log's own idea; the indexes of
aborted transactions name whatever has a batch and a marker that aborts it, and nothing that has no such marker.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tests.simulation.cluster import Violation

from barnabas.protocol.record_batch import ControlType, RecordBatch, control_type
from barnabas.storage.log import PartitionLog
from barnabas.storage.transaction_index import AbortedTransaction


class Marker(NamedTuple):
    """The end of a transaction."""

    batch: RecordBatch
    kind: ControlType | None
    """None: it is empty, as it was needed for its producer's epoch only."""
    first_offset: int | None
    """Of the transaction; None if there is no batch of it."""


class Fold:
    """The transactions of some batches, in order."""

    def __init__(self, batches: Iterable[RecordBatch]) -> None:
        self.markers: list[Marker] = []
        self.open: dict[int, int] = {}
        """By producer id: where it began."""
        for batch in batches:
            if not batch.is_transactional:
                continue
            if batch.is_control:
                self._end(batch)
            else:
                self.open.setdefault(batch.producer_id, batch.base_offset)

    def _end(self, batch: RecordBatch) -> None:
        record = next(batch.records(), None)
        kind = None if record is None else control_type(record.key)
        first = None if kind is None else self.open.pop(batch.producer_id, None)
        self.markers.append(Marker(batch, kind, first))

    def aborted(self) -> Iterator[AbortedTransaction]:
        """Those of which there is a batch; the last stable offset is left out."""
        for batch, kind, first in self.markers:
            if kind is ControlType.ABORT and first is not None:
                yield AbortedTransaction(batch.producer_id, first, batch.base_offset, -1)


def check_rewritten(
    name: str, log: PartitionLog, before: Sequence[RecordBatch], high_watermark: int, latest_ms: int
) -> list[Marker]:
    """`before`: all batches of the log as it was, up to the high watermark; it is now as compaction has left it. The
    clock may have shown `latest_ms`. The markers that are gone.
    """
    after = list(log.read_batches(log.segments[0].base_offset, high_watermark))
    was, fold = Fold(before), Fold(after)
    gone = _gone(name, was.markers, fold.markers, latest_ms)
    stable = min(was.open.values(), default=high_watermark)
    if fold.open != was.open:
        raise Violation(f"{name}: open are {fold.open} since it was compacted, and were {was.open}")
    wanted = _table(before, list(was.aborted()), stable)
    _compare(f"{name}, by its markers", wanted, _table(after, list(fold.aborted()), stable), latest_ms)
    _compare(f"{name}, by its index", wanted, _table(after, _index(log), stable), latest_ms)
    _check_producers(name, log, before, after)
    return gone


def _gone(name: str, before: Sequence[Marker], after: Sequence[Marker], latest_ms: int) -> list[Marker]:
    kept = {marker.batch.base_offset for marker in after if marker.kind is not None}
    gone = [marker for marker in before if marker.kind is not None and marker.batch.base_offset not in kept]
    for batch, _, first in gone:
        horizon = batch.delete_horizon_ms
        if first is not None:
            raise Violation(f"{name}: the marker at {batch.base_offset} is gone, and its transaction began at {first}")
        if horizon is None or horizon > latest_ms:
            raise Violation(f"{name}: the marker at {batch.base_offset} is gone before its time, {horizon}")
    needed = {
        marker.batch.base_offset
        for marker in before
        if marker.first_offset is not None and marker.batch.delete_horizon_ms is None
    }
    for batch, _, _ in after:
        if batch.delete_horizon_ms is not None and batch.base_offset in needed:
            raise Violation(f"{name}: the marker at {batch.base_offset} is to go, and its transaction is there")
    return gone


class _Row(NamedTuple):
    offset: int
    value: bytes | None
    horizon_ms: int | None


def _table(batches: Iterable[RecordBatch], aborted: Iterable[AbortedTransaction], stable: int) -> dict[bytes, _Row]:
    """What a reader of committed records has of each key, if it is told of these aborted transactions (KIP-98)."""
    coming, out, table = sorted(aborted, key=lambda each: each.first_offset), set[int](), dict[bytes, _Row]()
    for batch in batches:
        if batch.base_offset >= stable:
            break
        while coming and coming[0].first_offset <= batch.last_offset:
            out.add(coming.pop(0).producer_id)
        if batch.is_control:
            record = next(batch.records(), None)
            if record is not None and control_type(record.key) is ControlType.ABORT:
                out.discard(batch.producer_id)
        elif not (batch.is_transactional and batch.producer_id in out):
            for record in batch.records():
                if record.key is not None:
                    value = None if record.value is None else bytes(record.value)
                    table[bytes(record.key)] = _Row(record.offset, value, batch.delete_horizon_ms)
    return table


def _compare(name: str, wanted: Mapping[bytes, _Row], found: Mapping[bytes, _Row], latest_ms: int) -> None:
    for key in sorted({*wanted, *found}):
        before, after = wanted.get(key), found.get(key)
        if before is not None and after is None and before.value is None:
            if before.horizon_ms is not None and before.horizon_ms <= latest_ms:
                continue
        elif before is not None and after is not None and before[:2] == after[:2]:
            continue
        raise Violation(f"{name}: who reads committed records has {after} of {key!r} now, and had {before}")


def _index(log: PartitionLog) -> list[AbortedTransaction]:
    return [each for segment in log.segments for each in segment.transaction_index.after(0)]


def _check_producers(name: str, log: PartitionLog, before: Iterable[RecordBatch], after: Iterable[RecordBatch]) -> None:
    last: dict[int, tuple[int, ...]] = {}
    known = {state.producer_id: state for state in log.producers}
    for batch in before:
        state = known.get(batch.producer_id)
        if state is not None and state.batches and batch.last_offset == state.batches[-1].last_offset:
            last[batch.last_offset] = _writer(batch)
    for batch in after:
        if batch.last_offset in last and _writer(batch) == last[batch.last_offset]:
            del last[batch.last_offset]
    for offset, writer in last.items():
        raise Violation(f"{name}: nothing says any more that the last batch of {writer} was at {offset}")
    epochs: dict[int, set[int]] = defaultdict(set)
    for batch in after:
        epochs[batch.producer_id].add(batch.producer_epoch)
    for batch in before:
        state = known.get(batch.producer_id)
        if state is None or state.batches or batch.producer_epoch != state.epoch:
            continue
        if state.epoch not in epochs[batch.producer_id]:
            raise Violation(f"{name}: nothing says any more that {batch.producer_id} has epoch {state.epoch}")


def _writer(batch: RecordBatch) -> tuple[int, ...]:
    return batch.producer_id, batch.producer_epoch, batch.base_sequence, batch.last_sequence


def check_compacted(name: str, log: Any) -> None:
    """See the module. All of a `PartitionLog` is read, the disk of which can be read."""
    fold = Fold(log.read_batches(log.segments[0].base_offset))
    found = {state.producer_id: state.txn_first_offset for state in log.producers if state.txn_first_offset >= 0}
    if fold.open.keys() != found.keys():
        raise Violation(f"{name}: open are {found}, and by its batches {fold.open}")
    markers = {marker.batch.base_offset: marker for marker in fold.markers}
    known = _index(log)
    for each in known:
        marker = markers.get(each.last_offset)
        if marker is None or marker.kind is not ControlType.ABORT or marker.batch.producer_id != each.producer_id:
            raise Violation(f"{name}: its index has {each}, and there is no such marker")
    firsts = {(each.producer_id, each.last_offset): each.first_offset for each in known}
    for each in fold.aborted():
        if firsts.get((each.producer_id, each.last_offset), each.last_offset) > each.first_offset:
            raise Violation(f"{name}: its index says {firsts}, and {each} is aborted")

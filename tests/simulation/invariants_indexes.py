"""What must be true of what lies beside a log's batches, each file read as it is.

- Each entry of an offset index points at the batch that it names; entries grow.
- Each entry of a time index names a batch with that timestamp, and none before it is later; entries grow.
- The index of aborted transactions names those that have their marker in the segment, each once, and no others.
- The last stable offset is the smallest first offset of a transaction that is open, or whose marker may be lost yet,
  but not beyond the high watermark.

The transactions of a log are found by a fold of its batches, as simple as it can be. It needs the whole log: where the
beginning is gone, or what was in between was cleaned, only what it still tells is compared. An index in which bits were
turned over may say anything: whoever looks something up in it looks at the batch as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

from tests.simulation.cluster import Violation

from barnabas.protocol.record_batch import BATCH_OVERHEAD, ControlType, RecordBatch, control_type
from barnabas.storage import scan


class Ended(NamedTuple):
    """A transaction with its marker."""

    producer_id: int
    first_offset: int
    marker_offset: int
    aborted: bool


@dataclass(slots=True)
class Transactions:
    """All of one log, by its batches."""

    open: dict[int, int] = field(default_factory=dict)
    """By producer id: where it began."""
    ended: list[Ended] = field(default_factory=list)

    def add(self, batch: RecordBatch) -> None:
        """The next batch."""
        if not batch.is_transactional:
            return
        if not batch.is_control:
            self.open.setdefault(batch.producer_id, batch.base_offset)
            return
        first = self.open.pop(batch.producer_id, None)
        record = next(batch.records(), None)
        if first is not None and record is not None:
            aborted = control_type(record.key) is ControlType.ABORT
            self.ended.append(Ended(batch.producer_id, first, batch.base_offset, aborted))

    def stable(self, high_watermark: int, committed: int) -> int:
        """What is decided, if markers below `committed` will not be lost."""
        undecided = [
            *self.open.values(),
            *(each.first_offset for each in self.ended if each.marker_offset >= committed),
        ]
        return min([*undecided, high_watermark])


def check_indexes(name: str, log: Any) -> None:
    """Of a `PartitionLog`, whose disk can be read."""
    for segment in log.segments:
        headers = list(scan.headers(log.disk.open(segment.log_path), 0, segment.size, segment.base_offset))
        check_offset_index(f"{name}: {segment.offset_index.path}", _entries(segment.offset_index), headers)
        check_time_index(f"{name}: {segment.time_index.path}", _entries(segment.time_index), headers)


def check_offset_index(name: str, entries: Sequence[tuple[int, ...]], headers: Sequence[scan.Header]) -> None:
    """`entries` are (last offset, position) of batches."""
    known = {header.last_offset: header.position for header in headers}
    for entry in entries:
        if known.get(entry[0]) != entry[1]:
            raise Violation(f"{name} has {entry}, where {known.get(entry[0])} is right")
    _check_growth(name, entries)


def check_time_index(name: str, entries: Sequence[tuple[int, ...]], headers: Sequence[scan.Header]) -> None:
    """`entries` are (offset, timestamp) of batches. Of cleaned batches the times of their headers may be left alone."""
    position, latest = 0, -1
    for offset, timestamp in entries:
        while position < len(headers) and headers[position].last_offset <= offset:
            if headers[position].size > BATCH_OVERHEAD:
                latest = max(latest, headers[position].max_timestamp)
            position += 1
        last = headers[position - 1] if position else None
        if last is None or (last.last_offset, last.max_timestamp) != (offset, timestamp) or timestamp < latest:
            raise Violation(f"{name} has {timestamp} at {offset}, up to which {latest} is the latest")
    _check_growth(name, entries)


def _check_growth(name: str, entries: Sequence[tuple[int, ...]]) -> None:
    for one, other in pairwise(entries):
        if not (one[0] < other[0] and one[1] < other[1]):
            raise Violation(f"{name} has {other} after {one}")


def _entries(index: Any) -> list[tuple[int, ...]]:
    """Of an offset or time index: the offsets first, as they are in the log; none if bits were turned over."""
    disk, size = index._disk, index.ENTRY.size
    if disk._find(index.path) in disk.platter.rotten:
        return []
    data = bytes(disk.read_file(index.path) or b"")[: index._written * size] + bytes(index._pending)
    found = index.ENTRY.iter_unpack(data[: len(data) // size * size])
    if index.ENTRY.format == ">qi":
        return [(index.base_offset + relative, timestamp) for timestamp, relative in found]
    return [(index.base_offset + relative, position) for relative, position in found]


class TransactionShadow:
    """The transactions of one log, as it grows."""

    def __init__(self) -> None:
        self._log: Any = None
        self._generation = -1
        self._end = 0
        self._found = Transactions()

    def follow(self, log: Any) -> Transactions | None:
        """None where the log does not tell of all of them, or knows of none. It is a `PartitionLog`."""
        if log.log_start_offset or "compact" in log.config.cleanup_policy:
            return None
        if not any(state.coordinator_epoch >= 0 or state.txn_first_offset >= 0 for state in log.producers):
            return None
        if log is not self._log or log.generation != self._generation:
            self._log, self._generation, self._end, self._found = log, log.generation, 0, Transactions()
        if self._end != log.log_end_offset:
            for batch in log.read_batches(self._end):
                if batch.base_offset >= self._end:
                    self._found.add(batch)
                    self._end = batch.next_offset
        return self._found


def check_aborted(name: str, log: Any, found: Transactions) -> None:
    """The indexes of aborted transactions are those of what was found in the log."""
    wanted = [(each.producer_id, each.first_offset, each.marker_offset) for each in found.ended if each.aborted]
    known = [entry for segment in log.segments for entry in _aborted(segment.transaction_index)]
    if wanted != known:
        wrong = sorted(set(wanted).symmetric_difference(known))
        raise Violation(f"{name}: aborted are {wrong[:5]} by its batches or by its index, but not by both")


def _aborted(index: Any) -> Iterator[tuple[int, int, int]]:
    disk, size = index._disk, index.ENTRY.size
    data = bytes(disk.read_file(index.path) or b"")[: index._written * size] + bytes(index._pending)
    for _, producer_id, first, last, _ in index.ENTRY.iter_unpack(data):
        yield producer_id, first, last


def check_stable(name: str, stable: int, found: Transactions, high_watermark: int, committed: int) -> None:
    """`committed`: as far as a high watermark ever was; a replica that begins anew knows a lower one, and may know of
    markers above it that they are committed.
    """
    least, most = found.stable(high_watermark, high_watermark), found.stable(high_watermark, committed)
    if not least <= stable <= most:
        raise Violation(f"{name}: stable up to {stable}; by its batches up to {least}, or {most}")

"""What must be true of a log by itself, and of all copies of one log.

A `Shadow` reads what a log holds, as it grows, and keeps the naive fold of it, with which the log's own idea of itself
must agree: batches join without a gap, the leader epochs are those of the batches, and the producers' state is that
of the batches (so that all replicas with the same batches have the same). A `CommittedLog` holds what of one log was
committed according to anybody; all copies must have the same.
"""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections.abc import Iterable
from itertools import islice
from typing import Any, Final, NamedTuple

from tests.simulation.cluster import Violation

_REMEMBERED: Final = 5
"""Batches of a producer that a log knows."""


class Seen(NamedTuple):
    """A batch that was read."""

    base_offset: int
    next_offset: int
    checksum: int
    leader_epoch: int
    writer: tuple[int, int, int, bool] | None
    """Producer id, epoch, last sequence, and whether it is a control batch; None if nobody in particular."""


_Latest = tuple[int, list[tuple[int, int]]]
"""Of one producer: see `Producers`, with the latest batch at most."""

Producers = dict[int, tuple[int, list[tuple[int, int]]]]
"""Of each producer id the epoch, and last sequence and last offset of its latest batches in that epoch."""


class Shadow:
    """See the module."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.batches: list[Seen] = []
        self.start = 0
        self._log: Any = None
        self._generation: int | None = None
        self._is_whole = True
        self._producers: Producers = {}
        self._epochs: dict[int, tuple[int, int]] = {}

    @property
    def end(self) -> int:
        """The offset after the last batch."""
        return self.batches[-1].next_offset if self.batches else self.start

    def follow(self, log: Any, *, compacted: bool = False, rewritten: bool = False) -> None:
        """Read what is new, and compare. The log is a `PartitionLog`. `compacted`: offsets may be missing in it.
        `rewritten`: some of it was compacted since it was read, and what was appended is the same.
        """
        if log is not self._log or log.generation != self._generation:
            self._begin(log)
        elif log.log_start_offset < self.start:
            raise Violation(f"{self.name}: the log's start went back from {self.start} to {log.log_start_offset}")
        self.start = log.log_start_offset
        if self.start > self.end:
            self.batches.clear()
            self._producers.clear()
            self._is_whole = False  # what it lost was not read
        if rewritten:
            self.batches = [_seen(batch) for batch in log.read_batches(self.start, self.end)]
        if self.end != log.log_end_offset:
            self._read(log, compacted)
            self._check_epochs(log)
            self._check_producers(log, compacted)

    def _begin(self, log: Any) -> None:
        """Another log, or one that was cut."""
        self._log, self._generation = log, log.generation
        self.start = log.log_start_offset
        self.batches.clear()
        self._producers.clear()
        self._epochs.clear()
        self._is_whole = not self.start

    def _read(self, log: Any, compacted: bool) -> None:
        for batch in log.read_batches(self.end):
            if self.batches and batch.base_offset < self.end:
                continue
            if batch.base_offset != self.end and (compacted or self.batches):
                if not compacted:
                    raise Violation(f"{self.name} has {batch.base_offset} after {self.end}")
                self._is_whole = False
            seen = _seen(batch)
            self.batches.append(seen)
            fold(self._producers, seen)
            first, _ = self._epochs.get(seen.leader_epoch, (seen.base_offset, 0))
            self._epochs[seen.leader_epoch] = (first, seen.base_offset)
        if self.end != log.log_end_offset:
            raise Violation(f"{self.name} ends at {self.end}, but says at {log.log_end_offset}")

    def _check_epochs(self, log: Any) -> None:
        """The log may know epochs besides, in which nothing was written."""
        for epoch, places in self._epochs.items():
            for offset in places:
                known = log.epochs.epoch_for_offset(offset)
                if known != epoch and offset >= self.start:
                    raise Violation(f"{self.name}: {offset} is of epoch {epoch}, but the log takes it for {known}'s")

    def _check_producers(self, log: Any, compacted: bool) -> None:
        known = {
            state.producer_id: (state.epoch, [(batch.last_sequence, batch.last_offset) for batch in state.batches])
            for state in log.producers
        }
        if self._is_whole:
            is_right = self._producers == known
        else:  # of what a log has lost its producers may still be known, and they must be as of what it has
            latest = {producer_id: (epoch, batches[-1:]) for producer_id, (epoch, batches) in known.items()}
            is_right = all(
                latest.get(producer_id) == (epoch, batches[-1:])
                or (compacted and _is_later(latest.get(producer_id), (epoch, batches[-1:]), log.log_end_offset))
                for producer_id, (epoch, batches) in self._producers.items()
            )
        if not is_right:
            raise Violation(f"{self.name}: its producers are {known}, but by its batches they are {self._producers}")


def _is_later(known: _Latest | None, seen: _Latest, end: int) -> bool:
    """What compaction took for the sake of what was cut off later is known from a snapshot only, as with Kafka."""
    if known is None:
        return False
    (epoch, batches), (seen_epoch, seen_batches) = known, seen
    last, seen_last = ([offset for _, offset in each] for each in (batches, seen_batches))
    return (epoch, last) > (seen_epoch, seen_last) and all(offset < end for offset in last)


def _seen(batch: Any) -> Seen:
    writer = None
    if batch.has_producer_id:
        writer = (batch.producer_id, batch.producer_epoch, batch.last_sequence, batch.is_control)
    return Seen(batch.base_offset, batch.next_offset, zlib.crc32(batch.view), batch.leader_epoch, writer)


def fold(producers: Producers, batch: Seen) -> None:
    """What the batch changes."""
    if batch.writer is None:
        return
    producer_id, epoch, last_sequence, is_control = batch.writer
    known_epoch, known = producers.get(producer_id, (epoch, []))
    latest = known if known_epoch == epoch else []
    if not is_control:
        latest = [*latest, (last_sequence, batch.next_offset - 1)][-_REMEMBERED:]
    producers[producer_id] = (epoch, latest)


class CommittedLog:
    """The batches of one log that were committed according to anybody, in order. All copies must have the same."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._batches: dict[int, Seen] = {}
        self.end = 0

    def check(self, copy: Shadow, start: int, end: int) -> None:
        """A copy is committed up to `end`; up to `start` it was compared before."""
        position = max(start, copy.start)
        for batch in _from(copy.batches, position):
            if batch.base_offset >= end:
                break
            if self._batches.setdefault(batch.base_offset, batch) != batch:
                raise Violation(f"{copy.name}: at {batch.base_offset} is not what was committed there")
            position = batch.next_offset
        if position < end:
            raise Violation(f"{copy.name} ends at {position}, though it is committed up to {end}")
        self.end = max(self.end, end)

    def cut(self, copy: Shadow) -> int:
        """The log goes on from this copy: what else was committed is so no more. The offset where they part."""
        kept = {batch.base_offset: batch for batch in copy.batches}
        gone = [offset for offset, batch in self._batches.items() if kept.get(offset) != batch]
        for offset in gone:
            if offset in kept and kept[offset].leader_epoch == self._batches[offset].leader_epoch:
                raise Violation(f"{copy.name}: at {offset} is not what was written there in the same leader epoch")
        self.end = min([self.end, *gone])
        for offset in [offset for offset in self._batches if offset >= self.end]:
            del self._batches[offset]
        return self.end


def _from(batches: list[Seen], offset: int) -> Iterable[Seen]:
    """Those that end behind `offset`. The first may begin before it: after a loss of records a high watermark that was
    written down before can lie within a batch.
    """
    return islice(batches, bisect_right(batches, offset, key=lambda batch: batch.next_offset), None)

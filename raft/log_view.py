"""The core's own view of the log: where it ends, which epoch starts where, how far it is on disk.

The core needs no more than this to decide, so it keeps the view itself: every append and truncation that it orders in a
`Ready` is applied here at once, and the driver does the same to the file. What the log held at the start comes in with
the constructor, and the driver has synced it by then, because a fetch offset tells the leader what is durable here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from barnabas.raft.voters import VoterSet


class EpochOffset(NamedTuple):
    """An end offset and the epoch of the last record before it. Orders as logs do: by epoch, then by offset."""

    epoch: int
    offset: int

    def __str__(self) -> str:
        return f"{self.offset}@{self.epoch}"


@dataclass(frozen=True, slots=True)
class Batch:
    """A record batch at its place in the log: [`base_offset`, `next_offset`) in `epoch`.

    `data` belongs to the driver. `voters` is the voter set that a control batch carries, if it does.
    """

    base_offset: int
    next_offset: int
    epoch: int
    data: object
    voters: VoterSet | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.base_offset < self.next_offset or self.epoch < 0:
            raise ValueError(f"not a batch: [{self.base_offset}, {self.next_offset}) in epoch {self.epoch}")

    def __str__(self) -> str:
        voters = f" voters={self.voters}" if self.voters is not None else ""
        return f"[{self.base_offset}, {self.next_offset})@{self.epoch}{voters}"


class LogView:
    """Start and end of the log, its epochs and what of it is durable. All offsets; the end is exclusive."""

    __slots__ = ("_epochs", "end_offset", "generation", "start_offset", "synced_offset")

    def __init__(self, start_offset: int = 0, end_offset: int = 0, epochs: Iterable[EpochOffset] = ()) -> None:
        """`epochs`: each epoch in the log with the offset at which it starts, ascending."""
        self.start_offset = start_offset
        self.end_offset = end_offset
        self.synced_offset = end_offset
        self.generation = 0
        """Counts truncations, so that a sync that began before one is not taken for a later one."""
        self._epochs = list(epochs)

    @property
    def last_epoch(self) -> int:
        """The epoch of the last record; 0 for an empty log."""
        return self._epochs[-1].epoch if self._epochs else 0

    @property
    def end(self) -> EpochOffset:
        return EpochOffset(self.last_epoch, self.end_offset)

    @property
    def is_synced(self) -> bool:
        return self.synced_offset == self.end_offset

    def append(self, batch: Batch) -> None:
        if batch.base_offset != self.end_offset or batch.epoch < self.last_epoch:
            raise ValueError(f"{batch} does not follow {self.end}")
        if not self._epochs or batch.epoch > self.last_epoch:
            self._epochs.append(EpochOffset(batch.epoch, batch.base_offset))
        self.end_offset = batch.next_offset

    def truncate(self, end_offset: int) -> None:
        """Cuts the log so that it ends at `end_offset`."""
        if not self.start_offset <= end_offset <= self.end_offset:
            raise ValueError(f"cannot cut [{self.start_offset}, {self.end_offset}) at {end_offset}")
        while self._epochs and self._epochs[-1].offset >= end_offset:
            self._epochs.pop()
        self.end_offset = end_offset
        self.synced_offset = min(self.synced_offset, end_offset)
        self.generation += 1

    def end_offset_for_epoch(self, epoch: int) -> EpochOffset:
        """The largest epoch up to `epoch` that the log holds, and where it ends; the log's start when there is none."""
        index = bisect_right(self._epochs, epoch, key=lambda entry: entry.epoch)
        if index == 0:
            return EpochOffset(0, self.start_offset)
        end = self._epochs[index].offset if index < len(self._epochs) else self.end_offset
        return EpochOffset(self._epochs[index - 1].epoch, end)

    def divergence(self, fetch_offset: int, last_fetched_epoch: int) -> EpochOffset | None:
        """Where a log that ends at `fetch_offset` in `last_fetched_epoch` leaves this one; None when it is a prefix."""
        if fetch_offset == 0 and self.start_offset == 0:
            return None
        end = self.end_offset_for_epoch(last_fetched_epoch)
        return end if end.epoch != last_fetched_epoch or end.offset < fetch_offset else None

    def truncation_offset(self, diverging: EpochOffset) -> int:
        """Where to cut this log when the leader answers that it diverges from the leader's at `diverging`."""
        if diverging.epoch == 0:
            return min(diverging.offset, self.end_offset)
        own = self.end_offset_for_epoch(diverging.epoch)
        return min(own.offset, diverging.offset) if own.epoch == diverging.epoch else own.offset

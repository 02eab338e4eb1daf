"""The segments of a log, oldest first, and the way from an offset to one of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from barnabas.protocol.record_batch import RecordBatch
from barnabas.storage.disk import LogSlice
from barnabas.storage.segment import Segment
from barnabas.storage.transaction_index import AbortedTransaction


class Place(NamedTuple):
    """Where a batch is."""

    number: int
    """Of its segment in the list."""
    position: int
    """In the segment's log file."""
    size: int
    """Of the batch, in bytes."""


class SegmentList(list[Segment]):
    """Segments by base offset; each ends where the next one begins. Only a log that was given up has none."""

    __slots__ = ()

    @property
    def bytes(self) -> int:
        """Of all log files."""
        return sum(segment.size for segment in self)

    def number_of(self, offset: int) -> int:
        """The number of the segment in which `offset` is, if it is in any."""
        if offset >= self[-1].base_offset:
            return len(self) - 1
        return max(0, bisect_right(self, offset, key=_base_offset) - 1)

    def end_of(self, number: int, log_end_offset: int) -> int:
        """The offset at which segment `number` ends, exclusive."""
        return self[number + 1].base_offset if number + 1 < len(self) else log_end_offset

    def locate(self, offset: int) -> Place | None:
        """The first batch that ends at `offset` or later."""
        for number in range(self.number_of(offset), len(self)):
            found = self[number].locate(offset)
            if found is not None:
                return Place(number, *found)
        return None

    def read_batches(self, offset: int, end_offset: int) -> Iterator[RecordBatch]:
        """The batches from the one with `offset` on, to those that begin below `end_offset`. May wait for the disk."""
        place = self.locate(offset) if self else None
        if place is None:
            return
        position = place.position
        for number in range(place.number, len(self)):
            for batch in self[number].batches(position):
                if batch.base_offset >= end_offset:
                    return
                yield batch
            position = 0

    def aborted_transactions(self, offset: int, records: LogSlice, log_end_offset: int) -> list[AbortedTransaction]:
        """Those that end at `offset` or later and begin before the end of `records`, as far as the index tells it."""
        number = self.number_of(offset)
        while number + 1 < len(self) and self[number].log_path != records.file.path:
            number += 1
        upper_bound = self[number].offset_index.upper_bound(records.offset + records.size)
        if upper_bound is None:
            upper_bound = self.end_of(number, log_end_offset)
        found: list[AbortedTransaction] = []
        for segment in self[number:]:
            for aborted in segment.transaction_index.after(offset) if len(segment.transaction_index) else ():
                if aborted.first_offset < upper_bound:
                    found.append(aborted)
                if aborted.last_stable_offset >= upper_bound:
                    return found
        return found

    def replace(self, old: Sequence[Segment], new: Segment) -> None:
        """Put one segment in the place of some that follow one another."""
        number = self.index(old[0])
        self[number : number + len(old)] = [new]

    def remove_from(self, number: int) -> None:
        """Remove segments with their files, the newest first: if that stops halfway, what is left has no hole."""
        while len(self) > number:
            self.pop().remove()


def _base_offset(segment: Segment) -> int:
    return segment.base_offset

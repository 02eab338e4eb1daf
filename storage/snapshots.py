"""The `.snapshot` files of one log: producer states at some offsets, so that a start or a truncation replays little."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from typing import Final

from barnabas.protocol.record_batch import CorruptRecords
from barnabas.storage.disk import Disk
from barnabas.storage.producer_state import CorruptSnapshot, ProducerStates
from barnabas.storage.segment_list import SegmentList

SNAPSHOT_SUFFIX: Final = ".snapshot"


class ProducerSnapshots:
    """Which snapshots there are, by the offset up to which (exclusive) each counts."""

    __slots__ = ("_directory", "_disk", "_offsets")

    def __init__(self, disk: Disk, directory: str, offsets: Iterable[int] = ()) -> None:
        self._disk = disk
        self._directory = directory
        self._offsets = sorted(offsets)

    def __contains__(self, offset: int) -> bool:
        index = bisect_left(self._offsets, offset)
        return index < len(self._offsets) and self._offsets[index] == offset

    @property
    def offsets(self) -> tuple[int, ...]:
        return tuple(self._offsets)

    def path(self, offset: int) -> str:
        return f"{self._directory}/{offset:020d}{SNAPSHOT_SUFFIX}"

    def take(self, states: ProducerStates) -> bool:
        """Write a snapshot, and not yet durably; False if there is one of this offset."""
        if states.end_offset in self:
            return False
        self._disk.write_file(self.path(states.end_offset), states.to_snapshot(), sync=False)
        insort(self._offsets, states.end_offset)
        return True

    def load(self, start_offset: int, end_offset: int, notes: list[str]) -> ProducerStates:
        """The newest state up to `end_offset`, or else none at `start_offset`. Damaged files are removed, and noted."""
        for offset in reversed(self._offsets[: bisect_right(self._offsets, end_offset)]):
            data = self._disk.read_file(self.path(offset))
            try:
                if data is not None:
                    return ProducerStates.from_snapshot(data, offset)
            except CorruptSnapshot as error:
                notes.append(f"{self.path(offset)} is not used: {error}")
            self._remove(offset)
        return ProducerStates(start_offset)

    def remove_after(self, offset: int) -> None:
        """Remove the snapshots of offsets beyond `offset`."""
        for later in self._offsets[bisect_right(self._offsets, offset) :]:
            self._remove(later)

    def remove_except(self, base_offsets: Iterable[int]) -> None:
        """Remove those that begin no segment, but for the newest of all: that one is a clean shutdown's."""
        kept = set(base_offsets)
        for offset in self._offsets[:-1]:
            if offset not in kept:
                self._remove(offset)

    def remove_before(self, offset: int) -> None:
        """Remove the snapshots of offsets before `offset`: the segments they begin are gone."""
        for earlier in self._offsets[: bisect_left(self._offsets, offset)]:
            self._remove(earlier)

    def _remove(self, offset: int) -> None:
        self._disk.remove(self.path(offset))
        self._offsets = [other for other in self._offsets if other != offset]


def load_producers(
    snapshots: ProducerSnapshots, segments: SegmentList, end_offset: int, notes: list[str]
) -> ProducerStates:
    """The producers' state at `end_offset`: the newest snapshot's, and the batches after it."""
    states = snapshots.load(segments[0].base_offset if segments else end_offset, end_offset, notes)
    try:
        for batch in segments.read_batches(states.end_offset, end_offset):
            states.replay(batch)
    except CorruptRecords as error:
        notes.append(f"the producers' state ends before offset {end_offset}: {error}")
    states.end_offset = end_offset
    return states

"""Losses that are marked: what the unclean elections of a partition explain, and nothing besides.

Whoever is elected unclean lacks some of what was committed. What it has stays, and where it parts from what was
committed the log goes on anew: what lay behind that place, and was written in earlier leader epochs, may be gone. So a
loss is a leader epoch and an offset of one partition. It explains no record before that offset, none that was written
since, and none of another partition.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

Place = tuple[str, int]
"""A topic and a partition of it."""

UNKNOWN_OFFSET = -1


class Loss(NamedTuple):
    """From `offset` on may be gone what was written before leader epoch `epoch`; `at`: simulated seconds."""

    epoch: int
    offset: int
    at: float


class Losses:
    """All there were. `topics`: those whose partitions may have any, at some times at least."""

    def __init__(self, topics: Collection[str] = ()) -> None:
        self.topics = frozenset(topics)
        self.of: dict[Place, list[Loss]] = defaultdict(list)
        self.asked: set[Place] = set()
        """For which somebody asked for an unclean election."""
        self._written: dict[Place, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))

    @property
    def count(self) -> int:
        return sum(map(len, self.of.values()))

    def happened(self, place: Place, loss: Loss) -> None:
        self.of[place].append(loss)

    def wrote(self, place: Place, value: str, offset: int, epoch: int) -> None:
        """A leader of this epoch appended the record."""
        self._written[place][value].append((offset, epoch))

    def explains(self, place: Place, offset: int, epoch: int) -> bool:
        """Whether what was at this offset, and was written in this leader epoch, may be gone."""
        return any(loss.offset <= offset and epoch < loss.epoch for loss in self.of.get(place, ()))

    def explains_record(self, place: Place, value: str, offset: int) -> bool:
        """The same of a record that was acknowledged or read at this offset; -1: anywhere."""
        known = self._written[place].get(value, []) if place in self._written else []
        return any(self.explains(place, where, epoch) for where, epoch in known if offset in (where, UNKNOWN_OFFSET))

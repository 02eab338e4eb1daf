"""What clients did and saw: what there is to check when a run is over.

Values are unique: `producer:number`, and each producer sends to one partition, in the order of its numbers. What was
promised of a record depends on its producer (`Promise`). What is wrong with it all is found by `history_records.py`
and `history_topics.py`; only what shows at once is raised here.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.simulation.cluster import Violation
from tests.simulation.history_topics import Description, Operation, Setting
from tests.simulation.losses import Losses, Place

__all__ = ["NEVER", "History", "Place", "Promise", "Send", "Skip", "producer_of"]

NEVER = float("inf")


def producer_of(value: str) -> str:
    """Whose record this is."""
    return value.rpartition(":")[0]


@dataclass(frozen=True, slots=True)
class Promise:
    """What a producer asks for. `acks`: -1 for all in-sync replicas, 1 for the leader alone."""

    acks: int = -1
    idempotent: bool = True

    def __str__(self) -> str:
        return f"acks={'all' if self.acks == -1 else self.acks}{' idempotent' if self.idempotent else ''}"


@dataclass(slots=True)
class Send:
    """One record that was sent, and what became of it as far as its producer was told. Times in simulated seconds."""

    sent_at: float
    epoch: int
    """The partition's leader epoch then, or an older one in which some broker still took itself for the leader."""
    ended_at: float = NEVER
    offset: int | None = None
    """Where it was acknowledged; -1 if the broker did not say; None if it was not acknowledged."""
    is_refused: bool = False
    """Whether the broker said that it was not written."""


class Skip(NamedTuple):
    """A reader got `offset` after `before`, with nothing in between."""

    reader: str
    place: Place
    before: int
    offset: int


@dataclass(slots=True)
class History:
    """See the module."""

    promises: dict[str, Promise] = field(default_factory=dict)
    """By producer."""
    sends: dict[Place, dict[str, Send]] = field(default_factory=lambda: defaultdict(dict))
    """By value, in the order in which they were sent."""
    seen: dict[Place, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    """By readers: offset -> value."""
    skips: list[Skip] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    """On topics that come and go."""
    descriptions: list[Description] = field(default_factory=list)
    """Of the same topics, by brokers."""
    settings: list[Setting] = field(default_factory=list)
    """Of the topics that are there all the time."""
    failed: int = 0
    losses: int = 0
    """How often records may have been lost, by right."""
    expects_nothing: bool = False
    """Whether no record need be kept any more."""
    marked: Losses = field(default_factory=Losses)
    """What unclean elections lost, by right."""
    _positions: dict[tuple[str, Place], int] = field(default_factory=dict)
    _ends: dict[tuple[str, Place], int] = field(default_factory=dict)

    @property
    def acked(self) -> dict[Place, dict[str, int]]:
        """value -> offset."""
        return {
            place: {value: send.offset for value, send in sends.items() if send.offset is not None}
            for place, sends in self.sends.items()
        }

    def forget_records(self) -> None:
        """What was acknowledged or seen may be gone, by right. Nothing is on its way to a client."""
        for sends in self.sends.values():
            for send in sends.values():
                send.offset = None
        self.seen.clear()
        self.skips.clear()
        self._positions.clear()
        self._ends.clear()
        self.losses += 1

    def expect_no_records(self) -> None:
        """From now on nothing is promised of records."""
        self.forget_records()
        self.expects_nothing = True

    # Readers

    def begins(self, reader: str, place: Place) -> None:
        """The reader reads this partition from anywhere."""
        self._positions.pop((reader, place), None)

    def saw(self, reader: str, place: Place, offset: int, value: str) -> None:
        """The reader got this record."""
        if self.expects_nothing:
            return
        known = self.seen[place].setdefault(offset, value)
        if known != value:
            raise Violation(f"inconsistent offsets: {place} {offset} was read as {known} and, by {reader}, as {value}")
        before = self._positions.get((reader, place))
        if before is not None and offset <= before:
            raise Violation(f"nonmonotonic poll: {reader} read {place} {offset} after {before}")
        if before is not None and offset > before + 1:
            self.skips.append(Skip(reader, place, before, offset))
        self._positions[reader, place] = offset

    def saw_end(self, reader: str, place: Place, end: int) -> None:
        """The reader was told that the log ends here, for consumers."""
        if self.expects_nothing:
            return
        before = self._ends.get((reader, place), 0)
        if end < before:
            raise Violation(f"nonmonotonic end: {reader} was told that {place} ends at {before}, then at {end}")
        self._ends[reader, place] = end

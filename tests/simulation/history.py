"""What clients did and saw, and what must be true of it at the end.

The words for what is wrong are those of Jepsen's queue workload: lost, duplicate, reordered, inconsistent offsets,
unseen.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.simulation.cluster import Violation

Place = tuple[str, int]


@dataclass(slots=True)
class History:
    """Values are unique: `producer:number`, and each producer sends to one partition, in the order of its numbers."""

    sent: dict[Place, set[str]] = field(default_factory=lambda: defaultdict(set))
    acked: dict[Place, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    """With acks=all: value -> offset."""
    seen: dict[Place, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    """By consumers: offset -> value."""
    failed: int = 0
    losses: int = 0
    """How often records may have been lost, by right."""
    topics: dict[str, str] = field(default_factory=dict)
    """The state of topics that come and go: "there" and "gone" are certain, anything else is not."""

    def forget_records(self) -> None:
        """What was acknowledged or seen may be gone, by right."""
        self.acked.clear()
        self.seen.clear()
        self.losses += 1

    def saw(self, place: Place, offset: int, value: str) -> None:
        known = self.seen[place].setdefault(offset, value)
        if known != value:
            raise Violation(f"inconsistent offsets: {place} {offset} was read as {known} and as {value}")

    def check_log(self, place: Place, log: Sequence[tuple[int, str]]) -> None:
        """`log`: everything that can be read in the end."""
        offsets = [offset for offset, _ in log]
        if offsets != list(range(len(log))):
            raise Violation(f"offsets of {place} have gaps, or go back: {_first_odd(offsets)}")
        self._check_values(place, [value for _, value in log])
        values = dict(log)
        for value, offset in self.acked[place].items():
            if values.get(offset) != value:
                raise Violation(f"lost: {value} was acknowledged at {place} {offset}, where {values.get(offset)} is")
        for offset, value in self.seen[place].items():
            if values.get(offset) != value:
                raise Violation(f"unseen: {value} was read at {place} {offset}, where {values.get(offset)} is now")

    def _check_values(self, place: Place, values: Sequence[str]) -> None:
        twice = [value for value, count in Counter(values).items() if count > 1]
        if twice:
            raise Violation(f"duplicate: {twice[:3]} of {place} were written more than once")
        if strange := [value for value in values if value not in self.sent[place]]:
            raise Violation(f"nobody sent {strange[:3]} to {place}")
        last: dict[str, int] = {}
        for value in values:
            producer, _, number = value.partition(":")
            if last.get(producer, -1) >= int(number):
                raise Violation(f"reordered: {place} has {value} after {producer}:{last[producer]}")
            last[producer] = int(number)

    def check_topics(self, existing: Mapping[str, object]) -> None:
        for name, state in self.topics.items():
            if state == "there" and name not in existing:
                raise Violation(f"topic {name} was created, and is gone")
            if state == "gone" and name in existing:
                raise Violation(f"topic {name} was deleted, and is there")


def _first_odd(offsets: Sequence[int]) -> str:
    index = next(index for index, offset in enumerate(offsets) if index != offset)
    return f"{offsets[index]} instead of {index}"

"""What the members of a group saw, and what of it must not be.

    two owners        a partition is given to a member while another one has it that is in the group for certain
    skipped           a member gets a record, and one before it was neither read by the group nor committed
    committed unread  a member commits an offset, and not all before it was read
    went back         a member reads or commits a lower offset than was committed before it asked

A member has a partition from `on_assigned` to `on_revoked` or `on_lost`. It is in the group for certain until a session
may have ended that begins where it sent the last request which the coordinator answered, or a rebalance may have gone
on without it; later others may have its partitions, and it cannot know. An answer counts if the broker that gave it
was the coordinator then: one that does not know yet that it was replaced answers heartbeats, as with Kafka.

A commit without an answer may take effect at any later time, so what it said may be read though more was committed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import trio
from tests.simulation.cluster import Violation
from tests.simulation.history import History, Place

NEVER = float("-inf")


@dataclass(slots=True, eq=False)
class Seat:
    """One life of a member, as it knows itself. Times in simulated seconds."""

    name: str
    session: float
    """How long its session lasts."""
    rebalance: float
    """How long a rebalance waits for it."""
    owned: set[Place] = field(default_factory=set)
    is_out: bool = False
    """Whether it has left, or was told that it is no member."""
    heard_at: float = NEVER
    """When it sent the last request that was answered."""
    at_ease_at: float = NEVER
    """The same, when the group wanted nothing of it."""

    def is_member_for_certain(self) -> bool:
        now = trio.current_time()
        return not self.is_out and now < min(self.heard_at + self.session, self.at_ease_at + self.rebalance)


class GroupHistory:
    """See the module. After records were lost by right it checks nothing more."""

    def __init__(self, name: str, places: Iterable[Place], records: History) -> None:
        self.name = name
        self._records = records
        self.places = list(places)
        self.counts: Counter[str] = Counter()
        self.seats: list[Seat] = []
        """Of members that live."""
        self.read: dict[Place, int] = dict.fromkeys(self.places, 0)
        """Up to here all was read."""
        self.committed: dict[Place, int] = {}
        """The highest offset that was committed, as far as is known."""
        self._doubtful: dict[Place, set[int]] = defaultdict(set)

    @property
    def lossy(self) -> bool:
        """Whether records may be gone, by right, and with them what was decided of the group."""
        return self._records.losses > 0

    def count(self, what: str, number: int = 1) -> None:
        self.counts[f"groups: {what}"] += number

    # Partitions

    def assigned(self, seat: Seat, places: Iterable[Place]) -> None:
        """The member may read these from now on."""
        for place in places:
            for other in self.seats:
                if other is not seat and place in other.owned:
                    self._check_out(seat, other, place)
            seat.owned.add(place)
            self.count("partitions given")

    def _check_out(self, seat: Seat, other: Seat, place: Place) -> None:
        if not self.lossy and other.is_member_for_certain():
            raise Violation(f"two owners in {self.name}: {seat.name} is given {place}, which {other.name} has")
        self.count("partitions taken from members that were out")

    def released(self, seat: Seat, places: Iterable[Place]) -> None:
        """The member has given these up, or lost them."""
        seat.owned.difference_update(places)

    def ended(self, seat: Seat) -> None:
        """The member's process has ended."""
        seat.owned.clear()
        self.seats.remove(seat)

    def unowned(self) -> str | None:
        """Which partition has not exactly one owner; None if none."""
        for place in self.places:
            owners = [seat.name for seat in self.seats if place in seat.owned]
            if len(owners) != 1:
                return f"{place} is with {owners or 'nobody'}"
        return None

    # Records

    def got(self, seat: Seat, place: Place, offset: int) -> None:
        """The member got this record."""
        if self.lossy:
            return
        if offset > self.read[place]:
            raise Violation(
                f"skipped in {self.name}: {seat.name} got {place} {offset}, nobody {self.read[place]}; "
                f"{self.committed.get(place)} is committed"
            )
        self.count("records read again" if offset < self.read[place] else "records read")
        self.read[place] = max(self.read[place], offset + 1)

    # Offsets

    def commits(self, seat: Seat, offsets: Mapping[Place, int]) -> dict[Place, int]:
        """The member is about to ask for this; returns what was committed before."""
        for place, offset in offsets.items():
            if not self.lossy and offset > self.read[place]:
                raise Violation(
                    f"committed unread in {self.name}: {seat.name} commits {place} {offset}, read is {self.read[place]}"
                )
        return dict(self.committed)

    def did_commit(self, seat: Seat, place: Place, offset: int, before: Mapping[Place, int]) -> None:
        """It was acknowledged."""
        if not self.lossy and offset < before.get(place, 0):
            raise Violation(f"went back in {self.name}: {seat.name} committed {place} {offset} after {before[place]}")
        self.count("commits")
        self.committed[place] = max(offset, self.committed.get(place, 0))

    def may_have_committed(self, place: Place, offset: int) -> None:
        """Nobody knows."""
        self.count("commits of unknown outcome")
        self._doubtful[place].add(offset)

    def found(self, who: str, place: Place, offset: int | None, before: Mapping[Place, int]) -> None:
        """This is committed, None: nothing; `before` is what was known when it was asked for."""
        least = before.get(place)
        if not self.lossy and least is not None and (offset is None or offset < least):
            if offset is None or offset not in self._doubtful[place]:
                raise Violation(f"went back in {self.name}: {who} found {place} at {offset} after {least}")
            self.committed[place] = offset
        elif offset is not None:
            self.committed[place] = max(offset, self.committed.get(place, 0))

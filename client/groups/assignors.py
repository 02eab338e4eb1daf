"""Who reads what in a classic group: the assignors that a group's leader runs. A core.

`range` gives each topic's partitions out in runs, `roundrobin` one after another over all topics, as Apache Kafka's do.
`sticky` and `cooperative-sticky` level the load and, within that, let members keep what they own (KIP-54, KIP-341);
the cooperative one gives a partition away only when its owner has given it up, one rebalance later (KIP-429).

What is kept true: every partition of a topic that somebody subscribes to has exactly one member, who subscribes to it
(but for what a cooperative round holds back); the same members give the same assignment, in whatever order they come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

Place = tuple[str, int]
"""A topic and a partition of it."""
Assignment = dict[str, list[Place]]
"""What each member gets, by member id."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One member of the group as its leader sees it. `generation` is that in which it got what it owns; -1: none."""

    member_id: str
    topics: frozenset[str]
    owned: tuple[Place, ...] = ()
    generation: int = -1
    instance_id: str | None = None

    @property
    def rank(self) -> tuple[bool, str]:
        """Static members first, by their names, so that a restart changes nothing."""
        return self.instance_id is None, self.instance_id or self.member_id


Assignor = Callable[[Iterable[Subscriber], Mapping[str, int]], Assignment]
"""From the members, and the number of partitions of each topic that exists."""


def assign_range(members: Iterable[Subscriber], partitions: Mapping[str, int]) -> Assignment:
    """Each topic by itself: runs of equal length, the first members get one more where it does not divide."""
    ranked = sorted(members, key=lambda member: member.rank)
    assignment: Assignment = {member.member_id: [] for member in ranked}
    for topic in sorted(_subscribed(ranked, partitions)):
        takers = [member for member in ranked if topic in member.topics]
        share, more = divmod(partitions[topic], len(takers))
        first = 0
        for index, member in enumerate(takers):
            end = first + share + (index < more)
            assignment[member.member_id] += [(topic, number) for number in range(first, end)]
            first = end
    return assignment


def assign_round_robin(members: Iterable[Subscriber], partitions: Mapping[str, int]) -> Assignment:
    """All partitions in order, each to the next member in turn who subscribes to it."""
    ranked = sorted(members, key=lambda member: member.rank)
    assignment: Assignment = {member.member_id: [] for member in ranked}
    turn = 0
    for topic in sorted(_subscribed(ranked, partitions)):
        for number in range(partitions[topic]):
            while topic not in ranked[turn % len(ranked)].topics:
                turn += 1
            assignment[ranked[turn % len(ranked)].member_id].append((topic, number))
            turn += 1
    return assignment


def assign_sticky(members: Iterable[Subscriber], partitions: Mapping[str, int]) -> Assignment:
    """As level as the subscriptions allow, and then as little moved as possible."""
    return _Sticky(members, partitions).assign()


def assign_cooperative_sticky(members: Iterable[Subscriber], partitions: Mapping[str, int]) -> Assignment:
    """The sticky one, without what another member still owns: who loses it asks for the next round."""
    known = list(members)
    assignment = assign_sticky(known, partitions)
    holders = _holders(known)
    return {
        member_id: [place for place in places if holders.get(place, {member_id}) == {member_id}]
        for member_id, places in assignment.items()
    }


def _holders(members: Iterable[Subscriber]) -> dict[Place, set[str]]:
    """Who claims each partition with the latest generation: one, but for members that the group had lost."""
    latest: dict[Place, int] = {}
    holders: dict[Place, set[str]] = {}
    for member in members:
        for place in member.owned:
            known = latest.get(place, member.generation)
            if member.generation > known or place not in latest:
                latest[place], holders[place] = member.generation, set()
            if member.generation == latest[place]:
                holders[place].add(member.member_id)
    return holders


def _subscribed(members: Iterable[Subscriber], partitions: Mapping[str, int]) -> set[str]:
    return {topic for member in members for topic in member.topics if partitions.get(topic)}


@dataclass(slots=True)
class _Load:
    member: Subscriber
    places: set[Place] = field(default_factory=set)


class _Sticky:
    """One run of the sticky assignor: keep what is owned, give out the rest, then level."""

    def __init__(self, members: Iterable[Subscriber], partitions: Mapping[str, int]) -> None:
        ranked = sorted(members, key=lambda member: member.rank)
        self._loads: Final = [_Load(member) for member in ranked]
        topics = _subscribed(ranked, partitions)
        self._takers: Final = {topic: [x for x in self._loads if topic in x.member.topics] for topic in sorted(topics)}
        self._places: Final = [(topic, number) for topic in self._takers for number in range(partitions[topic])]
        self._holder: dict[Place, _Load] = {}

    def assign(self) -> Assignment:
        self._keep()
        self._give_out()
        self._level()
        return {load.member.member_id: sorted(load.places) for load in self._loads}

    def _keep(self) -> None:
        """What several claim belongs to the latest generation; of equals, nobody's word counts."""
        holders = _holders(load.member for load in self._loads)
        loads = {load.member.member_id: load for load in self._loads}
        for place in self._places:
            claimed_by = holders.get(place, set())
            if len(claimed_by) == 1 and place[0] in loads[(holder := min(claimed_by))].member.topics:
                self._move(place, loads[holder])
        self._give_up_surplus()

    def _give_up_surplus(self) -> None:
        """Where all subscribe alike, nobody keeps more than a level share: `_level` alone would be slow at that."""
        if len({load.member.topics for load in self._loads}) != 1:
            return
        share = -(-len(self._places) // len(self._loads))
        for load in self._loads:
            for place in sorted(load.places)[share:]:
                load.places.discard(place)
                del self._holder[place]

    def _give_out(self) -> None:
        """Partitions with the fewest takers first: the others can make up for it."""
        free = [place for place in self._places if place not in self._holder]
        free.sort(key=lambda place: len(self._takers[place[0]]))
        for place in free:
            self._move(place, min(self._takers[place[0]], key=lambda load: len(load.places)))

    def _level(self) -> None:
        """Move partitions along chains of members from the fuller to the emptier, while any chain levels the load."""
        while (chain := self._find_chain()) is not None:
            for place, taker in chain:
                self._move(place, taker)

    def _find_chain(self) -> list[tuple[Place, _Load]] | None:
        for start in sorted(self._loads, key=lambda load: -len(load.places)):
            reached = self._reach(start)
            if reached is not None:
                return reached
        return None

    def _reach(self, start: _Load) -> list[tuple[Place, _Load]] | None:
        """The moves that take one partition from `start` to a member with two fewer, through others if need be."""
        way: dict[int, tuple[Place, _Load, _Load]] = {}
        seen, queue = {id(start)}, [start]
        for load in queue:
            by_topic: dict[str, Place] = {}
            for place in sorted(load.places):
                by_topic[place[0]] = place
            for topic, place in by_topic.items():
                for taker in self._takers[topic]:
                    if id(taker) in seen:
                        continue
                    seen.add(id(taker))
                    way[id(taker)] = (place, load, taker)
                    if len(taker.places) + 2 <= len(start.places):
                        return _moves(way, taker)
                    queue.append(taker)
        return None

    def _move(self, place: Place, taker: _Load) -> None:
        holder = self._holder.get(place)
        if holder is not None:
            holder.places.discard(place)
        taker.places.add(place)
        self._holder[place] = taker


def _moves(way: Mapping[int, tuple[Place, _Load, _Load]], end: _Load) -> list[tuple[Place, _Load]]:
    moves: list[tuple[Place, _Load]] = []
    at: _Load | None = end
    while at is not None and id(at) in way:
        place, before, taker = way[id(at)]
        moves.append((place, taker))
        at = before
    return moves


ASSIGNORS: Final[Mapping[str, Assignor]] = {
    "range": assign_range,
    "roundrobin": assign_round_robin,
    "sticky": assign_sticky,
    "cooperative-sticky": assign_cooperative_sticky,
}
COOPERATIVE: Final = frozenset({"cooperative-sticky"})
"""Assignors whose members keep reading during a rebalance."""

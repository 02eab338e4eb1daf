"""Where the replicas of new partitions go.

The aims, the most important first: the replicas of a partition stand in different racks, as far as there are racks;
brokers that are not fenced come first; leaders and replicas are spread evenly over brokers; and partitions do not all
share the same sets of brokers. Two things are demanded rather than aimed at: no broker has two replicas of a
partition, and the first replica, which becomes the leader, is on a broker that is not fenced.

The placement is striped. The brokers that may lead stand in one circle, neighbours in different racks, and each
partition takes the next. For its other replicas the racks stand in a circle that starts one rack later for each
partition, and they give one broker each, round and round, the leader's own rack last. Within a rack the brokers stand
in a circle too, the fenced ones behind the others. After as many partitions as there are brokers that may lead, the
stripes would repeat, so all circles but the leaders' are shuffled. All circles start at random places: topics of one
partition are spread as well.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, MutableSequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Generic, Protocol, TypeVar

from barnabas.protocol.errors import ErrorCode, WireError

_T = TypeVar("_T")


class Randomness(Protocol):
    """What placement needs of `random.Random`."""

    def randrange(self, stop: int, /) -> int:
        """A number from 0 to below `stop`."""
        ...

    def shuffle(self, items: MutableSequence[Any], /) -> None:
        """Brings the items into a random order."""
        ...


@dataclass(frozen=True, slots=True)
class UsableBroker:
    """A broker that may get replicas."""

    id: int
    rack: str | None
    fenced: bool


class _Circle(Generic[_T]):
    """Things in a circle that starts one thing later each turn."""

    def __init__(self, items: Iterable[_T], random: Randomness) -> None:
        self._items: deque[_T] = deque(items)
        if self._items:
            self._items.rotate(random.randrange(len(self._items)))

    def __len__(self) -> int:
        return len(self._items)

    def turn(self) -> tuple[_T, ...]:
        """Everything once, and the next turn starts one later."""
        turned = tuple(self._items)
        self._items.rotate(-1)
        return turned

    def behind(self, item: _T) -> tuple[_T, ...]:
        """Everything but the item once, from its place on; the circle stays as it is."""
        place = self._items.index(item)
        items = tuple(self._items)
        return items[place + 1 :] + items[:place]

    def shuffle(self, random: Randomness) -> None:
        """A new order."""
        random.shuffle(self._items)


class _Rack:
    """The brokers of one rack."""

    def __init__(self, brokers: Iterable[UsableBroker], random: Randomness) -> None:
        in_order = sorted(brokers, key=lambda broker: broker.id)
        self.unfenced = tuple(broker.id for broker in in_order if not broker.fenced)
        self._unfenced = _Circle(self.unfenced, random)
        self._fenced = _Circle((broker.id for broker in in_order if broker.fenced), random)

    def turn(self) -> Iterator[int]:
        """This partition's brokers of the rack, the best first; a circle that nobody comes to is not turned."""
        yield from self._unfenced.turn()
        yield from self._fenced.turn()

    def behind(self, leader: int) -> Iterator[int]:
        """The brokers of the leader's own rack: when each has led once, each has followed equally often."""
        yield from self._unfenced.behind(leader)
        yield from self._fenced.turn()

    def shuffle(self, random: Randomness) -> None:
        """A new order."""
        self._unfenced.shuffle(random)
        self._fenced.shuffle(random)


class _Stripes:
    """The circles, and the partitions placed so far."""

    def __init__(self, brokers: list[UsableBroker], random: Randomness) -> None:
        names = sorted({broker.rack for broker in brokers}, key=lambda rack: (rack is not None, rack or ""))
        racks = [_Rack((broker for broker in brokers if broker.rack == name), random) for name in names]
        self._rack_of = {broker_id: rack for rack in racks for broker_id in rack.unfenced}
        side_by_side = zip_longest(*(rack.unfenced for rack in racks))
        self._leaders = _Circle((id_ for ids in side_by_side for id_ in ids if id_ is not None), random)
        self._racks = _Circle(racks, random)
        self._random = random
        self._placed = 0

    def place(self, replication_factor: int) -> tuple[int, ...]:
        """The replicas of the next partition."""
        if self._placed == len(self._leaders):
            self._shuffle()
        self._placed += 1
        leader, *_ = self._leaders.turn()
        leading = self._rack_of[leader]
        waiting = deque(rack.turn() for rack in self._racks.turn() if rack is not leading)
        waiting.append(leading.behind(leader))
        replicas = [leader]
        while len(replicas) < replication_factor:
            broker_id = next(waiting[0], None)
            if broker_id is None:
                waiting.popleft()
            else:
                replicas.append(broker_id)
                waiting.rotate(-1)
        return tuple(replicas)

    def _shuffle(self) -> None:
        self._placed = 0
        self._racks.shuffle(self._random)
        for rack in self._racks.turn():
            rack.shuffle(self._random)


def place_replicas(
    brokers: Iterable[UsableBroker], partitions: int, replication_factor: int, random: Randomness
) -> list[tuple[int, ...]]:
    """The replicas of each of so many new partitions, the preferred leader first.

    Raises `WireError` INVALID_REPLICATION_FACTOR where the brokers do not suffice.
    """
    usable = list(brokers)
    _check(usable, replication_factor)
    stripes = _Stripes(usable, random)
    return [stripes.place(replication_factor) for _ in range(partitions)]


def _check(brokers: list[UsableBroker], replication_factor: int) -> None:
    reason = None
    if replication_factor <= 0:
        reason = f"Invalid replication factor {replication_factor}: the replication factor must be positive."
    elif all(broker.fenced for broker in brokers):
        reason = "All brokers are currently fenced."
    elif replication_factor > len(brokers):
        reason = (
            f"The target replication factor of {replication_factor} cannot be reached because only "
            f"{len(brokers)} broker(s) are registered."
        )
    if reason is not None:
        raise WireError(ErrorCode.INVALID_REPLICATION_FACTOR, reason)

"""A group whose members are consumers of another language's client, and what its rebalances did to partitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from clients.client import Client

from load import eventually


class Event(NamedTuple):
    """What happened to a member; `offset` is that of a record that was read, `at` is ms of the client's clock."""

    member: str
    what: str
    partition: int
    offset: int
    at: float


@dataclass(frozen=True, slots=True)
class Rebalance:
    """What happened from a change of the membership until every partition was read again, evenly shared."""

    cause: str
    readers: dict[int, str]
    """Who read a partition before it."""
    last_reads: dict[int, float]
    """And when last, in ms."""
    events: list[Event]

    @property
    def staying(self) -> set[int]:
        """The partitions that had the same reader before and after."""
        after = {event.partition: event.member for event in self.events if event.what == "read"}
        return {partition for partition, member in self.readers.items() if after[partition] == member}

    @property
    def needlessly_revoked(self) -> set[int]:
        """Partitions that were taken from a member that read them before and after."""
        return {event.partition for event in self.events if event.what == "revoked"} & self.staying

    @property
    def lasted(self) -> float:
        """The time between the first and the last event, in ms."""
        return self.events[-1].at - self.events[0].at

    def longest_gap(self, partitions: Iterable[int]) -> float:
        """The longest time between two reads of one of the partitions, in ms; 0 if there are none."""
        return max((max(self._gaps(partition)) for partition in partitions), default=0.0)

    def _gaps(self, partition: int) -> Iterator[float]:
        last = self.last_reads.get(partition)
        for event in self.events:
            if (event.what, event.partition) == ("read", partition):
                yield event.at - last if last is not None else 0.0
                last = event.at

    def __str__(self) -> str:
        moved = self.readers.keys() - self.staying
        return (
            f"{self.cause}: {len(self.staying)} partitions stay, longest gap {self.longest_gap(self.staying):.0f} ms;"
            f" {len(moved)} move, longest gap {self.longest_gap(moved):.0f} ms"
        )


class Group:
    """Members that all run in one client's program."""

    def __init__(self, client: Client, name: str, topic: str, partitions: int, protocol: str) -> None:
        self.name = name
        self.events: list[Event] = []
        self._client, self._topic, self._protocol = client, topic, protocol
        self._partitions = partitions
        self._members: set[str] = set()

    def join(self, member: str) -> Rebalance:
        """Return when the member reads its share."""
        return self._change("join", member)

    def leave(self, member: str) -> Rebalance:
        """Return when the others read what it had."""
        return self._change("leave", member)

    def _change(self, do: str, member: str) -> Rebalance:
        self.listen()
        start = len(self.events)
        reads = {event.partition: event for event in self.events if event.what == "read"}
        self._client.call(do, group=self.name, topic=self._topic, member=member, protocol=self._protocol)
        self._members ^= {member}
        if self._members:
            eventually(lambda: self._is_shared(start))
        return Rebalance(
            f"{member} {do}s",
            {partition: event.member for partition, event in reads.items()},
            {partition: event.at for partition, event in reads.items()},
            self.events[start:],
        )

    def _is_shared(self, start: int) -> bool:
        """Whether all partitions were read since then, lately by as many of them each member."""
        self.listen()
        readers = {event.partition: event.member for event in self.events[start:] if event.what == "read"}
        share = self._partitions // len(self._members)
        return Counter(readers.values()) == dict.fromkeys(self._members, share)

    def listen(self) -> None:
        """Hear what happened."""
        self.events += [Event(**event) for event in self._client.call("heard")]
        failed = [event for event in self.events if event.what == "failed"]
        assert not failed, f"{failed}; {self._client.kind} said:\n{self._client.said()}"

    @property
    def read(self) -> dict[int, list[int]]:
        """The offsets read of each partition, in the order in which they were read."""
        read: dict[int, list[int]] = {partition: [] for partition in range(self._partitions)}
        for event in self.events:
            if event.what == "read":
                read[event.partition].append(event.offset)
        return read


def skips(offsets: Iterable[int]) -> list[int]:
    """Those that were read before the one that comes before them was."""
    found, end = [], 0
    for offset in offsets:
        if offset > end:
            found.append(offset)
        end = max(end, offset + 1)
    return found

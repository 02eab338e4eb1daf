"""The `uniform` assignor: as equal as can be, and then as few moves as can be.

Where all members subscribe to the same topics the numbers of their partitions differ by one at most, and as many
partitions stay where they are as that allows: a member with more than its share gives up only what is too much, and
the shares that are one larger go first to those that have as many already.

Where subscriptions differ, that is not always possible. Partitions without a member go to the subscriber that has
least. Then, topic by topic, the one that has most gives to the one that has least while they differ by two or more.
That is repeated until no topic changes any more: then no partition could move and make two of its subscribers more
equal. (Chains of moves through several topics might still; they are not looked for, as in Apache Kafka.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heapreplace

from barnabas.broker.coordinator.groups.assignors.spec import Assignment, GroupSpec

_MAX_ROUNDS = 16
"""Each round about halves what is uneven; subscriptions that overlap in odd ways could take more."""


def assign_uniform(group: GroupSpec) -> Assignment:
    """See the module."""
    if group.is_homogeneous:
        return _assign_same_topics(group)
    return _Balancing(group).assignment()


def _assign_same_topics(group: GroupSpec) -> Assignment:
    held = {member_id: list(_held(group, member_id)) for member_id in group.members}
    if not held:
        return {}
    topics = next(iter(group.members.values())).topics
    share, extra = divmod(sum(group.partitions[topic_id] for topic_id in topics), len(held))
    # sorted() is stable: of those that have equally much, the first members get the larger shares.
    by_load = sorted(held, key=lambda member_id: -min(len(held[member_id]), share + 1))
    shares = {member_id: share + (position < extra) for position, member_id in enumerate(by_load)}
    kept = {member_id: partitions[: shares[member_id]] for member_id, partitions in held.items()}
    taken = {partition for partitions in kept.values() for partition in partitions}
    free = iter([partition for partition in _all_partitions(group, topics) if partition not in taken])
    for member_id, partitions in kept.items():
        partitions.extend(next(free) for _ in range(shares[member_id] - len(partitions)))
    return {member_id: _by_topic(partitions) for member_id, partitions in kept.items()}


class _Balancing:
    """Loads of members whose subscriptions differ. Members are compared by load, then by their order."""

    def __init__(self, group: GroupSpec) -> None:
        self._group = group
        self._ids = list(group.members)
        self._load = [0] * len(self._ids)
        self._subscribers: dict[bytes, list[int]] = {}
        self._owners: dict[bytes, list[int]] = {}
        for member, member_id in enumerate(self._ids):
            for topic_id in sorted(group.members[member_id].topics):
                self._subscribers.setdefault(topic_id, []).append(member)
                self._owners.setdefault(topic_id, [-1] * group.partitions[topic_id])
        for member, member_id in enumerate(self._ids):
            for topic_id, partition in _held(group, member_id):
                self._owners[topic_id][partition] = member
                self._load[member] += 1

    def assignment(self) -> Assignment:
        topics = sorted(self._owners, key=self._scarcity)
        for topic_id in topics:
            self._give_out(topic_id)
        for _ in range(_MAX_ROUNDS):
            if not sum([self._even_out(topic_id) for topic_id in topics]):
                break
        assigned: list[list[tuple[bytes, int]]] = [[] for _ in self._ids]
        for topic_id, owners in self._owners.items():
            for partition, owner in enumerate(owners):
                assigned[owner].append((topic_id, partition))
        return {member_id: _by_topic(assigned[member]) for member, member_id in enumerate(self._ids)}

    def _scarcity(self, topic_id: bytes) -> tuple[float, int, bytes]:
        """First the topics with most partitions a subscriber, as these leave least choice."""
        subscribers = len(self._subscribers[topic_id])
        return -len(self._owners[topic_id]) / subscribers, subscribers, topic_id

    def _give_out(self, topic_id: bytes) -> None:
        """The partitions that nobody has go to whoever has least."""
        owners, load = self._owners[topic_id], self._load
        loads = [(load[member], member) for member in self._subscribers[topic_id]]
        heapify(loads)
        for partition, owner in enumerate(owners):
            if owner < 0:
                _, member = loads[0]
                owners[partition] = member
                load[member] += 1
                heapreplace(loads, (load[member], member))

    def _even_out(self, topic_id: bytes) -> int:
        """Move partitions from those that have most to those that have least. Returns how many.

        Who has given never has least afterwards, and who has got never most: so each heap needs to hear of its own
        first entry alone.
        """
        owners, load = self._owners[topic_id], self._load
        holdings: dict[int, list[int]] = {}
        for partition, owner in enumerate(owners):
            holdings.setdefault(owner, []).append(partition)
        least = [(load[member], member) for member in self._subscribers[topic_id]]
        most = [(-load[member], member) for member in holdings]
        heapify(least)
        heapify(most)
        moved = 0
        while most:
            giver, taker = most[0][1], least[0][1]
            if load[giver] - load[taker] < 2:
                break
            owners[holdings[giver].pop()] = taker
            load[giver] -= 1
            load[taker] += 1
            moved += 1
            heapreplace(least, (load[taker], taker))
            if holdings[giver]:
                heapreplace(most, (-load[giver], giver))
            else:
                heappop(most)
        return moved


def _held(group: GroupSpec, member_id: str) -> Iterator[tuple[bytes, int]]:
    """What the member was to have and still may have, in order."""
    spec = group.members[member_id]
    for topic_id in sorted(spec.target):
        if topic_id in spec.topics:
            count = group.partitions[topic_id]
            yield from ((topic_id, partition) for partition in sorted(spec.target[topic_id]) if partition < count)


def _all_partitions(group: GroupSpec, topics: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    for topic_id in sorted(topics):
        for partition in range(group.partitions[topic_id]):
            yield topic_id, partition


def _by_topic(partitions: Iterable[tuple[bytes, int]]) -> dict[bytes, frozenset[int]]:
    found: dict[bytes, set[int]] = {}
    for topic_id, partition in partitions:
        found.setdefault(topic_id, set()).add(partition)
    return {topic_id: frozenset(indexes) for topic_id, indexes in found.items()}

"""One look at a cluster: brokers, topics, where logs end, what groups have committed. `doctor` and `top` judge it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import trio

from barnabas.client.admin import Admin, BrokerDescription, ClusterDescription, TopicDescription
from barnabas.client.errors import ClientError
from barnabas.client.metadata import NO_LEADER, PartitionView
from barnabas.client.offsets import ListedOffset, OffsetSpec, Place
from barnabas.net.addresses import host_port_text

_GROUPS_AT_ONCE: Final = 8
_WITH_OFFSETS: Final = frozenset({"classic", "consumer", "streams", ""})
"""Types of groups that commit offsets; brokers of before KIP-848 tell no type."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was seen at `taken`, in seconds of a clock that only serves to compare two snapshots.

    `ends` lacks partitions that nobody leads; `committed` lacks groups that could not be asked, which `failures` has.
    """

    taken: float
    cluster: ClusterDescription
    topics: tuple[TopicDescription, ...]
    ends: Mapping[Place, int] = field(default_factory=dict)
    committed: Mapping[str, Mapping[Place, int]] = field(default_factory=dict)
    failures: tuple[str, ...] = ()

    def partitions(self) -> Iterator[tuple[Place, PartitionView]]:
        """All partitions, by topic and number."""
        for topic in self.topics:
            for number in sorted(topic.partitions):
                yield (topic.name, number), topic.partitions[number]

    def lag(self, group: str) -> int:
        """How many offsets are ahead of what the group has committed, in all."""
        return sum(max(self.ends.get(place, offset) - offset, 0) for place, offset in self.committed[group].items())


@dataclass(frozen=True, slots=True)
class BrokerShare:
    """A broker and what it holds of some partitions; `listener` is None where the cluster does not tell it."""

    id: int
    listener: str | None
    rack: str | None
    state: str
    replicas: int
    leaders: int
    not_in_sync: int


def share_of(broker: BrokerDescription, partitions: Iterable[PartitionView]) -> BrokerShare:
    """What a broker holds of these partitions."""
    node = broker.node
    held = [partition for partition in partitions if node.id in partition.replicas]
    return BrokerShare(
        node.id,
        host_port_text(node.host, node.port) if node.port > 0 else None,
        node.rack,
        "fenced" if broker.fenced else "active",
        len(held),
        sum(partition.leader == node.id for partition in held),
        sum(node.id not in partition.isr for partition in held),
    )


async def take(admin: Admin) -> Snapshot:
    """Look at everything once. ClientError if the cluster itself cannot be asked; its parts may fail alone."""
    taken = trio.current_time()
    cluster = await admin.describe_cluster()
    topics = await admin.list_topics()
    failures: list[str] = []
    committed = await _committed(admin, failures)
    ends = await _ends(admin, topics, failures)
    return Snapshot(taken, cluster, tuple(topics), ends, committed, tuple(failures))


async def _ends(admin: Admin, topics: Iterable[TopicDescription], failures: list[str]) -> dict[Place, int]:
    points: dict[Place, OffsetSpec] = {
        (topic.name, number): "latest"
        for topic in topics
        for number, partition in topic.partitions.items()
        if partition.leader != NO_LEADER
    }
    ends: dict[Place, int] = {}
    for place, found in (await admin.list_offsets(points)).items():
        if isinstance(found, ListedOffset):
            ends[place] = found.offset
        else:
            failures.append(f"the end of {place[0]}-{place[1]}: {found}")
    return ends


async def _committed(admin: Admin, failures: list[str]) -> dict[str, dict[Place, int]]:
    try:
        groups = [group.group for group in await admin.list_groups() if group.type in _WITH_OFFSETS]
    except ClientError as error:
        failures.append(f"the groups: {error}")
        return {}
    found: dict[str, dict[Place, int]] = {}
    limit = trio.CapacityLimiter(_GROUPS_AT_ONCE)

    async def ask(group: str) -> None:
        async with limit:
            try:
                offsets = await admin.group_offsets(group)
            except ClientError as error:
                failures.append(f"the offsets of group {group}: {error}")
            else:
                found[group] = {place: known.offset for place, known in offsets.items()}

    async with trio.open_nursery() as nursery:
        for group in groups:
            nursery.start_soon(ask, group)
    return {group: found[group] for group in groups if group in found}

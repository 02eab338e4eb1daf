"""Topics and partitions in the cluster's image.

Besides looking up by id and by name, the image answers 'what does this broker hold, what does it lead, what has no
leader' without a scan: every partition gets a dense number when it is created, and sets of partitions are roaring
bitmaps over these numbers. Numbers belong to this process's history of the image (a snapshot gives new ones), so they
are compared by nobody and never leave the node.

A bitmap that an image holds is never changed; the delta copies it before its first change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from immutables import Map
from pyroaring import BitMap

from barnabas.metadata.records import (
    NO_LEADER,
    NO_LEADER_CHANGE,
    MetadataRecord,
    PartitionChangeRecord,
    PartitionRecord,
    TopicRecord,
)

_T = TypeVar("_T")

PartitionKey = tuple[bytes, int]
"""A topic's id and a partition's index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """One partition's state. Tuples of broker ids keep their order; `directories` runs along `replicas`."""

    topic_id: bytes
    index: int
    replicas: tuple[int, ...]
    directories: tuple[bytes, ...]
    isr: tuple[int, ...]
    elr: tuple[int, ...]
    last_known_elr: tuple[int, ...]
    removing_replicas: tuple[int, ...]
    adding_replicas: tuple[int, ...]
    leader: int
    leader_recovery_state: int
    leader_epoch: int
    partition_epoch: int
    number: int = field(compare=False)

    @classmethod
    def from_record(cls, record: PartitionRecord, number: int) -> Partition:
        """The partition that this record describes, with the dense number given to it."""
        return cls(
            topic_id=record.topic_id,
            index=record.partition_id,
            replicas=record.replicas,
            directories=record.directories,
            isr=record.isr,
            elr=record.elr,
            last_known_elr=record.last_known_elr,
            removing_replicas=record.removing_replicas,
            adding_replicas=record.adding_replicas,
            leader=record.leader,
            leader_recovery_state=record.leader_recovery_state,
            leader_epoch=record.leader_epoch,
            partition_epoch=record.partition_epoch,
            number=number,
        )

    def to_record(self) -> PartitionRecord:
        """The whole state as one record, for a snapshot."""
        return PartitionRecord(
            partition_id=self.index,
            topic_id=self.topic_id,
            replicas=self.replicas,
            directories=self.directories,
            isr=self.isr,
            elr=self.elr,
            last_known_elr=self.last_known_elr,
            removing_replicas=self.removing_replicas,
            adding_replicas=self.adding_replicas,
            leader=self.leader,
            leader_recovery_state=self.leader_recovery_state,
            leader_epoch=self.leader_epoch,
            partition_epoch=self.partition_epoch,
        )

    def merge(self, change: PartitionChangeRecord) -> Partition:
        """The partition after this change: one partition epoch later, and one leader epoch later where it names a
        leader.
        """
        has_leader = change.leader != NO_LEADER_CHANGE
        return Partition(
            topic_id=self.topic_id,
            index=self.index,
            replicas=_changed(change.replicas, self.replicas),
            directories=_changed(change.directories, self.directories),
            isr=_changed(change.isr, self.isr),
            elr=_changed(change.elr, self.elr),
            last_known_elr=_changed(change.last_known_elr, self.last_known_elr),
            removing_replicas=_changed(change.removing_replicas, self.removing_replicas),
            adding_replicas=_changed(change.adding_replicas, self.adding_replicas),
            leader=change.leader if has_leader else self.leader,
            leader_recovery_state=(
                self.leader_recovery_state if change.leader_recovery_state < 0 else change.leader_recovery_state
            ),
            leader_epoch=self.leader_epoch + 1 if has_leader else self.leader_epoch,
            partition_epoch=self.partition_epoch + 1,
            number=self.number,
        )

    @property
    def key(self) -> PartitionKey:
        """The topic's id and the partition's index."""
        return self.topic_id, self.index

    @property
    def preferred_leader(self) -> int:
        """The first replica, or -1 where there are none."""
        return self.replicas[0] if self.replicas else NO_LEADER

    @property
    def has_preferred_leader(self) -> bool:
        """Whether the leader is the first replica."""
        return self.leader == self.preferred_leader

    def directory(self, broker_id: int) -> bytes | None:
        """The id of the log directory that holds this broker's replica; None where the broker has none."""
        if broker_id not in self.replicas or not self.directories:
            return None
        return self.directories[self.replicas.index(broker_id)]


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic; its partitions are numbered from 0 without a gap."""

    name: str
    id: bytes
    partitions: Map[int, Partition]

    def __iter__(self) -> Iterator[Partition]:
        """The partitions in the order of their indexes."""
        partitions = self.partitions
        return (partitions[index] for index in range(len(partitions)))

    def __len__(self) -> int:
        return len(self.partitions)


_EMPTY = BitMap()


@dataclass(frozen=True, slots=True)
class TopicsImage:
    """All topics. Equal to another image when the topics are; the other fields follow from them."""

    by_id: Map[bytes, Topic] = field(default=Map())
    ids: Map[str, bytes] = field(default=Map(), compare=False)
    squashed_names: Map[str, tuple[str, ...]] = field(default=Map(), compare=False)
    keys: Map[int, PartitionKey] = field(default=Map(), compare=False)
    next_number: int = field(default=0, compare=False)
    hosted: Map[int, BitMap] = field(default=Map(), compare=False)
    led: Map[int, BitMap] = field(default=Map(), compare=False)
    leaderless: BitMap = field(default=_EMPTY, compare=False)
    unpreferred: BitMap = field(default=_EMPTY, compare=False)
    eligible: BitMap = field(default=_EMPTY, compare=False)

    def __len__(self) -> int:
        return len(self.by_id)

    def __iter__(self) -> Iterator[Topic]:
        return iter(self.by_id.values())

    def by_name(self, name: str) -> Topic | None:
        """The topic of this name."""
        topic_id = self.ids.get(name)
        return None if topic_id is None else self.by_id[topic_id]

    def partition(self, topic_id: bytes, index: int) -> Partition | None:
        """One partition."""
        topic = self.by_id.get(topic_id)
        return None if topic is None else topic.partitions.get(index)

    def colliding_with(self, name: str) -> tuple[str, ...]:
        """The other topics whose metric names would be the same, because '.' and '_' are one there."""
        same = self.squashed_names.get(squash(name), ()) if may_collide(name) else ()
        return tuple(other for other in same if other != name)

    def hosted_by(self, broker_id: int) -> Iterator[Partition]:
        """The partitions with a replica on this broker, oldest first."""
        return self.partitions_of(self.hosted.get(broker_id, _EMPTY))

    def led_by(self, broker_id: int) -> Iterator[Partition]:
        """The partitions whose leader is this broker, oldest first."""
        return self.partitions_of(self.led.get(broker_id, _EMPTY))

    def without_leader(self) -> Iterator[Partition]:
        """The partitions that have no leader, oldest first."""
        return self.partitions_of(self.leaderless)

    def without_leader_on(self, broker_id: int) -> Iterator[Partition]:
        """The partitions that have no leader and a replica on this broker, oldest first."""
        return self.partitions_of(self.leaderless & self.hosted.get(broker_id, _EMPTY))

    def without_preferred_leader(self) -> Iterator[Partition]:
        """The partitions whose leader is not the first replica, oldest first; those without a leader are among them."""
        return self.partitions_of(self.unpreferred)

    def with_elr(self) -> Iterator[Partition]:
        """The partitions that have eligible leader replicas, oldest first."""
        return self.partitions_of(self.eligible)

    def partitions_of(self, numbers: Iterable[int]) -> Iterator[Partition]:
        """The partitions of these dense numbers, in the same order."""
        keys, by_id = self.keys, self.by_id
        for number in numbers:
            topic_id, index = keys[number]
            yield by_id[topic_id].partitions[index]

    @property
    def partitions_count(self) -> int:
        """How many partitions there are in all topics."""
        return len(self.keys)

    def records(self) -> Iterator[MetadataRecord]:
        """All topics as records, oldest first, each followed by its partitions."""
        oldest_first = sorted(self.by_id.values(), key=lambda topic: (_first_number(topic), topic.id))
        for topic in oldest_first:
            yield TopicRecord(name=topic.name, topic_id=topic.id)
            for partition in topic:
                yield partition.to_record()


def may_collide(name: str) -> bool:
    """Whether the name has a character that another name may have otherwise in the same metric."""
    return "." in name or "_" in name


def squash(name: str) -> str:
    """The name as it stands in a metric."""
    return name.replace(".", "_")


def _changed(new: _T | None, old: _T) -> _T:
    return old if new is None else new


def _first_number(topic: Topic) -> int:
    return topic.partitions[0].number if topic.partitions else -1

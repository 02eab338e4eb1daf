"""What changed in topics between two images, gathered record by record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from immutables import Map
from pyroaring import BitMap

from barnabas.metadata.records import (
    NO_LEADER,
    MetadataRecordError,
    PartitionChangeRecord,
    PartitionRecord,
    RemoveTopicRecord,
    TopicRecord,
)
from barnabas.metadata.topics import Partition, PartitionKey, Topic, TopicsImage, may_collide, squash


@dataclass(frozen=True, slots=True)
class LocalChanges:
    """What a delta means to the replicas of one broker. Each list holds partitions in the order in which they changed.

    A partition is in `leaders` or `followers` whenever it changed at all and the broker holds a replica afterwards;
    compare leader epochs to tell an election from a change of the ISR. `removed` are replicas that the broker held
    before and holds no longer; where the topic itself was deleted they are in `deleted` instead, as they were.
    """

    leaders: list[Partition] = field(default_factory=list)
    followers: list[Partition] = field(default_factory=list)
    removed: list[Partition] = field(default_factory=list)
    deleted: list[Partition] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.leaders or self.followers or self.removed or self.deleted)


class TopicsDelta:
    """The changes of topics since `image`.

    The work of `replay` and `apply` grows with the changes, not with the image.
    """

    __slots__ = ("_next_number", "changed", "created", "deleted", "image")

    def __init__(self, image: TopicsImage) -> None:
        self.image = image
        self.created: dict[bytes, str] = {}
        """Names of the topics that are new, by id."""
        self.deleted: dict[bytes, Topic] = {}
        """Topics of the image that are gone, by id, as they were."""
        self.changed: dict[bytes, dict[int, Partition]] = {}
        """Partitions that are new or other than before, as they are now, by topic id and index."""
        self._next_number = image.next_number

    def __bool__(self) -> bool:
        return bool(self.created or self.deleted or self.changed)

    def partition(self, topic_id: bytes, index: int) -> Partition | None:
        """A partition as it is after what was replayed so far."""
        if topic_id in self.deleted:
            return None
        found = self.changed.get(topic_id, {}).get(index)
        return self.image.partition(topic_id, index) if found is None else found

    def changes(self) -> Iterator[tuple[Partition | None, Partition]]:
        """Each changed partition as it was (None: it is new) and as it is."""
        for topic_id, partitions in self.changed.items():
            topic = self.image.by_id.get(topic_id)
            for index, after in partitions.items():
                yield None if topic is None else topic.partitions.get(index), after

    def local_changes(self, broker_id: int) -> LocalChanges:
        """What this delta means to the replicas of one broker."""
        local = LocalChanges()
        for before, after in self.changes():
            if after.leader == broker_id:
                local.leaders.append(after)
            elif broker_id in after.replicas:
                local.followers.append(after)
            elif before is not None and broker_id in before.replicas:
                local.removed.append(before)
        for topic in self.deleted.values():
            local.deleted.extend(partition for partition in topic if broker_id in partition.replicas)
        return local

    def replay_topic(self, record: TopicRecord) -> None:
        """A topic was created."""
        if record.topic_id in self.created or record.topic_id in self.image.by_id:
            raise MetadataRecordError(f"topic {record.name} has the id of another topic")
        self.created[record.topic_id] = record.name

    def replay_partition(self, record: PartitionRecord) -> None:
        """A partition was created, or its whole state is given anew."""
        self._check_topic(record.topic_id, record)
        before = self.partition(record.topic_id, record.partition_id)
        if before is None:
            number = self._next_number
            self._next_number += 1
        else:
            number = before.number
        self._set(Partition.from_record(record, number))

    def replay_partition_change(self, record: PartitionChangeRecord) -> None:
        """A part of a partition's state changed."""
        self._check_topic(record.topic_id, record)
        before = self.partition(record.topic_id, record.partition_id)
        if before is None:
            raise MetadataRecordError(f"a change of a partition that does not exist: {record}")
        self._set(before.merge(record))

    def replay_remove_topic(self, record: RemoveTopicRecord) -> str:
        """A topic was deleted; returns its name."""
        self._check_topic(record.topic_id, record)
        self.changed.pop(record.topic_id, None)
        name = self.created.pop(record.topic_id, None)
        if name is not None:
            return name
        topic = self.image.by_id[record.topic_id]
        self.deleted[record.topic_id] = topic
        return topic.name

    def _check_topic(self, topic_id: bytes, record: object) -> None:
        if topic_id in self.created:
            return
        if topic_id not in self.image.by_id or topic_id in self.deleted:
            raise MetadataRecordError(f"a record for a topic that does not exist: {record}")

    def _set(self, partition: Partition) -> None:
        self.changed.setdefault(partition.topic_id, {})[partition.index] = partition

    def apply(self) -> TopicsImage:
        """The topics after everything that was replayed."""
        if not self and self._next_number == self.image.next_number:
            return self.image
        ids, squashed_names = self._names()
        return self._sets().image(self._topics(), ids, squashed_names, self._next_number)

    def _topics(self) -> Map[bytes, Topic]:
        after: dict[bytes, Topic] = {
            topic_id: Topic(name, topic_id, Map(self.changed.get(topic_id, {})))
            for topic_id, name in self.created.items()
        }
        for topic_id, partitions in self.changed.items():
            if topic_id not in self.created:
                topic = self.image.by_id[topic_id]
                after[topic_id] = Topic(topic.name, topic_id, topic.partitions.update(partitions))
        by_id = self.image.by_id.update(after)
        for topic_id in self.deleted:
            by_id = by_id.delete(topic_id)
        return by_id

    def _names(self) -> tuple[Map[str, bytes], Map[str, tuple[str, ...]]]:
        ids, squashed = self.image.ids, self.image.squashed_names
        for topic in self.deleted.values():
            ids = ids.delete(topic.name)
            if may_collide(topic.name):
                key = squash(topic.name)
                rest = tuple(name for name in squashed[key] if name != topic.name)
                squashed = squashed.set(key, rest) if rest else squashed.delete(key)
        for topic_id, name in self.created.items():
            ids = ids.set(name, topic_id)
            if may_collide(name):
                key = squash(name)
                squashed = squashed.set(key, (*squashed.get(key, ()), name))
        return ids, squashed

    def _sets(self) -> _PartitionSets:
        sets = _PartitionSets(self.image)
        for topic in self.deleted.values():
            for partition in topic:
                sets.remove(partition)
        for before, after in self.changes():
            sets.change(before, after)
        return sets


class _PartitionSets:
    """The image's bitmaps while they change; each is copied before its first change."""

    def __init__(self, image: TopicsImage) -> None:
        self._image = image
        self._hosted: dict[int, BitMap] = {}
        self._led: dict[int, BitMap] = {}
        self._leaderless = image.leaderless.copy()
        self._unpreferred = image.unpreferred.copy()
        self._eligible = image.eligible.copy()
        self._new_keys: dict[int, PartitionKey] = {}
        self._gone_keys: list[int] = []

    def change(self, before: Partition | None, after: Partition) -> None:
        number = after.number
        if before is None:
            self._new_keys[number] = after.key
            for broker_id in after.replicas:
                self._hosts(broker_id).add(number)
            self._add_leader(after)
            if after.elr:
                self._eligible.add(number)
            return
        if before.replicas != after.replicas:
            for broker_id in set(before.replicas).difference(after.replicas):
                self._hosts(broker_id).discard(number)
            for broker_id in set(after.replicas).difference(before.replicas):
                self._hosts(broker_id).add(number)
        if before.leader != after.leader or before.replicas[:1] != after.replicas[:1]:
            self._remove_leader(before)
            self._add_leader(after)
        if after.elr:
            self._eligible.add(number)
        elif before.elr:
            self._eligible.discard(number)

    def remove(self, partition: Partition) -> None:
        self._gone_keys.append(partition.number)
        for broker_id in partition.replicas:
            self._hosts(broker_id).discard(partition.number)
        self._remove_leader(partition)
        self._eligible.discard(partition.number)

    def image(
        self,
        by_id: Map[bytes, Topic],
        ids: Map[str, bytes],
        squashed_names: Map[str, tuple[str, ...]],
        next_number: int,
    ) -> TopicsImage:
        keys = self._image.keys.update(self._new_keys)
        for number in self._gone_keys:
            keys = keys.delete(number)
        return TopicsImage(
            by_id=by_id,
            ids=ids,
            squashed_names=squashed_names,
            keys=keys,
            next_number=next_number,
            hosted=_merged(self._image.hosted, self._hosted),
            led=_merged(self._image.led, self._led),
            leaderless=self._leaderless,
            unpreferred=self._unpreferred,
            eligible=self._eligible,
        )

    def _add_leader(self, partition: Partition) -> None:
        if partition.leader == NO_LEADER:
            self._leaderless.add(partition.number)
        else:
            self._leads(partition.leader).add(partition.number)
        if not partition.has_preferred_leader:
            self._unpreferred.add(partition.number)

    def _remove_leader(self, partition: Partition) -> None:
        if partition.leader == NO_LEADER:
            self._leaderless.discard(partition.number)
        else:
            self._leads(partition.leader).discard(partition.number)
        self._unpreferred.discard(partition.number)

    def _hosts(self, broker_id: int) -> BitMap:
        return _own(self._hosted, self._image.hosted, broker_id)

    def _leads(self, broker_id: int) -> BitMap:
        return _own(self._led, self._image.led, broker_id)


def _own(own: dict[int, BitMap], held: Map[int, BitMap], broker_id: int) -> BitMap:
    bitmap = own.get(broker_id)
    if bitmap is None:
        shared = held.get(broker_id)
        bitmap = own[broker_id] = BitMap() if shared is None else shared.copy()
    return bitmap


def _merged(held: Map[int, BitMap], own: dict[int, BitMap]) -> Map[int, BitMap]:
    for broker_id, bitmap in own.items():
        if bitmap:
            held = held.set(broker_id, bitmap)
        elif broker_id in held:
            held = held.delete(broker_id)
    return held

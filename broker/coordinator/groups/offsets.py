"""Committed offsets: the durable state, changed by replay alone.

An offset that was committed outside of transactions counts at once. One that a transaction commits is pending: it is
kept by producer until a marker in the log says how the transaction ended, and then counts or is dropped. Where a
pending offset and another commit of the same partition meet, the one whose record stands later in the log wins,
whenever the marker comes: compaction may have removed any other trace of the order.

A tombstone removes what is committed, and what is pending as well.

Of each group the store knows a time before which none of its offsets was committed, so that expiry looks only at
groups which may have something old; and of each topic the groups that have offsets in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, TypeAlias

from barnabas.broker.coordinator.records import NO_PRODUCER, Record, TransactionEnd
from barnabas.protocol.messages.offset_commit_key import OffsetCommitKey
from barnabas.protocol.messages.offset_commit_value import OffsetCommitValue

_NEVER: Final = 1 << 62


class Committed(NamedTuple):
    """An offset with what was said of it, and where its record stands: order within the log is what counts."""

    value: OffsetCommitValue
    log_offset: int


PartitionKey: TypeAlias = tuple[str, str, int]
"""Group, topic, partition."""


class GroupOffsets:
    """The offsets of one group. Times are wall clock, ms."""

    __slots__ = ("_expire_from_ms", "_oldest_ms", "pending", "topics")

    def __init__(self) -> None:
        self.topics: dict[str, dict[int, Committed]] = {}
        """What is committed, by topic and partition."""
        self.pending: dict[tuple[str, int], set[int]] = {}
        """Of each partition the producers whose transactions have committed it and not ended."""
        self._oldest_ms = _NEVER
        self._expire_from_ms = _NEVER

    def __len__(self) -> int:
        """How many are committed; it counts them."""
        return sum(map(len, self.topics.values()))

    def get(self, topic: str, partition: int) -> Committed | None:
        """What is committed for a partition."""
        partitions = self.topics.get(topic)
        return None if partitions is None else partitions.get(partition)

    def note_times(self, value: OffsetCommitValue) -> None:
        """Keep the bounds below all times."""
        if value.commit_timestamp < self._oldest_ms:
            self._oldest_ms = value.commit_timestamp
        if 0 <= value.expire_timestamp < self._expire_from_ms:
            self._expire_from_ms = value.expire_timestamp

    def may_expire(self, age_from_ms: int | None, now_ms: int, retention_ms: int) -> bool:
        """Whether it is worth looking at each: `age_from_ms` is that of the group, None where each has its own age."""
        start = self._oldest_ms if age_from_ms is None else age_from_ms
        return now_ms - start >= retention_ms or now_ms >= self._expire_from_ms

    def measure(self) -> None:
        """All was looked at: make the bounds exact."""
        self._oldest_ms = self._expire_from_ms = _NEVER
        for partitions in self.topics.values():
            for committed in partitions.values():
                self.note_times(committed.value)


class Offsets:
    """See the module's text."""

    def __init__(self) -> None:
        self._groups: dict[str, GroupOffsets] = {}
        self._groups_by_topic: dict[str, set[str]] = {}
        self._transactions: dict[int, dict[PartitionKey, Committed]] = {}

    def __len__(self) -> int:
        """How many offsets are committed; it counts them."""
        return sum(map(len, self._groups.values()))

    # Reading

    def of_group(self, group_id: str) -> GroupOffsets | None:
        """The offsets of a group, committed or pending; None where there are none."""
        return self._groups.get(group_id)

    def get(self, group_id: str, topic: str, partition: int) -> Committed | None:
        """What is committed for a partition."""
        group = self._groups.get(group_id)
        return None if group is None else group.get(topic, partition)

    def is_pending(self, group_id: str, topic: str, partition: int) -> bool:
        """Whether a transaction that has not ended commits this partition."""
        group = self._groups.get(group_id)
        return group is not None and (topic, partition) in group.pending

    def pending(self) -> Iterator[tuple[int, PartitionKey, Committed]]:
        """What is pending: producer id, partition, offset."""
        for producer_id, partitions in self._transactions.items():
            for key, committed in partitions.items():
                yield producer_id, key, committed

    def keys_of_group(self, group_id: str) -> Iterator[tuple[str, int]]:
        """Topic and partition of all that a group has, committed or pending, each once."""
        group = self._groups.get(group_id)
        if group is None:
            return
        for topic, partitions in group.topics.items():
            for partition in partitions:
                yield topic, partition
        for topic, partition in group.pending:
            if group.get(topic, partition) is None:
                yield topic, partition

    def keys_of_topic(self, topic: str, topic_id: bytes, no_id: bytes) -> Iterator[tuple[str, int]]:
        """Group and partition of all offsets in a topic, committed or pending, that are not of another topic with the
        same name. `no_id` is what an offset has whose topic id is not known."""
        for group_id in sorted(self._groups_by_topic.get(topic, ())):
            for partition, committed in self._groups[group_id].topics.get(topic, {}).items():
                if committed.value.topic_id in (topic_id, no_id):
                    yield group_id, partition
        pending = {key for _, key, _ in self.pending() if key[1] == topic}
        for group_id, _, partition in sorted(pending):
            if self.get(group_id, topic, partition) is None:
                yield group_id, partition

    # Replay

    def replay(self, record: Record, log_offset: int) -> None:
        """A record of an offset (its key is an OffsetCommitKey)."""
        key, value = record.key, record.value
        assert isinstance(key, OffsetCommitKey)
        if value is None:
            self._remove(key.group, key.topic, key.partition)
            return
        assert isinstance(value, OffsetCommitValue)
        if record.producer_id == NO_PRODUCER:
            self._put(key.group, key.topic, key.partition, Committed(value, log_offset))
            return
        transaction = self._transactions.setdefault(record.producer_id, {})
        transaction[key.group, key.topic, key.partition] = Committed(value, log_offset)
        group = self._groups.get(key.group)
        if group is None:
            group = self._groups[key.group] = GroupOffsets()
        group.pending.setdefault((key.topic, key.partition), set()).add(record.producer_id)

    def replay_end(self, end: TransactionEnd) -> Iterable[str]:
        """A transaction has ended. Returns the groups whose offsets it committed or dropped."""
        transaction = self._transactions.pop(end.producer_id, {})
        for (group_id, topic, partition), committed in transaction.items():
            if end.committed:
                present = self.get(group_id, topic, partition)
                if present is None or present.log_offset < committed.log_offset:
                    self._put(group_id, topic, partition, committed)
            self._no_longer_pending(group_id, topic, partition, end.producer_id)
        return {group_id for group_id, _, _ in transaction}

    def _put(self, group_id: str, topic: str, partition: int, committed: Committed) -> None:
        group = self._groups.get(group_id)
        if group is None:
            group = self._groups[group_id] = GroupOffsets()
        partitions = group.topics.get(topic)
        if partitions is None:
            partitions = group.topics[topic] = {}
            self._groups_by_topic.setdefault(topic, set()).add(group_id)
        partitions[partition] = committed
        group.note_times(committed.value)

    def _remove(self, group_id: str, topic: str, partition: int) -> None:
        group = self._groups.get(group_id)
        if group is None:
            return
        partitions = group.topics.get(topic)
        if partitions is not None and partitions.pop(partition, None) is not None and not partitions:
            del group.topics[topic]
            groups = self._groups_by_topic[topic]
            groups.discard(group_id)
            if not groups:
                del self._groups_by_topic[topic]
        for producer_id in list(group.pending.get((topic, partition), ())):
            del self._transactions[producer_id][group_id, topic, partition]
            self._no_longer_pending(group_id, topic, partition, producer_id)
        self._drop_if_empty(group_id)

    def _no_longer_pending(self, group_id: str, topic: str, partition: int, producer_id: int) -> None:
        group = self._groups.get(group_id)
        if group is None:
            return
        producers = group.pending[topic, partition]
        producers.discard(producer_id)
        if not producers:
            del group.pending[topic, partition]
        self._drop_if_empty(group_id)

    def _drop_if_empty(self, group_id: str) -> None:
        group = self._groups.get(group_id)
        if group is not None and not group.topics and not group.pending:
            del self._groups[group_id]

"""The records of consumer groups, replayed: the only way that these groups change.

Records come in the order of the log, of which compaction may have taken older ones away: so a tombstone of what is not
there is nothing, and a member is there from the first record that names it. A group comes into being with its first
record, in the place of a classic group that only keeps offsets, and goes with the tombstone of its epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final

from barnabas.broker.coordinator.groups.classic_group import ClassicGroup
from barnabas.broker.coordinator.groups.consumer_context import ConsumerContext
from barnabas.broker.coordinator.groups.consumer_group import NO_ASSIGNMENT, ConsumerGroup
from barnabas.broker.coordinator.groups.consumer_member import ConsumerMember
from barnabas.broker.coordinator.groups.consumer_records import partitions_of, reached, told
from barnabas.broker.coordinator.groups.group import Group
from barnabas.broker.coordinator.groups.subscription import ResolvedPattern
from barnabas.broker.coordinator.records import Record


class ConsumerReplay:
    """See the module. Keeps an index as well: which groups subscribe to which topic."""

    def __init__(self, groups: MutableMapping[str, Group], context: ConsumerContext) -> None:
        self._groups: Final = groups
        self._context: Final = context
        self._by_topic: dict[str, set[str]] = {}
        self._replays: Final[Mapping[str, Callable[[ConsumerGroup, Any, Any], None]]] = {
            "ConsumerGroupMetadataKey": self._epoch,
            "ConsumerGroupPartitionMetadataKey": self._old_subscription_metadata,
            "ConsumerGroupMemberMetadataKey": self._member,
            "ConsumerGroupTargetAssignmentMetadataKey": self._assignment_epoch,
            "ConsumerGroupTargetAssignmentMemberKey": self._target,
            "ConsumerGroupCurrentMemberAssignmentKey": self._current,
            "ConsumerGroupRegularExpressionKey": self._pattern,
        }

    def replay(self, record: Record) -> bool:
        """Whether it is a record of a consumer group."""
        replay = self._replays.get(record.key.NAME)
        if replay is None:
            return False
        key: Any = record.key
        group = self._group(key.group_id, create=record.value is not None)
        if group is not None:
            replay(group, key, record.value)
        return True

    def subscribed_to(self, topic: str) -> list[ConsumerGroup]:
        """The consumer groups that have this topic in their subscriptions."""
        found = (self._groups.get(group_id) for group_id in sorted(self._by_topic.get(topic, ())))
        return [group for group in found if isinstance(group, ConsumerGroup)]

    def _group(self, group_id: str, *, create: bool) -> ConsumerGroup | None:
        found = self._groups.get(group_id)
        if isinstance(found, ConsumerGroup):
            return found
        if not create:
            return None
        if isinstance(found, ClassicGroup) and found.recorded is not None:
            raise AssertionError(f"a record of a consumer group for {found}")
        group = self._groups[group_id] = ConsumerGroup(group_id)
        return group

    def _epoch(self, group: ConsumerGroup, key: Any, value: Any) -> None:
        if value is not None:
            group.replay_epoch(value.epoch, value.metadata_hash)
            return
        if group.members or group.target or group.assignment_epoch != NO_ASSIGNMENT:
            raise AssertionError(f"a tombstone of {group}, which is not taken apart yet")
        self._subscribes(group, group.subscribed_topics(), set())
        del self._groups[group.id]

    def _old_subscription_metadata(self, group: ConsumerGroup, key: Any, value: Any) -> None:
        group.has_old_subscription_metadata = value is not None

    def _member(self, group: ConsumerGroup, key: Any, value: Any) -> None:
        old = group.members.get(key.member_id)
        new = None if value is None else told(old or ConsumerMember(id=key.member_id), value)
        if new is None:
            self._context.forget(group, [key.member_id])
        if old is not None and new is not None and old.topic_names == new.topic_names:
            group.replay_member(new)
            return
        before = group.subscribed_topics()
        if new is None:
            group.replay_member_gone(key.member_id)
        else:
            group.replay_member(new)
        self._subscribes(group, before, group.subscribed_topics())

    def _assignment_epoch(self, group: ConsumerGroup, key: Any, value: Any) -> None:
        if value is None:
            group.replay_assignment_epoch(NO_ASSIGNMENT, 0)
        else:
            group.replay_assignment_epoch(value.assignment_epoch, value.assignment_timestamp)

    def _target(self, group: ConsumerGroup, key: Any, value: Any) -> None:
        group.replay_target(key.member_id, None if value is None else partitions_of(value.topic_partitions))

    def _current(self, group: ConsumerGroup, key: Any, value: Any) -> None:
        if value is None:
            group.replay_current_gone(key.member_id)
        else:
            member = group.members.get(key.member_id) or ConsumerMember(id=key.member_id)
            group.replay_member(reached(member, value))

    def _pattern(self, group: ConsumerGroup, key: Any, value: Any) -> None:
        before = group.subscribed_topics()
        resolved = None
        if value is not None:
            resolved = ResolvedPattern(frozenset(value.topics), value.version, value.timestamp)
        group.replay_pattern(key.regular_expression, resolved)
        self._subscribes(group, before, group.subscribed_topics())

    def _subscribes(self, group: ConsumerGroup, before: set[str], after: set[str]) -> None:
        for topic in before - after:
            groups = self._by_topic.get(topic, set())
            groups.discard(group.id)
            if not groups:
                self._by_topic.pop(topic, None)
        for topic in after - before:
            self._by_topic.setdefault(topic, set()).add(group.id)

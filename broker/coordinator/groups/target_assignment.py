"""A new target for a group: what the assignor is told of it, and for whom the answer is another one than before."""

from __future__ import annotations

from collections.abc import Mapping

from barnabas.broker.coordinator.groups.assignors import Assignment, Assignor, GroupSpec, MemberSpec
from barnabas.broker.coordinator.groups.consumer_group import ConsumerGroup
from barnabas.broker.coordinator.groups.consumer_member import NO_PARTITIONS, ConsumerMember
from barnabas.broker.coordinator.groups.consumer_records import assignment_epoch_record, target_record
from barnabas.broker.coordinator.groups.subscription import ResolvedPattern, SubscribedTopics
from barnabas.broker.coordinator.records import Record
from barnabas.metadata.image import MetadataImage


def new_target(
    group: ConsumerGroup,
    updated: ConsumerMember,
    patterns: Mapping[str, ResolvedPattern],
    assignor: Assignor,
    image: MetadataImage,
) -> Assignment:
    """What each member is to have from now on.

    `updated` and `patterns` are as they will be once the decision is replayed. A static member that comes under
    another id takes the place, and what was to be had, of the one that had its instance id.
    """
    members = dict(group.members)
    replaced = group.static_member(updated.instance_id)
    if replaced is not None and replaced.id != updated.id:
        del members[replaced.id]
    members[updated.id] = updated
    topic_ids = _TopicIds(patterns, image)
    specs = {
        member_id: MemberSpec(
            topics=topic_ids.of(member),
            target=group.target_of(member) if member is updated else group.target.get(member_id, NO_PARTITIONS),
            instance_id=member.instance_id,
        )
        for member_id, member in members.items()
    }
    subscribed = frozenset[bytes]().union(*(spec.topics for spec in specs.values()))
    partitions = {topic_id: len(image.topics.by_id[topic_id]) for topic_id in sorted(subscribed)}
    return assignor(GroupSpec(specs, partitions))


def target_records(group: ConsumerGroup, target: Assignment, epoch: int, now_ms: int) -> list[Record]:
    """What changes in the group's targets, and the epoch of all of them."""
    records = [
        target_record(group.id, member_id, partitions)
        for member_id, partitions in target.items()
        if group.target.get(member_id) != partitions
    ]
    return [*records, assignment_epoch_record(group.id, epoch, now_ms)]


class _TopicIds:
    """The ids of the topics of members. Most members subscribe to the same ones, which are looked up once."""

    def __init__(self, patterns: Mapping[str, ResolvedPattern], image: MetadataImage) -> None:
        self._patterns = patterns
        self._image = image
        self._found: dict[tuple[frozenset[str], str | None], frozenset[bytes]] = {}

    def of(self, member: ConsumerMember) -> frozenset[bytes]:
        subscription = member.topic_names, member.topic_regex
        found = self._found.get(subscription)
        if found is None:
            topics = SubscribedTopics.of(self._image, *subscription, self._patterns)
            found = self._found[subscription] = frozenset(topics)
        return found

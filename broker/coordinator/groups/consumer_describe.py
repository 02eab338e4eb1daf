"""ConsumerGroupDescribe (v0, v1): a consumer group as administrators see it. v1 tells classic members apart."""

from __future__ import annotations

from barnabas.broker.coordinator.groups.consumer_group import ConsumerGroup
from barnabas.broker.coordinator.groups.consumer_member import (
    NO_PARTITIONS,
    ConsumerMember,
    Partitions,
    without_epochs,
)
from barnabas.metadata.image import MetadataImage
from barnabas.protocol.messages.consumer_group_describe import ConsumerGroupDescribeResponse

_CLASSIC = 0
_CONSUMER = 1

DescribedGroup = ConsumerGroupDescribeResponse.DescribedGroup


def describe_group(group: ConsumerGroup, default_assignor: str, image: MetadataImage) -> DescribedGroup:
    """The group with its members."""
    return DescribedGroup(
        group_id=group.id,
        group_state=group.state_name,
        group_epoch=group.epoch,
        assignment_epoch=group.assignment_epoch,
        assignor_name=group.preferred_assignor() or default_assignor,
        members=[
            _member(member, group.target.get(member.id, NO_PARTITIONS), image) for member in group.members.values()
        ],
    )


def _member(member: ConsumerMember, target: Partitions, image: MetadataImage) -> ConsumerGroupDescribeResponse.Member:
    """What it must give back and has not yet given back, it has."""
    owned = dict(without_epochs(member.assigned))
    for topic_id, partitions in member.revoking.items():
        owned[topic_id] = owned.get(topic_id, frozenset()).union(partitions)
    return ConsumerGroupDescribeResponse.Member(
        member_id=member.id,
        instance_id=member.instance_id,
        rack_id=member.rack_id,
        member_epoch=member.epoch,
        client_id=member.client_id,
        client_host=member.client_host,
        subscribed_topic_names=sorted(member.topic_names),
        subscribed_topic_regex=member.topic_regex,
        assignment=_assignment(owned, image),
        target_assignment=_assignment(target, image),
        member_type=_CLASSIC if member.uses_classic_protocol else _CONSUMER,
    )


def _assignment(partitions: Partitions, image: MetadataImage) -> ConsumerGroupDescribeResponse.Assignment:
    """Topics that are gone meanwhile are left out."""
    by_id = image.topics.by_id
    return ConsumerGroupDescribeResponse.Assignment(
        topic_partitions=[
            ConsumerGroupDescribeResponse.TopicPartitions(
                topic_id=topic_id, topic_name=by_id[topic_id].name, partitions=sorted(partitions[topic_id])
            )
            for topic_id in sorted(partitions)
            if topic_id in by_id
        ]
    )

"""The records of a consumer group, from its values and back (KIP-848).

    epoch               the group's epoch and a hash of the topics that it looked at
    member              what a member told of itself
    target              what a member is to have; with the epoch for which all of it was worked out
    current             what a member has, and its own epoch
    pattern             the topics that a pattern means

Topics, partitions and names stand in order, so that equal values give equal records.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from barnabas.broker.coordinator.groups.consumer_member import (
    ClassicMembership,
    ClassicProtocol,
    ConsumerMember,
    MemberState,
    Owned,
    Partitions,
)
from barnabas.broker.coordinator.groups.subscription import ResolvedPattern
from barnabas.broker.coordinator.records import Record
from barnabas.protocol.messages.consumer_group_current_member_assignment_key import (
    ConsumerGroupCurrentMemberAssignmentKey,
)
from barnabas.protocol.messages.consumer_group_current_member_assignment_value import (
    ConsumerGroupCurrentMemberAssignmentValue,
)
from barnabas.protocol.messages.consumer_group_member_metadata_key import ConsumerGroupMemberMetadataKey
from barnabas.protocol.messages.consumer_group_member_metadata_value import ConsumerGroupMemberMetadataValue
from barnabas.protocol.messages.consumer_group_metadata_key import ConsumerGroupMetadataKey
from barnabas.protocol.messages.consumer_group_metadata_value import ConsumerGroupMetadataValue
from barnabas.protocol.messages.consumer_group_partition_metadata_key import ConsumerGroupPartitionMetadataKey
from barnabas.protocol.messages.consumer_group_regular_expression_key import ConsumerGroupRegularExpressionKey
from barnabas.protocol.messages.consumer_group_regular_expression_value import ConsumerGroupRegularExpressionValue
from barnabas.protocol.messages.consumer_group_target_assignment_member_key import (
    ConsumerGroupTargetAssignmentMemberKey,
)
from barnabas.protocol.messages.consumer_group_target_assignment_member_value import (
    ConsumerGroupTargetAssignmentMemberValue,
)
from barnabas.protocol.messages.consumer_group_target_assignment_metadata_key import (
    ConsumerGroupTargetAssignmentMetadataKey,
)
from barnabas.protocol.messages.consumer_group_target_assignment_metadata_value import (
    ConsumerGroupTargetAssignmentMetadataValue,
)

# To records


def epoch_record(group_id: str, epoch: int, metadata_hash: int) -> Record:
    """The group has this epoch, and the topics that it names have this hash."""
    return Record(
        ConsumerGroupMetadataKey(group_id=group_id),
        ConsumerGroupMetadataValue(epoch=epoch, metadata_hash=metadata_hash),
    )


def member_record(group_id: str, member: ConsumerMember) -> Record:
    """What the member told of itself."""
    return Record(
        ConsumerGroupMemberMetadataKey(group_id=group_id, member_id=member.id),
        ConsumerGroupMemberMetadataValue(
            instance_id=member.instance_id,
            rack_id=member.rack_id,
            client_id=member.client_id,
            client_host=member.client_host,
            subscribed_topic_names=sorted(member.topic_names),
            subscribed_topic_regex=member.topic_regex,
            rebalance_timeout_ms=member.rebalance_timeout_ms,
            server_assignor=member.assignor,
            classic_member_metadata=_classic_metadata(member.classic),
        ),
    )


def target_record(group_id: str, member_id: str, partitions: Partitions) -> Record:
    """What the member is to have."""
    return Record(
        ConsumerGroupTargetAssignmentMemberKey(group_id=group_id, member_id=member_id),
        ConsumerGroupTargetAssignmentMemberValue(
            topic_partitions=[
                ConsumerGroupTargetAssignmentMemberValue.TopicPartition(
                    topic_id=topic_id, partitions=sorted(partitions[topic_id])
                )
                for topic_id in sorted(partitions)
            ]
        ),
    )


def assignment_epoch_record(group_id: str, epoch: int, timestamp_ms: int) -> Record:
    """All targets are those of this epoch of the group, worked out at this time."""
    return Record(
        ConsumerGroupTargetAssignmentMetadataKey(group_id=group_id),
        ConsumerGroupTargetAssignmentMetadataValue(assignment_epoch=epoch, assignment_timestamp=timestamp_ms),
    )


def current_record(group_id: str, member: ConsumerMember) -> Record:
    """What the member has."""
    return Record(
        ConsumerGroupCurrentMemberAssignmentKey(group_id=group_id, member_id=member.id),
        ConsumerGroupCurrentMemberAssignmentValue(
            member_epoch=member.epoch,
            previous_member_epoch=member.previous_epoch,
            state=member.state,
            assigned_partitions=_owned_to_record(member.assigned),
            partitions_pending_revocation=_owned_to_record(member.revoking),
        ),
    )


def pattern_record(group_id: str, pattern: str, resolved: ResolvedPattern) -> Record:
    """The topics that the pattern means."""
    return Record(
        ConsumerGroupRegularExpressionKey(group_id=group_id, regular_expression=pattern),
        ConsumerGroupRegularExpressionValue(
            topics=sorted(resolved.topics), version=resolved.version, timestamp=resolved.timestamp_ms
        ),
    )


def pattern_tombstone(group_id: str, pattern: str) -> Record:
    """Nobody subscribes to the pattern any more."""
    return Record(ConsumerGroupRegularExpressionKey(group_id=group_id, regular_expression=pattern), None)


def old_subscription_metadata_tombstone(group_id: str) -> Record:
    """Takes away what a Kafka before 4.1 has written of the topics."""
    return Record(ConsumerGroupPartitionMetadataKey(group_id=group_id), None)


def epoch_tombstone(group_id: str) -> Record:
    """The group goes; the last of the records that take it away."""
    return Record(ConsumerGroupMetadataKey(group_id=group_id), None)


def assignment_epoch_tombstone(group_id: str) -> Record:
    """There is no assignment any more."""
    return Record(ConsumerGroupTargetAssignmentMetadataKey(group_id=group_id), None)


def current_tombstone(group_id: str, member_id: str) -> Record:
    """The member has nothing any more."""
    return Record(ConsumerGroupCurrentMemberAssignmentKey(group_id=group_id, member_id=member_id), None)


def target_tombstone(group_id: str, member_id: str) -> Record:
    """The member is to have nothing any more."""
    return Record(ConsumerGroupTargetAssignmentMemberKey(group_id=group_id, member_id=member_id), None)


def member_tombstone(group_id: str, member_id: str) -> Record:
    """The member goes; the last of the records that take it away."""
    return Record(ConsumerGroupMemberMetadataKey(group_id=group_id, member_id=member_id), None)


def departure_records(group_id: str, member_id: str) -> list[Record]:
    """All that takes a member away."""
    return [
        current_tombstone(group_id, member_id),
        target_tombstone(group_id, member_id),
        member_tombstone(group_id, member_id),
    ]


def _classic_metadata(
    classic: ClassicMembership | None,
) -> ConsumerGroupMemberMetadataValue.ClassicMemberMetadata | None:
    if classic is None:
        return None
    return ConsumerGroupMemberMetadataValue.ClassicMemberMetadata(
        session_timeout_ms=classic.session_timeout_ms,
        supported_protocols=[
            ConsumerGroupMemberMetadataValue.ClassicProtocol(name=protocol.name, metadata=protocol.metadata)
            for protocol in classic.protocols
        ],
    )


def _owned_to_record(owned: Owned) -> Iterator[ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions]:
    for topic_id in sorted(owned):
        partitions = sorted(owned[topic_id].items())
        yield ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions(
            topic_id=topic_id,
            partitions=[partition for partition, _ in partitions],
            assignment_epochs=[epoch for _, epoch in partitions],
        )


# From records


def told(member: ConsumerMember, value: ConsumerGroupMemberMetadataValue) -> ConsumerMember:
    """The member with what it told of itself."""
    return replace(
        member,
        instance_id=value.instance_id,
        rack_id=value.rack_id,
        client_id=value.client_id,
        client_host=value.client_host,
        topic_names=frozenset(value.subscribed_topic_names),
        topic_regex=value.subscribed_topic_regex,
        rebalance_timeout_ms=value.rebalance_timeout_ms,
        assignor=value.server_assignor,
        classic=_classic_membership(value.classic_member_metadata),
    )


def reached(member: ConsumerMember, value: ConsumerGroupCurrentMemberAssignmentValue) -> ConsumerMember:
    """The member with what it has."""
    return replace(
        member,
        epoch=value.member_epoch,
        previous_epoch=value.previous_member_epoch,
        state=MemberState.of(value.state),
        assigned=_owned_from_record(value.assigned_partitions, value.member_epoch),
        revoking=_owned_from_record(value.partitions_pending_revocation, value.member_epoch),
    )


def partitions_of(topic_partitions: Iterable[Any]) -> Partitions:
    """From structs with a topic's id and partitions, as messages have them."""
    return {each.topic_id: frozenset(each.partitions) for each in topic_partitions if each.partitions}


def _classic_membership(
    metadata: ConsumerGroupMemberMetadataValue.ClassicMemberMetadata | None,
) -> ClassicMembership | None:
    if metadata is None:
        return None
    protocols = tuple(ClassicProtocol(each.name, bytes(each.metadata)) for each in metadata.supported_protocols)
    return ClassicMembership(metadata.session_timeout_ms, protocols)


def _owned_from_record(
    topics: Iterable[ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions], member_epoch: int
) -> Owned:
    """Before Kafka 4.3 no epochs were written: then all is as old as the member, or 0 for one that left."""
    owned: dict[bytes, dict[int, int]] = {}
    for topic in topics:
        epochs = topic.assignment_epochs or ()
        if len(epochs) == len(topic.partitions):
            owned[topic.topic_id] = dict(zip(topic.partitions, epochs, strict=True))
        else:
            owned[topic.topic_id] = dict.fromkeys(topic.partitions, max(member_epoch, 0))
    return {topic_id: partitions for topic_id, partitions in owned.items() if partitions}

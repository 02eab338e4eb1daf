"""Members as groups find, replace and lose them, whichever protocol they speak."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from barnabas.broker.coordinator.groups.consumer_context import ConsumerContext
from barnabas.broker.coordinator.groups.consumer_group import ConsumerGroup
from barnabas.broker.coordinator.groups.consumer_member import JOIN_EPOCH, NO_PARTITIONS, ConsumerMember
from barnabas.broker.coordinator.groups.consumer_records import (
    current_record,
    departure_records,
    epoch_record,
    member_record,
    pattern_tombstone,
    target_record,
)
from barnabas.broker.coordinator.groups.events import Rebalanced
from barnabas.broker.coordinator.groups.turn import Turn
from barnabas.protocol.errors import ErrorCode, WireError


def check_not_full(group: ConsumerGroup, member_id: str, max_size: int) -> None:
    """Raises `WireError` GROUP_MAX_SIZE_REACHED where this would be one member too many."""
    if len(group.members) >= max_size and member_id not in group.members:
        raise WireError(
            ErrorCode.GROUP_MAX_SIZE_REACHED,
            f"The consumer group has reached its maximum capacity of {max_size} members.",
        )


def known_static_member(group: ConsumerGroup, member_id: str, instance_id: str) -> ConsumerMember:
    """The member of this instance id. Raises `WireError` where there is none, or it is another one."""
    member = group.static_member(instance_id)
    if member is None:
        raise WireError(ErrorCode.UNKNOWN_MEMBER_ID, f"Instance id {instance_id} is unknown.")
    check_not_fenced(member, member_id, instance_id)
    return member


def check_not_fenced(member: ConsumerMember, member_id: str, instance_id: str) -> None:
    """Raises `WireError` FENCED_INSTANCE_ID where another member took over the instance id."""
    if member.id != member_id:
        raise WireError(
            ErrorCode.FENCED_INSTANCE_ID,
            f"Static member {member_id} with instance id {instance_id} was fenced by member {member.id}.",
        )


def replace_member(group: ConsumerGroup, old: ConsumerMember, member_id: str, turn: Turn) -> ConsumerMember:
    """The static member under its new id, with all that the old one had. Its pattern is the caller's affair."""
    new = replace(old, id=member_id, epoch=JOIN_EPOCH, previous_epoch=JOIN_EPOCH)
    if member_id != old.id:
        turn.records += departure_records(group.id, old.id)
    turn.records += [
        member_record(group.id, new),
        target_record(group.id, member_id, group.target.get(old.id, NO_PARTITIONS)),
        current_record(group.id, new),
    ]
    return new


def remove_members(
    context: ConsumerContext, group: ConsumerGroup, members: Collection[ConsumerMember], turn: Turn
) -> None:
    """Take these out of a group that stays a consumer group; its epoch grows."""
    for member in members:
        turn.records += departure_records(group.id, member.id)
    for pattern in dict.fromkeys(member.topic_regex for member in members if member.topic_regex):
        if group.pattern_subscribers[pattern] == sum(member.topic_regex == pattern for member in members):
            turn.records.append(pattern_tombstone(group.id, pattern))
    metadata_hash = context.metadata_hash(group.topics_after(members))
    turn.records.append(epoch_record(group.id, group.epoch + 1, metadata_hash))
    turn.tell(Rebalanced(group.id, group.type, group.epoch + 1, len(group.members) - len(members)))

"""A group changes its type while its members go on (KIP-848, online upgrade and downgrade).

Upgrade: when a member of the new protocol joins a classic group of consumers, the group becomes a consumer group at
once, in the same decision. Its generation becomes its epoch, and what the leader assigned, what members have and are
to have. Its members go on as members of the classic protocol; they learn of the new assignment as of a rebalance.
Those who wait for the end of a rebalance are told to join again.

Downgrade: when the last member of the new protocol leaves, or is replaced by a static member of the classic one, the
group becomes a classic one again. What members are to have becomes their assignments, and the group rebalances.

`group.consumer.migration.policy` says which of the two may happen. In either case the group's new records follow upon
tombstones of the old ones, so that the log never has two groups of one name.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from barnabas.broker.coordinator.groups.classic_group import ClassicGroup
from barnabas.broker.coordinator.groups.classic_join import refusal
from barnabas.broker.coordinator.groups.classic_member import ClassicMember
from barnabas.broker.coordinator.groups.classic_records import group_record
from barnabas.broker.coordinator.groups.consumer_context import DOWNGRADED, ConsumerContext
from barnabas.broker.coordinator.groups.consumer_group import ConsumerGroup, each_partition
from barnabas.broker.coordinator.groups.consumer_member import (
    NO_PARTITIONS,
    ClassicMembership,
    ClassicProtocol,
    ConsumerMember,
    Partitions,
    with_epoch,
)
from barnabas.broker.coordinator.groups.embedded_protocol import read_assignment, read_subscription, write_assignment
from barnabas.broker.coordinator.groups.group import CONSUMER_PROTOCOL
from barnabas.broker.coordinator.groups.turn import Turn
from barnabas.broker.coordinator.records import Record
from barnabas.protocol.errors import ErrorCode, MalformedMessage, WireError
from barnabas.protocol.messages.sync_group import SyncGroupResponse


class Conversions:
    """See the module."""

    def __init__(self, context: ConsumerContext) -> None:
        self._context: Final = context

    # Upgrade

    def upgrade(self, group: ClassicGroup, turn: Turn) -> ConsumerGroup:
        """The group as it will be when the turn's records are replayed, for the rest of this turn's decision.

        Raises `WireError` GROUP_ID_NOT_FOUND where it cannot become a consumer group. `release` its members at last.
        """
        self._check_upgrade(group)
        upgraded = self._upgraded(group)
        turn.records += group.tombstones()
        turn.records += upgraded.records()
        return upgraded

    def release(self, group: ClassicGroup, turn: Turn) -> None:
        """The decision upon an upgraded group is made: its members' sessions begin anew, and nobody waits any more."""
        for member in group.members.values():
            joining, syncing, member.sync = group.take_join(member), member.sync, None
            if joining is not None:
                turn.answer(joining, refusal(ErrorCode.REBALANCE_IN_PROGRESS, member.id))
            if syncing is not None:
                turn.answer(syncing, SyncGroupResponse(error_code=ErrorCode.REBALANCE_IN_PROGRESS))
            self._context.heard_of(group.id, member.id, turn.now, member.session_timeout_ms)

    def _check_upgrade(self, group: ClassicGroup) -> None:
        if not self._context.config.upgrades:
            raise _cannot_upgrade(group, "online upgrade is disabled")
        if not group.is_of_consumers:
            raise _cannot_upgrade(group, "the group does not use the consumer embedded protocol")
        if len(group.members) > self._context.config.max_size:
            raise _cannot_upgrade(group, "the group size exceeds the consumer group maximum size")

    def _upgraded(self, group: ClassicGroup) -> ConsumerGroup:
        upgraded = ConsumerGroup(group.id)
        upgraded.replay_assignment_epoch(group.generation, 0)
        protocol = group.protocol or group.choose_protocol()
        seen: set[tuple[bytes, int]] = set()
        for member in group.members.values():
            try:
                partitions = self._assigned(group, member)
                converted = _as_consumer_member(member, protocol, group.generation, partitions)
            except MalformedMessage:
                raise _cannot_upgrade(group, "the embedded consumer protocol is malformed") from None
            given = set(each_partition(partitions))
            if given & seen:
                raise _cannot_upgrade(group, "a partition is assigned to two members")
            seen |= given
            upgraded.replay_target(member.id, partitions)
            upgraded.replay_member(converted)
        upgraded.replay_epoch(group.generation, self._context.metadata_hash(upgraded.subscribed_topics()))
        return upgraded

    def _assigned(self, group: ClassicGroup, member: ClassicMember) -> Partitions:
        """What the leader gave a member, as far as the topics are still there."""
        assignment = read_assignment(member.assignment)
        if assignment.user_data:
            raise _cannot_upgrade(
                group,
                "an unsupported custom assignor is in use. Please refer to the documentation or switch to a default "
                "assignor before re-attempting the upgrade",
            )
        ids = self._context.image().topics.ids
        return {
            ids[topic.topic]: frozenset(topic.partitions)
            for topic in assignment.assigned_partitions
            if topic.topic in ids and topic.partitions
        }

    # Downgrade

    def can_downgrade_without(self, group: ConsumerGroup, leaving: Collection[ConsumerMember]) -> bool:
        """Whether the group becomes a classic one when these have left: it has members then, and all are classic."""
        left = len(group.members) - len(leaving)
        classic = group.classic_count - sum(member.uses_classic_protocol for member in leaving)
        config = self._context.config
        return 0 < left == classic and config.downgrades and left <= config.classic_max_size

    def can_downgrade_replacing(self, group: ConsumerGroup, replaced: ConsumerMember) -> bool:
        """Whether the group becomes a classic one when a member of the classic protocol replaces this one."""
        is_last = not replaced.uses_classic_protocol and group.classic_count == len(group.members) - 1
        config = self._context.config
        return is_last and config.downgrades and len(group.members) <= config.classic_max_size

    def downgrade(
        self,
        group: ConsumerGroup,
        turn: Turn,
        *,
        leaving: Collection[ConsumerMember] = (),
        joining: ConsumerMember | None = None,
        rebalance: bool,
    ) -> None:
        """Make it a classic group, which begins to live when the records are replayed.

        `joining` is a static member; records that put it in the place of the one before it stand in the turn already.
        """
        replaced = None if joining is None else group.static_member(joining.instance_id)
        if joining is None or replaced is None:
            turn.records += group.tombstones()
        else:
            turn.records += group.tombstones(renamed=(replaced.id, joining.id))
        gone = {member.id for member in leaving} | ({replaced.id} if replaced is not None else set())
        targets = {id: target for id, target in group.target.items() if id not in gone}
        members = [member for member in group.members.values() if member.id not in gone]
        if joining is not None:
            members.append(joining)
            targets[joining.id] = group.target_of(joining)
        turn.records.append(self._classic_record(group, members, targets, turn))
        if rebalance:
            self._context.deadlines.set((DOWNGRADED, group.id, ""), turn.now)

    def _classic_record(
        self, group: ConsumerGroup, members: Collection[ConsumerMember], targets: dict[str, Partitions], turn: Turn
    ) -> Record:
        classic = ClassicGroup(group.id)
        classic.generation = group.epoch
        for member in members:
            classic.add(_as_classic_member(member), CONSUMER_PROTOCOL)
        classic.protocol = classic.choose_protocol()
        image = self._context.image()
        assignments = {
            member.id: write_assignment(
                targets.get(member.id, NO_PARTITIONS), member.metadata(classic.protocol) or b"", image
            )
            for member in classic.members.values()
        }
        return group_record(classic, classic.members.values(), assignments, classic.leader, turn.now_ms)


def _as_consumer_member(
    member: ClassicMember, protocol: str | None, generation: int, partitions: Partitions
) -> ConsumerMember:
    subscription = read_subscription(member.metadata(protocol) or b"")
    return ConsumerMember(
        id=member.id,
        epoch=generation,
        previous_epoch=generation,
        instance_id=member.instance_id,
        rack_id=subscription.rack_id or None,
        rebalance_timeout_ms=member.rebalance_timeout_ms,
        client_id=member.client_id,
        client_host=member.client_host,
        topic_names=frozenset(subscription.topics),
        assigned=with_epoch(partitions, generation),
        classic=ClassicMembership(
            member.session_timeout_ms, tuple(ClassicProtocol(name, metadata) for name, metadata in member.protocols)
        ),
    )


def _as_classic_member(member: ConsumerMember) -> ClassicMember:
    assert member.classic is not None
    return ClassicMember(
        member.id,
        instance_id=member.instance_id,
        client_id=member.client_id,
        client_host=member.client_host,
        rebalance_timeout_ms=member.rebalance_timeout_ms,
        session_timeout_ms=member.classic.session_timeout_ms,
        protocols=tuple((protocol.name, protocol.metadata) for protocol in member.classic.protocols),
    )


def _cannot_upgrade(group: ClassicGroup, reason: str) -> WireError:
    return WireError(
        ErrorCode.GROUP_ID_NOT_FOUND, f"Cannot upgrade classic group {group.id} to consumer group because {reason}."
    )

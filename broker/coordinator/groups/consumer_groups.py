"""The groups of the consumer group protocol (KIP-848) among those of one coordinator.

Members send heartbeats, the coordinator assigns: there is no rebalance that all must wait for. A change of members,
subscriptions or topics makes the group's epoch grow; a new target is worked out for it; each member then goes from
what it has to what it is to have in steps of its own, told by the answers to its heartbeats (see `reconciliation`).

Durable, and changed by `replay` alone, are groups, members and targets (see `consumer_group`). Soft are deadlines: of
members' sessions, of what they must give back, of classic members' next requests. When a coordinator takes over, all
sessions begin anew, and every group looks at its topics with its next heartbeat.

What it leaves to the machine: which request goes to a group of which type, offsets, and deleting groups.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Final

from barnabas.broker.coordinator.answers import Waiter
from barnabas.broker.coordinator.groups.classic_group import ClassicGroup, ClassicState
from barnabas.broker.coordinator.groups.classic_rebalance import Rebalances
from barnabas.broker.coordinator.groups.consumer_classic import ClassicInConsumerGroup
from barnabas.broker.coordinator.groups.consumer_config import ConsumerConfig
from barnabas.broker.coordinator.groups.consumer_context import (
    DOWNGRADED,
    MEMBER_SESSION,
    OF_MEMBER,
    REJOIN,
    RESYNC,
    REVOCATION,
    ConsumerContext,
    DeadlineKey,
)
from barnabas.broker.coordinator.groups.consumer_describe import DescribedGroup, describe_group
from barnabas.broker.coordinator.groups.consumer_group import ConsumerGroup
from barnabas.broker.coordinator.groups.consumer_heartbeat import Heartbeats
from barnabas.broker.coordinator.groups.consumer_member import (
    JOIN_EPOCH,
    LEAVE_EPOCH,
    LEAVE_STATIC_EPOCH,
    MemberState,
)
from barnabas.broker.coordinator.groups.consumer_replay import ConsumerReplay
from barnabas.broker.coordinator.groups.conversion import Conversions
from barnabas.broker.coordinator.groups.deadlines import Deadlines
from barnabas.broker.coordinator.groups.events import MemberExpired
from barnabas.broker.coordinator.groups.group import Caller, Group
from barnabas.broker.coordinator.groups.turn import Turn
from barnabas.broker.coordinator.records import Record
from barnabas.metadata.delta import MetadataDelta
from barnabas.metadata.image import MetadataImage
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest
from barnabas.protocol.messages.heartbeat import HeartbeatRequest
from barnabas.protocol.messages.join_group import JoinGroupRequest
from barnabas.protocol.messages.leave_group import LeaveGroupRequest
from barnabas.protocol.messages.sync_group import SyncGroupRequest

DEADLINES: Final = frozenset({*OF_MEMBER, DOWNGRADED})
"""What can be due here."""
_NOT_HEARD_OF: Final = {
    MEMBER_SESSION: "its session timed out",
    REVOCATION: "it did not give partitions back",
    REJOIN: "it did not join again",
    RESYNC: "it did not ask for its assignment",
}
_RETRY_SECONDS: Final = 1.0


class ConsumerGroups:
    """See the module. `groups` and `deadlines` are the machine's; `rebalances` goes on with a group that has become a
    classic one; `new_id` makes an id that begins with what it gets, for members that bring none."""

    def __init__(
        self,
        config: ConsumerConfig,
        groups: MutableMapping[str, Group],
        image: Callable[[], MetadataImage],
        deadlines: Deadlines[DeadlineKey],
        rebalances: Rebalances,
        new_id: Callable[[str], str],
    ) -> None:
        self._groups: Final = groups
        self._rebalances: Final = rebalances
        self._context: Final = ConsumerContext(config, image, deadlines, new_id)
        self._conversions: Final = Conversions(self._context)
        self._heartbeats: Final = Heartbeats(self._context)
        self._classic: Final = ClassicInConsumerGroup(self._context, self._conversions)
        self._replay: Final = ConsumerReplay(groups, self._context)

    # Requests of the new protocol

    def handle_heartbeat(
        self, request: ConsumerGroupHeartbeatRequest, caller: Caller, waiter: Waiter, turn: Turn
    ) -> None:
        """ConsumerGroupHeartbeat; its form was checked. Raises `WireError`."""
        if request.member_epoch in (LEAVE_EPOCH, LEAVE_STATIC_EPOCH):
            group = self._consumer_group(request.group_id)
            turn.answer(waiter, self._heartbeats.leave(group, request, self._classic.remove, turn))
        else:
            group, before = self._group_to_be_in(request, turn), self._groups.get(request.group_id)
            turn.answer(waiter, self._heartbeats.beat(group, request, caller, turn))
            if isinstance(before, ClassicGroup):
                self._conversions.release(before, turn)

    def _consumer_group(self, group_id: str) -> ConsumerGroup:
        group = self._groups.get(group_id)
        if group is None:
            raise WireError(ErrorCode.GROUP_ID_NOT_FOUND, f"Group {group_id} not found.")
        if not isinstance(group, ConsumerGroup):
            raise WireError(ErrorCode.GROUP_ID_NOT_FOUND, f"Group {group_id} is not a consumer group.")
        return group

    def _group_to_be_in(self, request: ConsumerGroupHeartbeatRequest, turn: Turn) -> ConsumerGroup:
        """Who joins makes the group that is not there, and a consumer group of a classic one."""
        group = self._groups.get(request.group_id)
        if request.member_epoch != JOIN_EPOCH:
            return self._consumer_group(request.group_id)
        if isinstance(group, ClassicGroup):
            if not group.is_empty:
                return self._conversions.upgrade(group, turn)
            turn.records += group.tombstones()
        return group if isinstance(group, ConsumerGroup) else ConsumerGroup(request.group_id)

    def handle_describe(self, group_id: str) -> DescribedGroup:
        """ConsumerGroupDescribe of one group."""
        try:
            group = self._consumer_group(group_id)
        except WireError as error:
            return DescribedGroup(group_id=group_id, error_code=error.code, error_message=error.message)
        return describe_group(group, self._context.config.assignors[0], self._context.image())

    # Requests of the classic protocol to consumer groups

    def handle_join_group(
        self, group: ConsumerGroup, request: JoinGroupRequest, caller: Caller, waiter: Waiter, turn: Turn
    ) -> None:
        """JoinGroup to a group that has members. Raises `WireError`."""
        self._classic.join(group, request, caller, waiter, turn)

    def handle_sync_group(self, group: ConsumerGroup, request: SyncGroupRequest, waiter: Waiter, turn: Turn) -> None:
        """SyncGroup. Raises `WireError`."""
        turn.answer(waiter, self._classic.sync(group, request, turn))

    def handle_classic_heartbeat(
        self, group: ConsumerGroup, request: HeartbeatRequest, waiter: Waiter, turn: Turn
    ) -> None:
        """Heartbeat. Raises `WireError`."""
        turn.answer(waiter, self._classic.heartbeat(group, request, turn))

    def handle_leave_group(self, group: ConsumerGroup, request: LeaveGroupRequest, waiter: Waiter, turn: Turn) -> None:
        """LeaveGroup."""
        turn.answer(waiter, self._classic.leave(group, request, turn))

    # Time, and the cluster's metadata

    def handle_due(self, key: DeadlineKey, turn: Turn) -> None:
        """One of `DEADLINES`. What concerns groups and members that are there no more is nothing."""
        what, group_id, member_id = key
        group = self._groups.get(group_id)
        if isinstance(group, ConsumerGroup):
            if what != DOWNGRADED:
                self._member_due(group, what, member_id, turn)
        elif isinstance(group, ClassicGroup) and what == DOWNGRADED and group.state is ClassicState.STABLE:
            self._rebalances.prepare(group, turn)

    def _member_due(self, group: ConsumerGroup, what: str, member_id: str, turn: Turn) -> None:
        member = group.members.get(member_id)
        if member is None or (what == REVOCATION and member.state is not MemberState.UNREVOKED_PARTITIONS):
            return
        turn.tell(MemberExpired(group.id, group.type, member_id, _NOT_HEARD_OF[what]))
        self._classic.remove(group, [member], turn)
        # Should the records not be written, nothing else would set this off again; if they are, this goes with them.
        self._context.deadlines.set((what, group.id, member_id), turn.now + _RETRY_SECONDS)

    def on_metadata(self, delta: MetadataDelta, image: MetadataImage) -> None:
        """Groups whose topics have changed look at them with their next heartbeat; new topics may match patterns."""
        topics, context = delta.topics, self._context
        if topics.created:
            context.topics_version = image.offset
        names = [image.topics.by_id[topic_id].name for topic_id in topics.changed if topic_id in image.topics.by_id]
        for topic in topics.deleted.values():
            context.hashes.forget(topic.name)
            names.append(topic.name)
        for name in names:
            for group in self._replay.subscribed_to(name):
                group.is_stale = True

    # Replay

    def replay(self, record: Record) -> bool:
        """Whether it is a record of a consumer group."""
        return self._replay.replay(record)

    def loaded(self, now: float) -> None:
        """All records are replayed: begin the members' sessions."""
        context = self._context
        context.topics_version = context.image().offset
        for group in self._groups.values():
            if isinstance(group, ConsumerGroup):
                group.is_stale = True
                for member in group.members.values():
                    context.heard_of(group.id, member.id, now)
                    if member.state is MemberState.UNREVOKED_PARTITIONS:
                        context.await_revocation(group.id, member, now)

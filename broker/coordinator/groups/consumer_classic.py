"""Members of the classic protocol in consumer groups (KIP-848): what their requests mean there.

JoinGroup does what a heartbeat does, and is answered at once: nobody waits for anybody. Its answer has the member's
epoch as generation, and nobody leads; SyncGroup then brings the assignment. A heartbeat tells the member to join again
when there is a new target, when it is to give partitions back, or when what it waited for has become free; and, other
than in Apache Kafka, when nobody else is left who could bring about a new target that is due. A member that does not
come back in its rebalance timeout, with JoinGroup or then with SyncGroup, is out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from barnabas.broker.coordinator.answers import Waiter
from barnabas.broker.coordinator.groups.consumer_context import REJOIN, RESYNC, ConsumerContext
from barnabas.broker.coordinator.groups.consumer_group import ConsumerGroup
from barnabas.broker.coordinator.groups.consumer_member import (
    ClassicMembership,
    ClassicProtocol,
    ConsumerMember,
    MemberState,
    Partitions,
    without_epochs,
)
from barnabas.broker.coordinator.groups.consumer_members import (
    check_not_fenced,
    check_not_full,
    known_static_member,
    remove_members,
    replace_member,
)
from barnabas.broker.coordinator.groups.consumer_update import MemberUpdate, may_assign
from barnabas.broker.coordinator.groups.conversion import Conversions
from barnabas.broker.coordinator.groups.embedded_protocol import read_subscription, write_assignment
from barnabas.broker.coordinator.groups.group import CONSUMER_PROTOCOL, Caller
from barnabas.broker.coordinator.groups.reconciliation import Target, owned_of
from barnabas.broker.coordinator.groups.turn import Turn
from barnabas.protocol.errors import ErrorCode, MalformedMessage, WireError
from barnabas.protocol.messages.consumer_protocol_subscription import ConsumerProtocolSubscription
from barnabas.protocol.messages.heartbeat import HeartbeatRequest, HeartbeatResponse
from barnabas.protocol.messages.join_group import JoinGroupRequest, JoinGroupResponse
from barnabas.protocol.messages.leave_group import LeaveGroupRequest, LeaveGroupResponse
from barnabas.protocol.messages.sync_group import SyncGroupRequest, SyncGroupResponse

_FIRST_VERSION_WITH_REQUIRED_ID: Final = 4


class ClassicInConsumerGroup:
    """See the module."""

    def __init__(self, context: ConsumerContext, conversions: Conversions) -> None:
        self._context: Final = context
        self._conversions: Final = conversions

    # JoinGroup

    def join(self, group: ConsumerGroup, request: JoinGroupRequest, caller: Caller, waiter: Waiter, turn: Turn) -> None:
        """A member joins, or joins again. Raises `WireError`."""
        config = self._context.config
        if not config.mixes:
            raise WireError(
                ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
                f"Cannot join the consumer group {group.id} with the classic protocol because the group migration is "
                "disabled.",
            )
        member_id = request.member_id or self._context.new_id(caller.client_id)
        check_not_full(group, member_id, config.max_size)
        _check_protocols(group, request, member_id)
        static = request.group_instance_id is not None
        if caller.version >= _FIRST_VERSION_WITH_REQUIRED_ID and not static and not request.member_id:
            turn.answer(
                waiter,
                JoinGroupResponse(error_code=ErrorCode.MEMBER_ID_REQUIRED, member_id=member_id, protocol_name=None),
            )
            return
        subscription = _subscription(request, member_id)
        member = self._joining_member(group, request, member_id, turn)
        after = self._update(group, member, _told(member, request, subscription, caller), subscription, turn)
        turn.answer(
            waiter,
            JoinGroupResponse(
                member_id=after.id,
                generation_id=after.epoch,
                protocol_type=CONSUMER_PROTOCOL,
                protocol_name=after.classic_protocols[0].name,
            ),
        )

    def _joining_member(
        self, group: ConsumerGroup, request: JoinGroupRequest, member_id: str, turn: Turn
    ) -> ConsumerMember:
        instance_id = request.group_instance_id
        if instance_id is not None and request.member_id:
            return known_static_member(group, member_id, instance_id)
        existing = group.static_member(instance_id)
        if existing is not None:
            return replace_member(group, existing, member_id, turn)
        return group.members.get(member_id) or ConsumerMember(id=member_id)

    def _update(
        self,
        group: ConsumerGroup,
        member: ConsumerMember,
        updated: ConsumerMember,
        subscription: ConsumerProtocolSubscription,
        turn: Turn,
    ) -> ConsumerMember:
        context, conversions = self._context, self._conversions
        replaced = group.static_member(updated.instance_id)
        update = MemberUpdate(context, group, member, updated, turn)
        update.subscribe()
        owned = self._owned(subscription)
        context.deadlines.cancel((REJOIN, group.id, updated.id))
        if replaced is not None and conversions.can_downgrade_replacing(group, replaced):
            outdated = group.assignment_epoch < update.epoch
            if not outdated:
                update.reconcile(Target(epoch=group.assignment_epoch, partitions=group.target_of(updated)), owned)
            conversions.downgrade(group, turn, joining=update.updated, rebalance=outdated)
            return update.updated
        after = update.reconcile(update.assign(), owned)
        assert after.classic is not None
        context.heard_of(group.id, after.id, turn.now, after.classic.session_timeout_ms)
        context.deadlines.set((RESYNC, group.id, after.id), turn.now + after.rebalance_timeout_ms / 1000)
        return after

    def _owned(self, subscription: ConsumerProtocolSubscription) -> Partitions:
        ids = self._context.image().topics.ids
        return owned_of(
            (ids[owned.topic], owned.partitions) for owned in subscription.owned_partitions if owned.topic in ids
        )

    # SyncGroup and Heartbeat

    def sync(self, group: ConsumerGroup, request: SyncGroupRequest, turn: Turn) -> SyncGroupResponse:
        """What a member has. Raises `WireError`."""
        context = self._context
        member, classic = self._known(group, request.member_id, request.group_instance_id, request.generation_id)
        protocol = classic.protocols[0]
        if request.protocol_type not in (None, CONSUMER_PROTOCOL) or request.protocol_name not in (None, protocol.name):
            raise WireError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
        if group.assignment_epoch > member.epoch and member.state is not MemberState.UNREVOKED_PARTITIONS:
            context.await_rejoin(group.id, member, turn.now)
            raise WireError(ErrorCode.REBALANCE_IN_PROGRESS)
        context.deadlines.cancel((RESYNC, group.id, member.id))
        context.heard_of(group.id, member.id, turn.now, classic.session_timeout_ms)
        return SyncGroupResponse(
            protocol_type=request.protocol_type,
            protocol_name=request.protocol_name,
            assignment=write_assignment(without_epochs(member.assigned), protocol.metadata, context.image()),
        )

    def heartbeat(self, group: ConsumerGroup, request: HeartbeatRequest, turn: Turn) -> HeartbeatResponse:
        """The member lives; whether it is to join again. Raises `WireError`."""
        member, classic = self._known(group, request.member_id, request.group_instance_id, request.generation_id)
        self._context.heard_of(group.id, member.id, turn.now, classic.session_timeout_ms)
        released = member.state is MemberState.UNRELEASED_PARTITIONS and not group.waits_for_others(member)
        revokes = member.state is MemberState.UNREVOKED_PARTITIONS
        if not (member.epoch < group.assignment_epoch or revokes or released or self._is_left_alone(group, turn)):
            return HeartbeatResponse()
        self._context.await_rejoin(group.id, member, turn.now)
        return HeartbeatResponse(error_code=ErrorCode.REBALANCE_IN_PROGRESS)

    def _is_left_alone(self, group: ConsumerGroup, turn: Turn) -> bool:
        """Whether there is to be a new target, and no member of the new protocol whose heartbeat would bring it."""
        context = self._context
        if group.classic_count < len(group.members):
            return False
        if group.is_stale:
            group.is_stale = context.metadata_hash(group.subscribed_topics()) != group.metadata_hash
        outdated = group.is_stale or group.epoch > group.assignment_epoch
        return outdated and may_assign(group, context.config_of(group.id), turn.now_ms)

    def _known(
        self, group: ConsumerGroup, member_id: str, instance_id: str | None, generation: int
    ) -> tuple[ConsumerMember, ClassicMembership]:
        member = group.member(member_id) if instance_id is None else group.static_member(instance_id)
        if member is None:
            raise WireError(ErrorCode.UNKNOWN_MEMBER_ID)
        if instance_id is not None:
            check_not_fenced(member, member_id, instance_id)
        if member.classic is None:
            raise WireError(ErrorCode.UNKNOWN_MEMBER_ID)
        if member.epoch != generation:
            raise WireError(ErrorCode.ILLEGAL_GENERATION)
        return member, member.classic

    # Leaving

    def leave(self, group: ConsumerGroup, request: LeaveGroupRequest, turn: Turn) -> LeaveGroupResponse:
        """Takes members out, of either protocol; operators name static members by their instance alone."""
        response = LeaveGroupResponse()
        leaving: dict[str, ConsumerMember] = {}
        for identity in request.members:
            error = ErrorCode.NONE
            try:
                member = _leaving_member(group, identity)
                leaving[member.id] = member
            except WireError as refused:
                error = refused.code
            response.members.append(
                LeaveGroupResponse.MemberResponse(
                    member_id=identity.member_id, group_instance_id=identity.group_instance_id, error_code=error
                )
            )
        self.remove(group, list(leaving.values()), turn)
        return response

    def remove(self, group: ConsumerGroup, members: list[ConsumerMember], turn: Turn) -> None:
        """Take members out, whatever their protocol; a group of which only classic members are left becomes classic."""
        if not members:
            return
        if self._conversions.can_downgrade_without(group, members):
            self._conversions.downgrade(group, turn, leaving=members, rebalance=True)
        else:
            remove_members(self._context, group, members, turn)


def _leaving_member(group: ConsumerGroup, identity: LeaveGroupRequest.MemberIdentity) -> ConsumerMember:
    if identity.group_instance_id is None:
        return group.member(identity.member_id)
    if identity.member_id:
        return known_static_member(group, identity.member_id, identity.group_instance_id)
    member = group.static_member(identity.group_instance_id)
    if member is None:
        raise WireError(ErrorCode.UNKNOWN_MEMBER_ID)
    return member


def _check_protocols(group: ConsumerGroup, request: JoinGroupRequest, member_id: str) -> None:
    """The member must be a consumer, with an assignor that all classic members of the group have."""
    names = {protocol.name for protocol in request.protocols}
    common = any(group.classic_protocols[name] == group.classic_count for name in names)
    if request.protocol_type != CONSUMER_PROTOCOL or not common:
        raise _not_supported(member_id)


def _subscription(request: JoinGroupRequest, member_id: str) -> ConsumerProtocolSubscription:
    """What the member wants, as it says for its first assignor."""
    try:
        return read_subscription(bytes(request.protocols[0].metadata))
    except MalformedMessage:
        raise _not_supported(member_id) from None


def _not_supported(member_id: str) -> WireError:
    return WireError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, f"Member {member_id}'s protocols are not supported.")


def _told(
    member: ConsumerMember, request: JoinGroupRequest, subscription: ConsumerProtocolSubscription, caller: Caller
) -> ConsumerMember:
    """The member with what its JoinGroup tells; from now on it speaks the classic protocol, which has no patterns."""
    protocols = tuple(ClassicProtocol(protocol.name, bytes(protocol.metadata)) for protocol in request.protocols)
    return replace(
        member,
        instance_id=request.group_instance_id or member.instance_id,
        rack_id=subscription.rack_id or member.rack_id,
        rebalance_timeout_ms=request.rebalance_timeout_ms,
        topic_names=frozenset(subscription.topics),
        topic_regex="",
        client_id=caller.client_id,
        client_host=caller.client_host,
        classic=ClassicMembership(request.session_timeout_ms, protocols),
    )

"""ConsumerGroupHeartbeat (v0, v1): how members of the new protocol join, live and leave (KIP-848).

    epoch 0         join, or come back after being fenced: with everything the member has to tell
    epoch > 0       live on; what has not changed since the last heartbeat may be left out (null, -1)
    epoch -1        leave
    epoch -2        leave for a while: a static member that comes back soon, under another member id

An answer has the member's assignment where that is other than the member was told last, or where the member tells so
much that it seems to have lost the last answer. v1 brought patterns, and member ids made by clients.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any, Final

from barnabas.broker.coordinator.groups.consumer_context import REVOCATION, ConsumerContext
from barnabas.broker.coordinator.groups.consumer_group import ConsumerGroup
from barnabas.broker.coordinator.groups.consumer_member import (
    JOIN_EPOCH,
    LEAVE_EPOCH,
    LEAVE_STATIC_EPOCH,
    NONE_OWNED,
    ConsumerMember,
    Owned,
    Partitions,
)
from barnabas.broker.coordinator.groups.consumer_members import (
    check_not_full,
    known_static_member,
    replace_member,
)
from barnabas.broker.coordinator.groups.consumer_records import current_record
from barnabas.broker.coordinator.groups.consumer_update import MemberUpdate
from barnabas.broker.coordinator.groups.group import Caller
from barnabas.broker.coordinator.groups.reconciliation import owned_of
from barnabas.broker.coordinator.groups.turn import Turn
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.consumer_group_heartbeat import (
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
)

_NOT_GIVEN: Final = -1


def check_heartbeat(request: ConsumerGroupHeartbeatRequest, version: int, assignors: Collection[str]) -> None:
    """Raises `WireError` for what no coordinator would accept, whatever the group is like."""
    epoch = request.member_epoch
    if not request.member_id.strip() and (version >= 1 or epoch > 0 or epoch == LEAVE_EPOCH):
        raise _invalid("MemberId can't be empty.")
    for name, value in (
        ("GroupId", request.group_id),
        ("InstanceId", request.instance_id),
        ("RackId", request.rack_id),
    ):
        if value is not None and not value.strip():
            raise _invalid(f"{name} can't be empty.")
    if epoch == JOIN_EPOCH:
        _check_join(request)
    elif epoch == LEAVE_STATIC_EPOCH and request.instance_id is None:
        raise _invalid("InstanceId can't be null.")
    elif epoch < LEAVE_STATIC_EPOCH:
        raise _invalid("MemberEpoch is invalid.")
    if request.server_assignor is not None and request.server_assignor not in assignors:
        raise WireError(
            ErrorCode.UNSUPPORTED_ASSIGNOR,
            f"ServerAssignor {request.server_assignor} is not supported. Supported assignors: {', '.join(assignors)}.",
        )


def _check_join(request: ConsumerGroupHeartbeatRequest) -> None:
    if request.rebalance_timeout_ms == _NOT_GIVEN:
        raise _invalid("RebalanceTimeoutMs must be provided in first request.")
    if request.topic_partitions is None or request.topic_partitions:
        raise _invalid("TopicPartitions must be empty when (re-)joining.")
    if request.subscribed_topic_names is None and request.subscribed_topic_regex is None:
        raise _invalid("Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.")


class Heartbeats:
    """See the module."""

    def __init__(self, context: ConsumerContext) -> None:
        self._context: Final = context

    def beat(
        self,
        group: ConsumerGroup,
        request: ConsumerGroupHeartbeatRequest,
        caller: Caller,
        turn: Turn,
    ) -> ConsumerGroupHeartbeatResponse:
        """A member joins or lives on. Raises `WireError`."""
        context = self._context
        check_not_full(group, request.member_id, context.config.max_size)
        owned = _owned(request)
        member = self._member(group, request, caller, owned, turn)
        update = MemberUpdate(context, group, member, _told(member, request, caller), turn)
        update.subscribe()
        after = update.reconcile(update.assign(), owned)
        config = context.config_of(group.id)
        context.heard_of(group.id, after.id, turn.now, config.session_timeout_ms.value)
        response = ConsumerGroupHeartbeatResponse(
            member_id=after.id, member_epoch=after.epoch, heartbeat_interval_ms=config.heartbeat_interval_ms.value
        )
        if request.member_epoch == JOIN_EPOCH or _is_full(request) or after.assigned != member.assigned:
            response.assignment = assignment_of(after.assigned)
        return response

    def _member(
        self,
        group: ConsumerGroup,
        request: ConsumerGroupHeartbeatRequest,
        caller: Caller,
        owned: Partitions | None,
        turn: Turn,
    ) -> ConsumerMember:
        """The member that asks, as the group knows it, or a new one."""
        joins = request.member_epoch == JOIN_EPOCH
        member_id = request.member_id or self._context.new_id(caller.client_id)
        if request.instance_id is None:
            member = group.members.get(member_id) if joins else group.member(member_id)
            member = member or ConsumerMember(id=member_id)
        elif joins:
            member = self._joining_static_member(group, member_id, request.instance_id, turn)
        else:
            member = known_static_member(group, member_id, request.instance_id)
        _check_epoch(member, request.member_epoch, owned)
        return member

    def _joining_static_member(
        self, group: ConsumerGroup, member_id: str, instance_id: str, turn: Turn
    ) -> ConsumerMember:
        """A new instance, or one that takes over from a member that has left for a while, or spoke the classic
        protocol."""
        existing = group.static_member(instance_id)
        if existing is None:
            return group.members.get(member_id) or ConsumerMember(id=member_id)
        if not existing.uses_classic_protocol and existing.epoch != LEAVE_STATIC_EPOCH:
            raise WireError(
                ErrorCode.UNRELEASED_INSTANCE_ID,
                f"Static member {member_id} with instance id {instance_id} cannot join the group because the "
                f"instance id is owned by {existing.id} member.",
            )
        return replace_member(group, existing, member_id, turn)

    def leave(
        self,
        group: ConsumerGroup,
        request: ConsumerGroupHeartbeatRequest,
        fence: Callable[[ConsumerGroup, list[ConsumerMember], Turn], None],
        turn: Turn,
    ) -> ConsumerGroupHeartbeatResponse:
        """A member leaves for good, which is `fence`'s to do, or for a while. Raises `WireError`."""
        response = ConsumerGroupHeartbeatResponse(member_id=request.member_id, member_epoch=request.member_epoch)
        if request.instance_id is None:
            member = group.member(request.member_id)
        else:
            member = known_static_member(group, request.member_id, request.instance_id)
        if request.instance_id is not None and request.member_epoch == LEAVE_STATIC_EPOCH:
            self._leave_for_a_while(group, member, turn)
        else:
            fence(group, [member], turn)
        return response

    def _leave_for_a_while(self, group: ConsumerGroup, member: ConsumerMember, turn: Turn) -> None:
        """What it has stays its own, and counts as given to its successor from the start."""
        kept = {topic_id: dict.fromkeys(partitions, 0) for topic_id, partitions in member.assigned.items()}
        left = replace(member, epoch=LEAVE_STATIC_EPOCH, assigned=kept, revoking=NONE_OWNED)
        turn.records.append(current_record(group.id, left))
        self._context.deadlines.cancel((REVOCATION, group.id, member.id))


def _told(member: ConsumerMember, request: ConsumerGroupHeartbeatRequest, caller: Caller) -> ConsumerMember:
    """The member with what its heartbeat tells, which from now on speaks the new protocol; the very same if that is no
    news."""
    names, timeout_ms = request.subscribed_topic_names, request.rebalance_timeout_ms
    told = {
        "instance_id": request.instance_id,
        "rack_id": request.rack_id,
        "rebalance_timeout_ms": None if timeout_ms == _NOT_GIVEN else timeout_ms,
        "assignor": request.server_assignor,
        "topic_names": None if names is None else frozenset(names),
        "topic_regex": request.subscribed_topic_regex,
        "client_id": caller.client_id,
        "client_host": caller.client_host,
    }
    news: dict[str, Any] = {
        name: value for name, value in told.items() if value is not None and value != getattr(member, name)
    }
    if member.uses_classic_protocol:
        news["classic"] = None
    return replace(member, **news) if news else member


def _check_epoch(member: ConsumerMember, epoch: int, owned: Partitions | None) -> None:
    """A member may lag by one step, where the answer that told it of its epoch may have been lost."""
    if epoch in (JOIN_EPOCH, member.epoch):
        return
    if epoch == member.previous_epoch and epoch < member.epoch and _is_within(owned, member.assigned):
        return
    compared = "greater" if epoch > member.epoch else "smaller"
    raise WireError(
        ErrorCode.FENCED_MEMBER_EPOCH,
        f"The consumer group member has a {compared} member epoch ({epoch}) than the one known by the group "
        f"coordinator ({member.epoch}). The member must abandon all its partitions and rejoin.",
    )


def _is_within(owned: Partitions | None, assigned: Owned) -> bool:
    if owned is None:
        return False
    return all(partitions <= assigned.get(topic_id, {}).keys() for topic_id, partitions in owned.items())


def _owned(request: ConsumerGroupHeartbeatRequest) -> Partitions | None:
    topics = request.topic_partitions
    return None if topics is None else owned_of((topic.topic_id, topic.partitions) for topic in topics)


def _is_full(request: ConsumerGroupHeartbeatRequest) -> bool:
    """Whether the member tells all that it has to tell."""
    subscribes = request.subscribed_topic_names is not None or request.subscribed_topic_regex is not None
    return request.rebalance_timeout_ms != _NOT_GIVEN and subscribes and request.topic_partitions is not None


def assignment_of(assigned: Owned) -> ConsumerGroupHeartbeatResponse.Assignment:
    """What a member has, as it is told."""
    return ConsumerGroupHeartbeatResponse.Assignment(
        topic_partitions=[
            ConsumerGroupHeartbeatResponse.TopicPartitions(topic_id=topic_id, partitions=sorted(assigned[topic_id]))
            for topic_id in sorted(assigned)
        ]
    )


def _invalid(reason: str) -> WireError:
    return WireError(ErrorCode.INVALID_REQUEST, reason)

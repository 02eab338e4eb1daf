"""What members of classic groups do besides joining: SyncGroup, Heartbeat and LeaveGroup."""

from __future__ import annotations

from typing import Final

from barnabas.broker.coordinator.answers import Decision, Waiter
from barnabas.broker.coordinator.groups.classic_group import ClassicGroup, ClassicState
from barnabas.broker.coordinator.groups.classic_rebalance import Rebalances, assignment_response
from barnabas.broker.coordinator.groups.turn import Turn, answered
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.heartbeat import HeartbeatRequest, HeartbeatResponse
from barnabas.protocol.messages.leave_group import LeaveGroupRequest, LeaveGroupResponse
from barnabas.protocol.messages.sync_group import SyncGroupRequest, SyncGroupResponse


class ClassicMembers:
    """See the module's text."""

    def __init__(self, rebalances: Rebalances) -> None:
        self._rebalances: Final = rebalances

    # SyncGroup

    def handle_sync(self, group: ClassicGroup, request: SyncGroupRequest, waiter: Waiter, turn: Turn) -> Decision:
        """Who gets what, once the leader has said so. Its own request says it, all others wait for that."""
        self._check_sync(group, request)
        member = group.members[request.member_id]
        self._rebalances.synced(group, member.id)
        if group.state is ClassicState.STABLE:
            self._rebalances.heard_of(group, member, turn.now)
            turn.answer(waiter, assignment_response(group, member.assignment))
            return turn.decision()
        previous, member.sync = member.sync, waiter
        if previous is not None:
            # The client asks again, on another connection: nobody reads the answer to the first one.
            turn.answer(previous, SyncGroupResponse(error_code=ErrorCode.REBALANCE_IN_PROGRESS))
        if member.id == group.leader:
            self._rebalances.stabilize(group, request, turn)
        return turn.decision()

    def _check_sync(self, group: ClassicGroup, request: SyncGroupRequest) -> None:
        group.check_member(request.member_id, request.group_instance_id)
        if request.generation_id != group.generation:
            raise WireError(ErrorCode.ILLEGAL_GENERATION)
        if _differ(request.protocol_type, group.kind) or _differ(request.protocol_name, group.protocol):
            raise WireError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
        if group.state is ClassicState.PREPARING:
            raise WireError(ErrorCode.REBALANCE_IN_PROGRESS)

    # Heartbeat

    def handle_heartbeat(self, group: ClassicGroup, request: HeartbeatRequest, waiter: Waiter, now: float) -> Decision:
        """The member is alive; it learns so of a rebalance."""
        group.check_member(request.member_id, request.group_instance_id)
        if request.generation_id != group.generation:
            raise WireError(ErrorCode.ILLEGAL_GENERATION)
        self._rebalances.heard_of(group, group.members[request.member_id], now)
        rebalances = group.state is ClassicState.PREPARING
        error = ErrorCode.REBALANCE_IN_PROGRESS if rebalances else ErrorCode.NONE
        return answered(waiter, HeartbeatResponse(error_code=error))

    def committed(self, group: ClassicGroup, member_id: str, now: float) -> None:
        """A commit of offsets shows as well that the member lives."""
        member = group.members.get(member_id)
        if member is not None and group.state in (ClassicState.STABLE, ClassicState.PREPARING):
            self._rebalances.heard_of(group, member, now)

    # LeaveGroup

    def handle_leave(self, group: ClassicGroup, request: LeaveGroupRequest, waiter: Waiter, turn: Turn) -> Decision:
        """Take the members out, each with an answer of its own; the others rebalance once."""
        response = LeaveGroupResponse()
        for identity in request.members:
            error = self._leave(group, identity, turn)
            response.members.append(left(identity, error))
        turn.answer(waiter, response)
        if any(member.error_code == ErrorCode.NONE for member in response.members) and not group.is_empty:
            self._rebalances.maybe_prepare(group, turn)
        return turn.decision()

    def _leave(self, group: ClassicGroup, identity: LeaveGroupRequest.MemberIdentity, turn: Turn) -> ErrorCode:
        member_id = identity.member_id
        if not member_id:
            # Operators remove static members by their instance alone.
            member_id = group.static.get(identity.group_instance_id or "", "")
            if identity.group_instance_id is None or not member_id:
                return ErrorCode.UNKNOWN_MEMBER_ID
        elif member_id not in group.pending:
            try:
                group.check_member(member_id, identity.group_instance_id)
            except WireError as error:
                return error.code
        self._rebalances.remove(group, member_id, turn)
        return ErrorCode.NONE


def left(identity: LeaveGroupRequest.MemberIdentity, error: ErrorCode) -> LeaveGroupResponse.MemberResponse:
    """How the leaving of one member went."""
    return LeaveGroupResponse.MemberResponse(
        member_id=identity.member_id, group_instance_id=identity.group_instance_id, error_code=error
    )


def _differ(asked: str | None, present: str | None) -> bool:
    return asked is not None and present is not None and asked != present

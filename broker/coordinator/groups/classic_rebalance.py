"""The steps of a classic group's rebalance, which joins, leaves and deadlines set off.

    prepare    whoever is in the group must join again; those who wait for an assignment are told so
    complete   all have joined, or time is up: who has not is out, unless static; the others are a new generation
    stabilize  the leader has said who gets what: a record, and an answer for all who wait for it

A rebalance of a group that was empty waits a while (`group.initial.rebalance.delay.ms`), and again while more members
come, but no longer than their rebalance timeout. Any other ends when the last one has joined, or at the rebalance
timeout. After it, members have the same time to ask for their assignments, or are out as well.

Deadlines of a group: JOIN ends its waiting for joins, SYNC that for syncs, SESSION (of each member, and of each id that
was given out to be joined with) removes who was not heard of. START comes at once to a group that has been made while
the coordinator was running, by whoever converted it: its members' sessions begin. AGAIN comes at once to a group whose
assignments could not be written: its members were told, and must join again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

from barnabas.broker.coordinator.groups.classic_group import ClassicGroup, ClassicState
from barnabas.broker.coordinator.groups.classic_member import ClassicMember
from barnabas.broker.coordinator.groups.classic_records import empty_group_record, group_record
from barnabas.broker.coordinator.groups.config import GroupConfig
from barnabas.broker.coordinator.groups.deadlines import Deadlines
from barnabas.broker.coordinator.groups.events import MemberExpired, Rebalanced
from barnabas.broker.coordinator.groups.turn import Turn
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.join_group import JoinGroupResponse
from barnabas.protocol.messages.sync_group import SyncGroupRequest, SyncGroupResponse

JOIN: Final = "join"
SYNC: Final = "sync"
SESSION: Final = "session"
START: Final = "start"
AGAIN: Final = "again"

DeadlineKey: TypeAlias = tuple[str, str, str]
"""What is due, the group, and for SESSION the member."""

_RETRY_SECONDS: Final = 1.0


class Rebalances:
    """See the module's text."""

    def __init__(self, config: GroupConfig, deadlines: Deadlines[DeadlineKey]) -> None:
        self._config: Final = config
        self._deadlines: Final = deadlines

    # Sessions

    def heard_of(self, group: ClassicGroup, member: ClassicMember, now: float) -> None:
        """The member lives: its session starts anew."""
        self._deadlines.set((SESSION, group.id, member.id), now + member.session_timeout_ms / 1000)

    def expect(self, group: ClassicGroup, member_id: str, by: float) -> None:
        """The member, or whoever was given this id, is out if it is not heard of by then."""
        self._deadlines.set((SESSION, group.id, member_id), by)

    def forget(self, group: ClassicGroup, member_id: str) -> None:
        """Nothing is expected of this member any more."""
        self._deadlines.cancel((SESSION, group.id, member_id))

    def start(self, group: ClassicGroup, turn: Turn) -> None:
        """The group has come from the log, or from a group of another type: begin its members' sessions."""
        for member in group.members.values():
            self.heard_of(group, member, turn.now)
        if len(group.members) > self._config.max_size:
            self.prepare(group, turn)

    def stop(self, group: ClassicGroup) -> None:
        """The group is gone, or not a classic one any more."""
        for member_id in (*group.members, *sorted(group.pending)):
            self.forget(group, member_id)
        for what in (JOIN, SYNC, START, AGAIN):
            self._deadlines.cancel((what, group.id, ""))

    # Preparing

    def maybe_prepare(self, group: ClassicGroup, turn: Turn) -> None:
        """Something has changed: begin a rebalance, or go on with the one under way."""
        if group.state is not ClassicState.PREPARING:
            self.prepare(group, turn)
        else:
            self.maybe_complete(group, turn)

    def prepare(self, group: ClassicGroup, turn: Turn) -> None:
        """Begin a rebalance."""
        if group.state is ClassicState.COMPLETING:
            for member in group.members.values():
                member.assignment = b""
            self._refuse_syncs(group, ErrorCode.REBALANCE_IN_PROGRESS, turn)
        group.unsynced.clear()
        self._deadlines.cancel((SYNC, group.id, ""))
        is_initial = group.is_empty
        group.become(ClassicState.PREPARING)
        if is_initial:
            delay = self._config.initial_rebalance_delay
            self._put_off(group, delay, max(group.rebalance_timeout_ms / 1000 - delay, 0.0), turn.now)
        elif group.all_joined:
            self.complete(group, turn)
        else:
            self._await_joins(group, turn.now)

    def maybe_complete(self, group: ClassicGroup, turn: Turn) -> None:
        """Form the generation if nobody is left to be waited for."""
        if group.state is ClassicState.PREPARING and group.initial_delay is None and group.all_joined:
            self.complete(group, turn)

    def joins_due(self, group: ClassicGroup, turn: Turn) -> None:
        """The time for joining is up; an initial rebalance waits longer while members come."""
        if group.state is not ClassicState.PREPARING:
            return
        delay, remaining = group.initial_delay or (0.0, 0.0)
        if group.has_newcomers and remaining > 0:
            group.has_newcomers = False
            next_delay = min(self._config.initial_rebalance_delay, remaining)
            self._put_off(group, next_delay, max(remaining - delay, 0.0), turn.now)
        else:
            self.complete(group, turn)

    def _put_off(self, group: ClassicGroup, delay: float, remaining: float, now: float) -> None:
        group.initial_delay = delay, remaining
        self._deadlines.set((JOIN, group.id, ""), now + delay)

    def _await_joins(self, group: ClassicGroup, now: float) -> None:
        self._deadlines.set((JOIN, group.id, ""), now + group.rebalance_timeout_ms / 1000)

    # Completing

    def complete(self, group: ClassicGroup, turn: Turn) -> None:
        """Form the next generation of those who have joined."""
        self._deadlines.cancel((JOIN, group.id, ""))
        for member in list(group.members.values()):
            if member.join is None and not member.is_static:
                self._expire(group, member.id, "it did not join again", turn)
        if not group.members:
            turn.records.append(empty_group_record(group, turn.now_ms))
            # Should the record not be written, there would be nobody left to set this off again.
            self._deadlines.set((JOIN, group.id, ""), turn.now + _RETRY_SECONDS)
        elif group.elect_joined_leader():
            group.begin_generation()
            for member in group.members.values():
                self._tell_generation(group, member, turn)
            self._deadlines.set((SYNC, group.id, ""), turn.now + group.rebalance_timeout_ms / 1000)
        else:
            # Static members only, of which none has joined: their sessions will end, or one will.
            self._await_joins(group, turn.now)

    def _tell_generation(self, group: ClassicGroup, member: ClassicMember, turn: Turn) -> None:
        waiter = group.take_join(member)
        if waiter is not None:
            turn.answer(waiter, generation_response(group, member.id))
        self.heard_of(group, member, turn.now)
        member.is_new = False

    def syncs_due(self, group: ClassicGroup, turn: Turn) -> None:
        """Members that have not asked for their assignments are out."""
        if group.unsynced and group.state in (ClassicState.COMPLETING, ClassicState.STABLE):
            for member_id in sorted(group.unsynced):
                self._expire(group, member_id, "it did not ask for its assignment", turn)
            self.prepare(group, turn)

    def synced(self, group: ClassicGroup, member_id: str) -> None:
        """The member has asked for its assignment."""
        group.unsynced.discard(member_id)
        if not group.unsynced:
            self._deadlines.cancel((SYNC, group.id, ""))

    # Stabilizing

    def stabilize(self, group: ClassicGroup, request: SyncGroupRequest, turn: Turn) -> None:
        """The leader has assigned: all who wait are told once that is written."""
        given = {assignment.member_id: assignment.assignment for assignment in request.assignments}
        turn.records.append(group_record(group, group.members.values(), given, group.leader, turn.now_ms))
        self._deadlines.set((AGAIN, group.id, ""), turn.now)
        turn.tell(Rebalanced(group.id, group.type, group.generation, len(group.members)))
        for member in group.members.values():
            waiter, member.sync = member.sync, None
            if waiter is not None:
                turn.answer(waiter, assignment_response(group, given.get(member.id, b"")))
                self.heard_of(group, member, turn.now)

    def written(self, group: ClassicGroup) -> None:
        """The group is replayed."""
        self._deadlines.cancel((AGAIN, group.id, ""))
        if group.state is ClassicState.EMPTY:
            self._deadlines.cancel((JOIN, group.id, ""))

    def unwritten(self, group: ClassicGroup, turn: Turn) -> None:
        """The assignments are not in the log."""
        if group.state is ClassicState.COMPLETING:
            self.prepare(group, turn)

    # Leaving

    def remove(self, group: ClassicGroup, member_id: str, turn: Turn) -> None:
        """Take a member out, or an id that was given out, telling whoever waits on its behalf."""
        self.forget(group, member_id)
        member = group.remove(member_id)
        if member is None:
            return
        if member.join is not None:
            turn.answer(member.join, JoinGroupResponse(error_code=ErrorCode.UNKNOWN_MEMBER_ID, protocol_name=None))
        if member.sync is not None:
            turn.answer(member.sync, SyncGroupResponse(error_code=ErrorCode.UNKNOWN_MEMBER_ID))
        member.join = member.sync = None

    def _expire(self, group: ClassicGroup, member_id: str, reason: str, turn: Turn) -> None:
        if member_id in group.members:
            turn.tell(MemberExpired(group.id, group.type, member_id, reason))
        self.remove(group, member_id, turn)

    def session_due(self, group: ClassicGroup, member_id: str, turn: Turn) -> None:
        """The member was not heard of in time; but who waits for an answer is alive."""
        member = group.members.get(member_id)
        if member is None and member_id not in group.pending:
            return
        if member is not None and member.waits:
            return
        self._expire(group, member_id, "its session timed out", turn)
        if group.state is ClassicState.PREPARING:
            if group.all_joined:
                self.complete(group, turn)
        elif member is not None:
            self.prepare(group, turn)

    def _refuse_syncs(self, group: ClassicGroup, error: ErrorCode, turn: Turn) -> None:
        for member in group.members.values():
            waiter, member.sync = member.sync, None
            if waiter is not None:
                turn.answer(waiter, SyncGroupResponse(error_code=error))
                self.heard_of(group, member, turn.now)


def generation_response(group: ClassicGroup, member_id: str) -> JoinGroupResponse:
    """The group's generation, as a member is told; the leader learns of all members and what they want."""
    response = JoinGroupResponse(
        generation_id=group.generation,
        protocol_type=group.kind,
        protocol_name=group.protocol,
        leader=group.leader or "",
        member_id=member_id,
    )
    if member_id == group.leader:
        response.members = described_members(group.members.values(), group.protocol)
    return response


def described_members(
    members: Iterable[ClassicMember], protocol: str | None
) -> list[JoinGroupResponse.JoinGroupResponseMember]:
    """Members as their leader sees them, with their metadata for the chosen protocol."""
    return [
        JoinGroupResponse.JoinGroupResponseMember(
            member_id=member.id,
            group_instance_id=member.instance_id,
            metadata=member.metadata(protocol) or b"",
        )
        for member in members
    ]


def assignment_response(group: ClassicGroup, assignment: bytes) -> SyncGroupResponse:
    """What a member of the present generation was assigned."""
    return SyncGroupResponse(protocol_type=group.kind, protocol_name=group.protocol, assignment=assignment)

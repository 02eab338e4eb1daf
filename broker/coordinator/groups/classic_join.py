"""JoinGroup of classic groups: who may join, and what a join sets off.

A new dynamic member is first given an id to join with (from v4), so that a client which asks again after a lost answer
is no further member; the id is good for a session timeout. A static member (`group.instance.id`) gets its id at once,
or takes its old place under a new one: the one before is fenced. A stable group does not rebalance for that, as long as
the same protocol would be chosen; the new id is recorded, and the member learns of its generation when that is written.

A member of a group that is stable, or waits for its leader's assignments, is told of the present generation again when
it joins with nothing changed; unless it leads: leaders join to have the group rebalanced.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from barnabas.broker.coordinator.answers import Decision, Waiter
from barnabas.broker.coordinator.groups.classic_group import ClassicGroup, ClassicState
from barnabas.broker.coordinator.groups.classic_member import ClassicMember, Protocols
from barnabas.broker.coordinator.groups.classic_rebalance import Rebalances, described_members, generation_response
from barnabas.broker.coordinator.groups.classic_records import group_record
from barnabas.broker.coordinator.groups.config import GroupConfig
from barnabas.broker.coordinator.groups.group import Caller
from barnabas.broker.coordinator.groups.turn import Turn
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.join_group import JoinGroupRequest, JoinGroupResponse
from barnabas.protocol.messages.sync_group import SyncGroupResponse

_FIRST_VERSION_WITH_REQUIRED_ID: Final = 4
_FIRST_VERSION_TO_SKIP_ASSIGNMENT: Final = 9


class Join:
    """One JoinGroup on its way through the rules."""

    __slots__ = ("caller", "protocols", "request", "waiter")

    def __init__(self, request: JoinGroupRequest, caller: Caller, waiter: Waiter) -> None:
        self.request = request
        self.caller = caller
        self.waiter = waiter
        self.protocols: Protocols = tuple((protocol.name, protocol.metadata) for protocol in request.protocols)

    def new_member(self, member_id: str) -> ClassicMember:
        """The member that the request describes, under this id. Nobody waits on its behalf yet."""
        request = self.request
        return ClassicMember(
            member_id,
            instance_id=request.group_instance_id,
            client_id=self.caller.client_id,
            client_host=self.caller.client_host,
            rebalance_timeout_ms=request.rebalance_timeout_ms,
            session_timeout_ms=request.session_timeout_ms,
            protocols=self.protocols,
        )


def check_join(request: JoinGroupRequest, config: GroupConfig) -> None:
    """What can be said of a JoinGroup without knowing the group."""
    if not request.group_id:
        raise WireError(ErrorCode.INVALID_GROUP_ID)
    if not config.min_session_timeout_ms <= request.session_timeout_ms <= config.max_session_timeout_ms:
        raise WireError(ErrorCode.INVALID_SESSION_TIMEOUT)
    names = [protocol.name for protocol in request.protocols]
    if len(set(names)) < len(names):
        raise WireError(ErrorCode.INVALID_REQUEST, "a protocol is named twice")


def refusal(error: ErrorCode, member_id: str = "") -> JoinGroupResponse:
    """The answer to a JoinGroup that leads to nothing."""
    return JoinGroupResponse(error_code=error, protocol_name=None, member_id=member_id)


class ClassicJoins:
    """See the module's text."""

    def __init__(self, config: GroupConfig, rebalances: Rebalances, new_member_id: Callable[[str], str]) -> None:
        self._config: Final = config
        self._rebalances: Final = rebalances
        self._new_member_id: Final = new_member_id

    def handle(self, group: ClassicGroup, join: Join, turn: Turn) -> Decision:
        """Answer at once, or park the waiter until the group has its next generation."""
        member_id = join.request.member_id
        if not self._has_room_for(group, member_id):
            self._rebalances.remove(group, member_id, turn)
            turn.answer(join.waiter, refusal(ErrorCode.GROUP_MAX_SIZE_REACHED))
            self._rebalances.maybe_complete(group, turn)
        elif not group.supports(join.request.protocol_type, join.protocols):
            turn.answer(join.waiter, refusal(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, member_id))
        elif member_id:
            self._rejoin(group, join, turn)
        elif join.request.group_instance_id is not None:
            self._join_static(group, join, join.request.group_instance_id, turn)
        elif join.caller.version >= _FIRST_VERSION_WITH_REQUIRED_ID:
            self._require_id(group, join, turn)
        else:
            self._add(group, join, self._new_member_id(join.caller.client_id), turn)
        return turn.decision()

    def _has_room_for(self, group: ClassicGroup, member_id: str) -> bool:
        """While a group rebalances those count who have joined: so the last ones are out if the limit was lowered."""
        member = group.members.get(member_id)
        match group.state:
            case ClassicState.EMPTY:
                return True
            case ClassicState.PREPARING:
                waits = member is not None and member.join is not None
                return waits or group.joining < self._config.max_size
            case _:
                return member is not None or len(group.members) < self._config.max_size

    def _require_id(self, group: ClassicGroup, join: Join, turn: Turn) -> None:
        member_id = self._new_member_id(join.caller.client_id)
        group.pending.add(member_id)
        self._rebalances.expect(group, member_id, turn.now + join.request.session_timeout_ms / 1000)
        turn.answer(join.waiter, refusal(ErrorCode.MEMBER_ID_REQUIRED, member_id))

    def _add(self, group: ClassicGroup, join: Join, member_id: str, turn: Turn) -> None:
        member = join.new_member(member_id)
        member.is_new = True
        member.join = join.waiter
        if group.initial_delay is not None:
            group.has_newcomers = True
        group.add(member, join.request.protocol_type)
        # It cannot send heartbeats, as it does not know its id; and if it has given up, nobody would know.
        self._rebalances.expect(group, member_id, turn.now + self._config.new_member_join_timeout)
        self._rebalances.maybe_prepare(group, turn)

    def _rejoin(self, group: ClassicGroup, join: Join, turn: Turn) -> None:
        request, member_id = join.request, join.request.member_id
        if member_id in group.pending and request.group_instance_id is None:
            self._add(group, join, member_id, turn)
            return
        try:
            group.check_member(member_id, request.group_instance_id)
        except WireError as error:
            turn.answer(join.waiter, refusal(error.code, member_id))
            return
        member = group.members[member_id]
        unchanged = member.protocols == join.protocols
        if group.state is ClassicState.STABLE:
            unchanged = unchanged and member_id != group.leader
        if group.state is not ClassicState.PREPARING and unchanged:
            turn.answer(join.waiter, generation_response(group, member_id))
        else:
            self._update(group, member, join, turn)
            self._rebalances.maybe_prepare(group, turn)

    def _update(self, group: ClassicGroup, member: ClassicMember, join: Join, turn: Turn) -> None:
        """The member joins again, perhaps as another one."""
        group.update_protocols(member, join.protocols)
        member.rebalance_timeout_ms = join.request.rebalance_timeout_ms
        member.session_timeout_ms = join.request.session_timeout_ms
        previous = group.park_join(member, join.waiter)
        if previous is not None:
            # The client asks again, on another connection: nobody reads the answer to the first one.
            turn.answer(previous, refusal(ErrorCode.REBALANCE_IN_PROGRESS, member.id))

    def _join_static(self, group: ClassicGroup, join: Join, instance_id: str, turn: Turn) -> None:
        old_id, new_member_id = group.static.get(instance_id), self._new_member_id(instance_id)
        if old_id is None:
            self._add(group, join, new_member_id, turn)
            return
        old = group.members[old_id]
        new = old.replaced_by(new_member_id)
        new.protocols = join.protocols
        new.rebalance_timeout_ms = join.request.rebalance_timeout_ms
        new.session_timeout_ms = join.request.session_timeout_ms
        if group.state is ClassicState.STABLE and group.choose_protocol(instead=(old, new)) == group.protocol:
            self._record_replacement(group, old, new, join, turn)
        else:
            self._replace(group, old, new, join, turn)

    def _replace(self, group: ClassicGroup, old: ClassicMember, new: ClassicMember, join: Join, turn: Turn) -> None:
        """The member takes its old place, and the group rebalances."""
        self._fence(group, old, turn)
        group.replace(old, new)
        group.park_join(new, join.waiter)
        self._rebalances.forget(group, old.id)
        self._rebalances.heard_of(group, new, turn.now)
        self._rebalances.maybe_prepare(group, turn)

    def _fence(self, group: ClassicGroup, member: ClassicMember, turn: Turn) -> None:
        """Another one has taken its place: tell whoever waits on its behalf."""
        joining, syncing = group.take_join(member), member.sync
        member.sync = None
        if joining is not None:
            turn.answer(joining, refusal(ErrorCode.FENCED_INSTANCE_ID, member.id))
        if syncing is not None:
            turn.answer(syncing, SyncGroupResponse(error_code=ErrorCode.FENCED_INSTANCE_ID))

    def _record_replacement(
        self, group: ClassicGroup, old: ClassicMember, new: ClassicMember, join: Join, turn: Turn
    ) -> None:
        """The member takes its old place in a stable group, as soon as that is replayed. Nobody else notices."""
        members = [new if member is old else member for member in group.members.values()]
        leads = group.leader == old.id
        assignments = {member.id: member.assignment for member in members}
        turn.records.append(group_record(group, members, assignments, new.id if leads else group.leader, turn.now_ms))
        group.replacement = new
        self._rebalances.heard_of(group, new, turn.now)
        response = generation_response(group, new.id)
        if join.caller.version < _FIRST_VERSION_TO_SKIP_ASSIGNMENT:
            # The leader is named by its old id, so that it does not assign: it would be asked for, but not be heard.
            turn.answer(join.waiter, response)
            return
        if leads:
            response.leader, response.skip_assignment = new.id, True
            response.members = described_members(members, group.protocol)
        turn.answer(join.waiter, response)

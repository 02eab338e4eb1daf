"""A member of a classic group: join, sync, heartbeat, and again when the coordinator says so. A core.

    joining -> syncing -> stable -> joining ...
    joining    where the assignor is eager, everything owned is given up first, else nothing; then JoinGroup, whose
               answer comes when all have joined
    syncing    the leader assigns, for which it must know the topics; then SyncGroup, whose answer is the assignment
    stable     heartbeats at their interval; whoever loses a partition under a cooperative assignor joins once more

What is kept true:
- A partition is owned from the end of `Assign` to the beginning of `Revoke`, and one request is open at a time.
- Whoever is told that it is no member any more (UNKNOWN_MEMBER_ID, ILLEGAL_GENERATION) has lost all it owned before it
  joins again, and commits nothing of it.
- A member that cannot reach the coordinator for `session_timeout` takes itself for removed.
- A member whose user is away says that it leaves, sends nothing more, and has lost all it owned (KIP-62).

Protocol: Kafka's group membership protocol with KIP-345 (static members), KIP-394 (member id required), KIP-429.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from barnabas.client.errors import BrokerError, ClientError, UnreadableRecords
from barnabas.client.groups.assignors import ASSIGNORS, COOPERATIVE, Place, Subscriber
from barnabas.client.groups.member import Action, Assign, Describe, Fail, Generation, Revoke, Send, Topic, Wait
from barnabas.client.groups.subscriptions import (
    decode_assignment,
    decode_subscription,
    encode_assignment,
    encode_subscription,
)
from barnabas.client.retries import retry_pause
from barnabas.protocol.errors import ErrorCode, MalformedMessage
from barnabas.protocol.message import RequestMessage, ResponseMessage
from barnabas.protocol.messages.heartbeat import HeartbeatRequest, HeartbeatResponse
from barnabas.protocol.messages.join_group import JoinGroupRequest, JoinGroupResponse
from barnabas.protocol.messages.leave_group import LeaveGroupRequest, LeaveGroupResponse
from barnabas.protocol.messages.sync_group import SyncGroupRequest, SyncGroupResponse

_PROTOCOL_TYPE: Final = "consumer"
_JOIN_GRACE: Final = 5.0
"""Seconds more than the rebalance may take that the answer to JoinGroup has."""
_NO_GENERATION: Final = -1
_AWAY: Final = "the user did not come back for the next record within max_poll_interval"

_MOVED: Final = frozenset({ErrorCode.NOT_COORDINATOR, ErrorCode.COORDINATOR_NOT_AVAILABLE})
_REMOVED: Final = frozenset({ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.ILLEGAL_GENERATION})


class _Stage(Enum):
    JOIN = "joining"
    ASSIGN = "assigning"
    SYNC = "syncing"
    STABLE = "stable"


_BEATING: Final = frozenset({_Stage.STABLE, _Stage.JOIN})
"""Giving up before joining anew may take long, and the session must not end meanwhile."""


@dataclass(frozen=True, slots=True)
class ClassicConfig:
    """Times in seconds; `assignors` by preference, `rack` where the client stands."""

    group: str
    assignors: tuple[str, ...] = ("range", "cooperative-sticky")
    instance_id: str | None = None
    rack: str | None = None
    session_timeout: float = 45.0
    rebalance_timeout: float = 300.0
    heartbeat_interval: float = 3.0
    request_timeout: float = 30.0


class ClassicMember:
    """See the module's text; implements `Member`."""

    def __init__(self, config: ClassicConfig, jitter: Callable[[], float]) -> None:
        """`jitter` gives a number from 0 to 1, for the waits before retries."""
        self._config: Final = config
        self._jitter: Final = jitter
        self._cooperative: Final = all(name in COOPERATIVE for name in config.assignors)
        self._topics: frozenset[str] = frozenset()
        self._subscribed = False
        self._stage = _Stage.JOIN
        self._member_id = ""
        self._generation = _NO_GENERATION
        self._assignor = ""
        self._members: list[Subscriber] = []
        self._to_sync: dict[str, set[Place]] = {}
        self._counts: dict[str, int] = {}
        self._owned: frozenset[Place] = frozenset()
        self._target: frozenset[Place] | None = None
        self._join_again = False
        self._lost_all = False
        self._away = False
        self._left = False
        self._changing = False
        self._error: ClientError | None = None
        self._attempts = 0
        self._not_before = 0.0
        self._next_heartbeat = 0.0
        self._heard_at = 0.0

    def __str__(self) -> str:
        return f"{self._member_id or 'new member'} of {self._config.group}, {self._stage.value}, g{self._generation}"

    @property
    def owned(self) -> frozenset[Place]:
        """See `Member`."""
        return self._owned

    @property
    def settled(self) -> bool:
        """See `Member`."""
        return self._stage is _Stage.STABLE and self._target is None and not self._join_again and not self._away

    @property
    def is_out(self) -> bool:
        """See `Member`."""
        return self._lost_all

    @property
    def generation(self) -> Generation:
        """See `Member`."""
        return Generation(self._generation, self._member_id, self._config.instance_id)

    def subscribe(self, topics: frozenset[str], now: float) -> None:
        """See `Member`."""
        self._subscribed = True
        if topics != self._topics:
            self._topics = topics
            self._join_again = True

    # What to do

    def next(self, now: float) -> Action:
        """See `Member`."""
        if self._error is not None:
            return Fail(self._error)
        if not self._subscribed:
            return Wait(float("inf"))
        if self._away and not self._left:
            return self._go(now)
        if self._changing:
            return self._beat_or_wait(now)
        if self._lost_all:
            return self._change(Revoke(self._owned, lost=True)) if self._owned else self._forget_membership(now)
        if self._away:
            return Wait(float("inf"))
        if self._not_before > now:
            return Wait(self._not_before)
        match self._stage:
            case _Stage.JOIN:
                return self._join()
            case _Stage.ASSIGN:
                return Describe(frozenset().union(*(member.topics for member in self._members)))
            case _Stage.SYNC:
                return Send(self._sync_request(), self._config.rebalance_timeout + _JOIN_GRACE)
            case _Stage.STABLE:
                return self._next_stable(now)

    def _next_stable(self, now: float) -> Action:
        if now - self._heard_at > self._config.session_timeout:
            self._lost_all = True
            return self.next(now)
        if self._target is not None:
            return self._change_owned(self._target, now)
        if self._join_again:
            self._stage, self._join_again = _Stage.JOIN, False
            return self.next(now)
        return self._beat_or_wait(now)

    def _change_owned(self, target: frozenset[Place], now: float) -> Action:
        """First give up, then take; whoever gave something up tells so by joining again (KIP-429)."""
        if surplus := self._owned - target:
            self._join_again = self._cooperative
            return self._change(Revoke(surplus))
        if missing := target - self._owned:
            return self._change(Assign(missing))
        self._target = None
        return self.next(now)

    def _change(self, action: Revoke | Assign) -> Action:
        self._changing = True
        if isinstance(action, Revoke):
            self._owned -= action.places
        return action

    def _join(self) -> Action:
        if not self._cooperative and self._owned:
            return self._change(Revoke(self._owned))
        if gone := frozenset(place for place in self._owned if place[0] not in self._topics):
            return self._change(Revoke(gone))
        self._join_again, self._target = False, None
        return Send(self._join_request(), self._config.rebalance_timeout + _JOIN_GRACE)

    def _beat_or_wait(self, now: float) -> Action:
        if self._stage not in _BEATING or self._generation == _NO_GENERATION or self._lost_all:
            return Wait(float("inf"))
        if now < self._next_heartbeat:
            return Wait(self._next_heartbeat)
        config = self._config
        request = HeartbeatRequest(
            group_id=config.group,
            generation_id=self._generation,
            member_id=self._member_id,
            group_instance_id=config.instance_id,
        )
        return Send(request, min(config.request_timeout, config.session_timeout))

    def _go(self, now: float) -> Action:
        """Say goodbye, unless there is nobody to know of it; what is owned is lost from here on."""
        request = self.leave(_AWAY)
        self._left = self._lost_all = True
        self._generation = _NO_GENERATION
        if self._config.instance_id is None:
            self._member_id = ""
        return self.next(now) if request is None else Send(request, self._config.request_timeout)

    def _forget_membership(self, now: float) -> Action:
        self._lost_all = False
        self._generation, self._stage, self._target = _NO_GENERATION, _Stage.JOIN, None
        return self.next(now)

    def _join_request(self) -> JoinGroupRequest:
        config = self._config
        return JoinGroupRequest(
            group_id=config.group,
            session_timeout_ms=int(config.session_timeout * 1000),
            rebalance_timeout_ms=int(config.rebalance_timeout * 1000),
            member_id=self._member_id,
            group_instance_id=config.instance_id,
            protocol_type=_PROTOCOL_TYPE,
            protocols=[
                JoinGroupRequest.JoinGroupRequestProtocol(
                    name=name,
                    metadata=encode_subscription(name, self._topics, self._owned, self._generation, config.rack),
                )
                for name in config.assignors
            ],
            reason="joining",
        )

    def _sync_request(self) -> SyncGroupRequest:
        return SyncGroupRequest(
            group_id=self._config.group,
            generation_id=self._generation,
            member_id=self._member_id,
            group_instance_id=self._config.instance_id,
            protocol_type=_PROTOCOL_TYPE,
            protocol_name=self._assignor,
            assignments=[
                SyncGroupRequest.SyncGroupRequestAssignment(member_id=member_id, assignment=encode_assignment(places))
                for member_id, places in self._to_sync.items()
            ],
        )

    # What came of it

    def answered(self, request: RequestMessage, response: ResponseMessage, now: float) -> bool:
        """See `Member`."""
        match response:
            case JoinGroupResponse():
                return self._joined(response, now)
            case SyncGroupResponse():
                return self._synced(response, now)
            case HeartbeatResponse():
                return self._beat(response, now)
            case LeaveGroupResponse():
                return False  # who is not known there any more has nothing to leave
            case _:
                raise TypeError(f"{response.NAME} answers nothing that a classic member asks")

    def _joined(self, response: JoinGroupResponse, now: float) -> bool:
        code = ErrorCode.of(response.error_code)
        if code == ErrorCode.MEMBER_ID_REQUIRED:
            self._member_id = response.member_id
            return False
        if code:
            return self._failed(code, now)
        self._attempts = 0
        self._member_id, self._generation = response.member_id, response.generation_id
        self._assignor = response.protocol_name or ""
        if self._assignor not in self._config.assignors:
            text = f"The coordinator chose the assignor {self._assignor!r}, which was not offered."
            code = ErrorCode.INCONSISTENT_GROUP_PROTOCOL
            self._error = BrokerError(code, f"group {self._config.group}", text)
            return False
        self._members, self._to_sync = [], {}
        self._heard_at = now
        self._stage = _Stage.SYNC
        if response.leader == response.member_id and not response.skip_assignment:
            self._lead(response)
        return False

    def _lead(self, response: JoinGroupResponse) -> None:
        try:
            self._members = [
                decode_subscription(member.member_id, member.group_instance_id, member.metadata, self._assignor)
                for member in response.members
            ]
        except MalformedMessage as error:
            self._error = UnreadableRecords(f"a member's subscription in group {self._config.group}: {error}")
            return
        self._stage = _Stage.ASSIGN

    def _synced(self, response: SyncGroupResponse, now: float) -> bool:
        code = ErrorCode.of(response.error_code)
        if code:
            return self._failed(code, now)
        try:
            self._target = frozenset(decode_assignment(response.assignment))
        except MalformedMessage as error:
            self._error = UnreadableRecords(f"an assignment in group {self._config.group}: {error}")
            return False
        self._attempts = 0
        self._stage = _Stage.STABLE
        self._heard_at, self._next_heartbeat = now, now + self._config.heartbeat_interval
        return False

    def _beat(self, response: HeartbeatResponse, now: float) -> bool:
        code = ErrorCode.of(response.error_code)
        self._next_heartbeat = now + self._config.heartbeat_interval
        if code in (ErrorCode.NONE, ErrorCode.REBALANCE_IN_PROGRESS):
            self._heard_at = now
            self._join_again = self._join_again or code != ErrorCode.NONE
            self._attempts = 0
            return False
        return self._failed(code, now)

    def _failed(self, code: ErrorCode, now: float) -> bool:
        """Whether another coordinator is to be found."""
        if code in _REMOVED:
            if code == ErrorCode.UNKNOWN_MEMBER_ID:
                self._member_id = ""
            self._lost_all = True
        elif code == ErrorCode.REBALANCE_IN_PROGRESS:
            self._stage = _Stage.JOIN
        elif code in _MOVED or code == ErrorCode.COORDINATOR_LOAD_IN_PROGRESS:
            self._pause(now)
        else:
            self._error = BrokerError(code, f"group {self._config.group}")
        return code in _MOVED

    def lost(self, request: RequestMessage, now: float) -> None:
        """See `Member`."""
        self._pause(now)
        if isinstance(request, SyncGroupRequest):
            self._stage = _Stage.JOIN

    def refused(self, error: ClientError) -> None:
        """See `Member`."""
        self._error = error

    def _pause(self, now: float) -> None:
        pause = retry_pause(self._attempts, self._jitter())
        self._attempts += 1
        self._not_before = self._next_heartbeat = now + pause

    def revoked(self, places: frozenset[Place], now: float) -> None:
        """See `Member`."""
        self._changing = False

    def assigned(self, places: frozenset[Place], now: float) -> None:
        """See `Member`."""
        self._changing = False
        self._owned |= places

    def described(self, topics: Mapping[str, Topic], now: float) -> None:
        """See `Member`: the leader assigns, and later looks whether partitions were added."""
        counts = {name: topic.partitions for name, topic in topics.items()}
        if self._stage is _Stage.ASSIGN:
            assigned = ASSIGNORS[self._assignor](self._members, counts)
            self._to_sync = {member_id: set(places) for member_id, places in assigned.items()}
            self._stage = _Stage.SYNC
        elif self._stage is _Stage.STABLE and self._members:
            wanted = frozenset().union(*(member.topics for member in self._members))
            if any(self._counts.get(name, 0) != counts.get(name, 0) for name in wanted if name in topics):
                self._join_again = True
        self._counts.update(counts)

    def fenced(self, error: ClientError, now: float) -> None:
        """See `Member`: the next answer to a heartbeat tells what is wrong."""
        self._next_heartbeat = now

    def depart(self, now: float) -> None:
        """See `Member`."""
        self._away = True

    def come_back(self, now: float) -> None:
        """See `Member`."""
        self._away = self._left = False

    def leave(self, reason: str = "the consumer was closed") -> LeaveGroupRequest | None:
        """See `Member`. A static member's place is kept until its session ends (KIP-345)."""
        if not self._member_id or self._config.instance_id is not None:
            return None
        return LeaveGroupRequest(
            group_id=self._config.group,
            members=[LeaveGroupRequest.MemberIdentity(member_id=self._member_id, reason=reason)],
        )

"""A member of a group of the new protocol (KIP-848): all by heartbeats. A core.

The coordinator answers a heartbeat with what this member should read. It gives up what it should not read any more,
tells so, and is then told what others have given up; it reads what it has been told and the names of which it knows.

What is kept true:
- A partition is owned from the end of `Assign` to the beginning of `Revoke`; what is owned is told to the coordinator
  at once when it has changed, in full after anything that may have lost a heartbeat.
- Fenced (FENCED_MEMBER_EPOCH, UNKNOWN_MEMBER_ID), a member has lost all it owned before it joins anew, with epoch 0.
- One heartbeat is open at a time, and heartbeats go on while partitions are given up and taken.
- A member whose user is away says that it leaves, sends nothing more, and has lost all it owned.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from barnabas.client.errors import BrokerError, ClientError
from barnabas.client.groups.assignors import Place
from barnabas.client.groups.member import Action, Assign, Describe, Fail, Generation, Revoke, Send, Topic, Wait
from barnabas.client.retries import retry_pause
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.message import RequestMessage, ResponseMessage
from barnabas.protocol.messages.consumer_group_heartbeat import (
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
)

_JOIN, _LEAVE, _LEAVE_FOR_A_WHILE = 0, -1, -2
_MOVED: Final = frozenset({ErrorCode.NOT_COORDINATOR, ErrorCode.COORDINATOR_NOT_AVAILABLE})
_FENCED: Final = frozenset({ErrorCode.FENCED_MEMBER_EPOCH, ErrorCode.UNKNOWN_MEMBER_ID})
_LEAST_INTERVAL: Final = 0.1
"""Seconds between heartbeats, however often the coordinator wants to hear of us."""
_UNKNOWN_TOPIC_PAUSE: Final = 0.2
"""Seconds before metadata is asked for again when it does not have an assigned topic yet."""


@dataclass(frozen=True, slots=True)
class ConsumerGroupConfig:
    """Times in seconds; `assignor` None: the coordinator's choice; `regex` subscribes on the server's side."""

    group: str
    member_id: str
    """Chosen by the member, and its own for good (KIP-1082)."""
    instance_id: str | None = None
    rack: str | None = None
    assignor: str | None = None
    regex: str | None = None
    rebalance_timeout: float = 300.0
    request_timeout: float = 30.0


class ConsumerMember:
    """See the module's text; implements `Member`."""

    def __init__(self, config: ConsumerGroupConfig, jitter: Callable[[], float]) -> None:
        """`jitter` gives a number from 0 to 1, for the waits before retries."""
        self._config: Final = config
        self._jitter: Final = jitter
        self._topics: frozenset[str] = frozenset()
        self._subscribed = False
        self._member_id = config.member_id
        self._epoch = _JOIN
        self._ids: dict[str, bytes] = {}
        self._names: dict[bytes, str] = {}
        self._owned: frozenset[Place] = frozenset()
        self._target: dict[bytes, frozenset[int]] = {}
        self._told_owned: frozenset[Place] | None = None
        self._told_topics: frozenset[str] | None = None
        self._changing = False
        self._lost_all = False
        self._away = False
        self._left = False
        self._error: ClientError | None = None
        self._interval = 5.0
        self._attempts = 0
        self._not_before = 0.0
        self._next_heartbeat = 0.0
        self._describe_at = 0.0

    def __str__(self) -> str:
        return f"{self._member_id} of {self._config.group}, epoch {self._epoch}, {len(self._owned)} owned"

    @property
    def owned(self) -> frozenset[Place]:
        """See `Member`."""
        return self._owned

    @property
    def settled(self) -> bool:
        """See `Member`."""
        joined = self._epoch > 0 and not self._changing and not self._lost_all and not self._away
        return joined and not self._nameless() and self._wanted() == self._owned

    @property
    def is_out(self) -> bool:
        """See `Member`."""
        return self._lost_all

    @property
    def generation(self) -> Generation:
        """See `Member`."""
        return Generation(self._epoch, self._member_id, self._config.instance_id)

    def subscribe(self, topics: frozenset[str], now: float) -> None:
        """See `Member`."""
        self._subscribed = True
        if topics != self._topics:
            self._topics = topics
            self._next_heartbeat = now

    # What to do

    def next(self, now: float) -> Action:
        """See `Member`."""
        if self._error is not None:
            return Fail(self._error)
        if not self._subscribed:
            return Wait(float("inf"))
        if self._away and not self._left:
            return self._go(now)
        if self._lost_all and not self._changing:
            if self._owned:
                return self._give_up(self._owned, lost=True)
            self._lost_all, self._epoch, self._target, self._next_heartbeat = False, _JOIN, {}, now
        if self._away and not self._lost_all:
            return Wait(float("inf"))
        if self._not_before > now:
            return Wait(self._not_before)
        if not self._lost_all:
            if (change := self._next_change()) is not None:
                return change
            if now >= self._next_heartbeat or self._has_news():
                return Send(self._heartbeat(), self._config.request_timeout)
            if self._nameless() and now >= self._describe_at:
                self._describe_at = now + _UNKNOWN_TOPIC_PAUSE
                return Describe(None)
        return self._wait()

    def _go(self, now: float) -> Action:
        """Say goodbye, unless there is nobody to know of it; what is owned is lost from here on."""
        request = self.leave()
        self._left = self._lost_all = True
        self._epoch = _JOIN
        return self.next(now) if request is None else Send(request, self._config.request_timeout)

    def _wait(self) -> Wait:
        if self._lost_all:
            return Wait(float("inf"))
        return Wait(min(self._next_heartbeat, self._describe_at) if self._nameless() else self._next_heartbeat)

    def _next_change(self) -> Action | None:
        if self._changing or self._epoch <= 0:
            return None
        if surplus := self._owned - self._wanted():
            return self._give_up(surplus, lost=False)
        if missing := self._wanted() - self._owned:
            self._changing = True
            return Assign(missing)
        return None

    def _give_up(self, places: frozenset[Place], *, lost: bool) -> Revoke:
        self._changing = True
        self._owned -= places
        return Revoke(places, lost)

    def _wanted(self) -> frozenset[Place]:
        """What the coordinator assigned, as far as the topics' names are known."""
        return frozenset(
            (self._names[topic_id], number)
            for topic_id, numbers in self._target.items()
            if topic_id in self._names
            for number in numbers
        )

    def _nameless(self) -> bool:
        return any(topic_id not in self._names for topic_id in self._target)

    def _has_news(self) -> bool:
        return self._epoch > 0 and not self._changing and self._told_owned != self._owned

    def _heartbeat(self) -> ConsumerGroupHeartbeatRequest:
        """All of it when joining, and when an answer was lost, for it may have told of an assignment: who says all is
        told all. What has changed otherwise.
        """
        config, joins = self._config, self._epoch == _JOIN
        if joins:
            self._told_owned = None
        says_all = self._told_owned is None
        topics = self._topics if says_all or self._told_topics != self._topics else None
        owned = None if self._changing or self._told_owned == self._owned else self._owned
        self._told_topics = self._topics
        if owned is not None:
            self._told_owned = owned
        return ConsumerGroupHeartbeatRequest(
            group_id=config.group,
            member_id=self._member_id,
            member_epoch=self._epoch,
            instance_id=config.instance_id,
            rack_id=config.rack if joins else None,
            rebalance_timeout_ms=int(config.rebalance_timeout * 1000) if says_all else -1,
            subscribed_topic_names=None if topics is None or config.regex is not None else sorted(topics),
            subscribed_topic_regex=config.regex if says_all else None,
            server_assignor=config.assignor if joins else None,
            topic_partitions=None if owned is None else self._by_id(owned),
        )

    def _by_id(self, places: Iterable[Place]) -> list[ConsumerGroupHeartbeatRequest.TopicPartitions]:
        held: dict[bytes, list[int]] = defaultdict(list)
        for topic, number in sorted(places):
            held[self._ids[topic]].append(number)
        parts = ConsumerGroupHeartbeatRequest.TopicPartitions
        return [parts(topic_id=topic_id, partitions=numbers) for topic_id, numbers in held.items()]

    # What came of it

    def answered(self, request: RequestMessage, response: ResponseMessage, now: float) -> bool:
        """See `Member`."""
        assert isinstance(response, ConsumerGroupHeartbeatResponse)
        assert isinstance(request, ConsumerGroupHeartbeatRequest)
        if request.member_epoch < 0:
            return False  # who is not known there any more has nothing to leave
        code = ErrorCode.of(response.error_code)
        if code:
            return self._failed(code, response.error_message, now)
        self._attempts = 0
        self._interval = max(response.heartbeat_interval_ms / 1000, _LEAST_INTERVAL)
        self._next_heartbeat = now + self._interval
        self._member_id = response.member_id or self._member_id
        self._epoch = response.member_epoch
        if response.assignment is not None:
            self._target = {part.topic_id: frozenset(part.partitions) for part in response.assignment.topic_partitions}
            self._describe_at = now
        return False

    def _failed(self, code: ErrorCode, message: str | None, now: float) -> bool:
        self._told_owned = self._told_topics = None
        if code in _FENCED:
            self._lost_all = True
        elif code in _MOVED or code == ErrorCode.COORDINATOR_LOAD_IN_PROGRESS:
            self._pause(now)
        else:
            self._error = BrokerError(code, f"group {self._config.group}", message)
        return code in _MOVED

    def lost(self, request: RequestMessage, now: float) -> None:
        """See `Member`."""
        self._told_owned = self._told_topics = None
        self._pause(now)

    def refused(self, error: ClientError) -> None:
        """See `Member`."""
        self._error = error

    def _pause(self, now: float) -> None:
        self._not_before = self._next_heartbeat = now + retry_pause(self._attempts, self._jitter())
        self._attempts += 1

    def revoked(self, places: frozenset[Place], now: float) -> None:
        """See `Member`."""
        self._changing = False

    def assigned(self, places: frozenset[Place], now: float) -> None:
        """See `Member`."""
        self._changing = False
        self._owned |= places

    def described(self, topics: Mapping[str, Topic], now: float) -> None:
        """See `Member`: the coordinator speaks of topics by their ids."""
        for name, topic in topics.items():
            self._ids[name] = topic.topic_id
            self._names[topic.topic_id] = name

    def fenced(self, error: ClientError, now: float) -> None:
        """See `Member`: the next heartbeat brings the epoch that holds."""
        self._next_heartbeat = now

    def depart(self, now: float) -> None:
        """See `Member`."""
        self._away = True

    def come_back(self, now: float) -> None:
        """See `Member`."""
        self._away = self._left = False

    def leave(self) -> ConsumerGroupHeartbeatRequest | None:
        """See `Member`; a static member says that it comes back."""
        if self._epoch <= 0:
            return None
        return ConsumerGroupHeartbeatRequest(
            group_id=self._config.group,
            member_id=self._member_id,
            instance_id=self._config.instance_id,
            member_epoch=_LEAVE if self._config.instance_id is None else _LEAVE_FOR_A_WHILE,
        )

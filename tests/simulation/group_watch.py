"""Listens to what a member of a group asks its coordinator, and what it is told: when it was in the group for certain,
what it committed, and which committed offsets it found.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import trio
from tests.simulation.cluster import Cluster
from tests.simulation.history import Place
from tests.simulation.history_groups import GroupHistory, Seat

from barnabas.broker.coordinator.coordinators import partition_of
from barnabas.broker.coordinator.internal_topics import OFFSETS_TOPIC
from barnabas.client.consumer import Consumer
from barnabas.client.coordinator import Coordinator
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest
from barnabas.protocol.messages.heartbeat import HeartbeatRequest
from barnabas.protocol.messages.join_group import JoinGroupRequest
from barnabas.protocol.messages.leave_group import LeaveGroupRequest
from barnabas.protocol.messages.offset_commit import OffsetCommitRequest
from barnabas.protocol.messages.offset_fetch import OffsetFetchRequest
from barnabas.protocol.messages.sync_group import SyncGroupRequest

_OUT: Final = frozenset(
    {
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.ILLEGAL_GENERATION,
        ErrorCode.FENCED_MEMBER_EPOCH,
        ErrorCode.FENCED_INSTANCE_ID,
    }
)


class Leader(NamedTuple):
    """Who leads a partition, and in which epoch."""

    broker: int
    epoch: int


def coordinator_of(cluster: Cluster, group: str) -> Leader | None:
    """The group's coordinator, by the latest metadata that is committed."""
    topic = cluster.newest_image.topics.by_name(OFFSETS_TOPIC)
    if topic is None:
        return None
    state = topic.partitions[partition_of(group, len(topic.partitions))]
    return Leader(state.leader, state.leader_epoch)


class GroupWatch:
    """See the module. `attach` it to a consumer that is open."""

    def __init__(self, cluster: Cluster, history: GroupHistory, seat: Seat) -> None:
        self._cluster = cluster
        self._history = history
        self._seat = seat
        self._member: Any = None

    def attach(self, consumer: Consumer[Any, Any]) -> None:
        membership: Any = consumer._membership
        coordinator: Coordinator = membership._coordinator
        self._member = membership.member
        request = coordinator.request

        async def watched(message: Any, *args: Any, **kwargs: Any) -> Any:
            return await self._watch(coordinator, request, message, *args, **kwargs)

        coordinator.request = watched  # type: ignore[method-assign]

    async def _watch(self, coordinator: Coordinator, request: Any, message: Any, *args: Any, **kwargs: Any) -> Any:
        sent_at, leader = trio.current_time(), coordinator_of(self._cluster, self._history.name)
        before = dict(self._history.committed)
        commits = _offsets(message) if isinstance(message, OffsetCommitRequest) else {}
        if commits:
            self._history.commits(self._seat, commits)
        if _leaves(message):
            self._seat.is_out = True
        try:
            response = await request(message, *args, **kwargs)
        except BaseException:
            for place, offset in commits.items():
                self._history.may_have_committed(place, offset)
            raise
        node = coordinator._node
        is_true = leader is not None and leader == coordinator_of(self._cluster, self._history.name)
        is_true = is_true and node is not None and leader is not None and node.id == leader.broker
        if commits:
            self._committed(commits, response, before)
        elif isinstance(message, OffsetFetchRequest):
            if is_true:
                self._fetched(message, response, before)
        else:
            self._answered(message, response, sent_at, is_true)
        return response

    # Offsets

    def _committed(self, commits: Mapping[Place, int], response: Any, before: Mapping[Place, int]) -> None:
        for topic in response.topics:
            for part in topic.partitions:
                place, code = (topic.name, part.partition_index), ErrorCode.of(part.error_code)
                if not code:
                    self._history.did_commit(self._seat, place, commits[place], before)
                elif code in _OUT:
                    self._history.count("commits refused")
                    self._seat.is_out = True
                else:
                    self._history.may_have_committed(place, commits[place])

    def _fetched(self, message: OffsetFetchRequest, response: Any, before: Mapping[Place, int]) -> None:
        for group in response.groups:
            if group.error_code:
                return
            for topic in group.topics:
                for part in topic.partitions:
                    if not part.error_code:
                        found = None if part.committed_offset < 0 else part.committed_offset
                        self._history.found(self._seat.name, (topic.name, part.partition_index), found, before)

    # Membership

    def _answered(self, message: Any, response: Any, sent_at: float, is_true: bool) -> None:
        seat, code = self._seat, ErrorCode.of(response.error_code)
        if _leaves(message):
            return
        if code in _OUT:
            seat.is_out = True
            self._history.count("members that were told that they are out")
            return
        if not is_true or code not in (ErrorCode.NONE, ErrorCode.REBALANCE_IN_PROGRESS):
            return
        if _joins(message):
            seat.is_out = False
        seat.heard_at = sent_at
        if not code and self._wants_nothing(message, response):
            seat.at_ease_at = sent_at

    def _wants_nothing(self, message: Any, response: Any) -> bool:
        """Whether the member has nothing to give up, or has joined with what it has."""
        if isinstance(message, HeartbeatRequest | JoinGroupRequest | SyncGroupRequest):
            return True
        member = self._member
        return response.assignment is None and not member._changing and member.owned <= member._wanted()


def _offsets(message: OffsetCommitRequest) -> dict[Place, int]:
    return {
        (topic.name, part.partition_index): part.committed_offset
        for topic in message.topics
        for part in topic.partitions
    }


def _joins(message: Any) -> bool:
    if isinstance(message, ConsumerGroupHeartbeatRequest):
        return message.member_epoch == 0
    return isinstance(message, JoinGroupRequest)


def _leaves(message: Any) -> bool:
    if isinstance(message, ConsumerGroupHeartbeatRequest):
        return message.member_epoch < 0
    return isinstance(message, LeaveGroupRequest)

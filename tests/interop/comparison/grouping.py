"""Groups and their members in a few words: a case's own group, asked at its coordinator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from comparison.talk import PATIENCE_SECONDS, SILENCE, Talk, response_class

from barnabas.protocol import codec, framing
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.message import RequestMessage
from barnabas.protocol.messages.describe_groups import DescribeGroupsRequest
from barnabas.protocol.messages.find_coordinator import FindCoordinatorRequest
from barnabas.protocol.messages.heartbeat import HeartbeatRequest
from barnabas.protocol.messages.join_group import JoinGroupRequest
from barnabas.protocol.messages.leave_group import LeaveGroupRequest
from barnabas.protocol.messages.list_groups import ListGroupsRequest
from barnabas.protocol.messages.offset_commit import OffsetCommitRequest
from barnabas.protocol.messages.offset_fetch import OffsetFetchRequest
from barnabas.protocol.messages.sync_group import SyncGroupRequest
from group_requests import commit, heartbeat, join, leave, sync
from wire import Wire

_NOT_YET = (
    ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
    ErrorCode.NOT_COORDINATOR,
)
SILENT_SECONDS = 1.0
"""So long nobody says anything where a member waits for others."""


class Group:
    """A group of one case, or one that is there for all: `name` as it is then. Its coordinator serves."""

    def __init__(self, talk: Talk, suffix: str = "", *, name: str | None = None) -> None:
        self.talk = talk
        self.name = talk.name(suffix) if name is None else name
        self.broker = 0
        talk.wait_until(self._is_served)

    def _is_served(self) -> bool:
        found = self.talk.quietly(FindCoordinatorRequest(key_type=0, coordinator_keys=[self.name]), 4).coordinators[0]
        if found.error_code:
            return False
        self.broker = found.node_id
        wanted = OffsetFetchRequest.OffsetFetchRequestGroup(group_id=self.name, topics=[])
        answer = self.talk.quietly(OffsetFetchRequest(groups=[wanted]), 8, self.broker)
        return answer.groups[0].error_code not in _NOT_YET

    def ask(self, request: RequestMessage, version: int, **how: Any) -> Any:
        """Ask its coordinator, and note the answer."""
        return self.talk.ask(request, version, broker=self.broker, to="the coordinator", **how)

    def quietly(self, request: RequestMessage, version: int) -> Any:
        """Ask its coordinator without a note."""
        return self.talk.quietly(request, version, self.broker)

    def member(self, **wish: Any) -> Member:
        """A client with a connection of its own; `wish` as for `join`."""
        return Member(self, **wish)

    def joined(self, *wishes: Mapping[str, Any]) -> list[Member]:
        """New members of one generation, the first of which leads; nothing of it is noted. `wishes` as for `join`."""
        members: list[Member] = []
        for wish in wishes:
            member = Member(self, **wish)
            members.append(member)
            if "instance" not in wish:
                member.id = member.quietly(member.joins(), 9).member_id
            member.send(member.joins(), 9)
            if len(members) > 1:
                self.talk.wait_until(members[0].is_to_join)
            for other in members[:-1]:
                other.send(other.joins(), 9)
            for each in members:
                answer = each.heard_quietly()
                each.id, each.generation = answer.member_id, answer.generation_id
        return members

    def stable(self, *wishes: Mapping[str, Any]) -> list[Member]:
        """The same with assignments: `part of 0`, `part of 1`, ..."""
        members = self.joined(*wishes)
        parts = {member.id: b"part of %d" % number for number, member in enumerate(members)}
        for member in members:
            answer = member.quietly(member.syncs(parts if member is members[0] else None), 4)
            assert answer.error_code == ErrorCode.NONE, answer
        return members

    def wait_until_described(self) -> None:
        """Return when the group is seen: Apache Kafka shows what is in the log, and writes after a while."""
        request = DescribeGroupsRequest(groups=[self.name])
        self.talk.wait_until(lambda: self.quietly(request, 5).groups[0].group_state != "Dead")

    def listed(self, version: int, request: ListGroupsRequest | None = None) -> None:
        """Note how its coordinator lists it, among others."""
        answer = self.quietly(request or ListGroupsRequest(), version)
        answer.groups = [group for group in answer.groups if group.group_id == self.name]
        self.talk.note_answer(f"ListGroups v{version}", answer, version)


class Member:
    """A client of the group's coordinator that can wait for an answer while others go on."""

    def __init__(self, group: Group, **wish: Any) -> None:
        self._talk = group.talk
        self._group = group.name
        self._wish = wish
        self._wire = Wire(group.talk.side.addresses[group.broker - 1], PATIENCE_SECONDS)
        self._asked: list[tuple[RequestMessage, int]] = []
        group.talk.closing.callback(self._wire.close)
        self.id = ""
        self.generation = -1

    # Its requests

    def joins(self, **other: Any) -> JoinGroupRequest:
        return join(self.id, group=self._group, **self._wish | other)

    def syncs(self, assignments: Mapping[str, bytes] | None = None, **protocol: Any) -> SyncGroupRequest:
        instance = self._wish.get("instance")
        return sync(self.id, self.generation, assignments, group=self._group, instance=instance, **protocol)

    def lives(self) -> HeartbeatRequest:
        return heartbeat(self.id, self.generation, group=self._group, instance=self._wish.get("instance"))

    def leaves(self) -> LeaveGroupRequest:
        return leave(self.id, group=self._group, instance=self._wish.get("instance"))

    def commits(self, offsets: Mapping[str, Mapping[int, int]], **how: Any) -> OffsetCommitRequest:
        instance = self._wish.get("instance")
        return commit(offsets, self.id, self.generation, group=self._group, instance=instance, **how)

    def is_to_join(self) -> bool:
        """Whether the group rebalances; nothing of it is noted."""
        answer = self.quietly(self.lives(), 3)
        return bool(answer.error_code == ErrorCode.REBALANCE_IN_PROGRESS)

    # Asking

    def send(self, request: RequestMessage, version: int) -> None:
        """Ask, and go on."""
        self._wire.send_message(request, version)
        self._asked.append((request, version))

    def hear(self) -> Any:
        """Note the answer to what was asked first."""
        request, version = self._asked[0]
        answer = self.heard_quietly()
        self._talk.note_answer(f"{request.NAME} v{version} of a member", answer, version)
        return answer

    def heard_quietly(self) -> Any:
        """The answer to what was asked first."""
        request, version = self._asked[0]
        frame = self._wire.receive()
        del self._asked[0]
        if frame is None:
            return None
        _, offset = framing.decode_response_header(request.API_KEY, version, frame)
        return codec.decode(response_class(request), version, frame, offset)[0]

    def hears_nothing(self) -> None:
        """Note whether it still waits."""
        self._wire.set_timeout(SILENT_SECONDS)
        try:
            heard = self.hear()
        except TimeoutError:
            heard = SILENCE
            self._talk.note("a member waits", SILENCE)
        self._wire.set_timeout(PATIENCE_SECONDS)
        assert heard is SILENCE, f"{self._talk.side.name} answered {heard!r}"

    def ask(self, request: RequestMessage, version: int) -> Any:
        """Ask, and note the answer."""
        self.send(request, version)
        return self.hear()

    def quietly(self, request: RequestMessage, version: int) -> Any:
        """Ask without a note."""
        self.send(request, version)
        return self.heard_quietly()

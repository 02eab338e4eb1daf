"""Members of the classic protocol that behave as clients with an eager assignor do, step by step.

Before it joins again a member gives back all that it has. It has what its last SyncGroup told, until then.
"""

from __future__ import annotations

from collections.abc import Iterable

from barnabas.broker.coordinator.groups.assignors import GroupSpec, MemberSpec
from barnabas.broker.coordinator.groups.assignors.range import assign_range
from barnabas.broker.coordinator.groups.embedded_protocol import read_assignment, read_subscription, write_assignment
from barnabas.protocol import codec
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.consumer_protocol_subscription import ConsumerProtocolSubscription
from barnabas.protocol.messages.heartbeat import HeartbeatRequest
from barnabas.protocol.messages.join_group import JoinGroupRequest, JoinGroupResponse
from barnabas.protocol.messages.leave_group import LeaveGroupRequest
from barnabas.protocol.messages.sync_group import SyncGroupRequest
from consumer_groups import GROUP, ConsumerGroupsHarness, Place
from group_harness import Asked

_START_ANEW = (ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.FENCED_INSTANCE_ID)
_JOIN_AGAIN = (
    ErrorCode.REBALANCE_IN_PROGRESS,
    ErrorCode.ILLEGAL_GENERATION,
    ErrorCode.MEMBER_ID_REQUIRED,
    ErrorCode.NOT_ENOUGH_REPLICAS,
)


class EagerMember:
    """See the module. `step` does what comes next."""

    def __init__(
        self, harness: ConsumerGroupsHarness, name: str, topics: Iterable[str], instance_id: str | None
    ) -> None:
        self.harness = harness
        self.name = name
        self.topics = list(topics)
        self.instance_id = instance_id
        self.id = ""
        self.generation = -1
        self.owned: set[Place] = set()
        self.joined = False
        """It has an assignment, and sends heartbeats."""
        self._joining: Asked | None = None
        self._syncing: Asked | None = None

    def step(self) -> None:
        """Hear what was answered, or ask."""
        if self._joining is not None:
            if self._joining.answered:
                self._hear_join(self._joining)
        elif self._syncing is not None:
            if self._syncing.answered:
                self._hear_sync(self._syncing)
        elif self.joined:
            self._beat()
        else:
            self._join()

    def leave(self) -> None:
        identity = LeaveGroupRequest.MemberIdentity(member_id=self.id, group_instance_id=self.instance_id)
        self.harness.ask(LeaveGroupRequest(group_id=GROUP, members=[identity]))
        self.forget()

    def forget(self) -> None:
        """It is out, as far as it knows."""
        self.id, self.generation, self.joined, self.owned = "", -1, False, set()
        self._joining = self._syncing = None

    def coordinator_moved(self) -> None:
        """Whatever it waits for is never answered."""
        if self._joining is not None or self._syncing is not None:
            self._joining = self._syncing = None
            self.joined = False

    def _join(self) -> None:
        self.owned, self.joined = set(), False
        message = ConsumerProtocolSubscription(topics=self.topics)
        request = JoinGroupRequest(
            group_id=GROUP,
            member_id=self.id,
            group_instance_id=self.instance_id,
            protocol_type="consumer",
            protocols=[
                JoinGroupRequest.JoinGroupRequestProtocol(name="range", metadata=b"\0\1" + codec.encode(message, 1))
            ],
            session_timeout_ms=10_000,
            rebalance_timeout_ms=30_000,
        )
        self._joining = self.harness.ask(request, client=self.name)

    def _hear_join(self, asked: Asked) -> None:
        self._joining = None
        if asked.code == ErrorCode.NONE:
            self.id, self.generation = asked.response.member_id, asked.response.generation_id
            self._sync(asked.response)
        elif asked.code == ErrorCode.MEMBER_ID_REQUIRED:
            self.id = asked.response.member_id
        else:
            self._refused(asked.code)

    def _sync(self, joined: JoinGroupResponse) -> None:
        assignments = self._assign(joined) if joined.leader == self.id else {}
        request = SyncGroupRequest(
            group_id=GROUP,
            member_id=self.id,
            generation_id=self.generation,
            group_instance_id=self.instance_id,
            assignments=[
                SyncGroupRequest.SyncGroupRequestAssignment(member_id=member_id, assignment=assignment)
                for member_id, assignment in assignments.items()
            ],
        )
        self._syncing = self.harness.ask(request, client=self.name)

    def _assign(self, joined: JoinGroupResponse) -> dict[str, bytes]:
        """As the leader of a classic group does."""
        topics = self.harness.image.topics
        wishes = {member.member_id: read_subscription(member.metadata).topics for member in joined.members}
        specs = {
            member_id: MemberSpec(frozenset(topics.ids[name] for name in names if name in topics.ids))
            for member_id, names in wishes.items()
        }
        partitions = {topic.id: len(topic) for topic in topics}
        metadata = {member.member_id: member.metadata for member in joined.members}
        return {
            member_id: write_assignment(target, metadata[member_id], self.harness.image)
            for member_id, target in assign_range(GroupSpec(specs, partitions)).items()
        }

    def _hear_sync(self, asked: Asked) -> None:
        self._syncing = None
        if asked.code != ErrorCode.NONE:
            self._refused(asked.code)
            return
        self.joined = True
        parts = read_assignment(asked.response.assignment).assigned_partitions
        self.owned = {(part.topic, index) for part in parts for index in part.partitions}

    def _beat(self) -> None:
        request = HeartbeatRequest(
            group_id=GROUP, member_id=self.id, generation_id=self.generation, group_instance_id=self.instance_id
        )
        asked = self.harness.ask(request, client=self.name)
        if asked.code == ErrorCode.REBALANCE_IN_PROGRESS:
            self._join()
        elif asked.code != ErrorCode.NONE:
            self._refused(asked.code)

    def _refused(self, code: ErrorCode) -> None:
        assert code in (*_START_ANEW, *_JOIN_AGAIN), code
        if code in _START_ANEW:
            self.forget()
        elif code != ErrorCode.NOT_ENOUGH_REPLICAS:
            self.owned, self.joined = set(), False

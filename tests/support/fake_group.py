"""A group coordinator for a group of one, in both protocols, for `FakeCluster.more`."""

from __future__ import annotations

from typing import Any

from barnabas.client.groups.subscriptions import encode_assignment
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.consumer_group_heartbeat import (
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
)
from barnabas.protocol.messages.find_coordinator import FindCoordinatorRequest, FindCoordinatorResponse
from barnabas.protocol.messages.heartbeat import HeartbeatRequest, HeartbeatResponse
from barnabas.protocol.messages.join_group import JoinGroupRequest, JoinGroupResponse
from barnabas.protocol.messages.leave_group import LeaveGroupRequest, LeaveGroupResponse
from barnabas.protocol.messages.offset_commit import OffsetCommitRequest, OffsetCommitResponse
from barnabas.protocol.messages.offset_fetch import OffsetFetchRequest, OffsetFetchResponse
from barnabas.protocol.messages.sync_group import SyncGroupRequest, SyncGroupResponse
from fake_brokers import FIRST_PORT, FakeCluster, topic_id_of

NO_OFFSET = -1


class FakeGroup:
    """Its member reads all partitions of the topics that exist when it joins. Broker 1 coordinates."""

    def __init__(self, brokers: FakeCluster) -> None:
        """Before the brokers start."""
        self.member: str | None = None
        self.epoch = 0
        self.committed: dict[tuple[str, int], int] = {}
        self.history: list[str] = []
        """What happened: joined, left."""
        self._brokers = brokers
        brokers.more |= {
            ApiKey.FIND_COORDINATOR: self._find,
            ApiKey.JOIN_GROUP: self._join,
            ApiKey.SYNC_GROUP: self._sync,
            ApiKey.HEARTBEAT: self._heartbeat,
            ApiKey.LEAVE_GROUP: self._leave,
            ApiKey.CONSUMER_GROUP_HEARTBEAT: self._beat,
            ApiKey.OFFSET_FETCH: self._fetch_offsets,
            ApiKey.OFFSET_COMMIT: self._commit,
        }

    def _find(self, broker: int, body: FindCoordinatorRequest) -> FindCoordinatorResponse:
        new = FindCoordinatorResponse
        return new(
            coordinators=[
                new.Coordinator(key=key, node_id=1, host="127.0.0.1", port=FIRST_PORT) for key in body.coordinator_keys
            ]
        )

    def _enter(self, member: str) -> None:
        self.member = member
        self.epoch += 1
        self.history.append("joined")

    def _go(self) -> None:
        self.member = None
        self.history.append("left")

    def _check(self, member: str, epoch: int) -> ErrorCode:
        if member != self.member:
            return ErrorCode.UNKNOWN_MEMBER_ID
        return ErrorCode.NONE if epoch == self.epoch else ErrorCode.ILLEGAL_GENERATION

    # The classic protocol

    def _join(self, broker: int, body: JoinGroupRequest) -> JoinGroupResponse:
        self._enter(body.member_id or f"member-{self.epoch}")
        assert self.member is not None
        member = JoinGroupResponse.JoinGroupResponseMember(
            member_id=self.member, metadata=bytes(body.protocols[0].metadata)
        )
        return JoinGroupResponse(
            generation_id=self.epoch,
            protocol_name=body.protocols[0].name,
            leader=self.member,
            member_id=self.member,
            members=[member],
        )

    def _sync(self, broker: int, body: SyncGroupRequest) -> SyncGroupResponse:
        code = self._check(body.member_id, body.generation_id)
        places = [(topic, number) for topic, parts in self._brokers.topics.items() for number in parts]
        return SyncGroupResponse(error_code=code, assignment=encode_assignment(() if code else places))

    def _heartbeat(self, broker: int, body: HeartbeatRequest) -> HeartbeatResponse:
        return HeartbeatResponse(error_code=self._check(body.member_id, body.generation_id))

    def _leave(self, broker: int, body: LeaveGroupRequest) -> LeaveGroupResponse:
        if any(member.member_id == self.member for member in body.members):
            self._go()
        return LeaveGroupResponse()

    # The new one (KIP-848)

    def _beat(self, broker: int, body: ConsumerGroupHeartbeatRequest) -> ConsumerGroupHeartbeatResponse:
        new = ConsumerGroupHeartbeatResponse
        assignment = None
        if body.member_epoch < 0:
            self._go()
            return new(member_id=body.member_id, member_epoch=body.member_epoch)
        if body.member_epoch == 0:
            self._enter(body.member_id)
            parts: list[Any] = [
                new.TopicPartitions(topic_id=topic_id_of(name), partitions=list(numbers))
                for name, numbers in self._brokers.topics.items()
            ]
            assignment = new.Assignment(topic_partitions=parts)
        elif code := self._check(body.member_id, body.member_epoch):
            return new(error_code=ErrorCode.FENCED_MEMBER_EPOCH if code == ErrorCode.ILLEGAL_GENERATION else code)
        return new(member_id=body.member_id, member_epoch=self.epoch, heartbeat_interval_ms=3000, assignment=assignment)

    # Offsets

    def _fetch_offsets(self, broker: int, body: OffsetFetchRequest) -> OffsetFetchResponse:
        new = OffsetFetchResponse
        topics = [
            new.OffsetFetchResponseTopics(
                name=topic.name,
                partitions=[
                    new.OffsetFetchResponsePartitions(
                        partition_index=number, committed_offset=self.committed.get((topic.name, number), NO_OFFSET)
                    )
                    for number in topic.partition_indexes
                ],
            )
            for group in body.groups
            for topic in group.topics or ()
        ]
        return new(groups=[new.OffsetFetchResponseGroup(group_id=body.groups[0].group_id, topics=topics)])

    def _commit(self, broker: int, body: OffsetCommitRequest) -> OffsetCommitResponse:
        new = OffsetCommitResponse
        code = self._check(body.member_id, body.generation_id_or_member_epoch)
        if body.generation_id_or_member_epoch < 0 and self.member is None:
            code = ErrorCode.NONE  # as a simple consumer: the group is empty
        topics = []
        for topic in body.topics:
            if not code:
                self.committed |= {(topic.name, p.partition_index): p.committed_offset for p in topic.partitions}
            parts = [
                new.OffsetCommitResponsePartition(partition_index=p.partition_index, error_code=code)
                for p in topic.partitions
            ]
            topics.append(new.OffsetCommitResponseTopic(name=topic.name, partitions=parts))
        return new(topics=topics)

"""Members of the new group protocol in a few words, asked at the coordinator of a case's own group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from comparison.configuring import GROUP, SET, alter
from comparison.configuring import describe as describe_configs
from comparison.grouping import Group
from comparison.talk import Talk, Topic

from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.consumer_group_describe import ConsumerGroupDescribeRequest
from barnabas.protocol.messages.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest

_INTERVAL = "consumer.assignment.interval.ms"
JOIN: Mapping[str, Any] = {"member_epoch": 0, "rebalance_timeout_ms": 30_000, "topic_partitions": []}


def owned(topic: Topic, partitions: Iterable[int]) -> list[ConsumerGroupHeartbeatRequest.TopicPartitions]:
    """What a member says that it owns."""
    return [ConsumerGroupHeartbeatRequest.TopicPartitions(topic_id=topic.id, partitions=partitions)]


def new_group(talk: Talk, suffix: str = "") -> Group:
    """A group whose members are assigned anew at once, rather than once a second."""
    group = Group(talk, suffix)
    talk.quietly(alter(GROUP, group.name, (_INTERVAL, SET, "0")), 1)

    def is_known() -> bool:
        answer = group.quietly(describe_configs((GROUP, group.name, [_INTERVAL])), 4)
        return bool(answer.results[0].configs[0].value == "0")

    talk.wait_until(is_known)
    return group


class NewMember:
    """A member that says what it is told to; only its epoch follows from the answers."""

    def __init__(self, group: Group, member_id: str, topics: Sequence[str] | None = (), **wish: Any) -> None:
        self._group = group
        self._topics = topics
        self._wish = wish
        self.id = member_id
        self.epoch = 0
        self.version = 1

    def request(self, **fields: Any) -> ConsumerGroupHeartbeatRequest:
        instance = {"instance_id": self._wish["instance_id"]} if "instance_id" in self._wish else {}
        said: dict[str, Any] = {"member_id": self.id, "member_epoch": self.epoch, **instance, **fields}
        return ConsumerGroupHeartbeatRequest(group_id=self._group.name, **said)

    def joining(self, **fields: Any) -> ConsumerGroupHeartbeatRequest:
        return self.request(**{**JOIN, "subscribed_topic_names": self._topics, **self._wish, **fields})

    def join(self, **fields: Any) -> Any:
        """Join, and note the answer."""
        return self._heard(self._group.ask(self.joining(**fields), self.version))

    def beat(self, **fields: Any) -> Any:
        """Live on, and note the answer."""
        return self._heard(self._group.ask(self.request(**fields), self.version))

    def leave(self, epoch: int = -1) -> Any:
        """Leave, and note the answer."""
        return self._group.ask(self.request(member_epoch=epoch), self.version)

    def join_quietly(self, **fields: Any) -> Any:
        answer = self._group.quietly(self.joining(**fields), self.version)
        assert answer.error_code == ErrorCode.NONE, answer
        return self._heard(answer)

    def beat_quietly(self, **fields: Any) -> Any:
        return self._heard(self._group.quietly(self.request(**fields), self.version))

    def _heard(self, answer: Any) -> Any:
        if answer.error_code == ErrorCode.NONE:
            self.id, self.epoch = answer.member_id, answer.member_epoch
        return answer


def two_members(talk: Talk, topic: Topic) -> tuple[Group, NewMember, NewMember]:
    """A group of two members that have two partitions of four each."""
    group = new_group(talk)
    first, second = NewMember(group, "m-1", [topic.name]), NewMember(group, "m-2", [topic.name])
    first.join_quietly()
    second.join_quietly()
    left = first.beat_quietly().assignment.topic_partitions[0].partitions
    first.beat_quietly(topic_partitions=owned(topic, left))
    second.beat_quietly()
    return group, first, second


def describe(group: Group, version: int, *more: str, operations: bool = False) -> None:
    """Describe the group, and note the answer with its members in order."""
    request = ConsumerGroupDescribeRequest(group_ids=[group.name, *more], include_authorized_operations=operations)
    answer = group.quietly(request, version)
    for described in answer.groups:
        described.members.sort(key=lambda member: (member.member_type, member.member_id))
        for member in described.members:
            member.subscribed_topic_names.sort()
            for topic in (*member.assignment.topic_partitions, *member.target_assignment.topic_partitions):
                topic.partitions.sort()
    group.talk.note_answer(f"ConsumerGroupDescribe v{version}", answer, version)

"""Members of both protocols that do this and that in one group, by chance but the same each time.

Which partitions a member gets depends on member ids that each cluster makes up, so only their number is compared.
"""

from __future__ import annotations

from random import Random
from typing import Any

from comparison.case import case
from comparison.cases_consumer_groups_mixed import assigned, wish
from comparison.cases_groups_offsets import named, of_group
from comparison.consumer_grouping import JOIN, new_group
from comparison.grouping import Group
from comparison.talk import Talk, Topic

from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.consumer_group_describe import ConsumerGroupDescribeRequest
from barnabas.protocol.messages.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest
from barnabas.protocol.messages.offset_fetch import OffsetFetchRequest
from group_requests import commit, heartbeat, join, leave, sync

CONVERSATIONS = 6
STEPS = 30
PARTITIONS = 12
PROTOCOL = {"protocol_type": "consumer", "protocol_name": "range"}


class NewMember:
    """A member of the new protocol that does one of these things each time, right or wrong."""

    DOES = (
        "join",
        "join",
        "confirm",
        "confirm",
        "confirm",
        "confirm",
        "beat",
        "lag",
        "leave",
        "pause",
        "commit",
        "fetch",
    )

    def __init__(self, group: Group, topic: Topic, rng: Random, member_id: str, instance: str | None = None) -> None:
        self._group, self._topic, self._rng = group, topic, rng
        self._id, self._instance = member_id, instance
        self._epoch = 0
        self._owned: list[ConsumerGroupHeartbeatRequest.TopicPartitions] = []

    def act(self) -> None:
        doing = self._rng.choice(self.DOES)
        now = max(self._epoch, 1)
        match doing:
            case "join":
                self._say(**JOIN, subscribed_topic_names=[self._topic.name])
            case "confirm":
                self._say(member_epoch=now, topic_partitions=self._owned)
            case "beat":
                self._say(member_epoch=now)
            case "lag":
                epoch = max(1, self._epoch + self._rng.choice((-2, -1, 1)))
                self._say(member_epoch=epoch, topic_partitions=self._rng.choice((self._owned, [], None)))
            case "leave":
                self._say(member_epoch=-1)
                self._epoch, self._owned = 0, []
            case "pause":
                self._say(member_epoch=-2)
            case "commit":
                epoch = self._epoch + self._rng.choice((0, 0, -1, 1))
                request = commit({self._topic.name: {0: 1}}, self._id, epoch, group=self._group.name)
                self._group.ask(named(request, self._topic), 10)
            case _:
                wanted = of_group(self._group.name, {self._topic: [0]}, member_id=self._id, member_epoch=self._epoch)
                self._group.ask(OffsetFetchRequest(groups=[wanted]), 10)

    def _say(self, **fields: Any) -> None:
        request = ConsumerGroupHeartbeatRequest(
            group_id=self._group.name, member_id=self._id, instance_id=self._instance, **fields
        )
        answer = self._group.quietly(request, 1)
        topics = None if answer.assignment is None else answer.assignment.topic_partitions
        given = None if topics is None else sum(len(topic.partitions) for topic in topics)
        self._group.talk.note(self._id, (ErrorCode(answer.error_code).name, answer.member_epoch, given))
        if answer.error_code == ErrorCode.NONE and request.member_epoch >= 0:
            self._epoch = answer.member_epoch
            if topics is not None:
                self._owned = [
                    ConsumerGroupHeartbeatRequest.TopicPartitions(topic_id=topic.topic_id, partitions=topic.partitions)
                    for topic in topics
                ]


class ClassicMember:
    """The only member of the classic protocol, so that it never waits for others."""

    DOES = ("join", "join", "join", "sync", "sync", "beat", "beat", "beat", "lag", "leave", "commit")

    def __init__(self, group: Group, topic: Topic, rng: Random, instance: str | None) -> None:
        self._group, self._topic, self._rng = group, topic, rng
        self._instance = instance
        self._id, self._generation = "", -1

    def act(self) -> None:
        where: dict[str, Any] = {"group": self._group.name, "instance": self._instance}
        match self._rng.choice(self.DOES):
            case "join":
                self._join(where)
            case "sync":
                everything = {self._id: assigned(self._topic, range(PARTITIONS))}
                answer = self._group.quietly(sync(self._id, self._generation, everything, **where, **PROTOCOL), 5)
                self._note("sync", answer.error_code, len(answer.assignment))
            case "beat":
                self._group.ask(heartbeat(self._id, self._generation, **where), 4)
            case "lag":
                self._group.ask(heartbeat(self._id, self._generation + 1, **where), 4)
                self._group.ask(sync(self._id, self._generation - 1, **where, **PROTOCOL), 5)
            case "leave":
                answer = self._group.quietly(leave(self._id, **where), 5)
                errors = [answer.error_code, *(member.error_code for member in answer.members)]
                self._note("leave", *errors)
                if not any(errors):
                    self._id, self._generation = "", -1
            case _:
                request = commit({self._topic.name: {0: 2}}, self._id, self._generation, **where)
                self._group.ask(named(request, self._topic), 10)

    def _join(self, where: dict[str, Any]) -> None:
        answer = self._group.quietly(join(self._id, **where, protocols=wish(self._topic)), 9)
        if answer.error_code == ErrorCode.MEMBER_ID_REQUIRED:
            self._id = answer.member_id
            answer = self._group.quietly(join(self._id, **where, protocols=wish(self._topic)), 9)
        self._note("join", answer.error_code, answer.generation_id, answer.protocol_name, answer.skip_assignment)
        if answer.error_code == ErrorCode.NONE:
            self._id, self._generation = answer.member_id, answer.generation_id
        elif answer.error_code in (ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.FENCED_INSTANCE_ID):
            self._id, self._generation = "", -1

    def _note(self, what: str, error: int, *facts: object) -> None:
        self._group.talk.note(what, (ErrorCode(error).name, *facts))


def note_state(group: Group) -> None:
    """How far the group and its members are."""
    (described,) = group.quietly(ConsumerGroupDescribeRequest(group_ids=[group.name]), 1).groups
    members = sorted((member.member_type, member.member_epoch) for member in described.members)
    state = described.group_state, described.group_epoch, described.assignment_epoch
    group.talk.note("the group", (ErrorCode(described.error_code).name, *state, members))


@case(*range(CONVERSATIONS))
def members_of_the_new_protocol(talk: Talk, seed: int) -> None:
    rng, topic, group = Random(seed), talk.create(partitions=PARTITIONS), new_group(talk)
    instances = (None, None, "i", "i")
    members = [NewMember(group, topic, rng, f"m-{number}", instance) for number, instance in enumerate(instances)]
    for _ in range(STEPS):
        rng.choice(members).act()
    note_state(group)


@case(*range(CONVERSATIONS))
def members_of_both_protocols(talk: Talk, seed: int) -> None:
    rng, topic, group = Random(seed), talk.create(partitions=PARTITIONS), new_group(talk)
    members: list[NewMember | ClassicMember] = [
        NewMember(group, topic, rng, "m-1"),
        NewMember(group, topic, rng, "m-2", "i"),
        ClassicMember(group, topic, rng, rng.choice((None, "i", "j"))),
    ]
    for _ in range(STEPS):
        rng.choice(members).act()
    note_state(group)

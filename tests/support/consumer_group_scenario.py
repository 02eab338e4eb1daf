"""The commands of the scenario files of consumer groups.

    config [max=N] [interval=S] [policy=P] [delay=S]     a new coordinator; says what differs from the defaults
    topics NAME=PARTITIONS ...            come, get more partitions, or (with 0) go
    set NAME VALUE|-                      a configuration of the group
    join WHO [TOPIC,...] [regex=R] [static=INSTANCE] [assignor=NAME] [rack=R] [rebalance=S]
    beat WHO ... | beat WHO [epoch=N] [topics=TOPIC,...] [regex=R] [owns=TOPIC:N,...|nothing]
    lazy WHO | eager WHO                  goes on with what it is to give back, or (as at first) gives it back at once
    leave WHO [epoch=-2]
    settle WHO ...                        all send heartbeats until nothing changes; prints what they have then
    classic WHO join TOPIC,... [id=ID] [static=INSTANCE] [owns=TOPIC:N,...] [protocols=range]
    classic WHO sync|heartbeat|leave [generation=N]
    time SECONDS | failover | log refuse ERROR | log take
    show                                  the group with its members

WHO is the member's name and its id, if it can choose one. An answer is printed when it leaves, and each record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from barnabas.broker.coordinator.groups.config import GroupConfig
from barnabas.broker.coordinator.groups.consumer_config import Bounded, ConsumerConfig
from barnabas.broker.coordinator.groups.consumer_group import ConsumerGroup
from barnabas.broker.coordinator.groups.consumer_member import MemberState
from barnabas.broker.coordinator.groups.embedded_protocol import read_assignment
from barnabas.broker.coordinator.records import Record
from barnabas.protocol import codec
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest
from barnabas.protocol.messages.consumer_protocol_assignment import ConsumerProtocolAssignment
from barnabas.protocol.messages.consumer_protocol_subscription import ConsumerProtocolSubscription
from barnabas.protocol.messages.heartbeat import HeartbeatRequest
from barnabas.protocol.messages.join_group import JoinGroupRequest
from barnabas.protocol.messages.leave_group import LeaveGroupRequest
from barnabas.protocol.messages.sync_group import SyncGroupRequest
from consumer_groups import GROUP, ConsumerGroupsHarness, Member, Place, settle
from group_harness import Asked


class ConsumerGroupScenario:
    """See the module."""

    def __init__(self) -> None:
        self.harness = ConsumerGroupsHarness()
        self.members: dict[str, Member] = {}
        self.classics: dict[str, ClassicClient] = {}
        self.asked: list[Asked] = []
        self.seen = 0
        self.output: list[str] = []

    def execute(self, command: str) -> list[str]:
        """Runs one command; returns what it printed."""
        self.output = []
        name, *words = command.split()
        options = dict(word.split("=", 1) for word in words if "=" in word and name != "topics")
        handler: Callable[[list[str], dict[str, str]], None] = getattr(self, f"do_{name}")
        handler([word for word in words if "=" not in word or name == "topics"], options)
        self._print_what_happened()
        return self.output

    # --- commands ---

    def do_config(self, words: list[str], options: dict[str, str]) -> None:
        interval = Bounded(int(float(options.get("interval", 1)) * 1000), 0, 15_000)
        consumer = ConsumerConfig(
            max_size=int(options.get("max", 1000)),
            assignment_interval_ms=interval,
            migration_policy=options.get("policy", "bidirectional"),
        )
        self.__init__()  # type: ignore[misc]
        config = GroupConfig(initial_rebalance_delay=float(options.get("delay", 0)), consumer=consumer)
        self.harness = ConsumerGroupsHarness(config)

    def do_topics(self, words: list[str], options: dict[str, str]) -> None:
        for word in words:
            name, _, partitions = word.partition("=")
            self.harness.topic(name, int(partitions))

    def do_set(self, words: list[str], options: dict[str, str]) -> None:
        self.harness.configure(words[0], None if words[1] == "-" else words[1])

    def do_join(self, words: list[str], options: dict[str, str]) -> None:
        who, *topics = words
        member = Member(
            self.harness,
            who,
            topics[0].split(",") if topics else (),
            regex=options.get("regex"),
            instance_id=options.get("static"),
            assignor=options.get("assignor"),
            rack_id=options.get("rack"),
            rebalance_timeout_ms=int(float(options.get("rebalance", 60)) * 1000),
        )
        if not topics and member.regex is not None:
            member.topics = None
        self.members[who] = member
        self._told(who, member.join())

    def do_beat(self, words: list[str], options: dict[str, str]) -> None:
        changes: dict[str, Any] = {}
        if "epoch" in options:
            changes["member_epoch"] = int(options["epoch"])
        if "topics" in options:
            changes["subscribed_topic_names"] = options["topics"].split(",")
        if "regex" in options:
            changes["subscribed_topic_regex"] = options["regex"]
        if "owns" in options:
            changes["topic_partitions"] = [
                ConsumerGroupHeartbeatRequest.TopicPartitions(topic_id=uuid, partitions=indexes)
                for uuid, indexes in self.harness.ids_of(_places(options["owns"])).items()
            ]
        for who in words:
            self._told(who, self.members[who].beat(**changes))

    def do_lazy(self, words: list[str], options: dict[str, str]) -> None:
        self.members[words[0]].lazy = True

    def do_eager(self, words: list[str], options: dict[str, str]) -> None:
        member = self.members[words[0]]
        member.lazy = False
        member.give_back()

    def do_leave(self, words: list[str], options: dict[str, str]) -> None:
        self._told(words[0], self.members[words[0]].leave(int(options.get("epoch", -1))))

    def do_settle(self, words: list[str], options: dict[str, str]) -> None:
        settle(self.harness, [self.members[who] for who in words])
        self.seen = len(self.harness.log)
        for who in words:
            member = self.members[who]
            self.output.append(f"{who} epoch={member.epoch} has {_listed(member.owned)}")

    def do_classic(self, words: list[str], options: dict[str, str]) -> None:
        who, what, *topics = words
        client = self.classics.setdefault(who, ClassicClient(self.harness, who))
        if topics:
            client.topics = topics[0].split(",")
        asked = getattr(client, what)(options)
        asked.name = f"{who} {what}"
        self.asked.append(asked)

    def do_time(self, words: list[str], options: dict[str, str]) -> None:
        end = self.harness.now + float(words[0])
        while self.harness.now < end:
            deadline = self.harness.machine.next_deadline()
            step = end if deadline is None else min(end, max(deadline, self.harness.now))
            self.harness.advance(step - self.harness.now)
            self._print_what_happened(f"{self.harness.now - 1000:.1f} ")

    def do_log(self, words: list[str], options: dict[str, str]) -> None:
        self.harness.refusing = ErrorCode[words[1]] if words[0] == "refuse" else None

    def do_failover(self, words: list[str], options: dict[str, str]) -> None:
        self.harness.reload()

    def do_show(self, words: list[str], options: dict[str, str]) -> None:
        group = self.harness.machine.groups.get(GROUP)
        self.output.append("no group" if group is None else str(group))
        if not isinstance(group, ConsumerGroup):
            return
        for member in group.members.values():
            static = f" static={member.instance_id}" if member.instance_id else ""
            classic = " classic" if member.uses_classic_protocol else ""
            parts = [f"    {member.id}{static}{classic} epoch={member.epoch} {member.state.name}"]
            parts.append(f"has {self._named(member.assigned)}")
            if member.revoking:
                parts.append(f"gives back {self._named(member.revoking)}")
            parts.append(f"is to have {self._named(group.target.get(member.id, {}))}")
            self.output.append(" ".join(parts))
        for pattern, resolved in group.patterns.items():
            self.output.append(f"    {pattern} means {', '.join(sorted(resolved.topics)) or 'nothing'}")

    # --- what happens ---

    def _told(self, who: str, asked: Asked) -> None:
        asked.name = who
        self.asked.append(asked)

    def _print_what_happened(self, prefix: str = "") -> None:
        for record in self.harness.log[self.seen :]:
            assert isinstance(record, Record)
            self.output.append(f"{prefix}  write {self._record(record)}")
        self.seen = len(self.harness.log)
        for asked in [asked for asked in self.asked if asked.answered]:
            self.asked.remove(asked)
            self.output.append(f"{prefix}{asked.name}: {self._answer(asked)}")

    def _answer(self, asked: Asked) -> str:
        response = asked.response
        if asked.error is not None:
            return f"{asked.error.code.name} {asked.error.message or ''}".rstrip()
        if asked.name.endswith(" leave"):
            return ", ".join(ErrorCode(member.error_code).name for member in response.members)
        if asked.code != ErrorCode.NONE:
            named = getattr(response, "member_id", "")
            return f"{asked.code.name}{f' id={named}' if named else ''}"
        if asked.name.endswith(" join"):
            return f"{response.member_id} in generation {response.generation_id} of {response.protocol_name}"
        if asked.name.endswith(" sync"):
            assigned = read_assignment(response.assignment).assigned_partitions
            return f"has {_listed({(topic.topic, index) for topic in assigned for index in topic.partitions})}"
        if asked.name.endswith(" heartbeat"):
            return "NONE"
        assignment = response.assignment
        has = (
            ""
            if assignment is None
            else f" has {self._named({t.topic_id: t.partitions for t in assignment.topic_partitions})}"
        )
        return f"epoch={response.member_epoch}{has}"

    def _record(self, record: Record) -> str:
        key: Any = record.key
        value: Any = record.value
        kind = key.NAME.removeprefix("ConsumerGroup").removesuffix("Key")
        of = getattr(key, "member_id", None) or getattr(key, "regular_expression", None)
        name = f"{kind} {of}" if of else kind
        if value is None:
            return f"{name} gone"
        match kind:
            case "Metadata":
                return f"{name} epoch={value.epoch}"
            case "TargetAssignmentMetadata":
                return f"{name} epoch={value.assignment_epoch}"
            case "TargetAssignmentMember":
                return f"{name} {self._named({t.topic_id: t.partitions for t in value.topic_partitions})}"
            case "CurrentMemberAssignment":
                has = self._named({t.topic_id: t.partitions for t in value.assigned_partitions})
                gives = {t.topic_id: t.partitions for t in value.partitions_pending_revocation}
                revoking = f" gives back {self._named(gives)}" if gives else ""
                state = MemberState.of(value.state).name
                return (
                    f"{name} epoch={value.member_epoch} after {value.previous_member_epoch} {state} has {has}{revoking}"
                )
            case "RegularExpression":
                return f"{name} means {', '.join(value.topics) or 'nothing'}"
            case "GroupMetadata":
                members = ", ".join(f"{m.member_id} {_assignment(m.assignment)}" for m in value.members)
                return f"{name} generation={value.generation} protocol={value.protocol} [{members}]"
            case _:
                topics = ",".join(value.subscribed_topic_names) or "-"
                regex = f" regex={value.subscribed_topic_regex}" if value.subscribed_topic_regex else ""
                classic = " classic" if value.classic_member_metadata is not None else ""
                return f"{name} topics={topics}{regex}{classic}"

    def _named(self, partitions: Mapping[bytes, Iterable[int]]) -> str:
        return _listed(
            {(self.harness.name_of(uuid), index) for uuid, indexes in partitions.items() for index in indexes}
        )


class ClassicClient:
    """A consumer of the classic protocol. It asks as it is told to, and remembers ids, generation and assignment."""

    def __init__(self, harness: ConsumerGroupsHarness, name: str) -> None:
        self.harness = harness
        self.name = name
        self.id = ""
        self.generation = -1
        self.topics: list[str] = []

    def join(self, options: Mapping[str, str]) -> Asked:
        owned: dict[str, list[int]] = {}
        for topic, index in _places(options.get("owns", "nothing")):
            owned.setdefault(topic, []).append(index)
        subscription = ConsumerProtocolSubscription(
            topics=self.topics,
            owned_partitions=[
                ConsumerProtocolSubscription.TopicPartition(topic=topic, partitions=indexes)
                for topic, indexes in owned.items()
            ],
        )
        metadata = b"\0\1" + codec.encode(subscription, 1)
        request = JoinGroupRequest(
            group_id=GROUP,
            member_id=options.get("id", self.id),
            group_instance_id=options.get("static"),
            protocol_type="consumer",
            protocols=[
                JoinGroupRequest.JoinGroupRequestProtocol(name=name, metadata=metadata)
                for name in options.get("protocols", "range").split(",")
            ],
            session_timeout_ms=10_000,
            rebalance_timeout_ms=60_000,
        )
        return self._remembered(self.harness.ask(request, client=self.name))

    def sync(self, options: Mapping[str, str]) -> Asked:
        given = [pair.partition("/") for pair in options.get("give", "").split("+") if pair]
        return self.harness.ask(
            SyncGroupRequest(
                group_id=GROUP,
                member_id=self.id,
                generation_id=int(options.get("generation", self.generation)),
                protocol_type="consumer",
                assignments=[
                    SyncGroupRequest.SyncGroupRequestAssignment(member_id=name, assignment=_assign(_places(places)))
                    for name, _, places in given
                ],
            )
        )

    def heartbeat(self, options: Mapping[str, str]) -> Asked:
        return self.harness.ask(
            HeartbeatRequest(
                group_id=GROUP,
                member_id=self.id,
                generation_id=int(options.get("generation", self.generation)),
                group_instance_id=options.get("static"),
            )
        )

    def leave(self, options: Mapping[str, str]) -> Asked:
        identity = LeaveGroupRequest.MemberIdentity(member_id=self.id, group_instance_id=options.get("static"))
        return self.harness.ask(LeaveGroupRequest(group_id=GROUP, members=[identity]))

    def _remembered(self, asked: Asked) -> Asked:
        """The answer may come later: it is looked at when it comes."""
        reply = asked.reply

        def hear(response: Any) -> None:
            self.id = response.member_id or self.id
            if not response.error_code:
                self.generation = response.generation_id
            reply(response)

        if asked.answered and asked.response is not None:
            asked.answered = False
            hear(asked.response)
        elif not asked.answered:
            asked.reply = hear  # type: ignore[method-assign]
        return asked


def _places(text: str) -> list[Place]:
    if text == "nothing":
        return []
    return [(name, int(index)) for name, _, index in (place.partition(":") for place in text.split(","))]


def _listed(places: Iterable[Place]) -> str:
    """`a:0,1 b:2`"""
    found: dict[str, list[str]] = {}
    for name, index in sorted(places):
        found.setdefault(name, []).append(str(index))
    return " ".join(f"{name}:{','.join(indexes)}" for name, indexes in found.items()) or "nothing"


def _assign(places: Iterable[Place]) -> bytes:
    found: dict[str, list[int]] = {}
    for name, index in places:
        found.setdefault(name, []).append(index)
    message = ConsumerProtocolAssignment(
        assigned_partitions=[
            ConsumerProtocolAssignment.TopicPartition(topic=name, partitions=indexes) for name, indexes in found.items()
        ]
    )
    return b"\0\1" + codec.encode(message, 1)


def _assignment(assignment: bytes) -> str:
    topics = read_assignment(assignment).assigned_partitions
    return _listed({(topic.topic, index) for topic in topics for index in topic.partitions})

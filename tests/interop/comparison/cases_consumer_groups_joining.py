"""ConsumerGroupHeartbeat: what may be asked, and members that join and subscribe."""

from __future__ import annotations

from typing import Any

from comparison.case import case
from comparison.consumer_grouping import NewMember, new_group, owned
from comparison.talk import Talk

from barnabas.protocol.messages.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest


@case(0, 1)
def a_member_joins_alone(talk: Talk, version: int) -> None:
    topic = talk.create(partitions=3)
    member = NewMember(new_group(talk), "m", [topic.name])
    member.version = version
    member.join()
    member.beat(topic_partitions=owned(topic, [0, 1, 2]))
    member.beat()


@case(0)
def the_coordinator_makes_a_member_id(talk: Talk, version: int) -> None:
    topic, group = talk.create(), new_group(talk)
    group.ask(NewMember(group, "", [topic.name]).joining(), version, blur=["member_id"])


@case(0, 1)
def what_no_group_takes(talk: Talk, version: int) -> None:
    group = new_group(talk)
    member = NewMember(group, "m", ["t"])
    wrong: list[dict[str, Any]] = [
        {"member_id": "", "member_epoch": 1},
        {"member_id": " ", "member_epoch": -1},
        {"group_id": ""},
        {"group_id": " "},
        {"instance_id": ""},
        {"rack_id": " "},
        {"rebalance_timeout_ms": -1},
        {"topic_partitions": None},
        {"topic_partitions": [ConsumerGroupHeartbeatRequest.TopicPartitions(partitions=[0])]},
        {"subscribed_topic_names": None},
        {"member_epoch": -2},
        {"member_epoch": -3},
        {"server_assignor": "sticky"},
        {"server_assignor": ""},
    ]
    for fields in wrong:
        request = member.joining()
        for name, value in fields.items():
            setattr(request, name, value)
        group.ask(request, version)
    if version == 1:
        group.ask(member.joining(member_id=""), version)


@case(0, 1)
def groups_that_are_not_there(talk: Talk, version: int) -> None:
    group = new_group(talk)
    for epoch in (1, -1, -2):
        group.ask(NewMember(group, "m", instance_id="i").request(member_epoch=epoch), version)


@case(1)
def another_broker(talk: Talk, version: int) -> None:
    group = new_group(talk)
    request = NewMember(group, "m", ["t"]).joining()
    talk.ask(request, version, broker=group.broker % 3 + 1, to="another broker")


@case(1)
def subscriptions_to_nothing(talk: Talk, version: int) -> None:
    group = new_group(talk)
    NewMember(group, "m-1", []).join()
    NewMember(group, "m-2", ["no-such-topic"]).join()
    NewMember(group, "m-3", None, subscribed_topic_regex="").join()


@case(1)
def a_topic_named_twice(talk: Talk, version: int) -> None:
    topic = talk.create(partitions=2)
    NewMember(new_group(talk), "m", [topic.name, topic.name]).join()


@case(1)
def a_member_changes_its_topics(talk: Talk, version: int) -> None:
    first, second = talk.create("-1"), talk.create("-2")
    member = NewMember(new_group(talk), "m", [first.name])
    member.join()
    member.beat(subscribed_topic_names=[second.name])
    member.beat(topic_partitions=[])
    member.beat(subscribed_topic_names=[], topic_partitions=owned(second, [0]))
    member.beat(topic_partitions=[])


@case(1)
def either_assignor(talk: Talk, version: int) -> None:
    topic = talk.create(partitions=2)
    for name in ("range", "uniform"):
        NewMember(new_group(talk, f"-{name}"), "m", [topic.name], server_assignor=name).join()


@case(1, difference="Patterns of topics")
def the_first_answer_to_a_pattern(talk: Talk, version: int) -> None:
    topic = talk.create()
    NewMember(new_group(talk), "m", None, subscribed_topic_regex=topic.name).join()


@case(1)
def what_a_pattern_means(talk: Talk, version: int) -> None:
    topics = [talk.create(suffix) for suffix in ("-eu", "-us", "")]
    for number, end in enumerate(("-.*", "-(eu|us)", "(?:-[a-z]{2})?", r"[[:punct:]]eu|\Qx\E", "-e", ".*u.", "")):
        group = new_group(talk, f"-group-{number}")
        member = NewMember(group, "m", None, subscribed_topic_regex=f"{talk.name()}{end}")
        said = [member.join_quietly()]

        def assigned(member: NewMember = member, said: list[Any] = said) -> bool:
            """Apache Kafka looks a pattern up a moment after the member has joined."""
            said.append(member.beat_quietly())
            return len(said) > 20 or any(answer.assignment and answer.assignment.topic_partitions for answer in said)

        talk.wait_until(assigned)
        ids = {each.topic_id for answer in said if answer.assignment for each in answer.assignment.topic_partitions}
        talk.note(end, sorted(topic.name.removeprefix(talk.name()) for topic in topics if topic.id in ids))


@case(1)
def patterns_that_are_none(talk: Talk, version: int) -> None:
    group = new_group(talk)
    for text in ("(", "a)", "[a", "*", "a**", "a{2,1}", "a{1001}", r"\1", r"\Z", "(?=a)", "(?P<n>a)(?P<n>b)", "[z-a]"):
        NewMember(group, "m", None, subscribed_topic_regex=text).join()


@case(1, difference="Patterns of topics")
def patterns_that_are_too_much(talk: Talk, version: int) -> None:
    NewMember(new_group(talk), "m", None, subscribed_topic_regex="(a{1000}){100}").join()

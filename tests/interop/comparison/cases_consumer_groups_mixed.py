"""Members of both protocols in one group: upgrade, downgrade, and what classic requests mean to consumer groups."""

from __future__ import annotations

from collections.abc import Sequence

from comparison.case import case
from comparison.consumer_grouping import NewMember, describe, new_group, owned
from comparison.grouping import Group, Member
from comparison.talk import Talk, Topic

from barnabas.protocol.codec import encode
from barnabas.protocol.messages.consumer_protocol_assignment import ConsumerProtocolAssignment
from barnabas.protocol.messages.consumer_protocol_subscription import ConsumerProtocolSubscription
from barnabas.protocol.messages.describe_groups import DescribeGroupsRequest
from group_requests import heartbeat, join, leave, subscription, sync


def wish(topic: Topic, *partitions: int) -> dict[str, bytes]:
    """The protocols of a consumer that owns these."""
    has = [ConsumerProtocolSubscription.TopicPartition(topic=topic.name, partitions=partitions)] if partitions else []
    message = ConsumerProtocolSubscription(topics=[topic.name], owned_partitions=has)
    return {"range": b"\0\1" + encode(message, 1)}


def assigned(topic: Topic, partitions: Sequence[int]) -> bytes:
    part = ConsumerProtocolAssignment.TopicPartition(topic=topic.name, partitions=partitions)
    return b"\0\1" + encode(ConsumerProtocolAssignment(assigned_partitions=[part]), 1)


def classic_group(talk: Talk, topic: Topic, *partitions: int) -> tuple[Group, Member]:
    """A stable classic group of one member that has these."""
    group = new_group(talk)
    (member,) = group.joined({"protocols": wish(topic)})
    member.quietly(member.syncs({member.id: assigned(topic, partitions)}), 4)
    return group, member


@case(1)
def a_classic_group_becomes_a_consumer_group(talk: Talk, version: int) -> None:
    topic = talk.create(partitions=4)
    group, classic = classic_group(talk, topic, 0, 1, 2, 3)
    new = NewMember(group, "m", [topic.name])
    new.join()
    describe(group, version)
    classic.ask(classic.lives(), 4)
    classic.ask(classic.syncs(), 5)
    answer = classic.ask(classic.joins(protocols=wish(topic, 0, 1, 2, 3)), 9)
    classic.generation = answer.generation_id
    classic.ask(classic.syncs(), 5)
    classic.ask(classic.lives(), 4)
    describe(group, version)
    answer = classic.ask(classic.joins(protocols=wish(topic, 0, 1)), 9)
    classic.generation = answer.generation_id
    classic.ask(classic.syncs(), 5)
    new.beat()
    classic.ask(classic.lives(), 4)
    describe(group, version)
    classic.ask(classic.leaves(), 5)
    new.beat()


@case(1)
def the_last_new_member_leaves(talk: Talk, version: int) -> None:
    topic = talk.create(partitions=2)
    group, classic = classic_group(talk, topic, 0, 1)
    new = NewMember(group, "m", [topic.name])
    new.join()
    answer = classic.ask(classic.joins(), 9)
    classic.generation = answer.generation_id
    new.leave()
    describe(group, version)
    talk.wait_until(classic.is_to_join)
    answer = classic.ask(classic.joins(), 9)
    classic.generation = answer.generation_id
    classic.ask(classic.syncs({classic.id: assigned(topic, [0, 1])}), 5)
    group.ask(DescribeGroupsRequest(groups=[group.name]), 5)


@case(1)
def a_static_member_goes_back_to_the_classic_protocol(talk: Talk, version: int) -> None:
    topic, group = talk.create(partitions=2), new_group(talk)
    new = NewMember(group, "m", [topic.name], instance_id="i")
    new.join()
    new.leave(-2)
    classic = group.member(instance="i", protocols=wish(topic))
    answer = group.ask(classic.joins(), 9, blur=["member_id"])
    classic.id, classic.generation = answer.member_id, answer.generation_id
    classic.ask(classic.syncs(), 5)
    classic.ask(classic.lives(), 4)
    describe(group, version)


@case(1)
def classic_groups_that_stay_so(talk: Talk, version: int) -> None:
    """Neither a group of something else nor one whose assignments cannot be read becomes a consumer group."""
    topic = talk.create(partitions=2)
    for suffix, protocol_type, given in (
        ("-connect", "connect", b"\0\1x"),
        ("-malformed", "consumer", b"\0"),
        ("-custom", "consumer", assigned(topic, [0])[:-4] + b"\0\0\0\1x"),
    ):
        group = new_group(talk, suffix)
        (member,) = group.joined({"protocols": wish(topic), "protocol_type": protocol_type})
        member.quietly(member.syncs({member.id: given}), 4)
        NewMember(group, "m", [topic.name]).join()
        group.ask(DescribeGroupsRequest(groups=[group.name]), 5)


@case(1)
def classic_requests_to_members_of_the_new_protocol(talk: Talk, version: int) -> None:
    topic, group = talk.create(partitions=2), new_group(talk)
    new = NewMember(group, "m", [topic.name], instance_id="i")
    new.join()
    for member_id, instance in (("m", None), ("m", "i"), ("x", "i"), ("x", None), ("m", "j")):
        group.ask(heartbeat(member_id, new.epoch, group=group.name, instance=instance), 4)
        group.ask(sync(member_id, new.epoch, group=group.name, instance=instance), 5)
    other = {"range": subscription(topic.name)}
    for version_of_join in (3, 9):
        group.ask(join(group=group.name, protocols=other, protocol_type="x"), version_of_join)
    group.ask(join(group=group.name, protocols={"range": b""}), 9, blur=["member_id"])
    group.ask(join("x", group=group.name, instance="j", protocols=wish(topic)), 9)
    group.ask(join("x", group=group.name, instance="i", protocols=wish(topic)), 9)
    for identity in (leave("x", group=group.name), leave("x", group=group.name, instance="i")):
        group.ask(identity, 5)
    group.ask(leave("", group=group.name, instance="i"), 5)
    new.beat()


@case(1)
def an_empty_group_changes_its_type(talk: Talk, version: int) -> None:
    topic, group = talk.create(), new_group(talk)
    new = NewMember(group, "m", [topic.name])
    new.join()
    new.leave()
    (classic,) = group.joined({"protocols": wish(topic)})
    group.wait_until_described()
    group.ask(DescribeGroupsRequest(groups=[group.name]), 5)
    classic.quietly(classic.leaves(), 4)
    new.join()
    describe(group, version)
    new.beat(topic_partitions=owned(topic, [0]))


@case(3, 5, difference="UNKNOWN_SERVER_ERROR")
def a_subscription_that_cannot_be_read(talk: Talk, version: int) -> None:
    topic, group = talk.create(), new_group(talk)
    NewMember(group, "m", [topic.name]).join_quietly()
    group.ask(join("x" if version > 3 else "", group=group.name, protocols={"range": b""}), version)

"""ConsumerGroupHeartbeat: members among others; epochs, fencing, static members, offsets."""

from __future__ import annotations

from comparison.case import case
from comparison.consumer_grouping import NewMember, describe, new_group, owned, two_members
from comparison.talk import Talk

from barnabas.protocol.messages.create_partitions import CreatePartitionsRequest
from barnabas.protocol.messages.offset_fetch import OffsetFetchRequest
from group_requests import commit


@case(1)
def partitions_go_over_to_a_second_member(talk: Talk, version: int) -> None:
    topic, group = talk.create(partitions=4), new_group(talk)
    first, second = NewMember(group, "m-1", [topic.name]), NewMember(group, "m-2", [topic.name])
    first.join()
    second.join()
    second.beat()
    answer = first.beat()
    first.beat()
    first.beat(topic_partitions=owned(topic, [0, 1, 2, 3]))
    first.beat(topic_partitions=owned(topic, answer.assignment.topic_partitions[0].partitions))
    second.beat()
    first.leave()
    second.beat()


@case(1)
def epochs_that_are_not_the_members(talk: Talk, version: int) -> None:
    topic = talk.create(partitions=4)
    _, first, _ = two_members(talk, topic)
    first.beat(member_epoch=first.epoch + 1)
    first.beat(member_epoch=first.epoch - 1)
    first.beat(member_epoch=first.epoch - 1, topic_partitions=owned(topic, [0, 1, 2, 3]))
    first.beat(member_epoch=first.epoch - 1, topic_partitions=[])
    first.beat(member_epoch=first.epoch - 2, topic_partitions=[])
    first.beat(member_id="nobody")
    first.join()


@case(1)
def a_member_that_tells_everything_is_told_everything(talk: Talk, version: int) -> None:
    topic = talk.create(partitions=2)
    member = NewMember(new_group(talk), "m", [topic.name])
    member.join()
    everything = {"rebalance_timeout_ms": 1000, "subscribed_topic_names": [topic.name]}
    member.beat(**everything)
    member.beat(**everything, topic_partitions=owned(topic, [0, 1]))
    member.beat(**everything, topic_partitions=[])


@case(1)
def members_that_leave(talk: Talk, version: int) -> None:
    topic, group = talk.create(), new_group(talk)
    member = NewMember(group, "m", [topic.name])
    member.join_quietly()
    NewMember(group, "nobody").leave()
    member.leave()
    member.leave()
    member.beat()
    member.join()


@case(1)
def a_static_member_comes_back(talk: Talk, version: int) -> None:
    topic, group = talk.create(partitions=2), new_group(talk)
    first = NewMember(group, "m-1", [topic.name], instance_id="i")
    first.join()
    second = NewMember(group, "m-2", [topic.name], instance_id="i")
    second.join()
    first.leave(-2)
    first.beat()
    second.join()
    first.beat()
    first.leave(-1)
    NewMember(group, "m-3", instance_id="j").beat(member_epoch=3)
    NewMember(group, "m-3", instance_id="j").leave(-2)
    second.leave(-1)
    second.beat()


@case(1)
def a_member_without_an_instance_leaves_for_a_while(talk: Talk, version: int) -> None:
    topic, group = talk.create(), new_group(talk)
    member = NewMember(group, "m", [topic.name])
    member.join_quietly()
    member.leave(-2)


@case(1, difference="Assignors of consumer groups")
def a_member_without_topics_joins_after_another_has_left(talk: Talk, version: int) -> None:
    topic, group = talk.create(partitions=2), new_group(talk)
    first, second = NewMember(group, "m-1", [topic.name]), NewMember(group, "m-2", [topic.name])
    first.join_quietly()
    second.join_quietly()
    first.leave()
    NewMember(group, "m-3").join()
    describe(group, version)
    second.beat()


@case(1)
def a_topic_grows(talk: Talk, version: int) -> None:
    topic = talk.create(partitions=1)
    member = NewMember(new_group(talk), "m", [topic.name])
    member.join()
    wanted = CreatePartitionsRequest.CreatePartitionsTopic(name=topic.name, count=3, assignments=None)
    talk.quietly(CreatePartitionsRequest(topics=[wanted], timeout_ms=30_000), 3)
    talk.wait_for_topic(topic.name, 3)
    told: list[object] = []

    def grown() -> bool:
        answer = member.beat_quietly()
        told.extend(answer.assignment.topic_partitions if answer.assignment else ())
        return bool(told)

    talk.wait_until(grown)
    member.beat()


@case(9, 10)
def commits_of_members(talk: Talk, version: int) -> None:
    topic = talk.create(partitions=4)
    group, first, second = two_members(talk, topic)
    shares = {first.id: (0, 1), second.id: (2, 3)}
    for member in (first, second):
        for epoch in (member.epoch, member.epoch - 1, member.epoch + 1, -1):
            for share in shares.values():
                offsets = {topic.name: dict.fromkeys(share, 7)}
                group.ask(
                    commit(
                        offsets, member.id, epoch, group=group.name, topic_id=topic.id if version >= 10 else bytes(16)
                    ),
                    version,
                )
    offsets = {topic.name: {0: 8}}
    for member_id in ("nobody", ""):
        group.ask(
            commit(
                offsets, member_id, first.epoch, group=group.name, topic_id=topic.id if version >= 10 else bytes(16)
            ),
            version,
        )


@case(2, 8)
def commits_of_members_in_versions_that_know_none(talk: Talk, version: int) -> None:
    topic = talk.create()
    group = new_group(talk)
    member = NewMember(group, "m", [topic.name])
    member.join_quietly()
    group.ask(commit({topic.name: {0: 7}}, "m", member.epoch, group=group.name), version)
    member.leave()
    group.ask(commit({topic.name: {0: 7}}, group=group.name), version)


@case(9)
def offsets_that_members_ask_for(talk: Talk, version: int) -> None:
    topic, group = talk.create(), new_group(talk)
    member = NewMember(group, "m", [topic.name])
    member.join_quietly()
    group.quietly(commit({topic.name: {0: 7}}, "m", member.epoch, group=group.name), 9)
    wanted = OffsetFetchRequest.OffsetFetchRequestTopics(name=topic.name, partition_indexes=[0])
    for member_id, epoch in (("m", member.epoch), ("m", member.epoch - 1), ("nobody", 1), (None, -1)):
        asked = OffsetFetchRequest.OffsetFetchRequestGroup(
            group_id=group.name, member_id=member_id, member_epoch=epoch, topics=[wanted]
        )
        group.ask(OffsetFetchRequest(groups=[asked]), version)


@case(9, difference="UNKNOWN_SERVER_ERROR")
def an_epoch_without_a_member(talk: Talk, version: int) -> None:
    topic, group = talk.create(), new_group(talk)
    NewMember(group, "m", [topic.name]).join_quietly()
    asked = OffsetFetchRequest.OffsetFetchRequestGroup(group_id=group.name, member_id=None, member_epoch=1, topics=[])
    group.ask(OffsetFetchRequest(groups=[asked]), version)

"""OffsetCommit, OffsetFetch and OffsetDelete."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from comparison.build import NO_TOPIC
from comparison.case import case
from comparison.grouping import Group
from comparison.talk import Talk, Topic

from barnabas.protocol.messages.delete_topics import DeleteTopicsRequest
from barnabas.protocol.messages.offset_commit import OffsetCommitRequest
from barnabas.protocol.messages.offset_fetch import OffsetFetchRequest
from group_requests import commit, delete_offsets, join, subscription

NEWEST = 10


def named(request: OffsetCommitRequest, *topics: Topic) -> OffsetCommitRequest:
    """A commit whose topics have their ids as well."""
    ids = {topic.name: topic.id for topic in topics}
    for topic in request.topics:
        topic.topic_id = ids[topic.name]
    return request


def fetch(version: int, group: str, wanted: Mapping[Topic, Iterable[int]] | None, **how: Any) -> OffsetFetchRequest:
    """OffsetFetch of one group in the form of its version."""
    if version >= 8:
        return OffsetFetchRequest(groups=[of_group(group, wanted)], **how)
    topics = None
    if wanted is not None:
        topics = [
            OffsetFetchRequest.OffsetFetchRequestTopic(name=topic.name, partition_indexes=indexes)
            for topic, indexes in wanted.items()
        ]
    return OffsetFetchRequest(group_id=group, topics=topics, **how)


def of_group(
    group: str, wanted: Mapping[Topic, Iterable[int]] | None, **how: Any
) -> OffsetFetchRequest.OffsetFetchRequestGroup:
    topics = None
    if wanted is not None:
        topics = [
            OffsetFetchRequest.OffsetFetchRequestTopics(name=topic.name, topic_id=topic.id, partition_indexes=indexes)
            for topic, indexes in wanted.items()
        ]
    return OffsetFetchRequest.OffsetFetchRequestGroup(group_id=group, topics=topics, **how)


@case(*range(2, 11))
def commits_without_members(talk: Talk, version: int) -> None:
    topic, group = talk.create(partitions=3), Group(talk)
    everything = None if version >= 2 else {topic: [0, 1, 2]}
    group.ask(fetch(version, group.name, everything), version)
    request = named(commit({topic.name: {0: 5, 2: 0, 1: 1 << 40}}, group=group.name, metadata="note"), topic)
    request.topics[0].partitions[0].committed_leader_epoch = 7
    group.ask(request, version)
    group.ask(fetch(version, group.name, {topic: [2, 1, 0, 3, -1]}), version)
    group.ask(fetch(version, group.name, everything), version)
    group.listed(5)


@case(1)
def fetches_of_the_first_version(talk: Talk, version: int) -> None:
    topic, group = talk.create(), Group(talk)
    group.quietly(named(commit({topic.name: {0: 5}}, group=group.name), topic), 9)
    group.ask(fetch(version, group.name, {topic: [0, 1], NO_TOPIC: [0]}), version)
    group.ask(fetch(version, group.name, {}), version)
    other = group.broker % 3 + 1
    talk.ask(fetch(version, group.name, {topic: [0]}), version, broker=other, to="another broker")


@case(2, 5, 8, 9, NEWEST)
def odd_offsets(talk: Talk, version: int) -> None:
    topic, group = talk.create(), Group(talk)
    for offset, epoch, metadata in (
        (-1, -1, None),
        (-5, -2, ""),
        ((1 << 63) - 1, (1 << 31) - 1, "x" * 4096),
        (1, 0, "ü"),
    ):
        request = named(commit({topic.name: {0: offset}}, group=group.name, metadata=metadata), topic)
        request.topics[0].partitions[0].committed_leader_epoch = epoch
        group.ask(request, version)
        group.ask(fetch(version, group.name, {topic: [0]}), version)
    for metadata in ("x" * 4097, "ü" * 4096, "ü" * 4097):
        group.ask(named(commit({topic.name: {0: 9}}, group=group.name, metadata=metadata), topic), version)
    group.ask(fetch(version, group.name, {topic: [0]}), version)


@case(2, 8, 9, NEWEST)
def commits_of_what_does_not_exist(talk: Talk, version: int) -> None:
    topic, group = talk.create(partitions=2), Group(talk)
    offsets = {NO_TOPIC.name: {0: 1, 1: 1}, topic.name: {0: 5, 2: 6, -1: 6}}
    group.ask(named(commit(offsets, group=group.name), topic, NO_TOPIC), version)
    group.ask(named(commit({NO_TOPIC.name: {0: 1}}, group=group.name), NO_TOPIC), version)
    group.ask(named(commit({topic.name: {7: 1}}, "m", 3, group=group.name), topic), version)
    group.ask(commit({}, "m", 3, group=group.name), version)
    group.ask(named(commit({topic.name: {}}, group=group.name), topic), version)
    group.ask(fetch(max(2, version), group.name, None), version)


@case(9, NEWEST)
def a_topic_twice_in_a_commit(talk: Talk, version: int) -> None:
    topic, group = talk.create(partitions=2), Group(talk)
    request = named(commit({topic.name: {0: 5}}, group=group.name), topic)
    request.topics += named(commit({topic.name: {0: 6, 1: 7, 9: 1}}, group=group.name), topic).topics
    group.ask(request, version)
    group.ask(fetch(version, group.name, {topic: [0, 1]}), version)


@case(2, 6, 7, 8, 9, NEWEST)
def who_may_commit(talk: Talk, version: int) -> None:
    topic, group = talk.create(), Group(talk)
    for member_id, generation in (("m", 0), ("", 0), ("m", -2), ("m", -1)):
        group.ask(named(commit({topic.name: {0: 1}}, member_id, generation, group=group.name), topic), version)
    group.ask(named(commit({topic.name: {0: 1}}, "m", 0, group=group.name), topic), version)
    (member,) = group.stable({})
    for member_id, generation in (
        (member.id, 1),
        (member.id, 0),
        (member.id, 2),
        (member.id, -1),
        ("m", 1),
        ("", 1),
        ("", -1),
    ):
        group.ask(named(commit({topic.name: {0: 2}}, member_id, generation, group=group.name), topic), version)
    group.quietly(member.leaves(), 4)
    for generation in (1, 2, -1):
        group.ask(named(commit({topic.name: {0: 3}}, member.id, generation, group=group.name), topic), version)


@case(7, 8, 9, NEWEST)
def static_members_commit(talk: Talk, version: int) -> None:
    topic, group = talk.create(), Group(talk)
    (member,) = group.stable({"instance": "i"})
    for member_id, instance in ((member.id, "i"), (member.id, None), (member.id, "no"), ("m", "i"), ("", "i")):
        request = commit({topic.name: {0: 2}}, member_id, 1, group=group.name, instance=instance)
        group.ask(named(request, topic), version)
    group.ask(named(commit({topic.name: {0: 2}}, group=group.name, instance="i"), topic), version)


@case(5, 9, NEWEST)
def commits_during_a_rebalance(talk: Talk, version: int) -> None:
    topic, group = talk.create(), Group(talk)
    (member,) = group.joined({})
    member.ask(named(member.commits({topic.name: {0: 1}}), topic), version)
    member.quietly(member.syncs(), 4)
    member.ask(named(member.commits({topic.name: {0: 2}}), topic), version)
    given = group.quietly(join(group=group.name), 9).member_id
    member.send(member.joins(), 9)
    talk.wait_until(lambda: group.member().quietly(member.lives(), 4).error_code == 27)
    group.ask(named(member.commits({topic.name: {0: 3}}), topic), version)
    group.ask(named(commit({topic.name: {0: 4}}, given, 1, group=group.name), topic), version)
    group.ask(fetch(version, group.name, {topic: [0]}), version)


@case(2, 8, 9, NEWEST)
def a_group_without_a_name(talk: Talk, version: int) -> None:
    topic, group = talk.create(), Group(talk, name="")
    group.ask(named(commit({topic.name: {0: 5}}, group=""), topic), version)
    group.ask(fetch(version, "", {topic: [0]}), version)
    if version >= 9:
        group.ask(named(commit({topic.name: {0: 5}}, "m", 1, group=""), topic), version)


@case(8, 9, NEWEST)
def offsets_of_several_groups(talk: Talk, version: int) -> None:
    topic, groups = talk.create(), [Group(talk, f"-{number}") for number in range(6)]
    for number, group in enumerate(groups):
        group.quietly(named(commit({topic.name: {0: number}}, group=group.name), topic), 9)
    first = groups[0]
    here = [group.name for group in groups if group.broker == first.broker]
    request = OffsetFetchRequest(groups=[of_group(name, {topic: [0]}) for name in here[:1]])
    request.groups += [of_group(first.name, None), of_group(talk.name("-none"), {})]
    answer = first.quietly(request, version)
    talk.note_answer("OffsetFetch", type(answer)(groups=answer.groups[:2]), version)
    first.ask(OffsetFetchRequest(), version)


@case(9, NEWEST)
def members_of_fetches(talk: Talk, version: int) -> None:
    topic, group = talk.create(), Group(talk)
    (member,) = group.stable({})
    group.quietly(named(member.commits({topic.name: {0: 5}}), topic), version)
    for member_id, epoch in ((None, -1), ("", -1), ("m", 3), (member.id, 1), (member.id, 9), (None, 5)):
        wanted = of_group(group.name, {topic: [0]}, member_id=member_id, member_epoch=epoch)
        group.ask(OffsetFetchRequest(groups=[wanted]), version)


@case(7, 8, 9, NEWEST)
def stable_offsets_without_transactions(talk: Talk, version: int) -> None:
    topic, group = talk.create(), Group(talk)
    group.ask(fetch(version, group.name, {topic: [0]}, require_stable=True), version)
    group.quietly(named(commit({topic.name: {0: 5}}, group=group.name), topic), 9)
    for wanted in ({topic: [0, 1]}, None, {}):
        group.ask(fetch(version, group.name, wanted, require_stable=True), version)


@case(5, 9, NEWEST)
def fetches_of_what_does_not_exist(talk: Talk, version: int) -> None:
    topic, group = talk.create(), Group(talk)
    for _ in range(2):
        group.ask(fetch(version, group.name, {NO_TOPIC: [0, 1], topic: [0]}), version)
        group.ask(fetch(version, group.name, {NO_TOPIC: []}), version)
        group.quietly(named(commit({topic.name: {0: 5}}, group=group.name), topic), 9)


@case(5, 8, 9, NEWEST)
def commits_to_another_broker(talk: Talk, version: int) -> None:
    topic, group = talk.create(), Group(talk)
    other = group.broker % 3 + 1
    request = named(commit({topic.name: {0: 5, 7: 1}, NO_TOPIC.name: {0: 1}}, group=group.name), topic, NO_TOPIC)
    talk.ask(request, version, broker=other, to="another broker")
    for wanted in ({topic: [0]}, None):
        talk.ask(fetch(version, group.name, wanted), version, broker=other, to="another broker")
    talk.ask(delete_offsets({topic.name: [0]}, group=group.name), 0, broker=other, to="another broker")


@case(9, NEWEST)
def a_topic_is_deleted(talk: Talk, version: int) -> None:
    gone, stays, group = talk.create("-gone"), talk.create("-stays"), Group(talk)
    group.quietly(named(commit({gone.name: {0: 5}, stays.name: {0: 6}}, group=group.name), gone, stays), version)
    talk.quietly(DeleteTopicsRequest(topic_names=[gone.name], timeout_ms=10_000), 5)
    talk.wait_for_topic(gone.name, gone=True)
    talk.wait_until(lambda: len(group.quietly(fetch(9, group.name, None), 9).groups[0].topics) == 1)
    for topic in (gone, stays):
        group.ask(fetch(version, group.name, {topic: [0]}), version)
    again = talk.create("-gone")
    group.ask(fetch(version, group.name, {again: [0]}), version)
    group.ask(named(commit({gone.name: {0: 5}}, group=group.name), gone), version)


# OffsetDelete


@case(0)
def deleting_offsets(talk: Talk, version: int) -> None:
    topic, group = talk.create(partitions=2), Group(talk)
    wanted = {topic.name: [0, 1, 7], NO_TOPIC.name: [0]}
    group.ask(delete_offsets(wanted, group=group.name), version)
    group.ask(delete_offsets({}, group=group.name), version)
    group.ask(delete_offsets(wanted, group=""), version)
    group.quietly(named(commit({topic.name: {0: 5}}, group=group.name), topic), 9)
    group.ask(delete_offsets(wanted, group=group.name), version)
    group.ask(delete_offsets({}, group=group.name), version)
    group.ask(delete_offsets({topic.name: []}, group=group.name), version)
    group.ask(fetch(9, group.name, None), 9)
    group.listed(5)


@case(0)
def deleting_offsets_of_topics_that_are_read(talk: Talk, version: int) -> None:
    read, other, group = talk.create("-read"), talk.create("-other"), Group(talk)
    (member,) = group.stable({"protocols": {"range": subscription(read.name)}})
    group.quietly(named(member.commits({read.name: {0: 5}, other.name: {0: 6}}), read, other), 9)
    group.ask(delete_offsets({read.name: [0, 9], other.name: [0]}, group=group.name), version)
    group.ask(fetch(9, group.name, None), 9)
    group.quietly(member.leaves(), 4)
    group.ask(delete_offsets({read.name: [0]}, group=group.name), version)


@case(0)
def deleting_offsets_of_members_that_cannot_be_read(talk: Talk, version: int) -> None:
    topic = talk.create()
    for suffix, how in (
        ("-consumers", {"protocols": {"range": b"?"}}),
        ("-others", {"protocol_type": "connect"}),
    ):
        group = Group(talk, suffix)
        (member,) = group.stable(how)
        group.quietly(named(member.commits({topic.name: {0: 5}}), topic), 9)
        group.ask(delete_offsets({topic.name: [0]}, group=group.name), version)

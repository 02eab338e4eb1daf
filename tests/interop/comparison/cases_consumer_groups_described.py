"""ConsumerGroupDescribe; and consumer groups as the older APIs see them."""

from __future__ import annotations

from comparison.case import case
from comparison.consumer_grouping import NewMember, describe, new_group, owned, two_members
from comparison.talk import Talk

from barnabas.protocol.messages.consumer_group_describe import ConsumerGroupDescribeRequest
from barnabas.protocol.messages.delete_groups import DeleteGroupsRequest
from barnabas.protocol.messages.describe_groups import DescribeGroupsRequest
from barnabas.protocol.messages.list_groups import ListGroupsRequest
from barnabas.protocol.messages.offset_delete import OffsetDeleteRequest
from group_requests import commit


@case(0, 1)
def groups_that_are_no_consumer_groups(talk: Talk, version: int) -> None:
    topic, group = talk.create(), new_group(talk)
    describe(group, version)
    group.quietly(commit({topic.name: {0: 5}}, group=group.name), 9)
    describe(group, version)
    describe(group, version, "")
    group.ask(ConsumerGroupDescribeRequest(group_ids=[]), version)
    other = group.broker % 3 + 1
    talk.ask(ConsumerGroupDescribeRequest(group_ids=[group.name]), version, broker=other, to="another broker")


@case(0, 1)
def a_group_and_its_members(talk: Talk, version: int) -> None:
    topic, group = talk.create(partitions=4), new_group(talk)
    first = NewMember(group, "m-1", [topic.name], rack_id="r")
    second = NewMember(group, "m-2", [topic.name, "no-such-topic"], instance_id="i", server_assignor="range")
    first.join_quietly()
    describe(group, version)
    second.join_quietly()
    describe(group, version)
    left = first.beat_quietly().assignment.topic_partitions[0].partitions
    describe(group, version)
    first.beat_quietly(topic_partitions=owned(topic, left))
    second.beat_quietly()
    describe(group, version, group.name, operations=True)
    second.leave(-2)
    describe(group, version)
    first.leave()
    second.leave()
    describe(group, version)


@case(5)
def older_apis(talk: Talk, version: int) -> None:
    topic = talk.create(partitions=4)
    group, first, second = two_members(talk, topic)
    for described in (5, 6):
        group.ask(DescribeGroupsRequest(groups=[group.name]), described)
    group.listed(version)
    for states, types in (([], ["consumer"]), ([], ["classic"]), (["stable"], []), (["Empty"], ["Consumer"])):
        group.listed(version, ListGroupsRequest(states_filter=states, types_filter=types))
    group.ask(DeleteGroupsRequest(groups_names=[group.name]), 2)
    group.quietly(commit({topic.name: {0: 5}}, first.id, first.epoch, group=group.name), 9)
    wanted = OffsetDeleteRequest.OffsetDeleteRequestPartition(partition_index=0)
    part = OffsetDeleteRequest.OffsetDeleteRequestTopic(name=topic.name, partitions=[wanted])
    group.ask(OffsetDeleteRequest(group_id=group.name, topics=[part]), 0)
    first.leave()
    second.leave()
    group.ask(OffsetDeleteRequest(group_id=group.name, topics=[part]), 0)
    group.listed(version)
    group.ask(DeleteGroupsRequest(groups_names=[group.name]), 2)
    group.ask(DeleteGroupsRequest(groups_names=[group.name]), 2)
    describe(group, 1)

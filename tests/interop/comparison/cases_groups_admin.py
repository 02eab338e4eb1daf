"""DescribeGroups, ListGroups and DeleteGroups."""

from __future__ import annotations

from comparison.case import case
from comparison.grouping import Group
from comparison.talk import Talk

from barnabas.protocol.messages.delete_groups import DeleteGroupsRequest
from barnabas.protocol.messages.describe_groups import DescribeGroupsRequest
from barnabas.protocol.messages.list_groups import ListGroupsRequest
from group_requests import commit, join


def simple(talk: Talk) -> Group:
    """A group that only keeps offsets."""
    topic, group = talk.create("-topic"), Group(talk, "-simple")
    group.quietly(commit({topic.name: {0: 5}}, group=group.name), 9)
    return group


@case(*range(7))
def groups_in_each_state(talk: Talk, version: int) -> None:
    groups = [simple(talk)]
    fresh = Group(talk, "-fresh")
    fresh.quietly(join(group=fresh.name), 9)
    completing = Group(talk, "-completing")
    completing.joined({"instance": "i", "protocols": {"range": b"wish"}})
    stable = Group(talk, "-stable")
    stable.stable({"protocols": {"range": b"wish"}}, {"instance": "i", "protocols": {"range": b"other"}})
    preparing = Group(talk, "-preparing")
    (member,) = preparing.stable({"protocols": {"range": b"wish"}})
    preparing.quietly(join(group=preparing.name), 9)
    member.send(member.joins(), 9)
    talk.wait_until(lambda: preparing.member().quietly(member.lives(), 4).error_code == 27)
    for group in (*groups, fresh, completing, stable, preparing):
        group.wait_until_described()
    for group in (*groups, fresh, completing, stable, preparing, Group(talk, "-unknown")):
        group.ask(DescribeGroupsRequest(groups=[group.name]), version)
        group.listed(min(version, 5))


@case(0, 3, 5, 6)
def several_groups_are_described(talk: Talk, version: int) -> None:
    group = simple(talk)
    group.ask(DescribeGroupsRequest(groups=[group.name, group.name]), version)
    group.ask(DescribeGroupsRequest(groups=[]), version)
    if version >= 3:
        request = DescribeGroupsRequest(groups=[group.name], include_authorized_operations=True)
        group.ask(request, version)
    unnamed = Group(talk, name="")
    if version < 6:
        unnamed.quietly(DescribeGroupsRequest(groups=[""]), version)
    other = group.broker % 3 + 1
    talk.ask(DescribeGroupsRequest(groups=[group.name]), version, broker=other, to="another broker")


@case(3, 5, 6)
def operations_on_groups_that_are_not_there(talk: Talk, version: int) -> None:
    group = Group(talk)
    group.ask(DescribeGroupsRequest(groups=[group.name], include_authorized_operations=True), version)


@case(4, 5)
def states_are_filtered(talk: Talk, version: int) -> None:
    group = Group(talk, "-stable")
    group.stable({})
    for states in (["Stable"], ["sTABLE", "Empty"], [" Stable "], ["Empty"], ["Dead"], ["?"], [""]):
        group.listed(version, ListGroupsRequest(states_filter=states))


@case(5)
def types_are_filtered(talk: Talk, version: int) -> None:
    group = Group(talk, "-stable")
    group.stable({})
    for types in (["classic"], ["CLASSIC", "share"], ["consumer"], ["share"], ["unknown"], ["?"], [""], [" classic"]):
        group.listed(version, ListGroupsRequest(types_filter=types))
    group.listed(version, ListGroupsRequest(types_filter=["classic"], states_filter=["Empty"]))


@case(0, 1, 2)
def groups_are_deleted(talk: Talk, version: int) -> None:
    group = simple(talk)
    group.ask(DeleteGroupsRequest(groups_names=[group.name, talk.name("-simple")]), version)
    group.ask(DeleteGroupsRequest(groups_names=[group.name]), version)
    group.ask(DescribeGroupsRequest(groups=[group.name]), 5)
    group.ask(DeleteGroupsRequest(groups_names=[]), version)
    full = Group(talk, "-full")
    (member,) = full.stable({})
    full.ask(DeleteGroupsRequest(groups_names=[full.name]), version)
    member.ask(member.lives(), 4)
    full.quietly(member.leaves(), 4)
    full.ask(DeleteGroupsRequest(groups_names=[full.name]), version)
    member.ask(member.lives(), 4)
    other = group.broker % 3 + 1
    talk.ask(DeleteGroupsRequest(groups_names=[group.name]), version, broker=other, to="another broker")


@case(2)
def a_group_that_only_gave_out_an_id_is_deleted(talk: Talk, version: int) -> None:
    group = Group(talk)
    given = group.quietly(join(group=group.name), 9).member_id
    group.wait_until_described()
    group.ask(DeleteGroupsRequest(groups_names=[group.name]), version)
    group.ask(join(given, group=group.name), 9)


@case(2)
def a_group_without_a_name_is_deleted(talk: Talk, version: int) -> None:
    topic, group = talk.create(), Group(talk, name="")
    group.quietly(commit({topic.name: {0: 5}}, group=""), 9)
    group.ask(DeleteGroupsRequest(groups_names=[""]), version)
    group.ask(DeleteGroupsRequest(groups_names=[""]), version)

"""SyncGroup, Heartbeat and LeaveGroup of classic groups."""

from __future__ import annotations

from comparison.case import case
from comparison.grouping import Group
from comparison.talk import Talk

from barnabas.protocol.messages.describe_groups import DescribeGroupsRequest
from barnabas.protocol.messages.leave_group import LeaveGroupRequest
from group_requests import heartbeat, join, leave, sync


def one(member_id: str, group: str) -> LeaveGroupRequest:
    """LeaveGroup before v3."""
    return LeaveGroupRequest(group_id=group, member_id=member_id)


@case(*range(6))
def syncs_that_fail(talk: Talk, version: int) -> None:
    protocol = {"protocol_type": "consumer", "protocol_name": "range"} if version >= 5 else {}
    group = Group(talk)
    group.ask(sync("m", 1, group="", **protocol), version)
    group.ask(sync("m", 1, group=group.name, **protocol), version)
    (member,) = group.stable({})
    group.ask(sync("m", 1, group=group.name, **protocol), version)
    group.ask(sync("", 1, group=group.name, **protocol), version)
    for generation in (-1, 0, 2):
        group.ask(sync(member.id, generation, group=group.name, **protocol), version)
    group.ask(sync(member.id, 1, {"nobody": b"x"}, group=group.name, **protocol), version)
    group.quietly(member.leaves(), 4)
    group.ask(sync(member.id, 1, group=group.name, **protocol), version)


@case(5)
def protocols_of_a_sync(talk: Talk, version: int) -> None:
    group = Group(talk)
    (member,) = group.stable({})
    for protocol_type in ("consumer", "connect", "", None):
        for protocol_name in ("range", "sticky", "", None):
            member.ask(member.syncs(protocol_type=protocol_type, protocol_name=protocol_name), version)
    group.ask(sync("m", 1, group=""), version)


@case(0, 3, 4)
def what_the_leader_leaves_out(talk: Talk, version: int) -> None:
    group = Group(talk)
    leader, follower = group.joined({}, {})
    leader.ask(leader.syncs({leader.id: b"", "nobody": b"x"}), version)
    follower.ask(follower.syncs({follower.id: b"mine"}), version)


@case(4)
def a_follower_that_syncs_again(talk: Talk, version: int) -> None:
    group = Group(talk)
    leader, follower = group.joined({}, {})
    leader.ask(leader.syncs({follower.id: b"x"}), version)
    for parts in (None, {follower.id: b"y"}):
        follower.ask(follower.syncs(parts), version)
        leader.ask(leader.syncs(parts), version)


@case(4)
def a_leader_that_leaves_instead(talk: Talk, version: int) -> None:
    group = Group(talk)
    leader, follower = group.joined({}, {})
    follower.send(follower.syncs(), version)
    follower.hears_nothing()
    leader.ask(leader.leaves(), version)
    follower.hear()
    follower.ask(follower.joins(), 9)


@case(*range(5))
def heartbeats_that_fail(talk: Talk, version: int) -> None:
    group = Group(talk)
    group.ask(heartbeat("m", 1, group=""), version)
    group.ask(heartbeat("m", 1, group=group.name), version)
    (member,) = group.stable({})
    for member_id, generation in (("m", 1), ("", 1), (member.id, 0), (member.id, 2), (member.id, -1), (member.id, 1)):
        group.ask(heartbeat(member_id, generation, group=group.name), version)
    group.quietly(join(group=group.name), 9)
    group.ask(heartbeat(member.id, 1, group=group.name), version)
    group.quietly(member.leaves(), 4)
    group.ask(heartbeat(member.id, 1, group=group.name), version)
    group.ask(heartbeat("m", -1, group=group.name), version)


@case(3, 4)
def instances_of_heartbeats(talk: Talk, version: int) -> None:
    group = Group(talk)
    dynamic, static = group.stable({}, {"instance": "i"})
    for member_id, instance in ((dynamic.id, "i"), (dynamic.id, "no"), (static.id, None), (static.id, "i"), ("", "i")):
        group.ask(heartbeat(member_id, 2, group=group.name, instance=instance), version)


@case(0, 1, 2)
def leaving_alone(talk: Talk, version: int) -> None:
    group = Group(talk)
    group.ask(one("m", ""), version)
    group.ask(one("m", group.name), version)
    first, second = group.stable({}, {})
    for member_id in ("m", "", first.id, first.id, second.id, second.id):
        group.ask(one(member_id, group.name), version)
    group.ask(DescribeGroupsRequest(groups=[group.name]), 5)


@case(3, 4, 5)
def leaving_together(talk: Talk, version: int) -> None:
    group = Group(talk)
    group.ask(leave("m", group=""), version)
    group.ask(leave("m", "n", group=group.name), version)
    group.ask(leave(group=group.name), version)
    first, second = group.stable({}, {})
    group.ask(leave(group=group.name), version)
    group.ask(leave("m", "", second.id, second.id, group=group.name), version)
    first.ask(first.lives(), 3)
    group.ask(leave(first.id, group=group.name), version)
    group.ask(leave(first.id, group=group.name), version)
    group.ask(DescribeGroupsRequest(groups=[group.name]), 5)


@case(3, 4, 5)
def leaving_by_instance(talk: Talk, version: int) -> None:
    group = Group(talk)
    dynamic, static = group.stable({}, {"instance": "i"})
    for member_id, instance in (
        (dynamic.id, "i"),
        (dynamic.id, "no"),
        (static.id, "no"),
        ("", "no"),
        ("", "i"),
        (static.id, "i"),
        ("", "i"),
    ):
        group.ask(leave(member_id, group=group.name, instance=instance), version)
    dynamic.ask(dynamic.lives(), 3)


@case(4)
def an_id_that_was_given_out_leaves(talk: Talk, version: int) -> None:
    group = Group(talk)
    (member,) = group.stable({})
    given = group.quietly(join(group=group.name), 9).member_id
    group.ask(leave(given, group=group.name), version)
    member.ask(member.lives(), 4)
    group.ask(join(given, group=group.name), 9)


@case(4)
def who_leaves_while_it_joins(talk: Talk, version: int) -> None:
    group = Group(talk)
    leader, follower = group.stable({}, {})
    follower.send(follower.joins(protocols={"range": b"new"}), 9)
    talk.wait_until(leader.is_to_join)
    group.ask(leave(follower.id, group=group.name), version)
    follower.hear()

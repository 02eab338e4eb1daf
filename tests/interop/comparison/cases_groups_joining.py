"""JoinGroup of classic groups."""

from __future__ import annotations

from comparison.case import case
from comparison.grouping import Group
from comparison.talk import Talk

from barnabas.protocol.messages.describe_groups import DescribeGroupsRequest
from group_requests import heartbeat, join, leave, subscription, sync

NEWEST = 9
NEITHER = ("", b"")


@case(*range(10))
def one_member_joins(talk: Talk, version: int) -> None:
    group = Group(talk)
    member = group.member(protocols={"range": b"wish", "sticky": b"other"})
    first = member.ask(member.joins(), version)
    if version >= 4:
        member.id = first.member_id
        first = member.ask(member.joins(), version)
    member.id, member.generation = first.member_id, first.generation_id
    member.ask(member.joins(), version)
    member.ask(member.syncs({member.id: b"part"}), min(version, 4))
    member.ask(member.joins(), version)
    member.ask(member.lives(), min(version, 4))


@case(0, 1, 4, 6, 7, NEWEST)
def errors_that_need_no_group(talk: Talk, version: int) -> None:
    group = Group(talk)
    group.ask(join(group=""), version)
    group.ask(join("somebody", group=""), version)
    for seconds in (-1, 0, 0.299, 0.3, 1800, 1800.001, 2_147_483.647):
        group.ask(join("somebody", group=group.name, session=seconds), version)


@case(0, 4, 7, NEWEST)
def unknown_members(talk: Talk, version: int) -> None:
    group = Group(talk)
    group.ask(join("somebody", group=group.name), version)
    group.quietly(join(group=group.name), NEWEST)
    group.ask(join("somebody", group=group.name), version)
    group.stable({})
    group.ask(join("somebody", group=group.name), version)


@case(0, 4, 7, NEWEST)
def first_members_without_a_protocol(talk: Talk, version: int) -> None:
    for protocol_type, protocols in (("", ()), ("consumer", ()), ("", [("range", b"")]), ("", [NEITHER])):
        group = Group(talk, f"-{protocol_type}-{len(protocols)}-{protocols[:1] == [NEITHER]}")
        group.ask(join(group=group.name, protocol_type=protocol_type, protocols=protocols), version)
        group.wait_until_described()
        group.ask(DescribeGroupsRequest(groups=[group.name]), 5)


@case(3, 7, NEWEST)
def protocols_that_do_not_fit(talk: Talk, version: int) -> None:
    group = Group(talk)
    (member,) = group.stable({"protocols": {"range": b"", "sticky": b""}})
    for protocol_type, names in (("consumer", ["other"]), ("connect", ["range"]), ("consumer", []), ("", ["range"])):
        protocols = [(name, b"") for name in names]
        wish = join(group=group.name, protocol_type=protocol_type, protocols=protocols)
        group.ask(wish, version)
        wish.member_id = member.id
        group.ask(wish, version)


@case(7, NEWEST, difference="Requests that Apache Kafka never answers")
def a_protocol_is_named_twice(talk: Talk, version: int) -> None:
    group = Group(talk)
    protocols = [("range", b"1"), ("range", b"2")]
    first = group.quietly(join(group=group.name), version)
    member = group.member()
    member.id = first.member_id
    group.ask(member.joins(protocols=protocols), version, patience=2)


@case(NEWEST, difference="Requests that Apache Kafka never answers")
def a_subscription_of_more_topics_than_bytes(talk: Talk, version: int) -> None:
    group = Group(talk)
    member = group.member(protocols={"range": b"no subscription"})
    member.id = group.quietly(member.joins(), version).member_id
    group.ask(member.joins(), version, patience=2)


@case(NEWEST, difference="UNKNOWN_SERVER_ERROR")
def a_given_id_with_an_instance(talk: Talk, version: int) -> None:
    group = Group(talk)
    first = group.quietly(join(group=group.name), version)
    group.ask(join(first.member_id, group=group.name, instance="i"), version)


@case(0, 3, 4, 5, 7, NEWEST)
def two_members(talk: Talk, version: int) -> None:
    group = Group(talk)
    (first,) = group.stable({"protocols": {"range": b"a"}})
    second = group.member(protocols={"range": b"b"})
    if version >= 4:
        second.id = second.ask(second.joins(), version).member_id
    second.send(second.joins(), version)
    talk.wait_until(first.is_to_join)
    first.ask(first.lives(), 3)
    first.ask(first.syncs(), 3)
    first.ask(first.joins(), version)
    answer = second.hear()
    second.id, second.generation = answer.member_id, answer.generation_id
    group.ask(DescribeGroupsRequest(groups=[group.name]), 5)
    first.ask(first.lives(), 3)
    first.generation = second.generation
    second.send(second.syncs(), 3)
    second.hears_nothing()
    first.ask(first.syncs({first.id: b"1", second.id: b"2"}), 3)
    second.hear()
    group.ask(DescribeGroupsRequest(groups=[group.name]), 5)


@case(NEWEST)
def the_protocol_of_most(talk: Talk, version: int) -> None:
    group = Group(talk)
    wishes = (("a", "b", "c"), ("b", "a", "c"), ("b", "c", "a"))
    members = group.joined(*({"protocols": [(name, "".join(names).encode()) for name in names]} for names in wishes))
    for member in members:
        member.ask(member.joins(), version)


@case(5, 8, NEWEST)
def nothing_changed_for_a_follower(talk: Talk, version: int) -> None:
    group = Group(talk)
    leader, follower = group.joined({"protocols": {"range": b"a"}}, {"protocols": {"range": b"b"}})
    leader.ask(leader.joins(), version)
    follower.ask(follower.joins(), version)
    for member, parts in ((leader, {leader.id: b"1"}), (follower, None)):
        member.ask(member.syncs(parts), 4)
    follower.ask(follower.joins(), version)
    follower.ask(follower.lives(), 4)


@case(5, NEWEST)
def a_follower_wants_something_else(talk: Talk, version: int) -> None:
    group = Group(talk)
    leader, follower = group.stable({}, {})
    follower.send(follower.joins(protocols={"range": b"new"}), version)
    talk.wait_until(leader.is_to_join)
    group.ask(DescribeGroupsRequest(groups=[group.name]), 5)
    leader.ask(leader.joins(), version)
    follower.hear()


@case(5, 8, NEWEST)
def static_members_restart(talk: Talk, version: int) -> None:
    group = Group(talk)
    members = group.stable({"instance": "a", "session": 30}, {"instance": "b", "session": 30})
    for instance, old in zip("ba", reversed(members), strict=True):
        new = group.member(instance=instance, session=30)
        answer = new.ask(new.joins(), version)
        new.id, new.generation = answer.member_id, answer.generation_id
        for request in (old.joins(), old.leaves()):
            old.ask(request, 5)
        for request in (old.syncs(), old.lives()):
            old.ask(request, 3)
        for request in (new.syncs(), new.lives()):
            new.ask(request, 3)
        group.ask(heartbeat(new.id, new.generation, group=group.name, instance="nobody"), 3)
        group.ask(join(new.id, group=group.name, instance="nobody"), version)
        group.ask(heartbeat(new.id, new.generation, group=group.name), 3)
    group.ask(DescribeGroupsRequest(groups=[group.name]), 5)


@case(5, NEWEST)
def a_static_member_restarts_with_other_protocols(talk: Talk, version: int) -> None:
    group = Group(talk)
    both = {"range": b"", "sticky": b""}
    first, _ = group.stable({"instance": "a", "protocols": both}, {"instance": "b", "protocols": both})
    again = group.member(instance="b", protocols={"sticky": b"new"})
    again.send(again.joins(), version)
    talk.wait_until(first.is_to_join)
    group.ask(DescribeGroupsRequest(groups=[group.name]), 5)
    first.ask(first.joins(protocols={"sticky": b"", "range": b""}), version)
    again.hear()


@case(NEWEST)
def a_static_member_restarts_while_the_group_rebalances(talk: Talk, version: int) -> None:
    group = Group(talk)
    first, second = group.joined({"instance": "a"}, {"instance": "b"})
    second.send(second.syncs(), 4)
    again = group.member(instance="b")
    again.send(again.joins(), version)
    second.hear()
    talk.wait_until(first.is_to_join)
    once_more = group.member(instance="b")
    once_more.send(once_more.joins(), version)
    again.hear()
    first.ask(first.joins(), version)
    once_more.hear()


@case(3, 4, NEWEST)
def a_group_is_full(talk: Talk, version: int) -> None:
    group = Group(talk)
    members = group.stable(*[{}] * 5)
    group.ask(join(group=group.name), version)
    group.ask(join(group=group.name, instance="i"), NEWEST)
    members[4].ask(members[4].joins(), version)
    members[4].ask(members[4].leaves(), 4)
    group.ask(join(group=group.name, session=0.3), NEWEST)


@case(NEWEST)
def ids_that_nobody_joins_with(talk: Talk, version: int) -> None:
    group = Group(talk)
    member = group.member(session=0.3)
    member.id = member.ask(member.joins(), version).member_id
    group.wait_until_described()
    group.ask(DescribeGroupsRequest(groups=[group.name]), 5)
    group.listed(5)
    group.quietly(leave(member.id, group=group.name), 5)
    member.ask(member.joins(), version)


@case(NEWEST)
def a_member_that_is_not_heard_of(talk: Talk, version: int) -> None:
    group = Group(talk)
    leader, follower = group.stable({"session": 20}, {"session": 0.3})
    talk.wait_until(leader.is_to_join)
    follower.ask(follower.lives(), 4)
    follower.ask(follower.joins(), version)
    leader.ask(leader.joins(), version)
    leader.ask(leader.joins(), version)


@case(NEWEST)
def members_that_do_not_join_in_time(talk: Talk, version: int) -> None:
    group = Group(talk)
    group.stable({"session": 20, "rebalance": 0.5})
    newcomer = group.member(rebalance=0.5)
    newcomer.id = newcomer.quietly(newcomer.joins(), version).member_id
    newcomer.ask(newcomer.joins(), version)


@case(NEWEST)
def members_that_do_not_sync_in_time(talk: Talk, version: int) -> None:
    group = Group(talk)
    leader, follower = group.joined({"session": 20, "rebalance": 0.5}, {"session": 20, "rebalance": 0.5})
    follower.ask(follower.syncs(), 4)
    leader.ask(leader.lives(), 4)
    follower.ask(follower.joins(), version)


@case(NEWEST)
def consumers_and_other_members(talk: Talk, version: int) -> None:
    for suffix, how in (
        ("-consumers", {"protocols": {"range": subscription("a", "b")}}),
        ("-others", {"protocol_type": "connect", "protocols": {"default": b"worker"}}),
    ):
        group = Group(talk, suffix)
        (member,) = group.stable(how)
        group.ask(DescribeGroupsRequest(groups=[group.name]), 6)
        group.listed(5)
        member.ask(member.leaves(), 5)
        group.ask(DescribeGroupsRequest(groups=[group.name]), 6)
        group.listed(5)


@case(3, 4, 5)
def requests_to_another_broker(talk: Talk, version: int) -> None:
    group = Group(talk)
    other = group.broker % 3 + 1
    for request in (
        join(group=group.name),
        sync("m", 1, group=group.name, protocol_type="consumer", protocol_name="range"),
        heartbeat("m", 1, group=group.name),
        leave("m", group=group.name),
    ):
        talk.ask(request, min(version, 4), broker=other, to="another broker")

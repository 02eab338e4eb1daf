"""How many members a group may have, how much may be written for one; and who coordinates it."""

from __future__ import annotations

from comparison.case import case
from comparison.cases_consumer_groups_mixed import assigned, wish
from comparison.cases_groups_offsets import fetch, named
from comparison.cases_groups_transactions import Transaction
from comparison.consumer_grouping import NewMember, describe, new_group
from comparison.grouping import Group
from comparison.talk import Talk

from barnabas.protocol.messages.find_coordinator import FindCoordinatorRequest
from group_requests import commit, heartbeat, join, leave, sync, txn_commit

TOO_LARGE = b"x" * 1_100_000
"""More than a batch of `__consumer_offsets` may have."""


@case(*range(7))
def coordinators_of_groups(talk: Talk, version: int) -> None:
    names = [Group(talk).name, Group(talk, "-2").name]
    keys = {"key": names[0]} if version < 4 else {"coordinator_keys": [*names, names[0], ""]}
    talk.ask(FindCoordinatorRequest(**keys), version, blur=["node_id"])


@case(9)
def names_of_spaces_or_nothing(talk: Talk, version: int) -> None:
    topic, group = talk.create(), Group(talk, name=" ")
    group.ask(join("x", group=" "), version)
    group.ask(heartbeat("x", 1, group=" "), 4)
    group.ask(sync("x", 1, group=" ", protocol_type="consumer", protocol_name="range"), 5)
    group.ask(leave("x", group=" "), 5)
    group.ask(commit({topic.name: {0: 1}}, "x", 3, group=" "), 9)
    group = Group(talk)
    (member,) = group.stable({"instance": ""})
    group.ask(heartbeat(member.id, 1, group=group.name, instance=""), 4)
    group.ask(heartbeat(member.id, 1, group=group.name, instance="i"), 4)
    group.ask(join("", group=group.name, instance=""), version)


@case(0, 1)
def a_consumer_group_is_full(talk: Talk, version: int) -> None:
    topic, group = talk.create(), new_group(talk)
    members = [NewMember(group, f"m-{number}", instance_id=f"i-{number}") for number in range(4)]
    for member in members:
        member.join_quietly()
    for late in (NewMember(group, "m-5"), NewMember(group, "m-5", instance_id="i-1")):
        late.version = version
        late.join()
    members[1].leave(-2)
    NewMember(group, "m-5", instance_id="i-1").join()
    NewMember(group, "m-1", instance_id="i-1").join()
    group.ask(join("x", group=group.name, protocols=wish(topic)), 9)
    group.ask(join(group=group.name, protocols=wish(topic), instance="i"), 9)
    members[0].leave()
    NewMember(group, "m-5").join()


@case(1)
def a_classic_group_with_too_many_members_for_a_consumer_group(talk: Talk, version: int) -> None:
    topic, group = talk.create(), new_group(talk)
    members = group.joined(*[{"protocols": wish(topic)}] * 5)
    for member in members:
        member.quietly(member.syncs({members[0].id: assigned(topic, [0])}), 4)
    NewMember(group, "m", [topic.name]).join()
    describe(group, version)
    members[4].quietly(members[4].leaves(), 5)
    NewMember(group, "m", [topic.name]).join()


@case(5, difference="UNKNOWN_SERVER_ERROR")
def assignments_that_are_too_large(talk: Talk, version: int) -> None:
    group = Group(talk)
    (leader,) = group.joined({})
    leader.ask(leader.syncs({leader.id: TOO_LARGE}, protocol_type="consumer", protocol_name="range"), version)


@case(4)
def what_follows_an_assignment_that_is_too_large(talk: Talk, version: int) -> None:
    group = Group(talk)
    leader, follower = group.joined({}, {})
    follower.send(follower.syncs(), version)
    follower.hears_nothing()
    leader.quietly(leader.syncs({leader.id: TOO_LARGE}), version)
    talk.note("the follower fails as well", follower.heard_quietly().error_code != 0)
    talk.wait_until(leader.is_to_join)
    follower.ask(follower.lives(), version)
    leader.send(leader.joins(), 9)
    leader.hears_nothing()
    follower.ask(follower.joins(), 9)
    leader.hear()


@case(5, 9, difference="UNKNOWN_SERVER_ERROR")
def a_static_member_with_too_much_to_tell(talk: Talk, version: int) -> None:
    group = Group(talk)
    group.stable({"instance": "i"})
    group.ask(join(group=group.name, instance="i", protocols={"range": TOO_LARGE}), version)


@case(2, 8, 9, 10, difference="UNKNOWN_SERVER_ERROR")
def too_many_offsets_at_once(talk: Talk, version: int) -> None:
    topic, group = talk.create(partitions=1), Group(talk)
    request = named(commit({topic.name: {0: 1}}, group=group.name, metadata="x" * 4096), topic)
    request.topics[0].partitions *= 300
    answer = group.quietly(request, version)
    talk.note("errors", sorted({part.error_code for part in answer.topics[0].partitions}))
    group.ask(fetch(version, group.name, {topic: [0]}), version)


@case(3, 5, difference="UNKNOWN_SERVER_ERROR")
def too_many_offsets_in_a_transaction(talk: Talk, version: int) -> None:
    topic, group, transaction = talk.create(), Group(talk), Transaction(talk)
    transaction.add(group)
    request = transaction.of(txn_commit({topic.name: {0: 1}}, 0, group=group.name, metadata="x" * 4096))
    request.topics[0].partitions *= 300
    answer = group.quietly(request, version)
    talk.note("errors", sorted({part.error_code for part in answer.topics[0].partitions}))
    transaction.end(committed=True)
    group.ask(fetch(9, group.name, {topic: [0]}), 9)


@case(1, difference="UNKNOWN_SERVER_ERROR")
def a_subscription_that_is_too_large(talk: Talk, version: int) -> None:
    group = new_group(talk)
    member = NewMember(group, "m", [f"{number}-{'x' * 200}" for number in range(5_500)])
    member.join()
    describe(group, version)

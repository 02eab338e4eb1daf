"""Consumer groups: members of either protocol that are behind, mistaken or late; commits in transactions."""

from __future__ import annotations

from comparison.case import case
from comparison.cases_consumer_groups_mixed import classic_group, wish
from comparison.cases_groups_offsets import named, of_group
from comparison.cases_groups_transactions import Transaction
from comparison.consumer_grouping import NewMember, describe, new_group, owned
from comparison.grouping import Group
from comparison.talk import Talk

from barnabas.protocol.messages.consumer_group_describe import ConsumerGroupDescribeRequest
from barnabas.protocol.messages.offset_fetch import OffsetFetchRequest
from group_requests import commit, heartbeat, join, leave, sync, txn_commit


@case(1)
def classic_members_of_a_consumer_group(talk: Talk, version: int) -> None:
    topic = talk.create(partitions=2)
    group, classic = classic_group(talk, topic, 0, 1)
    new = NewMember(group, "m", [topic.name])
    new.join_quietly()
    answer = classic.quietly(classic.joins(protocols=wish(topic, 0, 1)), 9)
    classic.generation = answer.generation_id
    for generation in (classic.generation - 1, classic.generation + 1, -1):
        group.ask(heartbeat(classic.id, generation, group=group.name), 4)
        group.ask(sync(classic.id, generation, group=group.name, protocol_type="consumer", protocol_name="range"), 5)
    for protocol_type, protocol_name in (("connect", "range"), ("consumer", "sticky"), ("", ""), ("consumer", "range")):
        classic.ask(classic.syncs(protocol_type=protocol_type, protocol_name=protocol_name), 5)
    group.ask(NewMember(group, classic.id).request(member_epoch=classic.generation), 1)
    group.ask(join(classic.id, group=group.name, protocols={"sticky": wish(topic)["range"]}), 9)
    group.ask(leave("m", "x", group=group.name), 5)
    describe(group, version)


@case(8, 9, 10)
def commits_of_classic_members_in_a_consumer_group(talk: Talk, version: int) -> None:
    topic = talk.create(partitions=2)
    group, classic = classic_group(talk, topic, 0, 1)
    NewMember(group, "m", [topic.name]).join_quietly()
    answer = classic.quietly(classic.joins(protocols=wish(topic, 0, 1)), 9)
    now = answer.generation_id
    for generation in (now, now - 1, now + 1, -1):
        request = commit({topic.name: {0: 7}}, classic.id, generation, group=group.name)
        group.ask(named(request, topic), version)
        if version >= 9:
            wanted = of_group(group.name, {topic: [0]}, member_id=classic.id, member_epoch=generation)
            group.ask(OffsetFetchRequest(groups=[wanted]), version)


@case(9, 10)
def members_of_groups_that_are_not_there(talk: Talk, version: int) -> None:
    topic, group = talk.create(), Group(talk)
    for member_id, epoch in (("m", 3), ("m", 0), ("m", -1), ("", 3)):
        wanted = of_group(group.name, {topic: [0]}, member_id=member_id, member_epoch=epoch)
        group.ask(OffsetFetchRequest(groups=[wanted, wanted]), version)


@case(3, 5)
def transactions_of_members(talk: Talk, version: int) -> None:
    topic, group, transaction = talk.create(), new_group(talk), Transaction(talk)
    member = NewMember(group, "m", [topic.name], instance_id="i")
    member.join_quietly()
    transaction.add(group)
    for member_id, epoch in (
        ("m", member.epoch),
        ("m", member.epoch - 1),
        ("m", member.epoch + 1),
        ("m", -1),
        ("x", member.epoch),
        ("", -1),
    ):
        request = txn_commit({topic.name: {0: 5}}, 0, member_id, epoch, group=group.name)
        group.ask(transaction.of(request), version)
    transaction.end(committed=False)


@case(1)
def a_member_that_gives_nothing_back(talk: Talk, version: int) -> None:
    topic, group = talk.create(partitions=2), new_group(talk)
    first = NewMember(group, "m-1", [topic.name], rebalance_timeout_ms=300)
    second = NewMember(group, "m-2", [topic.name])
    first.join_quietly()
    second.join()
    first.beat()

    def has_all() -> bool:
        answer = second.beat_quietly()
        return bool(answer.assignment and answer.assignment.topic_partitions[0].partitions == [0, 1])

    talk.wait_until(has_all)
    first.beat(topic_partitions=owned(topic, [0, 1]))
    first.join()


@case(1)
def names_and_a_pattern(talk: Talk, version: int) -> None:
    named_topic, matched = talk.create("-named"), talk.create("-matched")
    group = new_group(talk)
    member = NewMember(group, "m", [named_topic.name], subscribed_topic_regex=f"{talk.name()}-m.*")
    said = [member.join_quietly()]

    def has_both() -> bool:
        said.append(member.beat_quietly())
        return any(answer.assignment and len(answer.assignment.topic_partitions) == 2 for answer in said)

    talk.wait_until(has_both)
    member.beat_quietly(topic_partitions=[*owned(named_topic, [0]), *owned(matched, [0])])
    answer = group.quietly(ConsumerGroupDescribeRequest(group_ids=[group.name]), version)
    for described in answer.groups[0].members:
        for part in (described.assignment, described.target_assignment):
            part.topic_partitions.sort(key=lambda topic: str(topic.topic_name))
    epochs = ["group_epoch", "assignment_epoch", "member_epoch"]  # Apache Kafka counts the look-up of a pattern as well
    talk.note_answer("ConsumerGroupDescribe", answer, version, blur=epochs)
    for pattern in ("(", ""):
        group.ask(member.request(subscribed_topic_regex=pattern), version, blur=["member_epoch"])

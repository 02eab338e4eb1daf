"""Consumer groups under random members, topics, crashes and failovers.

After every step: what clients own is owned by one of them alone, and the coordinator knows of it; its counters and
indexes are what a look at all members says; and a coordinator that replays the log has the same groups. At the end all
members send heartbeats, and the group comes to rest: each has what it is to have, and all partitions are taken.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from barnabas.broker.coordinator.groups.consumer_group import ConsumerGroup, each_partition
from barnabas.broker.coordinator.records import OFFSETS, CoordinatorRecord, Record
from barnabas.protocol.errors import ErrorCode
from consumer_groups import GROUP, ConsumerGroupsHarness, Member, settle

TOPICS = ["orders", "payments", "audit"]
WORDS = "join join beat beat beat leave away crash subscribe pattern lazy topic failover time refuse"
STEP = st.tuples(
    st.sampled_from(WORDS.split()),
    st.integers(0, 3),
    st.integers(0, 7),
)
REFUSALS = {
    ErrorCode.UNRELEASED_INSTANCE_ID,
    ErrorCode.FENCED_INSTANCE_ID,
    ErrorCode.FENCED_MEMBER_EPOCH,
    ErrorCode.UNKNOWN_MEMBER_ID,
    ErrorCode.GROUP_ID_NOT_FOUND,
    ErrorCode.NOT_ENOUGH_REPLICAS,
}


class Run:
    """One random history. Members 0 and 1 are dynamic, 2 and 3 are static; a member that went away comes back under
    another id."""

    def __init__(self) -> None:
        self.harness = ConsumerGroupsHarness()
        self.made = 0
        self.members = [self.new_member(place) for place in range(4)]
        for name in TOPICS[:2]:
            self.harness.topic(name, 3)

    def new_member(self, place: int) -> Member:
        self.made += 1
        how = {"instance_id": f"i{place}"} if place >= 2 else {}
        return Member(self.harness, f"m{place}-{self.made}", TOPICS[:2], **how)

    def step(self, what: str, place: int, number: int) -> None:
        member, asked = self.members[place], None
        match what:
            case "join" if not member.in_group:
                asked = member.join()
            case "beat" | "join" if member.in_group:
                member.give_back()
                asked = member.beat()
            case "leave" | "away" if member.in_group:
                for_a_while = what != "leave" and place >= 2
                asked = member.leave(-2 if for_a_while else -1)
                self.members[place] = self.new_member(place)
            case "crash":
                self.members[place] = self.new_member(place)
            case "subscribe" if member.in_group:
                asked = member.subscribe(name for bit, name in enumerate(TOPICS) if number & 1 << bit)
            case "pattern" if member.in_group:
                member.regex = ["", "or.*|au.*", ".*"][number % 3]
                asked = member.beat(subscribed_topic_regex=member.regex)
            case "lazy":
                member.lazy = not member.lazy
            case "topic":
                self.change_topic(TOPICS[place % 3], number)
            case "failover":
                self.harness.reload()
            case "time":
                self.pass_time(number)
            case "refuse":
                self.harness.refusing = None if self.harness.refusing else ErrorCode.NOT_ENOUGH_REPLICAS
        if asked is not None and asked.code != ErrorCode.NONE:
            assert asked.code in REFUSALS, asked.code

    def change_topic(self, name: str, number: int) -> None:
        topic = self.harness.image.topics.by_name(name)
        if topic is None:
            self.harness.topic(name, 1 + number % 4)
        elif number == 0:
            self.harness.topic(name, 0)
            for member in self.members:
                # Nobody can own what is not there; a topic of the same name is another one.
                member.owned = {place for place in member.owned if place[0] != name}
                member.assigned = {place for place in member.assigned if place[0] != name}
        else:
            self.harness.topic(name, len(topic) + 1)

    def pass_time(self, number: int) -> None:
        """Members that live send heartbeats all the while, and nobody takes longer to give back than it may."""
        for _ in range(number):
            self.harness.advance(5.0)
            for member in self.members:
                if member.in_group:
                    member.owned &= member.assigned
                    member.beat()

    def settle(self) -> None:
        self.harness.refusing = None
        for member in self.members:
            member.lazy = False
        # Who crashed is out once its session has ended, and a static member gets its place then.
        for _ in range(10):
            self.harness.advance(5.0)
            for member in self.members:
                if member.in_group:
                    member.beat()
        settle(self.harness, self.members)


def check(run: Run) -> None:
    group = run.harness.machine.groups.get(GROUP)
    if not isinstance(group, ConsumerGroup):
        return
    owned = [place for member in run.members if member.in_group for place in member.owned]
    assert len(owned) == len(set(owned)), "a partition has two owners"
    for member in run.members:
        known = group.members.get(member.id)
        if member.in_group and known is not None:
            has = {
                (run.harness.name_of(topic_id), index)
                for topic_id, index in [*each_partition(known.assigned), *each_partition(known.revoking)]
            }
            assert member.owned <= has, "a client owns what the coordinator does not know of"
    check_counters(group)


def check_counters(group: ConsumerGroup) -> None:
    members = group.members.values()
    held = {
        place: member.epoch
        for member in members
        for place in [*each_partition(member.assigned), *each_partition(member.revoking)]
    }
    assert len(held) == sum(
        len(list(each_partition(member.assigned))) + len(list(each_partition(member.revoking))) for member in members
    )
    known = {
        (topic_id, index): epoch
        for topic_id, epochs in group._partition_epochs.items()
        for index, epoch in epochs.items()
    }
    assert known == held
    assert group.topic_subscribers == Counter(name for member in members for name in member.topic_names)
    assert group.pattern_subscribers == Counter(member.topic_regex for member in members if member.topic_regex)
    assert group.static_members == {member.instance_id: member.id for member in members if member.instance_id}
    assert group.patterns.keys() <= group.pattern_subscribers.keys()
    assert all(member.epoch <= group.epoch for member in members)
    assert group.assignment_epoch <= group.epoch


def compacted(log: list[CoordinatorRecord], *, tombstones: bool) -> list[CoordinatorRecord]:
    """The last record of each key, in place; deletions may be gone as well."""
    last = {OFFSETS.encode(record)[0]: number for number, record in enumerate(log) if isinstance(record, Record)}
    kept = [log[number] for number in sorted(last.values())]
    return [record for record in kept if tombstones or (isinstance(record, Record) and record.value is not None)]


def durable(harness: ConsumerGroupsHarness) -> dict[str, Any]:
    group = harness.machine.groups.get(GROUP)
    if not isinstance(group, ConsumerGroup):
        return {}
    return {name: value for name, value in vars(group).items() if name != "is_stale"}


@settings(max_examples=150, deadline=None)
@given(steps=st.lists(STEP, max_size=40), share=st.integers(0, 4))
def test_no_partition_has_two_owners_and_groups_settle(steps: list[tuple[str, int, int]], share: int) -> None:
    """`share`: how many quarters of the log are compacted before another coordinator replays it."""
    run = Run()
    for what, place, number in steps:
        run.step(what, place, number)
        check(run)
    before, log = durable(run.harness), run.harness.log
    clean_up_to = len(log) * share // 4
    for tombstones in (True, False):
        run.harness.log = compacted(log[:clean_up_to], tombstones=tombstones) + log[clean_up_to:]
        run.harness.reload()
        assert durable(run.harness) == before
    run.settle()
    check(run)
    group = run.harness.group
    assert group.state_name == "Stable"
    image = run.harness.image
    for member in run.members:
        known = group.members[member.id]
        assert {topic_id: set(indexes) for topic_id, indexes in known.assigned.items()} == group.target[member.id]
        assert member.owned == member.assigned
    subscribed = {topic for topic in map(image.topics.by_name, group.subscribed_topics()) if topic is not None}
    assert {place for member in run.members for place in member.owned} == {
        (topic.name, index) for topic in subscribed for index in topic.partitions
    }

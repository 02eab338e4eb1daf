"""What the assignors promise, held against naive statements of it."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barnabas.broker.coordinator.groups.assignors import ASSIGNORS, Assignment, GroupSpec, MemberSpec
from barnabas.broker.coordinator.groups.consumer_config import ASSIGNOR_NAMES

TOPICS = [bytes([number]) * 16 for number in range(4)]


@st.composite
def groups(draw: st.DrawFn, *, same_topics: bool = False) -> GroupSpec:
    """Groups of a few members, each with a past in which no partition had two owners, and which may be out of date."""
    partitions = {topic: draw(st.integers(1, 6)) for topic in TOPICS}
    subscription = st.frozensets(st.sampled_from(TOPICS))
    ids = draw(st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=5, unique=True))
    common = draw(subscription)
    targets: dict[str, dict[bytes, set[int]]] = {member_id: {} for member_id in ids}
    for topic, count in partitions.items():
        for partition in range(count + 2):
            owner = draw(st.sampled_from([None, *ids]))
            if owner is not None:
                targets[owner].setdefault(topic, set()).add(partition)
    members = {
        member_id: MemberSpec(
            topics=common if same_topics else draw(subscription),
            target={topic: frozenset(indexes) for topic, indexes in targets[member_id].items()},
            instance_id=draw(st.sampled_from([None, f"i-{member_id}"])),
        )
        for member_id in ids
    }
    return GroupSpec(members, partitions)


def pairs(assignment: Assignment) -> dict[tuple[bytes, int], str]:
    """Partition to member; fails where a partition is given twice."""
    owners: dict[tuple[bytes, int], str] = {}
    for member_id, partitions in assignment.items():
        for topic, indexes in partitions.items():
            assert indexes, "an empty set of partitions"
            for index in indexes:
                assert (topic, index) not in owners
                owners[topic, index] = member_id
    return owners


def load(assignment: Assignment) -> Counter[str]:
    return Counter({member_id: sum(map(len, partitions.values())) for member_id, partitions in assignment.items()})


def test_the_settings_know_all_by_name() -> None:
    assert tuple(ASSIGNORS) == ASSIGNOR_NAMES


@pytest.mark.parametrize("name", sorted(ASSIGNORS))
@settings(max_examples=150, deadline=None)
@given(group=groups())
def test_each_partition_goes_to_one_subscriber(name: str, group: GroupSpec) -> None:
    assignment = ASSIGNORS[name](group)
    assert assignment.keys() == group.members.keys()
    owners = pairs(assignment)
    subscribed = {topic for spec in group.members.values() for topic in spec.topics}
    assert owners.keys() == {(topic, index) for topic in subscribed for index in range(group.partitions[topic])}
    assert all(topic in group.members[owner].topics for (topic, _), owner in owners.items())


@pytest.mark.parametrize("name", sorted(ASSIGNORS))
@settings(max_examples=150, deadline=None)
@given(group=groups())
def test_assigning_again_changes_nothing(name: str, group: GroupSpec) -> None:
    first = ASSIGNORS[name](group)
    again = GroupSpec(
        {
            member_id: MemberSpec(spec.topics, first[member_id], spec.instance_id)
            for member_id, spec in group.members.items()
        },
        group.partitions,
    )
    assert ASSIGNORS[name](again) == first


@settings(max_examples=150, deadline=None)
@given(group=groups(same_topics=True))
def test_uniform_loads_differ_by_one_at_most_where_all_subscribe_to_the_same(group: GroupSpec) -> None:
    loads = load(ASSIGNORS["uniform"](group)).values()
    assert max(loads) - min(loads) <= 1


@settings(max_examples=150, deadline=None)
@given(group=groups(same_topics=True))
def test_uniform_moves_as_little_as_balance_allows(group: GroupSpec) -> None:
    """The naive twin: of each member's partitions at most its share can stay; larger shares go where they keep more."""
    topics = next(iter(group.members.values())).topics
    held = sorted(
        (
            sum(index < group.partitions[topic] for topic in topics for index in spec.target.get(topic, ()))
            for spec in group.members.values()
        ),
        reverse=True,
    )
    share, extra = divmod(sum(group.partitions[topic] for topic in topics), len(held))
    most = sum(min(count, share + (place < extra)) for place, count in enumerate(held))
    owners = pairs(ASSIGNORS["uniform"](group))
    stayed = sum(index in group.members[owner].target.get(topic, ()) for (topic, index), owner in owners.items())
    assert stayed == most


@settings(max_examples=150, deadline=None)
@given(group=groups())
def test_no_single_move_makes_uniform_more_equal(group: GroupSpec) -> None:
    assignment = ASSIGNORS["uniform"](group)
    loads = load(assignment)
    for (topic, _), owner in pairs(assignment).items():
        for other, spec in group.members.items():
            assert topic not in spec.topics or loads[owner] - loads[other] <= 1


@settings(max_examples=150, deadline=None)
@given(group=groups())
def test_range_gives_each_subscriber_one_range_of_each_topic_in_order(group: GroupSpec) -> None:
    assignment = ASSIGNORS["range"](group)
    static = sorted(id for id, spec in group.members.items() if spec.instance_id is not None)
    order = static + sorted(id for id, spec in group.members.items() if spec.instance_id is None)
    for topic, count in group.partitions.items():
        subscribers = [member_id for member_id in order if topic in group.members[member_id].topics]
        given_out = [sorted(assignment[member_id].get(topic, ())) for member_id in subscribers]
        assert [index for indexes in given_out for index in indexes] == (list(range(count)) if subscribers else [])
        sizes = [len(indexes) for indexes in given_out]
        assert sizes == sorted(sizes, reverse=True)
        assert not sizes or sizes[0] - sizes[-1] <= 1


def test_range_lets_members_join_topics_that_are_cut_alike() -> None:
    topics = frozenset(TOPICS[:2])
    group = GroupSpec({"a": MemberSpec(topics), "b": MemberSpec(topics)}, dict.fromkeys(TOPICS[:2], 3))
    assignment = ASSIGNORS["range"](group)
    assert assignment["a"] == dict.fromkeys(topics, frozenset({0, 1}))
    assert assignment["b"] == dict.fromkeys(topics, frozenset({2}))


def test_a_member_more_takes_only_what_is_too_much_for_the_others() -> None:
    topics = frozenset(TOPICS[:1])
    group = GroupSpec(
        {
            "a": MemberSpec(topics, {TOPICS[0]: frozenset({0, 1, 2})}),
            "b": MemberSpec(topics, {TOPICS[0]: frozenset({3, 4, 5})}),
            "c": MemberSpec(topics),
        },
        {TOPICS[0]: 6},
    )
    assignment = ASSIGNORS["uniform"](group)
    assert {member_id: len(partitions[TOPICS[0]]) for member_id, partitions in assignment.items()} == dict.fromkeys(
        "abc", 2
    )
    assert assignment["a"][TOPICS[0]] < {0, 1, 2}
    assert assignment["b"][TOPICS[0]] < {3, 4, 5}

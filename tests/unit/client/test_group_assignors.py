"""The assignors of classic groups, against what each promises."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from barnabas.client.groups.assignors import (
    ASSIGNORS,
    Assignment,
    Subscriber,
    assign_cooperative_sticky,
    assign_range,
    assign_round_robin,
    assign_sticky,
)

TOPICS = ["a", "b", "c"]
partitions = st.dictionaries(st.sampled_from(TOPICS), st.integers(1, 7), min_size=1)


@st.composite
def groups(draw: st.DrawFn) -> list[Subscriber]:
    places = st.tuples(st.sampled_from(TOPICS), st.integers(0, 7))
    return [
        Subscriber(
            f"m{number}",
            frozenset(draw(st.sets(st.sampled_from(TOPICS), min_size=1))),
            tuple(draw(st.sets(places, max_size=6))),
            draw(st.integers(-1, 2)),
            draw(st.sampled_from([None, f"i{9 - number}"])),
        )
        for number in range(draw(st.integers(1, 6)))
    ]


def held(members: list[Subscriber], assignment: Assignment) -> list[Subscriber]:
    """The members once they own what they were given."""
    return [
        replace(member, owned=tuple(assignment[member.member_id]), generation=member.generation + 1)
        for member in members
    ]


@given(groups(), partitions, st.randoms(use_true_random=False))
def test_each_partition_has_one_reader_who_subscribes(members: list[Subscriber], counts: dict[str, int], rng) -> None:  # type: ignore[no-untyped-def]
    wanted = {(t, n) for t, count in counts.items() for n in range(count) if any(t in m.topics for m in members)}
    shuffled = rng.sample(members, len(members))
    for name, assign in ASSIGNORS.items():
        assignment = assign(members, counts)
        given_out = [place for places in assignment.values() for place in places]
        assert len(given_out) == len(set(given_out))
        assert assignment.keys() == {m.member_id for m in members}
        assert all(place[0] in m.topics for m in members for place in assignment[m.member_id])
        assert set(given_out) == wanted or name == "cooperative-sticky"
        assert assign(shuffled, counts) == assignment


@given(groups(), partitions)
def test_sticky_is_level(members: list[Subscriber], counts: dict[str, int]) -> None:
    assignment = assign_sticky(members, counts)
    for fuller in members:
        for emptier in members:
            if len(assignment[fuller.member_id]) > len(assignment[emptier.member_id]) + 1:
                assert not any(topic in emptier.topics for topic, _ in assignment[fuller.member_id])


@given(groups(), partitions)
def test_sticky_moves_nothing_that_is_level(members: list[Subscriber], counts: dict[str, int]) -> None:
    assignment = assign_sticky(members, counts)
    assert assign_sticky(held(members, assignment), counts) == assignment


@given(groups(), partitions)
def test_cooperative_members_get_nothing_that_another_holds(members: list[Subscriber], counts: dict[str, int]) -> None:
    before = held(members, assign_sticky(members, counts))
    owners = {place: member.member_id for member in before for place in member.owned}
    for remaining in (before, before[1:], [*before, Subscriber("new", frozenset(TOPICS))]):
        assignment = assign_cooperative_sticky(remaining, counts)
        alive = {member.member_id for member in remaining}
        for member_id, places in assignment.items():
            assert all(owners.get(place, member_id) in {member_id, *(set(owners.values()) - alive)} for place in places)


@given(groups(), partitions)
def test_cooperative_rounds_come_to_an_end_and_assign_everything(
    members: list[Subscriber], counts: dict[str, int]
) -> None:
    wanted = {(t, n) for t, count in counts.items() for n in range(count) if any(t in m.topics for m in members)}
    for _ in range(10):
        # Whoever lost something has given it up before the next round, so that nobody claims what it does not hold.
        assignment = assign_cooperative_sticky(members, counts)
        members = held(members, assignment)
        if {place for places in assignment.values() for place in places} == wanted:
            break
    assert {place for member in members for place in member.owned} == wanted
    assert assign_cooperative_sticky(members, counts) == assignment


def test_range_gives_runs_and_round_robin_turns() -> None:
    members = [Subscriber("x", frozenset("ab")), Subscriber("y", frozenset("ab"))]
    counts = {"a": 3, "b": 3}
    assert assign_range(members, counts) == {
        "x": [("a", 0), ("a", 1), ("b", 0), ("b", 1)],
        "y": [("a", 2), ("b", 2)],
    }
    assert assign_round_robin(members, counts) == {
        "x": [("a", 0), ("a", 2), ("b", 1)],
        "y": [("a", 1), ("b", 0), ("b", 2)],
    }


def test_a_partition_claimed_twice_goes_to_the_later_generation() -> None:
    old = Subscriber("old", frozenset("a"), (("a", 0), ("a", 1)), generation=1)
    new = Subscriber("new", frozenset("a"), (("a", 0),), generation=2)
    assert assign_sticky([old, new], {"a": 2}) == {"old": [("a", 1)], "new": [("a", 0)]}


def test_a_chain_of_moves_levels_what_no_single_move_can() -> None:
    members = [
        Subscriber("full", frozenset("a"), (("a", 0), ("a", 1))),
        Subscriber("middle", frozenset("ab"), (("b", 0),)),
        Subscriber("empty", frozenset("b")),
    ]
    assignment = assign_sticky(members, {"a": 2, "b": 1})
    assert sorted(map(len, assignment.values())) == [1, 1, 1]

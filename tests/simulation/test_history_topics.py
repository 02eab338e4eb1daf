"""The search for an order of what happened to a topic finds one where there is one, and none where there is none."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

import pytest
from tests.simulation.history_topics import (
    NEVER,
    Answer,
    Description,
    Kind,
    Operation,
    Search,
    Setting,
    Topic,
    contradictions,
    effects,
    overwritten,
    stale_copies,
)


def create(began: float, ended: float, topic_id: str = "", answer: Answer = Answer.DONE, count: int = 1) -> Operation:
    return Operation("c", "t", Kind.CREATE, began, ended, answer, count, topic_id)


def delete(began: float, ended: float, answer: Answer = Answer.DONE) -> Operation:
    return Operation("d", "t", Kind.DELETE, began, ended, answer)


def grow(began: float, ended: float, count: int, answer: Answer = Answer.DONE) -> Operation:
    return Operation("g", "t", Kind.GROW, began, ended, answer, count)


def described(began: float, ended: float, topic_id: str = "", count: int = 1) -> Operation:
    answer = Answer.DONE if topic_id else Answer.ABSENT
    return Operation("e", "t", Kind.DESCRIBE, began, ended, answer, count if topic_id else 0, topic_id)


GOOD: dict[str, list[Operation]] = {
    "one after another": [create(1, 2, "A"), described(3, 4, "A"), delete(5, 6), described(7, 8)],
    "at the same time": [delete(1, 9, Answer.ABSENT), create(2, 3, "A"), described(8, 9, "A")],
    "nobody knows, and it was done": [create(1, NEVER, answer=Answer.UNKNOWN), described(5, 6, "A")],
    "nobody knows, and it was not done": [create(1, NEVER, answer=Answer.UNKNOWN), described(5, 6)],
    "nobody knows, and it was done late": [
        create(1, 2, "A"),
        delete(3, NEVER, Answer.UNKNOWN),
        described(5, 6, "A"),
        described(7, 8),
    ],
    "told by its own first attempt": [create(1, 4, answer=Answer.EXISTS), described(5, 6, "A")],
    "deleted by its own first attempt": [create(1, 2, "A"), delete(3, 4, Answer.ABSENT), described(5, 6)],
    "two attempts with a deletion between": [create(1, 9, "B"), delete(3, 4), described(10, 11, "B")],
    "more partitions": [create(1, 2, "A"), grow(3, 4, 3), described(5, 6, "A", 3)],
    "as many partitions already": [
        create(1, 2, "A", count=3),
        grow(3, 4, 2, Answer.EXISTS),
        described(5, 6, "A", 3),
    ],
    "refused": [create(1, 2, answer=Answer.REFUSED), described(3, 4)],
    "made anew": [create(1, 2, "A"), delete(3, 4), create(5, 6, "B"), described(7, 8, "B")],
}

BAD: dict[str, list[Operation]] = {
    "a topic that was created is gone": [create(1, 2, "A"), described(3, 4)],
    "a topic that was deleted is there": [create(1, 2, "A"), delete(3, 4), described(5, 6, "A")],
    "it was created twice": [create(1, 2, "A"), create(3, 4, "B"), described(5, 6, "B")],
    "another topic than the one that was created": [create(1, 2, "A"), described(3, 4, "B")],
    "it exists, though nobody made it": [create(3, 4, answer=Answer.EXISTS), described(5, 6)],
    "it is absent, though it was created before": [
        create(1, 2, "A"),
        delete(3, 4, Answer.ABSENT),
        described(5, 6, "A"),
    ],
    "the first one is back": [create(1, 2, "A"), delete(3, 4), create(5, 6, "B"), described(7, 8, "A")],
    "new partitions are gone": [create(1, 2, "A"), grow(3, 4, 3), described(5, 6, "A", 1)],
    "partitions of a topic that is not there": [grow(1, 2, 3), described(3, 4)],
    "what was refused was done": [create(1, 2, "A", Answer.REFUSED), described(3, 4, "A")],
    "deleted by nobody": [delete(1, 2, Answer.ABSENT), create(3, 4, "A"), described(5, 6)],
    "done before it began": [described(1, 2, "A"), create(3, 4, "A")],
}


@pytest.mark.parametrize("name", GOOD)
def test_an_order_is_found(name: str) -> None:
    assert list(contradictions(GOOD[name])) == []


@pytest.mark.parametrize("name", BAD)
def test_no_order_is_found(name: str) -> None:
    (text,) = contradictions(BAD[name])
    assert text.startswith("topic t: no order explains\n")
    assert all(str(operation) in text for operation in BAD[name])


def test_each_name_is_looked_at_by_itself() -> None:
    other = Operation("e", "other", Kind.DESCRIBE, 3, 4, Answer.ABSENT)
    assert list(contradictions([*GOOD["refused"], create(5, 6, "A"), other])) == []


def linearisable_by_trying_all(operations: Sequence[Operation]) -> bool:
    """The naive twin: all orders, with and without what nobody knows, without second attempts."""
    certain = [each for each in operations if each.answer is not Answer.UNKNOWN]
    unknown = [each for each in operations if each.answer is Answer.UNKNOWN]
    return any(
        _fits(order)
        for count in range(len(unknown) + 1)
        for some in itertools.combinations(unknown, count)
        for order in itertools.permutations([*certain, *some])
    )


def _fits(order: Sequence[Operation]) -> bool:
    if any(later.ended < earlier.began for earlier, later in itertools.combinations(order, 2)):
        return False
    states: list[Topic | None] = [None]
    for operation in order:
        states = [after for state in states for after in effects(operation, state)]
    return bool(states)


def test_the_search_agrees_with_trying_all_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Apart from second attempts, which are left out of both."""
    monkeypatch.setattr("tests.simulation.history_topics._again", lambda each: Operation("", "", Kind.DESCRIBE, 0, -1))
    rng, outcomes = random.Random(1), set()
    for _ in range(300):
        operations = [drawn(rng) for _ in range(rng.randint(1, 5))]
        expected = linearisable_by_trying_all(operations)
        outcomes.add(expected)
        assert Search(operations).is_linearisable() is expected, "\n".join(map(str, operations))
    assert outcomes == {True, False}


def drawn(rng: random.Random) -> Operation:
    began = rng.uniform(0, 5)
    ended = began + rng.uniform(0, 2)
    match rng.randrange(5):
        case 0:
            return create(began, ended, rng.choice("AB"))
        case 1:
            return create(began, NEVER, answer=Answer.UNKNOWN)
        case 2:
            return delete(began, ended, rng.choice([Answer.DONE, Answer.ABSENT]))
        case 3:
            return create(began, ended, answer=Answer.EXISTS)
        case _:
            return described(began, ended, rng.choice(["", "A", "B"]))


BROKER = (1, 1)
A, B = Topic("A", 1), Topic("B", 1)


def descriptions(*topics: Topic | None) -> list[Description]:
    return [Description(BROKER, "t", topic, float(at)) for at, topic in enumerate(topics)]


def test_a_copy_of_the_metadata_that_is_late() -> None:
    made = [create(0, 1, "A"), create(5, 6, "B")]
    assert list(stale_copies(descriptions(None, A, A, None, B), made)) == []


@pytest.mark.parametrize(
    ("topics", "what"),
    [
        ((A, None, A), "resurrected"),
        ((A, B, A), "resurrected"),
        ((A._replace(partitions=2), A), "shrunk"),
        ((Topic("C", 1),), "phantom"),
    ],
)
def test_a_copy_of_the_metadata_that_cannot_be(topics: tuple[Topic | None, ...], what: str) -> None:
    made = [create(0, 1, "A"), create(5, 6, "B")]
    assert [text.partition(":")[0] for text in stale_copies(descriptions(*topics), made)] == [what]


def test_a_broker_that_restarts_may_know_less() -> None:
    made = [create(0, 1, "A")]
    earlier = Description((1, 1), "t", A, 1.0), Description((1, 1), "t", None, 2.0)
    assert list(stale_copies([*earlier, Description((1, 2), "t", A, 3.0)], made)) == []


def setting(value: str, began: float, ended: float) -> Setting:
    return Setting("t", "x", value, began, ended)


@pytest.mark.parametrize("value", ["2", "3", "4"])
def test_a_setting_that_may_have_been_given_last(value: str) -> None:
    given = [setting("1", 0, 1), setting("2", 2, NEVER), setting("3", 4, 6), setting("4", 5, 7)]
    assert list(overwritten(given, {("t", "x"): value})) == []


def test_a_setting_that_was_overwritten() -> None:
    given = [setting("1", 0, 1), setting("2", 2, 3), setting("3", 4, 5)]
    assert len(list(overwritten(given, {("t", "x"): "2"}))) == 1
    assert list(overwritten([setting("1", 0, NEVER)], {("t", "x"): "default"})) == []

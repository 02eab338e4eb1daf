"""The checker of transactions reports every anomaly, in histories made by hand, and nothing in good ones."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import trio.testing
from tests.simulation.cluster import Violation
from tests.simulation.history import History
from tests.simulation.history_transactions import Instance, Outcome, Transaction, TransactionHistory

PLACE, OTHER = ("tx", 0), ("tx", 1)


class Told:
    """A history, and what a producer does in it."""

    def __init__(self) -> None:
        self.history = TransactionHistory(History())
        self.instance = self.history.instance("x")

    def begin(self, *values: str, instance: Instance | None = None) -> Transaction:
        """A transaction that writes these to one partition."""
        transaction = self.history.begins(instance or self.instance)
        for value in values:
            self.history.writes(transaction, PLACE, value)
        return transaction

    def end(self, transaction: Transaction, outcome: Outcome = Outcome.COMMITTED) -> None:
        self.history.commits(transaction)
        self.history.ended(transaction, outcome)

    def kinds(self, *log: str, other: Sequence[str] = ()) -> list[str]:
        logs = {PLACE: list(enumerate(log)), OTHER: list(enumerate(other))}
        return [text.partition(":")[0] for text in self.history.anomalies(logs)]


@pytest.fixture
async def told() -> Told:
    """Within a run of trio, whose clock the history looks at."""
    return Told()


async def test_a_good_history(told: Told) -> None:
    first = told.begin("a", "b")
    told.history.writes(first, OTHER, "c")
    told.end(first)
    told.end(told.begin("d"), Outcome.ABORTED)
    told.end(told.begin("e"), Outcome.UNKNOWN)
    for offset, value in enumerate(["a", "b"]):
        told.history.saw("r", PLACE, offset, value)
    assert told.kinds("a", "b", other=["c"]) == []
    assert told.kinds("a", "b", "e", other=["c"]) == []


async def test_lost_and_partly_visible(told: Told) -> None:
    told.end(told.begin("a", "b"))
    assert told.kinds("a") == ["lost"]
    assert told.kinds() == ["lost"]
    told.end(told.begin("c", "d"), Outcome.UNKNOWN)
    assert told.kinds("a", "b", "d") == ["partly visible"]


async def test_aborted_read(told: Told) -> None:
    told.end(told.begin("a"), Outcome.ABORTED)
    assert told.kinds("a") == ["aborted read"]
    with pytest.raises(Violation, match="aborted read"):
        told.history.saw("r", PLACE, 0, "a")


async def test_precommitted_read(told: Told) -> None:
    transaction = told.begin("a")
    with pytest.raises(Violation, match="precommitted read"):
        told.history.saw("r", PLACE, 0, "a")
    told.history.commits(transaction)
    told.history.saw("r", PLACE, 0, "a")


async def test_zombie_write(told: Told, autojump_clock: trio.testing.MockClock) -> None:
    told.end(told.begin("a"))
    await trio.sleep(1)
    second = told.history.instance("x")
    await trio.sleep(1)
    told.begin(instance=second)
    await trio.sleep(1)
    late = told.begin("b")
    told.history.ended(late, Outcome.UNKNOWN)
    assert told.kinds("a", "b") == ["zombie write"]


async def test_duplicate_and_phantom(told: Told) -> None:
    told.end(told.begin("a"))
    assert told.kinds("a", "a") == ["duplicate"]
    assert told.kinds("a", "b") == ["phantom"]


async def test_reordered(told: Told) -> None:
    told.end(told.begin("a", "b"))
    assert told.kinds("b", "a") == ["reordered"]
    told.end(told.begin("c"))
    assert told.kinds("c", "a", "b") == ["reordered"]
    told.end(told.begin("d", instance=told.history.instance("y")))
    assert told.kinds("d", "a", "b", "c") == []


async def test_inconsistent_and_poll_skip(told: Told) -> None:
    told.end(told.begin("a", "b", "c"))
    told.history.saw("r", PLACE, 0, "a")
    with pytest.raises(Violation, match="inconsistent"):
        told.history.saw("r", PLACE, 0, "b")
    told.history.saw("r", PLACE, 2, "c")
    assert told.kinds("a", "b", "c") == ["poll skip"]
    told.history.saw("r", PLACE, 3, "b")
    assert told.kinds("a", "b", "c") == ["inconsistent", "poll skip"]


async def test_what_is_processed_is_the_input_once_and_in_order(told: Told) -> None:
    inputs = {0: [(0, "a"), (2, "b")]}
    assert list(told.history.not_the_input(inputs, {0: [(0, "a"), (5, "b")]})) == []
    for wrong in ([(0, "a")], [(0, "b"), (1, "a")], [(0, "a"), (1, "a"), (2, "b")]):
        assert [text[:13] for text in told.history.not_the_input(inputs, {0: wrong})] == ["not the input"]

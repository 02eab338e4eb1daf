"""The checker of what transactions read of each other reports every anomaly, in histories made by hand, and nothing in
good ones.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.simulation.cluster import Violation
from tests.simulation.history import History
from tests.simulation.history_isolation import IsolationHistory, Reader, circle
from tests.simulation.history_transactions import Outcome, Transaction, TransactionHistory

PLACE, OTHER = ("txread", 0), ("txread", 1)


class Told:
    """A history, and what producers do in it."""

    def __init__(self) -> None:
        self.history = TransactionHistory(History())
        self.isolation = IsolationHistory(self.history)

    def reader(self, start: int = 0) -> Reader:
        return self.isolation.reader("r", {PLACE: start, OTHER: start})

    def transaction(
        self, name: str, writes: str, reads: Sequence[str] = (), outcome: Outcome = Outcome.COMMITTED
    ) -> Transaction:
        """One that has written this and read those, all to one partition, and has ended."""
        transaction = self.history.begins(self.history.instance(name))
        self.history.writes(transaction, PLACE, writes)
        transaction.reads += reads
        self.history.commits(transaction)
        self.history.ended(transaction, outcome)
        return transaction

    def kinds(self, *log: str) -> list[str]:
        logs = {PLACE: list(enumerate(log)), OTHER: []}
        return [text.partition(":")[0] for text in self.isolation.anomalies(logs)]


@pytest.fixture
async def told() -> Told:
    """Within a run of trio, whose clock the history looks at."""
    return Told()


async def test_a_good_history(told: Told) -> None:
    told.transaction("x", "a")
    told.transaction("y", "b", reads=["a"])
    told.transaction("z", "c", reads=["a", "b"])
    assert told.kinds("a", "b", "c") == []


async def test_g1c(told: Told) -> None:
    told.transaction("x", "a", reads=["b"])
    told.transaction("y", "b", reads=["a"])
    assert told.kinds("a", "b") == ["G1c"]


async def test_g1c_around_three_from_which_others_read(told: Told) -> None:
    told.transaction("before", "o")
    told.transaction("x", "a", reads=["o", "c"])
    told.transaction("after", "p", reads=["a", "o"])
    told.transaction("y", "b", reads=["a"])
    told.transaction("z", "c", reads=["b"])
    assert circle(told.history.transactions) == ["x read c of z", "z read b of y", "y read a of x"]


async def test_whose_outcome_is_unknown_counts_and_who_was_aborted_does_not(told: Told) -> None:
    told.transaction("x", "a", reads=["b"], outcome=Outcome.UNKNOWN)
    told.transaction("y", "b", reads=["a"])
    assert told.kinds("a", "b") == ["G1c"]
    told.history.transactions[1].outcome = Outcome.ABORTED
    assert told.kinds("a", "b") == []


async def test_the_order_of_writes_makes_no_circle(told: Told) -> None:
    """G0 is none in Kafka: what two transactions wrote lies as it came, and the reads of one of them go one way."""
    told.transaction("x", "a1")
    first, second = told.history.transactions[0], told.transaction("y", "b1", reads=["a1"])
    told.history.writes(first, OTHER, "a2")
    told.history.writes(second, OTHER, "b2")
    assert told.kinds("b1", "a1") == []


async def test_a_record_is_read_before_its_producer_is_told(told: Told) -> None:
    transaction = told.history.begins(told.history.instance("x"))
    told.history.writes(transaction, PLACE, "a")
    told.history.commits(transaction)
    reading = told.transaction("y", "b")
    told.reader().got(reading, PLACE, 0, "a")
    told.history.ended(transaction, Outcome.COMMITTED)
    assert told.kinds("a", "b") == []
    assert told.history.counts["transactions: read by transactions before it was told"] == 1


async def test_precommitted_and_aborted_read(told: Told) -> None:
    transaction, reader = told.history.begins(told.history.instance("x")), told.reader()
    told.history.writes(transaction, PLACE, "a")
    with pytest.raises(Violation, match="precommitted read: r got a"):
        reader.got(transaction, PLACE, 0, "a")
    told.transaction("y", "b", outcome=Outcome.ABORTED)
    with pytest.raises(Violation, match="aborted read: r got b"):
        reader.got(transaction, PLACE, 1, "b")


async def test_nonmonotonic_poll(told: Told) -> None:
    transaction, reader = told.transaction("x", "a"), told.reader(start=1)
    with pytest.raises(Violation, match="nonmonotonic poll"):
        reader.got(transaction, PLACE, 0, "a")
    reader.got(transaction, PLACE, 2, "b")
    with pytest.raises(Violation, match="nonmonotonic poll"):
        reader.got(transaction, PLACE, 2, "b")


async def test_poll_skip(told: Told) -> None:
    """Of each reader by itself, from where it began."""
    transaction, late = told.transaction("x", "a"), told.reader(start=1)
    late.got(transaction, PLACE, 1, "b")
    assert told.kinds("a", "b", "c") == []
    late.got(transaction, PLACE, 3, "d")
    told.reader().got(transaction, PLACE, 2, "c")
    assert told.kinds("a", "b", "c", "d") == ["poll skip", "poll skip"]

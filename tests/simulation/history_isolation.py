"""What transactions read of each other, in the words of Adya and of Jepsen's Kafka workload.

    G1c               of transactions that were committed each read what the next one wrote, and the last one what the
                      first one wrote
    nonmonotonic poll a reader got a record, and then one before it
    poll skip         a reader got a record, and not all that lie between it and the one before, or where it began

The other anomalies of what they read are those of every reader of committed records (`history_transactions.py`): G1a is
"aborted read" there, and G1c begins with a "precommitted read", which is found first where the reader's transaction is
known to be open. G1b, a value that its transaction has overwritten, cannot be: a log keeps all.

One transaction depends on another if it read what the other one wrote. That both wrote to one partition says nothing of
their order, in Kafka: records of several lie between each other in a log, and none waits for another (G0 is no bug).
Nor are offsets that a transaction skipped, or that it read again after an abort; and a record may be read as soon as
its transaction's commit is decided, before the producer is told. The reads of a transaction that was aborted count for
nothing. Where nobody knows the outcome it counts as committed: what it wrote otherwise, nobody has read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.simulation.cluster import Violation
from tests.simulation.history import Place
from tests.simulation.history_transactions import Log, Outcome, Transaction, TransactionHistory


@dataclass(slots=True)
class Reader:
    """A consumer that is used within transactions: where it began, and the offsets of all that it got."""

    history: TransactionHistory
    name: str
    starts: Mapping[Place, int]
    offsets: dict[Place, list[int]] = field(default_factory=lambda: defaultdict(list))

    def got(self, transaction: Transaction, place: Place, offset: int, value: str) -> None:
        """In this transaction it got this record."""
        if self.history.lossy:
            return
        before = self.offsets[place]
        if offset < (before[-1] + 1 if before else self.starts[place]):
            raise Violation(f"nonmonotonic poll: {self.name} read {place} {offset} after {before[-1:]}")
        before.append(offset)
        self.history.saw(self.name, place, offset, value)
        self.history.reads(transaction, value)

    def passed(self, place: Place, log: Log) -> list[str]:
        """What is there, and it did not get, as far as it got."""
        found = set(self.offsets[place])
        end = max(found, default=-1)
        return [value for offset, value in log if self.starts[place] <= offset < end and offset not in found]


class IsolationHistory:
    """See the module. `transactions` has been told of them all. After records were lost by right nothing is checked."""

    def __init__(self, transactions: TransactionHistory) -> None:
        self._history = transactions
        self._readers: list[Reader] = []

    def reader(self, name: str, starts: Mapping[Place, int]) -> Reader:
        """One that begins here."""
        made = Reader(self._history, name, dict(starts))
        self._readers.append(made)
        return made

    def anomalies(self, logs: Mapping[Place, Log]) -> Iterator[str]:
        """In the end; `logs`: all that readers of committed records can read."""
        for reader in self._readers:
            for place in reader.offsets:
                if passed := reader.passed(place, logs[place]):
                    yield f"poll skip: {reader.name} passed over {passed[:3]} in {place}"
        if found := circle(self._history.transactions):
            yield "G1c: " + ", ".join(found)


def circle(transactions: Sequence[Transaction]) -> list[str]:
    """Who read what of whom, around a circle of the transactions that count; empty if there is none."""
    count = [each for each in transactions if each.outcome is not Outcome.ABORTED]
    writer = {value: number for number, each in enumerate(count) for value in each.written}
    sources = [{writer[value]: value for value in each.reads if value in writer} for each in count]
    left = _left(sources)
    if not left:
        return []
    number, path = min(left), list[int]()
    while number not in path:
        path.append(number)
        number = next(source for source in sources[number] if source in left)
    path = path[path.index(number) :]
    around = zip(path, [*path[1:], number], strict=True)
    return [
        f"{count[one].instance.transactional_id} read {sources[one][other]} of {count[other].instance.transactional_id}"
        for one, other in around
    ]


def _left(sources: Sequence[Mapping[int, str]]) -> set[int]:
    """Those that are in a circle, or depend on one; `sources`: on whom each depends."""
    waits = [len(each) for each in sources]
    readers: dict[int, list[int]] = defaultdict(list)
    for number, each in enumerate(sources):
        for source in each:
            readers[source].append(number)
    free = [number for number, each in enumerate(waits) if not each]
    for source in free:
        for number in readers[source]:
            waits[number] -= 1
            if not waits[number]:
                free.append(number)
    return set(range(len(sources))).difference(free)

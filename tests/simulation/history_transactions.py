"""What transactions wrote, and what readers of committed records must see of them.

    partly visible    some records of a transaction are there and some are not
    lost              a transaction was committed, and its records are not there
    aborted read      a record of a transaction that was not committed is there
    zombie write      the same, of one that was begun when a later producer with its id had begun already
    duplicate         a record is there more than once
    reordered         one producer's records are in another order than they were sent in, within a transaction or over
                      several
    inconsistent      a reader got another record at this offset
    precommitted read a reader got a record of a transaction whose producer had not yet asked for it to be committed
    poll skip         a reader passed over a record that is there
    not the input     what was processed exactly once is not what there was to process, once and in order

Whether a transaction was committed is open while nobody was told; then all of it or nothing is right.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

import trio
from tests.simulation.cluster import Violation
from tests.simulation.history import History, Place

Log = Sequence[tuple[int, str]]
"""What can be read of a partition: (offset, value)."""


class Outcome(Enum):
    """What became of a transaction, as far as is known."""

    OPEN = "open"
    COMMITTED = "committed"
    ABORTED = "aborted"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class Instance:
    """One producer with a transactional id: the last of them that has begun is the only one that may write."""

    transactional_id: str
    asked_at: float
    began_at: float = float("inf")
    """When its first transaction could begin; it has been the only one since some time after `asked_at`."""


@dataclass(slots=True)
class Transaction:
    """What one transaction was to write."""

    instance: Instance
    values: dict[Place, list[str]] = field(default_factory=lambda: defaultdict(list))
    reads: list[str] = field(default_factory=list)
    """What its producer read meanwhile of other transactions."""
    outcome: Outcome = Outcome.OPEN
    is_zombie: bool = False
    is_ending: bool = False
    """Whether it may be committed from now on."""

    @property
    def written(self) -> list[str]:
        return [value for values in self.values.values() for value in values]

    @property
    def must_not_be_seen(self) -> bool:
        return self.is_zombie or self.outcome is Outcome.ABORTED


class TransactionHistory:
    """See the module. After records were lost by right it checks nothing more."""

    def __init__(self, records: History) -> None:
        self._records = records
        self.counts: Counter[str] = Counter()
        self.transactions: list[Transaction] = []
        self.seen: dict[Place, dict[int, str]] = defaultdict(dict)
        """By readers of committed records: offset -> value."""
        self._instances: dict[str, list[Instance]] = defaultdict(list)
        self._by_value: dict[str, Transaction] = {}

    @property
    def lossy(self) -> bool:
        return self._records.losses > 0

    def count(self, what: str) -> None:
        self.counts[f"transactions: {what}"] += 1

    # Producers

    def instance(self, transactional_id: str) -> Instance:
        """A producer of this id is about to begin."""
        made = Instance(transactional_id, trio.current_time())
        self._instances[transactional_id].append(made)
        return made

    def begins(self, instance: Instance) -> Transaction:
        """A transaction has begun, the producer thinks."""
        now = trio.current_time()
        instance.began_at = min(instance.began_at, now)
        transaction = Transaction(instance)
        transaction.is_zombie = any(
            instance.began_at < other.asked_at and other.began_at < now
            for other in self._instances[instance.transactional_id]
        )
        self.count("begun by zombies" if transaction.is_zombie else "begun")
        self.transactions.append(transaction)
        return transaction

    def writes(self, transaction: Transaction, place: Place, value: str) -> None:
        """The transaction is to have this record."""
        transaction.values[place].append(value)
        self._by_value[value] = transaction

    def reads(self, transaction: Transaction, value: str) -> None:
        """The producer got this meanwhile."""
        transaction.reads.append(value)
        writer = self._by_value.get(value)
        self.count("read by transactions" + (" before it was told" if writer and _is_not_told(writer) else ""))

    def commits(self, transaction: Transaction) -> None:
        """The producer is about to ask for that."""
        transaction.is_ending = True

    def ended(self, transaction: Transaction, outcome: Outcome) -> None:
        """This became of it, the producer thinks. Where it wrote nothing, nobody was asked."""
        transaction.outcome = outcome
        self.count(outcome.value)
        if outcome is Outcome.COMMITTED and transaction.is_zombie and transaction.values and not self.lossy:
            raise Violation(f"zombie write: {transaction.instance} committed {dict(transaction.values)}")

    # Readers

    def saw(self, reader: str, place: Place, offset: int, value: str) -> None:
        """A reader of committed records got this."""
        if self.lossy:
            return
        known = self.seen[place].setdefault(offset, value)
        if known != value:
            raise Violation(f"inconsistent: {place} {offset} was read as {known} and, by {reader}, as {value}")
        transaction = self._by_value.get(value)
        if transaction is not None and transaction.must_not_be_seen:
            raise Violation(f"{_forbidden(transaction)}: {reader} got {value} at {place} {offset}")
        if transaction is not None and not transaction.is_ending:
            raise Violation(f"precommitted read: {reader} got {value} at {place} {offset}, and its transaction is open")

    # In the end

    def anomalies(self, logs: Mapping[Place, Log]) -> Iterator[str]:
        """All that is wrong with what transactions of their own wrote; `logs`: all that readers of committed records
        can read.
        """
        offsets: dict[str, list[int]] = defaultdict(list)
        for place, log in logs.items():
            for offset, value in log:
                offsets[value].append(offset)
            yield from self.misread(place, log)
        for value, found in offsets.items():
            if value not in self._by_value:
                yield f"phantom: nobody sent {value}"
            elif len(found) > 1:
                yield f"duplicate: {value} is at {found}"
        for transaction in self.transactions:
            if any(place in logs for place in transaction.values):
                yield from _wrong(transaction, offsets)
        yield from self._order(offsets)

    def _order(self, offsets: Mapping[str, Sequence[int]]) -> Iterator[str]:
        """What a producer writes to a partition in one transaction lies behind what it wrote there in those before."""
        latest: dict[tuple[int, Place], str] = {}
        for transaction in self.transactions:
            for place, values in transaction.values.items():
                key = id(transaction.instance), place
                for value in values:
                    before = latest.get(key)
                    if value in offsets and before is not None and offsets[value][0] < offsets[before][0]:
                        yield f"reordered: {value} is at {place} {offsets[value][0]}, before {before}"
                    if value in offsets:
                        latest[key] = value

    def misread(self, place: Place, log: Log) -> Iterator[str]:
        """What the readers of a partition got that is not what is there, up to where they got."""
        values, seen = dict(log), self.seen[place]
        for offset, value in seen.items():
            if values.get(offset) != value:
                yield f"inconsistent: {value} was read at {place} {offset}, where {values.get(offset)} is"
        end = max(seen, default=-1)
        if passed := [value for offset, value in log if offset < end and offset not in seen]:
            yield f"poll skip: readers of {place} came to {end}, and did not get {passed[:3]}"

    def not_the_input(self, inputs: Mapping[int, Log], outputs: Mapping[int, Log]) -> Iterator[str]:
        """By partition: what there was to process, and what came out."""
        for partition, log in inputs.items():
            wanted, found = [value for _, value in log], [value for _, value in outputs[partition]]
            if found != wanted:
                at = next((n for n, (one, other) in enumerate(zip(wanted, found, strict=False)) if one != other), -1)
                at = min(len(wanted), len(found)) if at < 0 else at
                yield (
                    f"not the input: partition {partition} has {len(found)} records of {len(wanted)}; "
                    f"from {at} on {found[at : at + 3]} instead of {wanted[at : at + 3]}"
                )


def _is_not_told(transaction: Transaction) -> bool:
    """Whether it may be committed, and its producer does not know yet."""
    return transaction.outcome in (Outcome.OPEN, Outcome.UNKNOWN)


def _forbidden(transaction: Transaction) -> str:
    return "zombie write" if transaction.is_zombie else "aborted read"


def _wrong(transaction: Transaction, offsets: Mapping[str, Sequence[int]]) -> Iterator[str]:
    every = transaction.written
    there = [value for value in every if value in offsets]
    if there and transaction.must_not_be_seen:
        yield f"{_forbidden(transaction)}: {there[0]} is there"
    elif transaction.outcome is Outcome.COMMITTED and len(there) < len(every):
        yield f"lost: of {transaction.instance.transactional_id}'s {every} only {there} are there"
    elif 0 < len(there) < len(every):
        yield f"partly visible: of {transaction.instance.transactional_id}'s {every} only {there} are there"

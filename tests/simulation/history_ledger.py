"""What can be wrong with a compacted topic into which transactions write, as those see it who read all of it.

Readers of committed records and readers of everything are held to what is said of any compacted topic
(`history_cleaning.py`), with these differences:

- what counts as a key's last record is the last one of a transaction that was committed, for both of them;
- a record counts from when somebody was told that the transaction was committed: its producer, or a reader of committed
  records that got any record of it. So a transaction of which only a part is seen is lost in parts;
- for readers of everything, a record of a transaction that was aborted takes the place of none.

What readers of committed records must not get (aborted reads, zombie writes, precommitted reads) is known to the
history of transactions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from tests.simulation.history import Place
from tests.simulation.history_cleaning import KeyedHistory, KeyedRecord, KeyedSend
from tests.simulation.history_transactions import Transaction, TransactionHistory


class LedgerHistory(KeyedHistory):
    """Of one partition. Names are unique: `life:transaction:number`."""

    def __init__(self, transactions: TransactionHistory, place: Place) -> None:
        super().__init__()
        self._transactions = transactions
        self._place = place
        self._of: dict[str, Transaction] = {}
        self._names: dict[int, list[str]] = defaultdict(list)
        """By the transaction's identity: what it has written."""

    def writes(self, transaction: Transaction, name: str, key: str, is_tombstone: bool, now: float) -> None:
        """The transaction is to have this record."""
        self._transactions.writes(transaction, self._place, name)
        self._sends[name] = KeyedSend(key, is_tombstone, now)
        self._of[name] = transaction
        self._names[id(transaction)].append(name)

    def is_at(self, name: str, offset: int) -> None:
        """The record is in the log; a broker may not say where (-1)."""
        send = self._sends[name]
        if offset >= 0 and send.offset is None:
            send.offset = offset
            self._at[offset] = name

    def committed(self, transaction: Transaction, now: float) -> None:
        """Somebody was told."""
        for name in self._names[id(transaction)]:
            send = self._sends[name]
            send.known_at = min(send.known_at, now)

    def wrong_with(
        self,
        log: Sequence[KeyedRecord],
        end: int,
        *,
        committed: bool,
        began: float,
        now: float,
        tombstones_stay: float,
    ) -> list[str]:
        """What is wrong with what somebody read from the beginning to `end`, between `began` and `now`.

        `committed`: a reader of committed records, which does not get beyond the last stable offset; raises Violation
        for what it must not get.
        """
        found = [*self._of_records(log), *self._of_order(log)]
        if found:
            return found
        for record in log:
            self.is_at(record.name, record.offset)
            if committed:
                self._transactions.saw("a reader of all", self._place, record.offset, record.name)
                self.committed(self._of[record.name], now)
        counts = [record for record in log if not self._of[record.name].must_not_be_seen]
        return list(self._of_keys(counts, began, now, 0, tombstones_stay, end))

    def aborted_in(self, log: Sequence[KeyedRecord]) -> Iterator[KeyedRecord]:
        """What is there of transactions that were aborted."""
        return (record for record in log if self._of[record.name].must_not_be_seen)

"""Which batches the cleaner may throw away because of what became of their transactions.

What is cleaned lies before the last stable offset, so every transaction in it is decided, and the index of aborted
transactions names those whose records are of no use to anybody. A marker is needed as long as there is any batch of its
transaction before it, even an empty one: without it the transaction would seem to go on. After that it stays for
another `delete.retention.ms`, so that a consumer that has read some of the records still finds it (KIP-98, KIP-534).

Fed with all batches of the log from some offset on, in their order.
"""

from __future__ import annotations

from collections.abc import Iterable

from barnabas.protocol.record_batch import ControlType, RecordBatch, control_type
from barnabas.storage.transaction_index import AbortedTransaction


class CleanedTransactions:
    """See the module's text."""

    __slots__ = ("_aborted", "_committed", "_kept", "_next", "_open", "_seen")

    def __init__(self, aborted: Iterable[AbortedTransaction]) -> None:
        """`aborted`: those whose marker comes with the batches, or after them, and no others."""
        self._aborted = sorted(aborted, key=lambda each: each.first_offset)
        self._next = 0
        self._open: dict[int, AbortedTransaction] = {}
        self._seen: set[int] = set()
        """Producers of those in `_open` of which there was a batch."""
        self._committed: set[int] = set()
        """Producers of transactions that will be committed, and of which there was a batch."""
        self._kept: list[AbortedTransaction] = []

    def is_aborted(self, batch: RecordBatch) -> bool:
        """Whether the records of this data batch were aborted."""
        self._begin_up_to(batch.last_offset)
        if not batch.is_transactional:
            return False
        if batch.producer_id in self._open:
            self._seen.add(batch.producer_id)
            return True
        self._committed.add(batch.producer_id)
        return False

    def is_needless(self, batch: RecordBatch) -> bool:
        """Whether there is nothing left of what this control batch ends. Raises CorruptRecords."""
        self._begin_up_to(batch.last_offset)
        record = next(batch.records(), None)
        if record is None:
            return True
        kind, producer_id = control_type(record.key), batch.producer_id
        if kind is ControlType.ABORT:
            aborted = self._open.pop(producer_id, None)
            if aborted is None or producer_id not in self._seen:
                return True
            self._seen.discard(producer_id)
            self._kept.append(aborted)
            return False
        if kind is ControlType.COMMIT:
            needless = producer_id not in self._committed
            self._committed.discard(producer_id)
            return needless
        return False

    def take_kept(self) -> list[AbortedTransaction]:
        """The aborted ones whose marker stays, since this was called last: for the new segment's index."""
        kept, self._kept = self._kept, []
        return kept

    def _begin_up_to(self, offset: int) -> None:
        while self._next < len(self._aborted) and self._aborted[self._next].first_offset <= offset:
            aborted = self._aborted[self._next]
            self._open[aborted.producer_id] = aborted
            self._next += 1

"""What the coordinator knows of one transactional id, and how that changes.

    Empty ──► Ongoing ──► PrepareCommit ──► CompleteCommit ─┐
      ▲          │  ▲                                       │  (the next transaction begins from Complete*)
      │          │  └───────────────────────────────────────┤
      │          └──────► PrepareAbort ───► CompleteAbort ──┤
      └── InitProducerId ◄──────────────────────────────────┘

- InitProducerId makes it Empty, in a new epoch; partitions that are added make it Ongoing.
- EndTxn, a timeout, or another producer that fences this one make it Prepare*: once that is committed the outcome is
  settled, and markers are sent until every partition has one. Then it is Complete*.
- In the second version of the protocol (KIP-890) each Prepare* takes the next epoch, which is the marker's and then
  the producer's for its next transaction; an abort needs no partitions, and so begins from Empty and Complete* too.
- Epoch 32766 is the last that a producer works in, so that there is always one left to fence it with. Then the id gets
  another producer id, of epoch 0: at once from InitProducerId, with Complete* in the second version, whoever settled
  the end (KAFKA-20090).

A state is immutable; transitions give a new one, and each is one record of `__transaction_state`. What Kafka does not
write is not in the record: the epoch before this one, by which an InitProducerId that is repeated is known. It is kept
by the machine as far as it can be.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

from barnabas.broker.coordinator.records import Record
from barnabas.protocol.messages.transaction_log_key import TransactionLogKey
from barnabas.protocol.messages.transaction_log_value import TransactionLogValue

NO_PRODUCER_ID: Final = -1
NO_EPOCH: Final = -1
NO_TIME: Final = -1
MAX_EPOCH: Final = (1 << 15) - 1
FIRST_VERSION_WITH_EPOCH_BUMP: Final = 2
"""Of `transaction.version`."""

TopicPartition = tuple[str, int]


class TransactionState(IntEnum):
    """As numbered in the log."""

    EMPTY = 0
    ONGOING = 1
    PREPARE_COMMIT = 2
    PREPARE_ABORT = 3
    COMPLETE_COMMIT = 4
    COMPLETE_ABORT = 5
    DEAD = 6
    PREPARE_EPOCH_FENCE = 7

    @property
    def text(self) -> str:
        """The name that DescribeTransactions and ListTransactions give."""
        return "".join(word.capitalize() for word in self.name.split("_"))

    @property
    def is_prepared(self) -> bool:
        """Whether the outcome is settled, and markers are on their way."""
        return self in (TransactionState.PREPARE_COMMIT, TransactionState.PREPARE_ABORT)

    @property
    def is_complete(self) -> bool:
        return self in (TransactionState.COMPLETE_COMMIT, TransactionState.COMPLETE_ABORT)

    @property
    def may_expire(self) -> bool:
        """Whether an id in this state may be forgotten when it was not used for long."""
        return self is TransactionState.EMPTY or self.is_complete


def is_exhausted(epoch: int) -> bool:
    """Whether a producer of this epoch needs another producer id for its next one."""
    return epoch >= MAX_EPOCH - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionMetadata:
    """See the module's text. Times are wall clock ms, -1 for none."""

    transactional_id: str
    producer_id: int
    producer_epoch: int
    timeout_ms: int
    previous_producer_id: int = NO_PRODUCER_ID
    """The producer id before the last transition."""
    next_producer_id: int = NO_PRODUCER_ID
    """That which Complete* will give; -1 where the producer keeps its own."""
    last_producer_epoch: int = NO_EPOCH
    """The epoch before this one, from which a producer may ask for this one again; -1 if that is not known."""
    state: TransactionState = TransactionState.EMPTY
    partitions: frozenset[TopicPartition] = frozenset()
    start_ms: int = NO_TIME
    last_update_ms: int = NO_TIME
    version: int = 0
    """`transaction.version` that the transaction follows."""

    def __str__(self) -> str:
        return f"{self.transactional_id} {self.producer_id}/{self.producer_epoch} {self.state.text}"

    @property
    def bumps_epoch(self) -> bool:
        return self.version >= FIRST_VERSION_WITH_EPOCH_BUMP

    # Transitions

    def with_next_epoch(self, timeout_ms: int, last_epoch: int, now_ms: int) -> TransactionMetadata:
        """Empty, in the epoch after this one."""
        return self._emptied(self.producer_id, self.producer_epoch + 1, last_epoch, timeout_ms, now_ms)

    def with_same_epoch(self, timeout_ms: int, now_ms: int) -> TransactionMetadata:
        """Empty, as it was when the producer asked for the first time."""
        return self._emptied(self.producer_id, self.producer_epoch, self.last_producer_epoch, timeout_ms, now_ms)

    def with_producer_id(self, producer_id: int, timeout_ms: int, last_epoch: int, now_ms: int) -> TransactionMetadata:
        """Empty, with another producer id."""
        return self._emptied(producer_id, 0, last_epoch, timeout_ms, now_ms)

    def _emptied(
        self, producer_id: int, epoch: int, last_epoch: int, timeout_ms: int, now_ms: int
    ) -> TransactionMetadata:
        return replace(
            self,
            state=TransactionState.EMPTY,
            producer_id=producer_id,
            previous_producer_id=self.producer_id,
            next_producer_id=NO_PRODUCER_ID,
            producer_epoch=epoch,
            last_producer_epoch=last_epoch,
            timeout_ms=timeout_ms,
            partitions=frozenset(),
            start_ms=NO_TIME,
            last_update_ms=now_ms,
        )

    def with_last_epoch(self, last_epoch: int) -> TransactionMetadata:
        """The same, with what its record does not tell."""
        return replace(self, last_producer_epoch=last_epoch)

    def with_partitions(self, added: Iterable[TopicPartition], version: int, now_ms: int) -> TransactionMetadata:
        """Ongoing, with more partitions."""
        return replace(
            self,
            state=TransactionState.ONGOING,
            previous_producer_id=self.producer_id,
            partitions=self.partitions.union(added),
            start_ms=self.start_ms if self.state is TransactionState.ONGOING else now_ms,
            last_update_ms=now_ms,
            version=version,
        )

    def fencing_rotates(self, version: int) -> bool:
        """Whether `aborted_and_fenced` takes a new producer id."""
        return version >= FIRST_VERSION_WITH_EPOCH_BUMP and is_exhausted(self.producer_epoch)

    def aborted_and_fenced(self, version: int, new_producer_id: int | None, now_ms: int) -> TransactionMetadata:
        """PrepareAbort, without the producer having asked for it: in an epoch that it was not given.

        `new_producer_id` is there if `fencing_rotates` said so.
        """
        if version >= FIRST_VERSION_WITH_EPOCH_BUMP:
            next_id = NO_PRODUCER_ID if new_producer_id is None else new_producer_id
            return self.prepared(commit=False, version=version, next_producer_id=next_id, now_ms=now_ms)
        fenced = replace(self, producer_epoch=min(self.producer_epoch + 1, MAX_EPOCH), last_producer_epoch=NO_EPOCH)
        return fenced.prepared(commit=False, version=version, now_ms=now_ms)

    def prepared(
        self, *, commit: bool, version: int, next_producer_id: int = NO_PRODUCER_ID, now_ms: int
    ) -> TransactionMetadata:
        """The outcome is settled."""
        epoch, last_epoch = self.producer_epoch, self.last_producer_epoch
        if version >= FIRST_VERSION_WITH_EPOCH_BUMP:
            # From the last epoch there is nowhere to go (KAFKA-20090).
            epoch, last_epoch = min(epoch + 1, MAX_EPOCH), epoch
        return replace(
            self,
            state=TransactionState.PREPARE_COMMIT if commit else TransactionState.PREPARE_ABORT,
            previous_producer_id=self.producer_id,
            producer_epoch=epoch,
            last_producer_epoch=last_epoch,
            next_producer_id=next_producer_id,
            start_ms=self.start_ms if self.state is TransactionState.ONGOING else now_ms,
            last_update_ms=now_ms,
            version=version,
        )

    def completed(self, now_ms: int) -> TransactionMetadata:
        """All partitions have their marker."""
        commit = self.state is TransactionState.PREPARE_COMMIT
        rotates = self.bumps_epoch and self.next_producer_id != NO_PRODUCER_ID
        return replace(
            self,
            state=TransactionState.COMPLETE_COMMIT if commit else TransactionState.COMPLETE_ABORT,
            producer_id=self.next_producer_id if rotates else self.producer_id,
            previous_producer_id=self.producer_id,
            next_producer_id=NO_PRODUCER_ID,
            producer_epoch=0 if rotates else self.producer_epoch,
            partitions=frozenset(),
            last_update_ms=now_ms,
        )

    # Its record

    def record(self) -> Record:
        """What is written to `__transaction_state`."""
        topics: dict[str, list[int]] = {}
        for topic, index in sorted(self.partitions):
            topics.setdefault(topic, []).append(index)
        empty = self.state is TransactionState.EMPTY
        value = TransactionLogValue(
            producer_id=self.producer_id,
            previous_producer_id=self.previous_producer_id,
            next_producer_id=self.next_producer_id,
            producer_epoch=self.producer_epoch,
            transaction_timeout_ms=self.timeout_ms,
            transaction_status=self.state,
            transaction_partitions=None
            if empty
            else [
                TransactionLogValue.PartitionsSchema(topic=topic, partition_ids=indexes)
                for topic, indexes in topics.items()
            ],
            transaction_last_update_timestamp_ms=self.last_update_ms,
            transaction_start_timestamp_ms=self.start_ms,
            client_transaction_version=self.version,
        )
        return Record(TransactionLogKey(transactional_id=self.transactional_id), value)

    @classmethod
    def from_record(cls, transactional_id: str, value: TransactionLogValue) -> TransactionMetadata:
        """What a record says. Raises ValueError for a state that nobody knows."""
        return cls(
            transactional_id=transactional_id,
            producer_id=value.producer_id,
            previous_producer_id=value.previous_producer_id,
            next_producer_id=value.next_producer_id,
            producer_epoch=value.producer_epoch,
            timeout_ms=value.transaction_timeout_ms,
            state=TransactionState(value.transaction_status),
            partitions=frozenset(
                (topic.topic, index) for topic in value.transaction_partitions or () for index in topic.partition_ids
            ),
            start_ms=value.transaction_start_timestamp_ms,
            last_update_ms=value.transaction_last_update_timestamp_ms,
            version=value.client_transaction_version,
        )


def tombstone(transactional_id: str) -> Record:
    """The record by which an id is forgotten."""
    return Record(TransactionLogKey(transactional_id=transactional_id), None)

"""The transaction coordinator of one partition of `__transaction_state`, as a replicated machine (KIP-98, KIP-890).

Who may write under which transactional id, and how its transactions end, is decided here and nowhere else. The two
phases of an end:

    1  Prepare* is appended: once it is committed the outcome is settled, whatever dies, and the client is answered
    2  markers go to the leaders of all partitions (`MarkerOutbox`); when each has its own, Complete* is appended

What it keeps true: no marker leaves before its Prepare* is committed; a new coordinator, which finds Prepare* in the
log, sends all markers again, in its own epoch; while an id is in Prepare*, nothing else happens under it.

Durable state is `_transactions`, changed by replay alone. Soft state: the epochs before the present ones, which Kafka
does not write either (a producer that repeats its InitProducerId over a failover is fenced); orders whose record is not
committed; when to look next for what has timed out or is expired. Open transactions are looked through at intervals,
not each at its time: a timeout is late by one interval at most.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Final, cast

from barnabas.broker.coordinator.answers import Answer, Decision, Waiter
from barnabas.broker.coordinator.records import CoordinatorRecord, Record
from barnabas.broker.coordinator.transactions import ending, init_producer_id
from barnabas.broker.coordinator.transactions.config import TransactionConfig
from barnabas.broker.coordinator.transactions.init_producer_id import ProducerIdentity
from barnabas.broker.coordinator.transactions.marker_order import MarkerOrder, MarkerOutbox
from barnabas.broker.coordinator.transactions.metadata import (
    NO_EPOCH,
    NO_PRODUCER_ID,
    TopicPartition,
    TransactionMetadata,
    TransactionState,
    tombstone,
)
from barnabas.broker.coordinator.transactions.partitions import add_partitions, verify_partitions
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.transaction_log_key import TransactionLogKey
from barnabas.protocol.messages.transaction_log_value import TransactionLogValue
from barnabas.server.runtime import Result

_RECORDS_AT_ONCE: Final = 1000
"""Of one decision that is due by time."""
_UNKNOWN: Final = (NO_PRODUCER_ID, NO_EPOCH, NO_EPOCH)


class TransactionCoordinator:
    """See the module's text. Times named `now` are seconds, `now_ms` the wall clock in ms."""

    def __init__(
        self,
        partition: int,
        config: TransactionConfig,
        outbox: MarkerOutbox,
        server_version: Callable[[], int],
        take_producer_id: Callable[[], int | None],
    ) -> None:
        """`server_version` gives the level of `transaction.version` in the cluster, `take_producer_id` a new producer
        id if there is one now.
        """
        self.partition: Final = partition
        self._config: Final = config
        self._outbox: Final = outbox
        self._server_version: Final = server_version
        self._take_producer_id: Final = take_producer_id
        self._transactions: dict[str, TransactionMetadata] = {}
        self._ongoing: dict[str, None] = {}
        """A set in the order of the beginnings."""
        self._last_epochs: dict[str, tuple[int, int, int]] = {}
        """By id, for a record that is being written: its producer id and epoch, and the epoch before."""
        self._unsent: deque[tuple[int, MarkerOrder]] = deque()
        """Orders, with the offset that is to be committed first."""
        self._serving = False
        self._coordinator_epoch = -1
        self._next_abort = 0.0
        self._next_expiration = 0.0

    def __str__(self) -> str:
        return f"transactions {self.partition}: {len(self._transactions)} ids, {len(self._ongoing)} ongoing"

    def __len__(self) -> int:
        return len(self._transactions)

    def __iter__(self) -> Iterator[TransactionMetadata]:
        return iter(self._transactions.values())

    def get(self, transactional_id: str) -> TransactionMetadata | None:
        """The present state of an id, which may not be committed yet."""
        return self._transactions.get(transactional_id)

    # Requests

    def init_needs_producer_id(self, transactional_id: str, expected: ProducerIdentity | None) -> bool:
        """Whether `handle_init_producer_id` wants a new producer id."""
        return init_producer_id.needs_producer_id(self.get(transactional_id), expected, self._server_version())

    def handle_init_producer_id(
        self,
        transactional_id: str,
        timeout_ms: int,
        expected: ProducerIdentity | None,
        new_producer_id: int | None,
        waiter: Waiter,
        now_ms: int,
    ) -> Decision:
        """The answer is an `Initialization`. WireError as of `initialize`."""
        made = init_producer_id.initialize(
            transactional_id,
            self.get(transactional_id),
            timeout_ms,
            expected,
            new_producer_id=new_producer_id,
            server_version=self._server_version(),
            now_ms=now_ms,
        )
        return self._decide(made.metadata, waiter, made)

    def handle_add_partitions(
        self,
        transactional_id: str,
        producer: ProducerIdentity,
        partitions: frozenset[TopicPartition],
        version: int,
        waiter: Waiter,
        now_ms: int,
    ) -> Decision:
        """The answer is NONE. WireError as of `check_producer`."""
        changed = add_partitions(self.get(transactional_id), *producer, partitions, version=version, now_ms=now_ms)
        return self._decide(changed, waiter, ErrorCode.NONE)

    def handle_verify_partitions(
        self, transactional_id: str, producer: ProducerIdentity, partitions: Iterable[TopicPartition], waiter: Waiter
    ) -> Decision:
        """The answer is an error code for each partition. WireError as of `check_producer`."""
        answer = verify_partitions(self.get(transactional_id), *producer, partitions)
        return self._decide(None, waiter, answer)

    def end_needs_producer_id(self, transactional_id: str, epoch: int, version: int) -> bool:
        """Whether `handle_end_transaction` wants a new producer id."""
        return ending.needs_producer_id(self.get(transactional_id), epoch, version)

    def handle_end_transaction(
        self,
        transactional_id: str,
        producer: ProducerIdentity,
        *,
        commit: bool,
        version: int,
        new_producer_id: int | None,
        waiter: Waiter,
        now_ms: int,
    ) -> Decision:
        """The answer is the `ProducerIdentity` to go on with. WireError as of `end_transaction`."""
        metadata = self.get(transactional_id)
        prepared = ending.end_transaction(
            metadata, *producer, commit=commit, version=version, new_producer_id=new_producer_id, now_ms=now_ms
        )
        after = metadata if prepared is None else prepared.completed(now_ms)
        assert after is not None
        return self._decide(prepared, waiter, ProducerIdentity(after.producer_id, after.producer_epoch))

    def handle_markers_written(self, order: MarkerOrder, now_ms: int) -> Decision:
        """Every partition of the order has its marker. Nothing happens where the order is out of date."""
        metadata = self.get(order.transactional_id)
        if (
            metadata is None
            or not metadata.state.is_prepared
            or (metadata.producer_id, metadata.producer_epoch) != (order.producer_id, order.producer_epoch)
        ):
            return Result([], [])
        return self._decide(metadata.completed(now_ms))

    def _decide(
        self, changed: TransactionMetadata | None, waiter: Waiter | None = None, answer: object = None
    ) -> Decision:
        """Write the new state if there is one, and answer once all is committed that it was decided upon."""
        records: list[CoordinatorRecord] = []
        if changed is not None:
            records.append(changed.record())
            identity = (changed.producer_id, changed.producer_epoch, changed.last_producer_epoch)
            self._last_epochs[changed.transactional_id] = identity
        answers: list[Answer] = [] if waiter is None else [(waiter, answer)]
        return Result(records, answers)

    # What is due by time

    def next_deadline(self) -> float | None:
        """See `CoordinatorMachine`."""
        if not self._transactions:
            return None
        return min(self._next_abort, self._next_expiration) if self._ongoing else self._next_expiration

    def handle_deadline(self, now: float, now_ms: int) -> Decision:
        """Abort what took too long, fencing its producer; forget ids that were not used for long."""
        records: list[CoordinatorRecord] = []
        if self._ongoing and self._next_abort <= now:
            aborts = chain.from_iterable(self._abort(metadata, now_ms) for metadata in self._timed_out(now_ms))
            records += islice(aborts, _RECORDS_AT_ONCE)
            if len(records) < _RECORDS_AT_ONCE:
                self._next_abort = now + self._config.abort_interval
        if self._next_expiration <= now:
            expired = list(islice(self._expired(now_ms), _RECORDS_AT_ONCE))
            records += map(tombstone, expired)
            if len(expired) < _RECORDS_AT_ONCE:
                self._next_expiration = now + self._config.expiration_interval
        return Result(records, [], atomic=False)

    def _abort(self, metadata: TransactionMetadata, now_ms: int) -> Sequence[CoordinatorRecord]:
        """Abort and fence, unless another producer id is needed for that and there is none: next time, then."""
        version, new_id = self._server_version(), None
        if metadata.fencing_rotates(version) and (new_id := self._take_producer_id()) is None:
            return ()
        return self._decide(metadata.aborted_and_fenced(version, new_id, now_ms)).records

    def _timed_out(self, now_ms: int) -> Iterator[TransactionMetadata]:
        for transactional_id in self._ongoing:
            metadata = self._transactions[transactional_id]
            if metadata.start_ms + metadata.timeout_ms < now_ms:
                yield metadata

    def _expired(self, now_ms: int) -> Iterator[str]:
        latest = now_ms - self._config.id_expiration_ms
        for metadata in self:
            if metadata.state.may_expire and metadata.last_update_ms <= latest:
                yield metadata.transactional_id

    # The machine

    def loaded(self, now: float, now_ms: int) -> None:
        """See `CoordinatorMachine`. What the coordinator before has settled is carried on."""
        self._serving = True
        self._next_abort = now + self._config.abort_interval
        self._next_expiration = now + self._config.expiration_interval
        for metadata in self:
            if metadata.state.is_prepared:
                self._outbox.send(MarkerOrder.of(metadata, self.partition, self._coordinator_epoch))

    def replay(self, records: Sequence[CoordinatorRecord], last_offset: int, epoch: int) -> None:
        """See `barnabas.server.runtime.Machine`. `epoch` is the coordinator's."""
        self._coordinator_epoch = epoch
        for record in records:
            if isinstance(record, Record) and isinstance(record.key, TransactionLogKey):
                self._replay(record.key.transactional_id, cast("TransactionLogValue | None", record.value), last_offset)

    def _replay(self, transactional_id: str, value: TransactionLogValue | None, last_offset: int) -> None:
        self._ongoing.pop(transactional_id, None)
        if value is None:
            self._transactions.pop(transactional_id, None)
            self._last_epochs.pop(transactional_id, None)
            return
        metadata = TransactionMetadata.from_record(transactional_id, value)
        self._transactions[transactional_id] = metadata = self._with_last_epoch(metadata)
        if metadata.state is TransactionState.ONGOING:
            self._ongoing[transactional_id] = None
        elif metadata.state.is_prepared and self._serving:
            self._unsent.append((last_offset, MarkerOrder.of(metadata, self.partition, self._coordinator_epoch)))

    def _with_last_epoch(self, metadata: TransactionMetadata) -> TransactionMetadata:
        producer_id, epoch, last_epoch = self._last_epochs.pop(metadata.transactional_id, _UNKNOWN)
        if (producer_id, epoch) != (metadata.producer_id, metadata.producer_epoch) or last_epoch == NO_EPOCH:
            return metadata
        return metadata.with_last_epoch(last_epoch)

    def commit(self, offset: int) -> None:
        """See `barnabas.server.runtime.Machine`. What is settled now is sent."""
        while self._unsent and self._unsent[0][0] <= offset:
            self._outbox.send(self._unsent.popleft()[1])

    def revert(self) -> None:
        """A shard that resigns is thrown away with its machine."""

    def closed(self) -> list[Waiter]:
        """See `CoordinatorMachine`. Nobody is ever parked here."""
        self._outbox.cancel(self.partition, self._coordinator_epoch)
        return []

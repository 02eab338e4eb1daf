"""Before the first record of a transaction in a partition: ask its coordinator whether it knows of it (KIP-890).

Who writes transactional records asks `is_needed`; mostly not, because the transaction is open in the partition, and
nothing is spent on it. Otherwise `verify` asks, once for all of the producer's batches that come to the partition
meanwhile, and lets them go on in their order. Whoever goes on must find the partition as the answer left it: a marker
that came in between makes the answer void (`storage/verification.py`).

What the question is depends on the request's version (`Operation`): whether the coordinator has the partition in the
transaction, or, since the client no longer says so itself, that it take the partition into it. In the latter case the
coordinator may still be ending the transaction before: it is asked again for a moment, so that the client need not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from barnabas.protocol.errors import ErrorCode, WireError

if TYPE_CHECKING:
    from barnabas.broker.partition import Partition
    from barnabas.broker.purgatory import TimerSource
    from barnabas.storage.verification import Verification

Then = Callable[[ErrorCode], None]
"""Gets why records must not be written; NONE if they may be."""


class Operation(Enum):
    """What a version of Produce or TxnOffsetCommit stands for."""

    VERIFY = auto()
    """The client adds partitions itself, and does not know TRANSACTION_ABORTABLE."""
    VERIFY_ABORTABLE = auto()
    """It knows that error."""
    ADD = auto()
    """The partition is added by the first write to it."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a coordinator is asked about one partition."""

    transactional_id: str
    producer_id: int
    producer_epoch: int
    topic: str
    index: int
    add: bool


class Coordinators(Protocol):
    """The way to the coordinators (`TransactionQuestions`)."""

    def ask(self, question: Question, then: Callable[[ErrorCode], None]) -> None:
        """Ask; `then` gets the answer, perhaps at once. Answers come in the order of the questions to one node."""
        ...


@dataclass(frozen=True, slots=True)
class VerificationConfig:
    """Times in seconds."""

    enabled: bool = True
    """`transaction.partition.verification.enable`"""
    retry_backoff: float = 0.02
    """`add.partitions.to.txn.retry.backoff.ms`"""
    retry_timeout: float = 0.1
    """`add.partitions.to.txn.retry.backoff.max.ms`"""


_Key = tuple[bytes, int, int, int]
"""Topic id, index, producer id and epoch."""


class TransactionVerification:
    """See the module's text."""

    def __init__(
        self,
        coordinators: Coordinators,
        config: VerificationConfig,
        *,
        timers: TimerSource,
        clock: Callable[[], float],
        wall_clock_ms: Callable[[], int],
    ) -> None:
        self._coordinators: Final = coordinators
        self._config: Final = config
        self._timers: Final = timers
        self._clock: Final = clock
        self._wall_clock_ms: Final = wall_clock_ms
        self._waiting: dict[_Key, list[Then]] = {}

    @property
    def waiting(self) -> int:
        """How many batches wait for an answer."""
        return sum(map(len, self._waiting.values()))

    def is_needed(self, partition: Partition, producer_id: int, epoch: int, operation: Operation) -> bool:
        """Whether transactional records of this producer must not be written without asking.

        Raises WireError(INVALID_PRODUCER_EPOCH) for an epoch that is over: a zombie must not get in the way of others.
        """
        if (last := _later_epoch(partition, producer_id, epoch)) is not None:
            raise WireError(
                ErrorCode.INVALID_PRODUCER_EPOCH,
                f"Epoch of producer {producer_id} is {epoch}, which is smaller than the last seen epoch {last}",
            )
        if partition.log.producers.in_transaction(producer_id, epoch):
            return False
        return self._config.enabled or operation is Operation.ADD

    def verify(
        self,
        partition: Partition,
        transactional_id: str,
        producer_id: int,
        epoch: int,
        operation: Operation,
        then: Then,
        *,
        sequence: int = 0,
    ) -> None:
        """Ask about records whose first sequence number is `sequence`; `then` is called once, perhaps at once."""

        def begin() -> Verification:
            return partition.log.producers.verifications.begin(
                producer_id, epoch, sequence, bumps_epoch=operation is Operation.ADD, now_ms=self._wall_clock_ms()
            )

        key = (*partition.key, producer_id, epoch)
        waiting = self._waiting.get(key)
        if waiting is not None:
            begin()
            waiting.append(then)
            return
        self._waiting[key] = [then]
        question = Question(
            transactional_id, producer_id, epoch, partition.topic, partition.index, add=operation is Operation.ADD
        )
        limit = self._clock() + self._config.retry_timeout

        def answered(verification: Verification, error: ErrorCode) -> None:
            if not error:
                verification.verified_epoch = epoch
            before_ends = error is ErrorCode.CONCURRENT_TRANSACTIONS
            before_ended = not error and bool(self._void(partition, producer_id, epoch))
            if question.add and (before_ends or before_ended) and self._clock() < limit:
                self._timers.call_at(self._clock() + self._config.retry_backoff, ask)
                return
            for each in self._waiting.pop(key):
                each(as_leader_error(error, operation) or self._void(partition, producer_id, epoch))

        def ask() -> None:
            if _later_epoch(partition, producer_id, epoch) is not None:
                # What is begun now would be held against the next transaction.
                for each in self._waiting.pop(key):
                    each(ErrorCode.INVALID_PRODUCER_EPOCH)
                return
            # Begun anew each time: what makes us ask again is the end of the transaction before. Its marker voids what
            # was begun before it, even what the coordinator agreed to after it.
            self._coordinators.ask(question, partial(answered, begin()))

        ask()

    @staticmethod
    def _void(partition: Partition, producer_id: int, epoch: int) -> ErrorCode:
        """Whether a marker came since. Asked for each batch: the one before it may have begun the transaction."""
        producers = partition.log.producers
        if producers.verifications.is_verified(producer_id, epoch) or producers.in_transaction(producer_id, epoch):
            return ErrorCode.NONE
        return ErrorCode.INVALID_TXN_STATE


def _later_epoch(partition: Partition, producer_id: int, epoch: int) -> int | None:
    """The producer's epoch in the partition if this one is over."""
    state = partition.log.producers.get(producer_id)
    return state.epoch if state is not None and epoch < state.epoch else None


_TRY_AGAIN: Final = frozenset(
    {
        ErrorCode.CONCURRENT_TRANSACTIONS,
        ErrorCode.NETWORK_EXCEPTION,
        ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
        ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.NOT_COORDINATOR,
    }
)


def as_leader_error(error: ErrorCode, operation: Operation) -> ErrorCode:
    """What a coordinator's answer means to whoever writes to a partition."""
    if error is ErrorCode.PRODUCER_FENCED:
        return ErrorCode.INVALID_PRODUCER_EPOCH
    if error is ErrorCode.TRANSACTION_ABORTABLE and operation is Operation.VERIFY:
        return ErrorCode.INVALID_TXN_STATE
    return error


def as_produce_error(error: ErrorCode, operation: Operation) -> WireError:
    """What a producer is told of it."""
    if error is ErrorCode.INVALID_TXN_STATE:
        return WireError(error, "Partition was not added to the transaction")
    if error in _TRY_AGAIN and not (error is ErrorCode.CONCURRENT_TRANSACTIONS and operation is Operation.ADD):
        # An error that all clients try again without looking for another leader first.
        return WireError(
            ErrorCode.NOT_ENOUGH_REPLICAS,
            f"Unable to verify the partition has been added to the transaction. Underlying error: {error.name}",
        )
    return WireError(error)

"""InitProducerId under a transactional id: a producer takes the id over, and whoever had it before is fenced.

A producer that names the id and epoch it has (KIP-360) goes on from there: it gets the next epoch if it is the present
one, the same answer again if it is the one before, and is fenced otherwise. A transaction that is open is aborted
first, in an epoch that nobody is given, and the producer told to ask again.
"""

from __future__ import annotations

from typing import NamedTuple

from barnabas.broker.coordinator.transactions.metadata import (
    NO_EPOCH,
    NO_PRODUCER_ID,
    TransactionMetadata,
    TransactionState,
    is_exhausted,
)
from barnabas.protocol.errors import ErrorCode, WireError


class ProducerIdentity(NamedTuple):
    """A producer id and its epoch."""

    producer_id: int
    epoch: int


class Initialization(NamedTuple):
    """What an InitProducerId decides: the new state, and whether the producer is to ask again once it is written."""

    metadata: TransactionMetadata
    ask_again: bool = False


def needs_producer_id(
    metadata: TransactionMetadata | None, expected: ProducerIdentity | None, server_version: int
) -> bool:
    """Whether the decision will take a new producer id."""
    if metadata is None:
        return True
    if metadata.state is TransactionState.ONGOING:
        return metadata.fencing_rotates(server_version)
    return (
        metadata.state.may_expire
        and is_exhausted(metadata.producer_epoch)
        and (expected is None or expected.epoch == metadata.producer_epoch)
    )


def initialize(
    transactional_id: str,
    metadata: TransactionMetadata | None,
    timeout_ms: int,
    expected: ProducerIdentity | None,
    *,
    new_producer_id: int | None,
    server_version: int,
    now_ms: int,
) -> Initialization:
    """Decide. `new_producer_id` is there if `needs_producer_id` said so; `server_version` is `transaction.version`.

    Raises WireError: PRODUCER_FENCED, CONCURRENT_TRANSACTIONS; COORDINATOR_LOAD_IN_PROGRESS where a producer id is
    missing.
    """
    if metadata is None:
        # With an epoch before the first: whatever the producer thinks it has, it starts anew.
        metadata = TransactionMetadata(
            transactional_id=transactional_id,
            producer_id=_given(new_producer_id),
            producer_epoch=NO_EPOCH,
            timeout_ms=timeout_ms,
        )
        return Initialization(metadata.with_next_epoch(timeout_ms, NO_EPOCH, now_ms))
    if metadata.state.is_prepared:
        raise WireError(ErrorCode.CONCURRENT_TRANSACTIONS)
    if expected is not None and not _may_continue(metadata, expected):
        raise WireError(ErrorCode.PRODUCER_FENCED)
    next_id = _given(new_producer_id) if needs_producer_id(metadata, expected, server_version) else None
    if metadata.state is TransactionState.ONGOING:
        return Initialization(metadata.aborted_and_fenced(server_version, next_id, now_ms), ask_again=True)
    if next_id is not None:
        last_epoch = NO_EPOCH if expected is None else metadata.producer_epoch
        return Initialization(metadata.with_producer_id(next_id, timeout_ms, last_epoch, now_ms))
    return Initialization(_next_epoch(metadata, timeout_ms, expected, now_ms))


def _next_epoch(
    metadata: TransactionMetadata, timeout_ms: int, expected: ProducerIdentity | None, now_ms: int
) -> TransactionMetadata:
    if expected is None:
        return metadata.with_next_epoch(timeout_ms, NO_EPOCH, now_ms)
    if expected.epoch == metadata.producer_epoch:
        return metadata.with_next_epoch(timeout_ms, metadata.producer_epoch, now_ms)
    if expected.epoch == metadata.last_producer_epoch:
        return metadata.with_same_epoch(timeout_ms, now_ms)
    raise WireError(ErrorCode.PRODUCER_FENCED)


def _may_continue(metadata: TransactionMetadata, expected: ProducerIdentity) -> bool:
    """Whether the producer id is the present one, or the one that had no epochs left; the epoch is checked later."""
    if expected.producer_id == metadata.producer_id:
        return True
    return expected.producer_id == metadata.previous_producer_id and is_exhausted(expected.epoch)


def _given(producer_id: int | None) -> int:
    if producer_id is None or producer_id == NO_PRODUCER_ID:
        raise WireError(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
    return producer_id

"""EndTxn: the producer settles the outcome of its transaction, in either version of the protocol.

In the first version (EndTxn up to v4) the epoch stays, so a repeated EndTxn is known by the state alone. In the second
(v5, KIP-890) the epoch that the producer names tells whether it repeats itself (the epoch before the present one) or
ends its next transaction (the present one): a delayed EndTxn can never decide a later transaction. There an abort
needs no transaction: a producer that does not know how its last one stands aborts to be sure.
"""

from __future__ import annotations

from barnabas.broker.coordinator.transactions.metadata import (
    FIRST_VERSION_WITH_EPOCH_BUMP,
    MAX_EPOCH,
    NO_PRODUCER_ID,
    TransactionMetadata,
    TransactionState,
    is_exhausted,
)
from barnabas.protocol.errors import ErrorCode, WireError


def end_transaction(
    metadata: TransactionMetadata | None,
    producer_id: int,
    epoch: int,
    *,
    commit: bool,
    version: int,
    new_producer_id: int | None,
    now_ms: int,
) -> TransactionMetadata | None:
    """The prepared state; None if it was ended so before. `version` is that of the protocol that the client follows.

    `new_producer_id` is there if `needs_producer_id` said so. Raises WireError: INVALID_PRODUCER_ID_MAPPING,
    PRODUCER_FENCED, CONCURRENT_TRANSACTIONS, INVALID_TXN_STATE; COORDINATOR_LOAD_IN_PROGRESS where a producer id is
    missing.
    """
    if metadata is None:
        raise WireError(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
    if version < FIRST_VERSION_WITH_EPOCH_BUMP:
        return _end_first_version(metadata, producer_id, epoch, commit=commit, now_ms=now_ms)
    return _end_second_version(
        metadata, producer_id, epoch, commit=commit, version=version, new_producer_id=new_producer_id, now_ms=now_ms
    )


def _end_first_version(
    metadata: TransactionMetadata, producer_id: int, epoch: int, *, commit: bool, now_ms: int
) -> TransactionMetadata | None:
    if metadata.producer_id != producer_id:
        raise WireError(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
    if metadata.producer_epoch != epoch:
        raise WireError(ErrorCode.PRODUCER_FENCED)
    if metadata.state.is_prepared:
        raise WireError(ErrorCode.CONCURRENT_TRANSACTIONS)
    if metadata.state is TransactionState.ONGOING:
        return metadata.prepared(commit=commit, version=0, now_ms=now_ms)
    _check_ended_before(metadata, commit=commit)
    return None


def _check_ended_before(metadata: TransactionMetadata, *, commit: bool) -> None:
    """Fine if it was ended so and is over. Raises otherwise."""
    if metadata.state is not (TransactionState.COMPLETE_COMMIT if commit else TransactionState.COMPLETE_ABORT):
        raise WireError(ErrorCode.INVALID_TXN_STATE)


def _end_second_version(
    metadata: TransactionMetadata,
    producer_id: int,
    epoch: int,
    *,
    commit: bool,
    version: int,
    new_producer_id: int | None,
    now_ms: int,
) -> TransactionMetadata | None:
    state = metadata.state
    if state.is_prepared:
        raise WireError(ErrorCode.CONCURRENT_TRANSACTIONS)
    overflowed = _repeats_before_rotation(metadata, producer_id, epoch)
    if metadata.producer_id != producer_id and not overflowed:
        raise WireError(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
    repeated = overflowed or (metadata.bumps_epoch and metadata.producer_epoch == epoch + 1)
    if state.is_complete and repeated:
        _check_ended_before(metadata, commit=commit)
        return None
    if metadata.producer_epoch != epoch:
        raise WireError(ErrorCode.PRODUCER_FENCED)
    if commit and state is not TransactionState.ONGOING:
        raise WireError(ErrorCode.INVALID_TXN_STATE)
    next_id = NO_PRODUCER_ID
    if is_exhausted(metadata.producer_epoch):
        if new_producer_id is None:
            raise WireError(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
        next_id = new_producer_id
    return metadata.prepared(commit=commit, version=version, next_producer_id=next_id, now_ms=now_ms)


def _repeats_before_rotation(metadata: TransactionMetadata, producer_id: int, epoch: int) -> bool:
    """Whether an EndTxn comes again that exhausted the epochs of the producer id before this one."""
    return (
        metadata.previous_producer_id == producer_id
        and metadata.producer_id != producer_id
        and epoch == MAX_EPOCH - 1
        and metadata.producer_epoch == 0
    )


def needs_producer_id(metadata: TransactionMetadata | None, epoch: int, version: int) -> bool:
    """Whether the decision will take a new producer id."""
    return (
        metadata is not None
        and version >= FIRST_VERSION_WITH_EPOCH_BUMP
        and not metadata.state.is_prepared
        and metadata.producer_epoch == epoch
        and is_exhausted(epoch)
    )

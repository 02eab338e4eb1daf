"""AddPartitionsToTxn and AddOffsetsToTxn: what a transaction comprises, and the leaders' question whether it does."""

from __future__ import annotations

from collections.abc import Iterable

from barnabas.broker.coordinator.transactions.metadata import TopicPartition, TransactionMetadata, TransactionState
from barnabas.protocol.errors import ErrorCode, WireError


def check_producer(metadata: TransactionMetadata | None, producer_id: int, epoch: int) -> TransactionMetadata:
    """The state, if the producer is the one that has the id, and its transaction is not being ended.

    Raises WireError: INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED, CONCURRENT_TRANSACTIONS.
    """
    if metadata is None or metadata.producer_id != producer_id:
        raise WireError(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
    if metadata.producer_epoch != epoch:
        raise WireError(ErrorCode.PRODUCER_FENCED)
    _check_not_ending(metadata)
    return metadata


def _check_not_ending(metadata: TransactionMetadata | None) -> None:
    if metadata is not None and metadata.state.is_prepared:
        raise WireError(ErrorCode.CONCURRENT_TRANSACTIONS)


def add_partitions(
    metadata: TransactionMetadata | None,
    producer_id: int,
    epoch: int,
    partitions: frozenset[TopicPartition],
    *,
    version: int,
    now_ms: int,
) -> TransactionMetadata | None:
    """The state with the partitions; None if it has them already. Raises as `check_producer` does."""
    # First of all, as in Kafka: even a producer that is fenced is told so when the end is over.
    _check_not_ending(metadata)
    known = check_producer(metadata, producer_id, epoch)
    if known.state is TransactionState.ONGOING and partitions <= known.partitions:
        return None
    return known.with_partitions(partitions, version, now_ms)


def verify_partitions(
    metadata: TransactionMetadata | None, producer_id: int, epoch: int, partitions: Iterable[TopicPartition]
) -> dict[TopicPartition, ErrorCode]:
    """TRANSACTION_ABORTABLE for those that are not in the transaction. Raises as `check_producer` does."""
    known = check_producer(metadata, producer_id, epoch)
    return {
        partition: ErrorCode.NONE if partition in known.partitions else ErrorCode.TRANSACTION_ABORTABLE
        for partition in partitions
    }

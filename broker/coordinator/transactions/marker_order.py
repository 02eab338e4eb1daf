"""What the coordinator wants done when an outcome is settled: a marker in each partition of the transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from barnabas.broker.coordinator.transactions.metadata import TopicPartition, TransactionMetadata, TransactionState


@dataclass(frozen=True, slots=True)
class MarkerOrder:
    """One transaction's markers. It is done when every partition has one, or is no more."""

    transactional_id: str
    shard: int
    """The partition of `__transaction_state` whose coordinator orders it."""
    coordinator_epoch: int
    producer_id: int
    producer_epoch: int
    commit: bool
    version: int
    partitions: frozenset[TopicPartition]

    @classmethod
    def of(cls, metadata: TransactionMetadata, shard: int, coordinator_epoch: int) -> MarkerOrder:
        """The markers of a transaction that is prepared."""
        return cls(
            transactional_id=metadata.transactional_id,
            shard=shard,
            coordinator_epoch=coordinator_epoch,
            producer_id=metadata.producer_id,
            producer_epoch=metadata.producer_epoch,
            commit=metadata.state is TransactionState.PREPARE_COMMIT,
            version=metadata.version,
            partitions=metadata.partitions,
        )


class MarkerOutbox(Protocol):
    """Where orders go: who has the markers written, and says so by `handle_markers_written`."""

    def send(self, order: MarkerOrder) -> None:
        """Have the markers written, whatever becomes of leaders meanwhile. Never calls back at once."""
        ...

    def cancel(self, shard: int, coordinator_epoch: int) -> None:
        """The coordinator of this shard is gone: another one sees to its orders."""
        ...

"""Transactions that are about to begin in a partition: what its leader has asked the coordinator about (KIP-890).

Before the first batch of a transaction is written, the leader makes sure that the coordinator knows the partition as a
part of it: else nobody would ever end it there. The question takes a while, and a marker may come in between; then the
answer is worth nothing any more. So a verification is a thing of its own: whoever waits for the answer keeps it, and
the marker, or the first batch, drops it from here. Only one that is still here counts.
"""

from __future__ import annotations


class Verification:
    """What is known of one producer's transaction that has not begun here."""

    __slots__ = ("bumps_epoch", "epoch", "lowest_sequence", "started_ms", "verified_epoch")

    def __init__(self, epoch: int, sequence: int, *, bumps_epoch: bool, now_ms: int) -> None:
        self.epoch = epoch
        self.lowest_sequence = sequence
        """Of the batches that asked, in this epoch: another cannot come before it."""
        self.bumps_epoch = bumps_epoch
        """Whether the producer gets a new epoch with each transaction, so that sequences start at 0."""
        self.started_ms = now_ms
        self.verified_epoch = -1
        """The producer epoch for which the coordinator said yes; -1 as long as it did not."""

    def add(self, epoch: int, sequence: int) -> None:
        """Another batch asks."""
        if epoch > self.epoch:
            self.epoch, self.lowest_sequence = epoch, sequence
        elif epoch == self.epoch:
            self.lowest_sequence = min(self.lowest_sequence, sequence)


class Verifications:
    """Those of one log, by producer id."""

    __slots__ = ("_by_producer",)

    def __init__(self) -> None:
        self._by_producer: dict[int, Verification] = {}

    def __len__(self) -> int:
        return len(self._by_producer)

    def get(self, producer_id: int) -> Verification | None:
        return self._by_producer.get(producer_id)

    def begin(self, producer_id: int, epoch: int, sequence: int, *, bumps_epoch: bool, now_ms: int) -> Verification:
        """The producer's verification, which a batch of this epoch and first sequence joins."""
        known = self._by_producer.get(producer_id)
        if known is None:
            known = self._by_producer[producer_id] = Verification(
                epoch, sequence, bumps_epoch=bumps_epoch, now_ms=now_ms
            )
        known.add(epoch, sequence)
        return known

    def is_verified(self, producer_id: int, epoch: int) -> bool:
        """Whether the coordinator said yes to this epoch, and no marker came since."""
        known = self._by_producer.get(producer_id)
        return known is not None and known.verified_epoch == epoch

    def drop(self, producer_id: int) -> None:
        """The transaction has begun, or ended."""
        self._by_producer.pop(producer_id, None)

    def expire(self, now_ms: int, expiration_ms: int) -> None:
        """Forget what nobody came back to."""
        for producer_id in [
            producer_id
            for producer_id, known in self._by_producer.items()
            if now_ms - known.started_ms >= expiration_ms
        ]:
            del self._by_producer[producer_id]

"""The follower's side of a partition: whom it follows, and what it knows to be committed.

The follower's high watermark is the leader's, but never beyond the follower's own log end. It does not go back when a
new leader reports a lower one: what an earlier leader reported as committed stays committed, and the new leader has
it. Only a truncation below it, which no clean election can cause, takes it down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from barnabas.broker.partition_leader import PartitionState


class FollowerRole:
    """See the module's text. The log start offset is the leader's affair too, but the log keeps it."""

    __slots__ = ("high_watermark", "isr", "leader_epoch", "leader_id", "partition_epoch", "replicas")

    def __init__(self, high_watermark: int) -> None:
        self.high_watermark = high_watermark
        self.leader_id = -1
        """-1 while the partition has no leader."""
        self.leader_epoch = -1
        self.partition_epoch = -1
        self.replicas: tuple[int, ...] = ()
        self.isr: tuple[int, ...] = ()

    def __str__(self) -> str:
        epochs = f"{self.leader_epoch}.{self.partition_epoch}"
        return f"follower of {self.leader_id} at epoch {epochs} hwm {self.high_watermark}"

    def follow(self, state: PartitionState) -> bool:
        """Take over what the metadata log says. Whether the leader epoch is new, so that fetching must start anew."""
        new_epoch = state.leader_epoch > self.leader_epoch
        self.leader_id = state.leader
        self.leader_epoch = state.leader_epoch
        self.partition_epoch = state.partition_epoch
        self.replicas = state.replicas
        self.isr = state.isr
        return new_epoch

    def learn_high_watermark(self, leader_high_watermark: int, end_offset: int) -> bool:
        """The leader reported its high watermark, and the own log ends at `end_offset`. Whether the own one moved."""
        new = min(leader_high_watermark, end_offset)
        if new <= self.high_watermark:
            return False
        self.high_watermark = new
        return True

    def truncated(self, end_offset: int) -> None:
        """The own log was cut at `end_offset`."""
        self.high_watermark = min(self.high_watermark, end_offset)

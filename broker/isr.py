"""The in-sync replicas of a partition, as its leader keeps them.

The leader follows each of the other replicas (`FollowerProgress`) and knows the ISR twice: as the controller has
committed it, and as it would be if the change that is under way were committed (`Isr`). What is kept true (KIP-497):

- At most one change is under way. It was sent with the partition epoch that it is based on; the controller takes it
  only if that epoch is still the latest.
- A change counts only once it is committed. Until then the high watermark waits for the *maximal* ISR, the union of
  both: if the controller commits an expansion whose answer was lost, the new member already holds everything below
  the high watermark.
- For a change whose fate is unknown (a refusal that tells nothing, a controller that was replaced) the proposal
  stands until the metadata log brings a later partition epoch. Only where the controller says that it did not take
  the change, and that the epoch was right, is the proposal withdrawn.

A follower is *caught up* while its log end offset is the leader's, or was so at most `lag_max` seconds ago.
`last_caught_up_at` is the latest moment at which the follower's position was not behind the leader's log end, as far
as fetches and appends prove it. Because an append to the leader's log says 'up to now this follower had everything',
a follower that has nothing to fetch costs nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

NEVER: Final = float("-inf")
"""A moment before all others; clocks of cores may start at 0."""

UNKNOWN_OFFSET: Final = -1


class FollowerProgress:
    """What the leader knows of one other replica. Times are seconds, offsets are -1 while unknown."""

    __slots__ = (
        "broker_epoch",
        "broker_id",
        "last_caught_up_at",
        "last_fetch_at",
        "last_fetch_leader_end_offset",
        "log_end_offset",
        "log_start_offset",
    )

    def __init__(self, broker_id: int) -> None:
        self.broker_id: Final = broker_id
        self.log_start_offset = UNKNOWN_OFFSET
        self.log_end_offset = UNKNOWN_OFFSET
        self.last_fetch_at = NEVER
        self.last_fetch_leader_end_offset = 0
        self.last_caught_up_at = NEVER
        self.broker_epoch: int | None = None
        """The broker epoch that the last fetch named; -1 where the fetcher has none; None before the first fetch."""

    def __str__(self) -> str:
        return f"replica {self.broker_id}: {self.log_start_offset}..{self.log_end_offset}"

    def start_epoch(self, leader_end_offset: int, now: float, *, in_sync: bool, new_leader: bool) -> None:
        """A leader epoch begins.

        Members of the ISR have until the lag limit to show up; the others must first catch up.
        """
        if new_leader:
            self.log_start_offset = UNKNOWN_OFFSET
            self.log_end_offset = UNKNOWN_OFFSET
            self.broker_epoch = None
            self.last_fetch_at = NEVER
            self.last_fetch_leader_end_offset = UNKNOWN_OFFSET
        else:
            self.last_fetch_leader_end_offset = leader_end_offset
            self.last_fetch_at = now if in_sync else NEVER
        self.last_caught_up_at = now if in_sync else NEVER

    def fetched(
        self, offset: int, log_start_offset: int, broker_epoch: int, leader_end_offset: int, now: float
    ) -> None:
        """The follower asked for `offset` while the leader's log ended at `leader_end_offset`: it holds all before
        `offset`.

        A follower that asks for what was the log's end when it asked before was caught up then, so one that is always
        a little behind a busy leader stays in sync.
        """
        if offset >= leader_end_offset:
            self.last_caught_up_at = max(self.last_caught_up_at, now)
        elif offset >= self.last_fetch_leader_end_offset:
            self.last_caught_up_at = max(self.last_caught_up_at, self.last_fetch_at)
        self.log_end_offset = offset
        self.log_start_offset = log_start_offset
        self.broker_epoch = broker_epoch
        self.last_fetch_at = now
        self.last_fetch_leader_end_offset = max(leader_end_offset, self.last_fetch_leader_end_offset)

    def is_caught_up(self, leader_end_offset: int, now: float, lag_max: float) -> bool:
        """Whether the replica is not behind, or not for longer than `lag_max` seconds."""
        return self.log_end_offset == leader_end_offset or now - self.last_caught_up_at <= lag_max


@dataclass(frozen=True, slots=True)
class IsrChange:
    """One proposal to the controller:

    The item of an AlterPartition request. `isr` pairs broker ids with broker epochs (-1: any).
    """

    topic_id: bytes
    index: int
    leader_epoch: int
    partition_epoch: int
    isr: tuple[tuple[int, int], ...]
    expands: bool

    def __str__(self) -> str:
        members = ",".join(str(broker_id) for broker_id, _ in self.isr)
        verb = "expand" if self.expands else "shrink"
        return f"{verb} ISR to [{members}] at leader epoch {self.leader_epoch}, partition epoch {self.partition_epoch}"


@dataclass(frozen=True, slots=True)
class Isr:
    """The committed in-sync replicas, and those of the change under way (None: there is none)."""

    committed: frozenset[int]
    proposed: frozenset[int] | None = None

    @property
    def in_flight(self) -> bool:
        """Whether a change is under way, or its fate is unknown."""
        return self.proposed is not None

    @property
    def maximal(self) -> frozenset[int]:
        """All that may be in the ISR now: what the high watermark must wait for."""
        return self.committed if self.proposed is None else self.committed | self.proposed

    def propose(self, members: frozenset[int]) -> Isr:
        """With a change to `members` under way."""
        return Isr(self.committed, members)

    def withdraw(self) -> Isr:
        """Without the change: the controller is known not to have taken it, nor ever to take it."""
        return Isr(self.committed)

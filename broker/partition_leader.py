"""The leader's side of a partition: who holds what, the ISR, and the high watermark.

The high watermark is the smallest log end offset among those that must have a record before it is acknowledged:

- this broker itself, up to what is durable here (the log's end, or what was synced where `flush.messages` asks for
  that),
- each follower in the maximal ISR (see `barnabas.broker.isr`),
- each follower that has caught up and may join the ISR: without it, a follower of a busy partition could chase the
  high watermark for ever and never be let in.

It never goes back within an epoch, and does not move while the committed ISR is smaller than the effective
`min.insync.replicas`, which is capped by the number of replicas. A role lives for one leadership; a new leader epoch
with the same leader keeps it (`start_epoch`).

The role does no I/O and keeps no clock. What it wants sent to the controller is returned as an `IsrChange`; whoever
gets one must send it and report the answer through `handle_alter_response` or `handle_alter_error`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from barnabas.broker.isr import FollowerProgress, Isr, IsrChange
from barnabas.protocol.errors import ErrorCode

ANY_BROKER_EPOCH: Final = -1


class PartitionState(Protocol):
    """What the metadata log says about a partition; `barnabas.metadata.topics.Partition` is one."""

    @property
    def topic_id(self) -> bytes: ...
    @property
    def index(self) -> int: ...
    @property
    def leader(self) -> int: ...
    @property
    def leader_epoch(self) -> int: ...
    @property
    def partition_epoch(self) -> int: ...
    @property
    def replicas(self) -> tuple[int, ...]: ...
    @property
    def isr(self) -> tuple[int, ...]: ...
    @property
    def adding_replicas(self) -> tuple[int, ...]: ...


class BrokerStates(Protocol):
    """What the leader asks of the cluster's image."""

    def isr_eligible_epoch(self, broker_id: int) -> int | None:
        """The broker epoch of a registered broker that is neither fenced nor shutting down; None for any other."""
        ...


_NOT_APPLIED = frozenset({ErrorCode.OPERATION_NOT_ATTEMPTED, ErrorCode.INELIGIBLE_REPLICA})
_SUPERSEDED = frozenset(
    {
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode.UNKNOWN_TOPIC_ID,
        ErrorCode.FENCED_LEADER_EPOCH,
        ErrorCode.INVALID_UPDATE_VERSION,
        ErrorCode.INVALID_REQUEST,
        ErrorCode.NEW_LEADER_ELECTED,
    }
)


class LeaderRole:
    """See the module's text.

    Offsets are log offsets, times seconds; `end_offset` is the log's end, `acked_end_offset` what counts of it.
    """

    __slots__ = (
        "_brokers",
        "_lag_max",
        "_maximal",
        "acked_end_offset",
        "adding_replicas",
        "broker_id",
        "end_offset",
        "epoch_start_offset",
        "followers",
        "high_watermark",
        "index",
        "isr",
        "leader_epoch",
        "min_insync_replicas",
        "partition_epoch",
        "replicas",
        "topic_id",
    )

    def __init__(
        self, broker_id: int, brokers: BrokerStates, *, high_watermark: int, min_insync_replicas: int, lag_max: float
    ) -> None:
        self.broker_id: Final = broker_id
        self._brokers = brokers
        self._lag_max = lag_max
        self.min_insync_replicas = min_insync_replicas
        self.high_watermark = high_watermark
        self.end_offset = 0
        self.acked_end_offset = 0
        self.epoch_start_offset = 0
        self.leader_epoch = -1
        self.partition_epoch = -1
        self.topic_id = b""
        self.index = 0
        self.replicas: tuple[int, ...] = ()
        self.adding_replicas: tuple[int, ...] = ()
        self.followers: dict[int, FollowerProgress] = {}
        self.isr = Isr(frozenset())
        self._maximal: frozenset[int] = frozenset()

    def __str__(self) -> str:
        pending = "" if self.isr.proposed is None else f" proposed {sorted(self.isr.proposed)}"
        return (
            f"leader at epoch {self.leader_epoch}.{self.partition_epoch} end {self.end_offset}"
            f" hwm {self.high_watermark}"
            f" ISR {sorted(self.isr.committed)}{pending}"
        )

    # What the metadata log says

    def lead(
        self, state: PartitionState, end_offset: int, acked_end_offset: int, now: float, *, new_leader: bool
    ) -> bool:
        """Take over what the metadata log says; False where it is older than what is known already, and nothing
        changed.

        `end_offset` is the log's end now, `acked_end_offset` what of it is durable. In a new leader epoch the former
        is where the epoch starts.
        """
        if state.partition_epoch < self.partition_epoch:
            return False
        new_epoch = state.leader_epoch > self.leader_epoch
        # In an epoch that was never seen here another one may have led, and followers may have cut their logs.
        new_leader = new_leader or state.leader_epoch > self.leader_epoch + 1
        self.topic_id, self.index = state.topic_id, state.index
        self.replicas = state.replicas
        self.adding_replicas = state.adding_replicas
        self.followers = {
            broker_id: self.followers.get(broker_id) or FollowerProgress(broker_id)
            for broker_id in state.replicas
            if broker_id != self.broker_id
        }
        if state.partition_epoch > self.partition_epoch:
            # At an equal epoch this is what the controller's answer told already, and a change sent since is still
            # under way: to forget it would take its member out of the maximal ISR while the controller may be letting
            # it in.
            self._set_isr(Isr(frozenset(state.isr)))
        self.end_offset = end_offset
        self.acked_end_offset = acked_end_offset
        if new_epoch:
            self.leader_epoch = state.leader_epoch
            self.epoch_start_offset = end_offset
            for follower in self.followers.values():
                in_sync = follower.broker_id in self.isr.committed
                follower.start_epoch(end_offset, now, in_sync=in_sync, new_leader=new_leader)
        self.partition_epoch = state.partition_epoch
        self.advance(now)
        return True

    # What happens to the log and what followers say

    def appended(self, end_offset: int, now: float, *, durable: bool) -> bool:
        """The log grew. Whether the high watermark moved (it may, where the ISR is this broker alone and nothing
        waits for a sync).
        """
        before = self.end_offset
        self.end_offset = end_offset
        for follower in self.followers.values():
            if follower.log_end_offset == before:
                follower.last_caught_up_at = now
        if not durable:
            return False
        self.acked_end_offset = end_offset
        return self.advance(now)

    def synced(self, end_offset: int, now: float) -> bool:
        """The log is on disk up to `end_offset`. Whether the high watermark moved."""
        if end_offset <= self.acked_end_offset:
            return False
        self.acked_end_offset = min(end_offset, self.end_offset)
        return self.advance(now)

    def follower_fetched(
        self, broker_id: int, offset: int, log_start_offset: int, broker_epoch: int, now: float
    ) -> tuple[bool, IsrChange | None]:
        """A follower asked for `offset`. Whether the high watermark moved, and the expansion that this allows, if any.

        The caller has checked that the broker is a replica and that the fetch's leader epoch is right.
        """
        follower = self.followers[broker_id]
        moved_end = offset != follower.log_end_offset
        follower.fetched(offset, log_start_offset, broker_epoch, self.end_offset, now)
        change = self._maybe_expand(follower)
        return (moved_end and self.advance(now)), change

    def is_stale_fetcher(self, broker_id: int, broker_epoch: int) -> bool:
        """Whether a fetch comes from an earlier life of that broker, and must not count."""
        current = self._brokers.isr_eligible_epoch(broker_id)
        return broker_epoch != ANY_BROKER_EPOCH and current is not None and current > broker_epoch

    def advance(self, now: float) -> bool:
        """Move the high watermark as far as it may go. Whether it moved."""
        if len(self.isr.committed) < self.effective_min_isr:
            return False
        new = self.acked_end_offset
        for follower in self.followers.values():
            if follower.log_end_offset < new and (
                follower.broker_id in self._maximal or self._should_wait_for(follower, now)
            ):
                new = follower.log_end_offset
        if new <= self.high_watermark:
            return False
        self.high_watermark = new
        return True

    def _should_wait_for(self, follower: FollowerProgress, now: float) -> bool:
        return follower.is_caught_up(self.end_offset, now, self._lag_max) and self._is_eligible(follower)

    def _is_eligible(self, follower: FollowerProgress) -> bool:
        if follower.broker_epoch is None:
            return False
        current = self._brokers.isr_eligible_epoch(follower.broker_id)
        return current is not None and follower.broker_epoch in (ANY_BROKER_EPOCH, current)

    # The ISR

    @property
    def effective_min_isr(self) -> int:
        """`min.insync.replicas`, capped by the number of replicas."""
        return min(self.min_insync_replicas, len(self.followers) + 1)

    @property
    def is_under_min_isr(self) -> bool:
        """Whether acks=all must be refused."""
        return len(self.isr.committed) < self.effective_min_isr

    @property
    def is_under_replicated(self) -> bool:
        """Whether a replica is missing from the ISR; those that a reassignment is still adding are not missed."""
        return len(self.replicas) - len(self.adding_replicas) > len(self.isr.committed)

    @property
    def is_missing_followers(self) -> bool:
        """Whether a follower is not in the ISR, also one that a reassignment adds."""
        return len(self.isr.committed) <= len(self.followers)

    def has_enough_after_append(self) -> bool:
        """Whether a record below the high watermark may be acknowledged to acks=all."""
        return len(self._maximal) >= self.effective_min_isr

    def _maybe_expand(self, follower: FollowerProgress) -> IsrChange | None:
        """An expansion by a follower that reached the high watermark and this epoch's start, and is alive."""
        if (
            self.isr.in_flight
            or follower.broker_id in self.isr.committed
            or follower.log_end_offset < max(self.high_watermark, self.epoch_start_offset)
            or not self._is_eligible(follower)
        ):
            return None
        return self._propose(self.isr.committed | {follower.broker_id}, expands=True)

    def maybe_expand(self, now: float) -> IsrChange | None:
        """Look at all followers again: the cluster's image changed, or a change is no longer in the way.

        Unlike after a fetch, it is not known that the follower is still fetching; hence it must also be caught up.
        """
        for follower in self.followers.values():
            if follower.is_caught_up(self.end_offset, now, self._lag_max):
                change = self._maybe_expand(follower)
                if change is not None:
                    return change
        return None

    def maybe_shrink(self, now: float) -> IsrChange | None:
        """A proposal without the followers that have not caught up for too long, if there are any."""
        if self.isr.in_flight:
            return None
        lagging = {
            follower.broker_id
            for follower in self.followers.values()
            if follower.broker_id in self.isr.committed
            and not follower.is_caught_up(self.end_offset, now, self._lag_max)
        }
        return self._propose(self.isr.committed - lagging, expands=False) if lagging else None

    def _propose(self, members: frozenset[int], *, expands: bool) -> IsrChange:
        self._set_isr(self.isr.propose(members))
        return IsrChange(
            topic_id=self.topic_id,
            index=self.index,
            leader_epoch=self.leader_epoch,
            partition_epoch=self.partition_epoch,
            isr=tuple((broker_id, self._epoch_to_send(broker_id)) for broker_id in sorted(members)),
            expands=expands,
        )

    def _epoch_to_send(self, broker_id: int) -> int:
        if broker_id == self.broker_id:
            epoch = self._brokers.isr_eligible_epoch(broker_id)
        else:
            epoch = self.followers[broker_id].broker_epoch
        # A member that has not fetched yet is only kept, never added; should it die meanwhile, the controller removes
        # it with a new partition epoch, and this proposal fails.
        return ANY_BROKER_EPOCH if epoch is None else epoch

    def handle_alter_response(
        self, change: IsrChange, *, leader_epoch: int, partition_epoch: int, isr: Iterable[int], now: float
    ) -> bool:
        """The controller committed a change. Whether it is news here; if so the high watermark may have moved."""
        if not self.awaits(change) or leader_epoch != self.leader_epoch or partition_epoch < self.partition_epoch:
            return False
        self._set_isr(Isr(frozenset(isr)))
        self.partition_epoch = partition_epoch
        self.advance(now)
        return True

    def handle_alter_error(self, change: IsrChange, error: ErrorCode) -> bool:
        """The controller refused a change, or nobody knows what became of it.

        Whether the same proposal is to be sent again.
        """
        if not self.awaits(change):
            return False
        if error in _NOT_APPLIED:
            self._set_isr(self.isr.withdraw())
            return False
        return error not in _SUPERSEDED  # else the metadata log will tell; until then the maximal ISR holds

    def awaits(self, change: IsrChange) -> bool:
        """Whether this change is the one under way."""
        return (
            self.isr.in_flight
            and change.leader_epoch == self.leader_epoch
            and change.partition_epoch == self.partition_epoch
        )

    def _set_isr(self, isr: Isr) -> None:
        self.isr = isr
        self._maximal = isr.maximal

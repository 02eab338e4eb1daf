"""One replica of a partition on this broker: its log, its role, and who waits for it.

Events come as method calls with the time, and change the log and the role at once: the metadata log says who leads
(`become`), clients append (`append`), followers fetch (`follower_fetched`), a leader's records arrive
(`append_as_follower`).

Who waits is told in three ways:
- A produce, when its offset is acknowledged or the leadership is lost (`await_acknowledgement`). They wait ordered by
  offset, and are settled while the high watermark passes them.
- The coordinator that lives on it, where it is one of an internal topic (`on_change`).
- A fetch session, when the partition has changed since it was last looked at (`watch`), once. A consumer sees the log
  up to the high watermark and is told when that moves. A follower sees all of it and is told at once when the log
  grows, while a new high watermark is only noted for its next answer. Whoever is told and still cares watches again,
  so those that have gone cost nothing.

What is kept true: the high watermark is within the log, and does not go back within a leadership, nor for readers of
a follower; every request's leader epoch is checked before anything else; where `flush.messages` is 1, nothing counts
as held here that is not synced.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from barnabas.broker.isr import IsrChange
from barnabas.broker.partition_follower import FollowerRole
from barnabas.broker.partition_leader import BrokerStates, LeaderRole, PartitionState
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.storage.validator import ProduceRules

if TYPE_CHECKING:
    from barnabas.broker.fetch_session import SessionPartition
    from barnabas.broker.pending_produce import AwaitedOffset
    from barnabas.protocol.record_batch import RecordBatch
    from barnabas.storage.append_result import AppendResult
    from barnabas.storage.config import LogConfig
    from barnabas.storage.deferred import Removal
    from barnabas.storage.log import PartitionLog

NO_EPOCH: Final = -1
ACKS_ALL: Final = -1


class Partition:
    """See the module's text. Times are seconds, but for `now_ms`, the wall clock in ms that goes into the log."""

    __slots__ = (
        "_brokers",
        "_discard",
        "_end_watchers",
        "_high_watermark_watchers",
        "_lag_max",
        "_waiting",
        "_waiting_for_sync",
        "broker_id",
        "error",
        "follower",
        "index",
        "leader",
        "log",
        "on_change",
        "rules",
        "syncs",
        "topic",
        "topic_id",
    )

    def __init__(
        self,
        topic: str,
        topic_id: bytes,
        index: int,
        log: PartitionLog,
        *,
        broker_id: int,
        brokers: BrokerStates,
        lag_max: float,
        high_watermark: int,
        discard: Callable[[Removal], None],
        full_validation: bool = False,
    ) -> None:
        """`high_watermark` is the checkpointed one, 0 where there is none. `discard` removes files that are not needed.

        `full_validation`: every record that is produced is looked at, not only the batches' headers.
        """
        self.topic: Final = topic
        self.topic_id: Final = topic_id
        self.index: Final = index
        self.broker_id: Final = broker_id
        self.log: Final = log
        self._brokers = brokers
        self._lag_max = lag_max
        self._discard = discard
        self.leader: LeaderRole | None = None
        """Its role as the leader; None while it follows."""
        self.follower = FollowerRole(min(max(high_watermark, log.log_start_offset), log.log_end_offset))
        """Its role as a follower; without meaning while it leads."""
        self.error = ErrorCode.NONE
        """Why this replica serves nothing any more; NONE while it does."""
        self.rules = ProduceRules.of(log.config, full=full_validation)
        self.syncs = log.config.flush_messages == 1
        """Whether records count only once they are synced."""
        self.on_change: Callable[[], None] | None = None
        """Called when the high watermark moved, the leadership or its epoch changed, or this replica was closed."""
        self._waiting: deque[AwaitedOffset] = deque()
        self._waiting_for_sync: deque[AwaitedOffset] = deque()
        self._end_watchers: dict[SessionPartition, None] = {}
        self._high_watermark_watchers: dict[SessionPartition, None] = {}

    def __str__(self) -> str:
        return f"{self.topic}-{self.index} {self.leader or self.follower}"

    # What it is

    @property
    def key(self) -> tuple[bytes, int]:
        """Topic id and index."""
        return self.topic_id, self.index

    @property
    def leader_id(self) -> int:
        """The leader's broker id, -1 while there is none."""
        return self.follower.leader_id if self.leader is None else self.broker_id

    @property
    def leader_epoch(self) -> int:
        return self.follower.leader_epoch if self.leader is None else self.leader.leader_epoch

    @property
    def partition_epoch(self) -> int:
        return self.follower.partition_epoch if self.leader is None else self.leader.partition_epoch

    @property
    def high_watermark(self) -> int:
        """What consumers may see ends here."""
        return self.follower.high_watermark if self.leader is None else self.leader.high_watermark

    @property
    def last_stable_offset(self) -> int:
        """What read_committed consumers may see ends here."""
        high_watermark, unstable = self.high_watermark, self.log.producers.unstable
        unstable.replicated(high_watermark)
        first = unstable.first
        return high_watermark if first is None else min(max(first, self.log.log_start_offset), high_watermark)

    def configure(self, config: LogConfig) -> None:
        """The topic's configuration changed, or the broker's defaults for it. What follows from it is done by
        `heed_configuration`, once the role is up to date as well: each by itself would commit too much.
        """
        self.log.config = config
        self.rules = ProduceRules.of(config, full=self.rules.full)
        self.syncs = config.flush_messages == 1
        if self.leader is not None:
            self.leader.min_insync_replicas = config.min_insync_replicas

    def heed_configuration(self, now: float) -> None:
        """Commit and acknowledge what the new configuration allows."""
        role = self.leader
        if role is not None:
            if not self.syncs:
                role.acked_end_offset = self.log.log_end_offset
            if role.advance(now):
                self._high_watermark_moved()
            self._settle_synced(role)

    # Roles

    def become(self, state: PartitionState, now: float) -> bool:
        """Take the role that the metadata log gives to this broker. Whether the leader epoch is new."""
        if state.partition_epoch < self.partition_epoch or state.leader_epoch < self.log.latest_epoch:
            # The second is metadata older than the log, of a broker that has just started: to lead in an epoch that is
            # over would wipe out the later epochs that the log knows.
            return False
        return self._lead(state, now) if state.leader == self.broker_id else self._follow(state)

    def _lead(self, state: PartitionState, now: float) -> bool:
        new_epoch = state.leader_epoch > self.leader_epoch
        new_leader = self.leader is None
        role = self.leader
        if role is None:
            role = self.leader = LeaderRole(
                self.broker_id,
                self._brokers,
                high_watermark=self.follower.high_watermark,
                min_insync_replicas=self.log.config.min_insync_replicas,
                lag_max=self._lag_max,
            )
        if new_epoch:
            # Also for an epoch without records: a follower may have later ones than the last record here, and must
            # learn where to cut.
            self.log.assign_epoch(state.leader_epoch)
        before = role.high_watermark
        role.lead(state, self.log.log_end_offset, self._durable_end_offset(), now, new_leader=new_leader)
        if role.high_watermark > before:
            self._high_watermark_moved()
        if new_epoch:
            self._tell_all()
            if self.on_change is not None:
                self.on_change()
        return new_epoch

    def _follow(self, state: PartitionState) -> bool:
        new_epoch = state.leader_epoch > self.leader_epoch
        led = self.leader is not None
        if self.leader is not None:
            self.follower.high_watermark = self.leader.high_watermark
            self.leader = None
            self._settle_all(ErrorCode.NOT_LEADER_OR_FOLLOWER)
        self.follower.follow(state)
        if new_epoch:
            self._tell_all()
        if led and self.on_change is not None:
            self.on_change()
        return new_epoch

    def close(self, error: ErrorCode) -> None:
        """This replica serves nothing any more: it is gone, or its disk is. Whoever waits is told `error`."""
        self.error = error
        self._settle_all(error)
        self._tell_all()
        if self.on_change is not None:
            self.on_change()

    def check(self, current_leader_epoch: int, *, leader_only: bool) -> None:
        """Raise the WireError for a request that this replica may not serve.

        The epoch is -1 where the request has none.
        """
        if self.error:
            raise WireError(self.error)
        if current_leader_epoch != NO_EPOCH:
            epoch = self.leader_epoch
            if current_leader_epoch < epoch:
                raise WireError(ErrorCode.FENCED_LEADER_EPOCH)
            if current_leader_epoch > epoch:
                raise WireError(ErrorCode.UNKNOWN_LEADER_EPOCH)
        if leader_only and self.leader is None:
            raise WireError(ErrorCode.NOT_LEADER_OR_FOLLOWER)

    # Producing

    def check_append(self, acks: int) -> LeaderRole:
        """The role to append with; WireError where a produce with these acks must be refused."""
        role = self.leader
        if role is None or self.error:
            raise WireError(self.error or ErrorCode.NOT_LEADER_OR_FOLLOWER)
        if acks == ACKS_ALL and role.is_under_min_isr:
            raise WireError(
                ErrorCode.NOT_ENOUGH_REPLICAS,
                f"The in-sync replicas {sorted(role.isr.committed)} are fewer than min.insync.replicas"
                f" {role.effective_min_isr}",
            )
        return role

    def append(
        self, role: LeaderRole, batch: RecordBatch, now: float, now_ms: int, *, sequenced: bool = True
    ) -> AppendResult:
        """Append a validated batch with the role from `check_append`; `sequenced` is False for a coordinator's own.

        Raises WireError and StorageError as the log does.
        """
        result = self.log.append_as_leader(batch, role.leader_epoch, now_ms, sequenced=sequenced)
        if not result.duplicate:
            self._appended(role, now)
        return result

    def append_marker(
        self, role: LeaderRole, marker: RecordBatch, now: float, now_ms: int, *, transaction_version: int
    ) -> AppendResult:
        """Append the control batch that ends a transaction; raises as `PartitionLog.append_marker` does."""
        result = self.log.append_marker(marker, role.leader_epoch, now_ms, transaction_version=transaction_version)
        self._appended(role, now)
        return result

    def _appended(self, role: LeaderRole, now: float) -> None:
        if role.appended(self.log.log_end_offset, now, durable=not self.syncs):
            self._high_watermark_moved()
        watchers = self._end_watchers
        if watchers:
            self._end_watchers = {}
            for known in watchers:
                known.changed_now()

    def acknowledges(self, offset: int, acks: int) -> bool:
        """Whether everything before `offset` may be acknowledged now to a produce with these acks."""
        role = self.leader
        if role is None:
            return False
        return offset <= (role.high_watermark if acks == ACKS_ALL else role.acked_end_offset)

    def error_after_append(self) -> ErrorCode:
        """What acks=all is told of records that the high watermark has passed."""
        role = self.leader
        if role is None or role.has_enough_after_append():
            return ErrorCode.NONE
        return ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND

    def await_acknowledgement(self, part: AwaitedOffset, acks: int) -> None:
        """Settle this part of a produce once its offset is acknowledged, or never will be."""
        waiting = self._waiting if acks == ACKS_ALL else self._waiting_for_sync
        while waiting and waiting[0].settled:
            waiting.popleft()
        waiting.append(part)

    def synced(self, offset: int, now: float) -> None:
        """The log is durable up to `offset`."""
        role = self.leader
        if role is not None:
            if role.synced(offset, now):
                self._high_watermark_moved()
            self._settle_synced(role)

    def _durable_end_offset(self) -> int:
        return self.log.recovery_point if self.syncs else self.log.log_end_offset

    def _settle_synced(self, role: LeaderRole) -> None:
        waiting = self._waiting_for_sync
        while waiting and waiting[0].offset <= role.acked_end_offset:
            waiting.popleft().settle(ErrorCode.NONE)

    def _settle_all(self, error: ErrorCode) -> None:
        for waiting in (self._waiting, self._waiting_for_sync):
            while waiting:
                waiting.popleft().settle(error)

    # Replication, as the leader

    def follower_fetched(
        self, known: SessionPartition, replica_id: int, broker_epoch: int, now: float
    ) -> IsrChange | None:
        """A follower asks for `known`, and so holds all before that offset. The ISR change that this allows, to be
        sent.

        The caller has checked epoch and offset. WireError where the fetch comes from no replica, or from an earlier
        life of one.
        """
        role = self.leader
        if role is None:
            raise WireError(ErrorCode.NOT_LEADER_OR_FOLLOWER)
        if replica_id not in role.followers:
            # The metadata that makes it a replica may not have come here yet: it is to try again.
            unknown = known.current_leader_epoch == NO_EPOCH
            raise WireError(ErrorCode.NOT_LEADER_OR_FOLLOWER if unknown else ErrorCode.UNKNOWN_LEADER_EPOCH)
        if role.is_stale_fetcher(replica_id, broker_epoch):
            raise WireError(ErrorCode.NOT_LEADER_OR_FOLLOWER)
        moved, change = role.follower_fetched(replica_id, known.fetch_offset, known.log_start_offset, broker_epoch, now)
        if moved:
            self._high_watermark_moved()
        return change

    def isr_committed(
        self, change: IsrChange, leader_epoch: int, partition_epoch: int, isr: Iterable[int], now: float
    ) -> bool:
        """The controller committed an ISR change. Whether it is news here."""
        role = self.leader
        if role is None:
            return False
        before = role.high_watermark
        news = role.handle_alter_response(
            change, leader_epoch=leader_epoch, partition_epoch=partition_epoch, isr=isr, now=now
        )
        if role.high_watermark > before:
            self._high_watermark_moved()
        return news

    # Replication, as a follower

    def append_as_follower(
        self, records: memoryview | None, leader_high_watermark: int, leader_log_start_offset: int, now_ms: int
    ) -> AppendResult | None:
        """Take over what the leader sent;

        None where it sent no records. Raises as `PartitionLog.append_as_follower` does.
        """
        result = None
        if records:
            result = self.log.append_as_follower(records, now_ms, leader_epoch=self.follower.leader_epoch)
        if self.follower.learn_high_watermark(leader_high_watermark, self.log.log_end_offset):
            self._high_watermark_moved()
        if leader_log_start_offset > self.log.log_start_offset:
            self.advance_log_start(min(leader_log_start_offset, self.follower.high_watermark))
        return result

    def truncate_diverged(self, epoch: int, end_offset: int, now_ms: int) -> int:
        """The leader's log has nothing beyond `end_offset` of `epoch`, the largest that both may share: cut. The
        log's new end.

        Where this log does not know that epoch, it is cut where its next older one ends, and the leader is to be
        asked again.
        """
        own_epoch, own_end = self.log.end_offset_for_epoch(epoch)
        if own_epoch == epoch:
            target = min(own_end, end_offset)
        elif own_epoch == NO_EPOCH:
            target = end_offset
        else:
            target = own_end
        return self.truncate_to(min(target, self.log.log_end_offset), now_ms)

    def truncate_to(self, offset: int, now_ms: int) -> int:
        """Cut the log at `offset`, or before the batch that contains it. The log's new end."""
        new_end = self.log.truncate_to(offset, now_ms)
        self.follower.truncated(new_end)
        return new_end

    def restart_at(self, offset: int, now_ms: int) -> None:
        """Throw the log away and begin anew at `offset`: the leader keeps nothing before it."""
        self.log.truncate_fully_and_start_at(offset, now_ms)
        self.follower.high_watermark = offset
        self._tell_all()

    def advance_log_start(self, offset: int) -> None:
        """Readers get nothing before `offset` any more."""
        if offset > self.log.log_start_offset:
            self._discard(self.log.advance_log_start(offset))
            self._tell_all()

    def apply_retention(self, now_ms: int) -> None:
        """Let go of the segments that the topic's retention does not keep."""
        before = self.log.log_start_offset
        self._discard(self.log.apply_retention(self.high_watermark, now_ms))
        if self.log.log_start_offset != before:
            self._tell_all()

    # Reading

    def diverging_epoch(self, last_fetched_epoch: int, fetch_offset: int) -> tuple[int, int] | None:
        """Where the reader's log parts from this one: (epoch, end offset here), or None where it does not.

        `last_fetched_epoch` is that of the reader's last record, -1 where it tells none. OFFSET_OUT_OF_RANGE where
        this log cannot say.
        """
        if last_fetched_epoch == NO_EPOCH:
            return None
        epoch, end_offset = self.log.end_offset_for_epoch(last_fetched_epoch)
        if epoch == NO_EPOCH or end_offset < 0 or fetch_offset < self.log.log_start_offset:
            raise WireError(ErrorCode.OFFSET_OUT_OF_RANGE)
        if epoch < last_fetched_epoch or end_offset < fetch_offset:
            return epoch, end_offset
        return None

    def watch(self, known: SessionPartition, *, from_follower: bool) -> None:
        """Tell this session's partition, once, when something changes that its reader would see."""
        self._high_watermark_watchers[known] = None
        if from_follower:
            self._end_watchers[known] = None

    def unwatch(self, known: SessionPartition) -> None:
        """It need not be told any more."""
        self._high_watermark_watchers.pop(known, None)
        self._end_watchers.pop(known, None)

    @property
    def watchers_count(self) -> int:
        return len(self._high_watermark_watchers) + len(self._end_watchers)

    def _high_watermark_moved(self) -> None:
        self.log.producers.unstable.replicated(self.high_watermark)
        role = self.leader
        if role is not None and self._waiting:
            waiting, high_watermark, error = self._waiting, role.high_watermark, self.error_after_append()
            while waiting and waiting[0].offset <= high_watermark:
                waiting.popleft().settle(error)
        if self.on_change is not None:
            self.on_change()
        watchers = self._high_watermark_watchers
        if watchers:
            self._high_watermark_watchers = {}
            for known in watchers:
                if known.session.privileged:
                    known.changed()
                else:
                    known.changed_now()

    def _tell_all(self) -> None:
        watchers = self._high_watermark_watchers | self._end_watchers
        self._high_watermark_watchers = {}
        self._end_watchers = {}
        for known in watchers:
            known.changed_now()

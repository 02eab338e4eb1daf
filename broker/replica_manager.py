"""The replicas of this broker: where they are found, what the metadata log makes of them, and what they need of the
broker.

The manager owns the partitions and does nothing to their data; handlers and fetchers do that with what `find` gives
them. It
- applies each delta of the cluster's image (`apply_delta`, in `replica_changes.py`),
- passes ISR changes to the controller, and their outcome back,
- wakes, times out and completes what waits (`FetchHost`),
- takes all replicas of a log directory offline when its disk fails (`storage_failed`),
- looks for followers that fall behind (`check_isr`).

It runs on the event loop and never waits; what may wait goes to `Background`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from barnabas.broker.background import Background
from barnabas.broker.fetch_session import FetchSessionCache, TopicKey
from barnabas.broker.isr import IsrChange
from barnabas.broker.log_flusher import LogFlusher
from barnabas.broker.partition import Partition
from barnabas.broker.purgatory import TimedPurgatory, TimerSource, Waiting
from barnabas.broker.replica_selector import select_by_rack
from barnabas.broker.replica_statistics import ReplicaStatistics
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.server.logging import get_logger
from barnabas.storage.disk import LogSlice, StorageError

if TYPE_CHECKING:
    from barnabas.broker.leader_hints import MetadataView
    from barnabas.broker.partition_leader import LeaderRole
    from barnabas.broker.pending_fetch import PartitionData, PendingFetch
    from barnabas.metadata.delta import MetadataDelta
    from barnabas.metadata.image import MetadataImage
    from barnabas.storage.config import LogConfig
    from barnabas.storage.log_manager import LogManager

log = get_logger(__name__)

_ISR_RETRY_SECONDS: Final = 0.05
_EXPANSION_RETRY_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class ReplicaConfig:
    """Settings of the replica manager; times in seconds."""

    broker_id: int
    replica_lag_time_max: float = 30.0
    max_fetch_sessions: int = 1000
    rack_aware: bool = False
    """Whether `replica.selector.class` is the rack aware one."""
    full_record_validation: bool = False
    """`barnabas.record.validation`"""


class IsrChanges(Protocol):
    """The way of ISR changes to the controller (`AlterPartitionSender`)."""

    def submit(self, change: IsrChange) -> None: ...


class Fetchers(Protocol):
    """Who fetches what this broker follows (`ReplicaFetchers`)."""

    def follow(self, partition: Partition) -> None:
        """Fetch from the partition's leader, from its log's end, in its leader epoch; if it has one."""
        ...

    def stop(self, partition: Partition) -> None:
        """Fetch it no longer."""
        ...


class ReplicaManager:
    """See the module's text. Implements `FetchHost`, `BrokerStates` and `AlterPartitionReceiver`."""

    def __init__(
        self,
        config: ReplicaConfig,
        *,
        metadata: MetadataView,
        logs: LogManager,
        log_config: Callable[[str], LogConfig],
        clock: Callable[[], float],
        wall_clock_ms: Callable[[], int],
        timers: TimerSource,
        background: Background,
        new_session_id: Callable[[], int],
        directory_failed: Callable[[bytes], None],
    ) -> None:
        """`log_config` gives a topic's configuration; `directory_failed` is told the id of a log directory that fails.

        `isr_changes` and `fetchers` are to be set before the first delta is applied: they need the manager themselves.
        """
        self.config: Final = config
        self.metadata: Final = metadata
        self.logs: Final = logs
        self.log_config: Final = log_config
        self.clock: Final = clock
        self.wall_clock_ms: Final = wall_clock_ms
        self.timers: Final = timers
        self.background: Final = background
        self.isr_changes: IsrChanges
        self.fetchers: Fetchers
        self.sessions: Final = FetchSessionCache(config.max_fetch_sessions, new_session_id)
        self.statistics: Final = ReplicaStatistics()
        self.flusher: Final = LogFlusher(background, timers, clock, wall_clock_ms, self.storage_failed)
        self.by_name: Final[dict[str, dict[int, Partition]]] = {}
        self.by_id: Final[dict[bytes, dict[int, Partition]]] = {}
        self._directory_failed = directory_failed
        self._produces = TimedPurgatory(timers, clock)
        self._fetches = TimedPurgatory(timers, clock)
        self._to_look_again: list[PendingFetch] = []

    # Finding replicas

    def find(self, topic: TopicKey, index: int) -> Partition:
        """The replica of this partition, by topic id or name; WireError where this broker has none.

        One whose disk failed is found, and refuses everything itself.
        """
        hosted = self.by_id.get(topic) if isinstance(topic, bytes) else self.by_name.get(topic)
        partition = None if hosted is None else hosted.get(index)
        if partition is None:
            raise WireError(self._why_not_here(topic, index))
        return partition

    def _why_not_here(self, topic: TopicKey, index: int) -> ErrorCode:
        topics = self.metadata.image.topics
        if isinstance(topic, bytes):
            known = topics.by_id.get(topic)
            if known is None:
                return ErrorCode.UNKNOWN_TOPIC_ID
        else:
            known = topics.by_name(topic)
        if known is None or index not in known.partitions:
            return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        return ErrorCode.NOT_LEADER_OR_FOLLOWER

    def __iter__(self) -> Iterator[Partition]:
        """All replicas, those of failed disks among them."""
        return (partition for hosted in self.by_id.values() for partition in hosted.values())

    def led(self) -> Iterator[tuple[Partition, LeaderRole]]:
        """The partitions that this broker leads, with the role."""
        for partition in self:
            if partition.leader is not None and not partition.error:
                yield partition, partition.leader

    @property
    def partitions_count(self) -> int:
        return sum(map(len, self.by_id.values()))

    @property
    def offline_replicas_count(self) -> int:
        return sum(bool(partition.error) for partition in self)

    @property
    def waiting_produces(self) -> int:
        return len(self._produces)

    @property
    def waiting_fetches(self) -> int:
        return len(self._fetches)

    # What the metadata log says

    def apply_delta(self, delta: MetadataDelta, image: MetadataImage) -> None:
        """Do what the change of the image to `image` means for the replicas here. `metadata` has that image already."""
        from barnabas.broker.replica_changes import ReplicaChanges

        ReplicaChanges(self, delta, image).apply()

    def isr_eligible_epoch(self, broker_id: int) -> int | None:
        """See `BrokerStates`."""
        broker = self.metadata.image.cluster.brokers.get(broker_id)
        return broker.epoch if broker is not None and broker.active else None

    # The ISR

    def start_checking_isr(self) -> None:
        """Look for followers that fall behind, twice in each `replica.lag.time.max.ms`."""
        self.timers.call_at(self.clock() + self.config.replica_lag_time_max / 2, self._check_isr)

    def _check_isr(self) -> None:
        self.check_isr()
        self.start_checking_isr()

    def check_isr(self) -> None:
        """Propose to take out the followers that have fallen behind."""
        now = self.clock()
        for partition, role in self.led():
            change = role.maybe_shrink(now)
            if change is not None:
                self.change_isr(partition, change)

    def change_isr(self, partition: Partition, change: IsrChange) -> None:
        """Send an ISR change to the controller."""
        log.info("changing ISR", topic=partition.topic, partition=partition.index, change=str(change))
        self.isr_changes.submit(change)

    def recheck_expansion(self, partition: Partition) -> None:
        """Let in a follower that may be let in by now: no fetch of an idle partition will bring it up again."""
        role = partition.leader
        if role is not None and not partition.error and role.is_missing_followers:
            change = role.maybe_expand(self.clock())
            if change is not None:
                self.change_isr(partition, change)

    def isr_change_committed(
        self, change: IsrChange, leader_epoch: int, partition_epoch: int, isr: Iterable[int]
    ) -> None:
        """The controller committed a change."""
        partition = self.by_id.get(change.topic_id, {}).get(change.index)
        if partition is None:
            return
        if partition.isr_committed(change, leader_epoch, partition_epoch, isr, self.clock()):
            if change.expands:
                self.statistics.isr_expands += 1
            else:
                self.statistics.isr_shrinks += 1
            self.recheck_expansion(partition)

    def isr_change_failed(self, change: IsrChange, error: ErrorCode) -> None:
        """The controller refused a change, or nobody knows what became of it."""
        self.statistics.failed_isr_updates += 1
        partition = self.by_id.get(change.topic_id, {}).get(change.index)
        role = None if partition is None else partition.leader
        if partition is None or role is None:
            return
        log.info(
            "ISR change failed",
            topic=partition.topic,
            partition=partition.index,
            change=str(change),
            error=error.name,
        )
        if role.handle_alter_error(change, error):
            self._call_later(_ISR_RETRY_SECONDS, partial(self._resubmit, role, change))
        elif not role.isr.in_flight:
            self._call_later(_EXPANSION_RETRY_SECONDS, partial(self.recheck_expansion, partition))

    def _resubmit(self, role: LeaderRole, change: IsrChange) -> None:
        if role.awaits(change):
            self.isr_changes.submit(change)

    def _call_later(self, delay: float, call: Callable[[], None]) -> None:
        self.timers.call_at(self.clock() + delay, call)

    # What waits

    def wait_for_acknowledgement(self, produce: Waiting, limit: float) -> None:
        """Call the produce's `expire` in `limit` seconds, unless it is done."""
        self._produces.add(produce, limit)

    def wait(self, fetch: PendingFetch, limit: float) -> None:
        """See `FetchHost`."""
        self._fetches.add(fetch, limit)

    def look_again(self, fetch: PendingFetch) -> None:
        """See `FetchHost`. All fetches that were woken meanwhile look again together."""
        if not self._to_look_again:
            self.background.soon(self._look_again)
        self._to_look_again.append(fetch)

    def _look_again(self) -> None:
        fetches, self._to_look_again = self._to_look_again, []
        for fetch in fetches:
            fetch.look_again()

    def preferred_replica(self, partition: Partition, rack: str, offset: int) -> int | None:
        """See `FetchHost`."""
        if not self.config.rack_aware or partition.leader is None:
            return None
        return select_by_rack(partition.leader, self.metadata.image.cluster, rack, offset)

    def read_then(self, reads: list[tuple[PartitionData, LogSlice]], then: Callable[[], None]) -> None:
        """See `FetchHost`."""

        def read() -> None:
            for data, records in reads:
                data.records = records.read()

        def failed(error: StorageError) -> None:
            self.storage_failed(error)
            for data, _ in reads:
                if data.records is None:
                    data.error_code = ErrorCode.KAFKA_STORAGE_ERROR
                    data.records = memoryview(b"")
            then()

        self.background.in_thread(read, then, failed)

    # Disks

    def storage_failed(self, error: StorageError) -> None:
        """A disk failed: its directory goes offline with all replicas in it; the others go on."""
        directory = self.logs.directory_of_error(error)
        if directory is None or directory.offline is not None:
            return
        lost = self.logs.mark_offline(directory, error)
        log.error("log directory failed", directory=directory.path, reason=str(error), replicas=len(lost))
        for lost_log in lost:
            partition = self.by_name.get(lost_log.topic, {}).get(lost_log.partition)
            if partition is not None and partition.log is lost_log:
                self.fetchers.stop(partition)
                partition.close(ErrorCode.KAFKA_STORAGE_ERROR)
        self._directory_failed(directory.directory_id)

    def high_watermarks(self) -> dict[tuple[str, int], int]:
        """Of all replicas whose disks work, by topic name and index; also after `close`."""
        return {
            (partition.topic, partition.index): partition.high_watermark
            for partition in self
            if partition.error is not ErrorCode.KAFKA_STORAGE_ERROR
        }

    def close(self, error: ErrorCode = ErrorCode.NOT_LEADER_OR_FOLLOWER) -> None:
        """The broker stops: answer all that waits. The logs are closed by whoever opened them."""
        for partition in self:
            partition.close(error)

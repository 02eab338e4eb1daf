"""Which logs are synced when (`flush.messages`, `flush.ms`, a complete segment), with one sync for all that has
gathered.

A log has one flush under way at most, in a thread. Whatever is appended meanwhile waits for the next one, which
starts as soon as this one ends if it is wanted: that is the group commit. What is synced counts for the leader at
once (`Partition.synced`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from barnabas.broker.background import Background
from barnabas.storage.config import MAX_LONG
from barnabas.storage.disk import StorageError

if TYPE_CHECKING:
    from barnabas.broker.partition import Partition
    from barnabas.broker.purgatory import TimerSource

Waiters = list[tuple[int, Callable[[], None]]]


class LogFlusher:
    """See the module's text. `clock` in seconds, `wall_clock_ms` in ms; `failed` is told of a disk that fails."""

    def __init__(
        self,
        background: Background,
        timers: TimerSource,
        clock: Callable[[], float],
        wall_clock_ms: Callable[[], int],
        failed: Callable[[StorageError], None],
    ) -> None:
        self._background = background
        self._timers = timers
        self._clock = clock
        self._wall_clock_ms = wall_clock_ms
        self._failed = failed
        self._under_way: set[Partition] = set()
        self._timed: set[Partition] = set()
        self._waiters: dict[Partition, Waiters] = {}

    def appended(self, partition: Partition, now_ms: int) -> None:
        """The partition's log grew: flush it if its configuration wants that, now or later."""
        log = partition.log
        if log.flush_needed(now_ms):
            self._flush(partition)
        elif log.config.flush_ms < MAX_LONG and partition not in self._timed:
            self._timed.add(partition)
            delay = max(log.last_flush_ms + log.config.flush_ms - now_ms, 0) / 1000
            self._timers.call_at(self._clock() + delay, lambda: self._flush_timed(partition))

    def sync_then(self, partition: Partition, then: Callable[[], None]) -> None:
        """Call `then` once all that the log holds now is durable, or once its disk has failed."""
        end_offset = partition.log.log_end_offset
        if partition.error or partition.log.recovery_point >= end_offset:
            then()
            return
        self._waiters.setdefault(partition, []).append((end_offset, then))
        self._flush(partition)

    def _flush_timed(self, partition: Partition) -> None:
        self._timed.discard(partition)
        if not partition.error and partition.log.recovery_point < partition.log.log_end_offset:
            self._flush(partition)

    def _flush(self, partition: Partition) -> None:
        if partition in self._under_way or partition.error:
            return
        flush = partition.log.prepare_flush()
        if flush is None:
            return
        self._under_way.add(partition)

        def done() -> None:
            self._under_way.discard(partition)
            if partition.error:
                self._give_up(partition)
            else:
                partition.log.complete_flush(flush, self._wall_clock_ms())
                self._flushed(partition)

        def failed(error: StorageError) -> None:
            self._under_way.discard(partition)
            self._failed(error)
            self._give_up(partition)

        self._background.in_thread(flush.run, done, failed)

    def _give_up(self, partition: Partition) -> None:
        for _, then in self._waiters.pop(partition, []):
            then()

    def _flushed(self, partition: Partition) -> None:
        log = partition.log
        partition.synced(log.recovery_point, self._clock())
        waiting = self._waiters.pop(partition, [])
        # A truncation meanwhile leaves the log shorter than what was waited for: all there is is durable then.
        reached = [then for offset, then in waiting if min(offset, log.log_end_offset) <= log.recovery_point]
        if len(reached) < len(waiting):
            self._waiters[partition] = [
                (offset, then) for offset, then in waiting if min(offset, log.log_end_offset) > log.recovery_point
            ]
        if partition in self._waiters or log.flush_needed(self._wall_clock_ms()):
            self._flush(partition)
        for then in reached:
            then()

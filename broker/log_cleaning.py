"""Compaction of this broker's logs: which is cleaned next, how fast, and what becomes of one that cannot be cleaned.

`log.cleaner.threads` tasks each take the filthiest log that wants cleaning and is not being cleaned, and rest for
`log.cleaner.backoff.ms` where there is none. A round's steps (`storage/cleaner.py`) run in threads one after another;
between two of them the log is the event loop's, and others get their turn. All together read and write no more than
`log.cleaner.io.max.bytes.per.second`, and their maps share `log.cleaner.dedupe.buffer.size`.

A log that turns out to be damaged is left alone from then on, until it or the broker is gone: it is counted, and the
reason is in the log. The others go on, and so does the broker.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import trio

from barnabas.broker.cleaner_statistics import CleanerCounts, LastRound
from barnabas.protocol.record_batch import CorruptRecords
from barnabas.server.logging import get_logger
from barnabas.storage.cleaner_plan import Dirt, survey
from barnabas.storage.disk import StorageError
from barnabas.storage.index import CorruptIndex
from barnabas.storage.swap import SegmentTooLarge

if TYPE_CHECKING:
    from barnabas.broker.partition import Partition
    from barnabas.broker.replica_manager import ReplicaManager
    from barnabas.server.environment import Threads
    from barnabas.storage.cleaner import Cleaning
    from barnabas.storage.log import PartitionLog

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CleanerConfig:
    """Settings of the cleaner; sizes in bytes."""

    tasks: int = 1
    """`log.cleaner.threads`; 0 also where `log.cleaner.enable` is false."""
    backoff: float = 15.0
    """Seconds (`log.cleaner.backoff.ms`)."""
    map_bytes: int = 134_217_728
    """Of memory, for the maps of all tasks together (`log.cleaner.dedupe.buffer.size`)."""
    bytes_per_second: float = float("inf")
    """`log.cleaner.io.max.bytes.per.second`"""


class Throttle:
    """Spreads what is done over time, so that no more than so much is done a second."""

    def __init__(self, per_second: float) -> None:
        self._per_second = max(per_second, 1.0)
        self._even_at = 0.0

    def wait(self, amount: int, now: float) -> float:
        """So much has been done: for how many seconds to do nothing."""
        self._even_at = max(self._even_at, now) + amount / self._per_second
        return self._even_at - now


class LogCleaner:
    """See the module's text."""

    def __init__(self, manager: ReplicaManager, config: CleanerConfig, threads: Threads) -> None:
        self.counts: Final = CleanerCounts()
        self._manager: Final = manager
        self._config: Final = config
        self._threads: Final = threads
        self._throttle: Final = Throttle(config.bytes_per_second)
        self._checkpointing: Final = trio.Lock()
        self._under_way: set[PartitionLog] = set()
        self._uncleanable: dict[PartitionLog, Partition] = {}

    def now(self) -> float:
        """Seconds, as `counts` has them."""
        return self._manager.clock()

    def start(self, nursery: trio.Nursery) -> None:
        """Begin, once all logs are open."""
        self.counts.last_look = self.now()
        for number in range(self._config.tasks):
            nursery.start_soon(self._run, number)

    async def _run(self, task: int) -> None:
        while True:
            if not await self.clean_filthiest(task):
                await trio.sleep(self._config.backoff)

    async def clean_filthiest(self, task: int = 0) -> bool:
        """Clean the log that wants it most, for one of the tasks; whether there was one, and all went well."""
        chosen = self._choose()
        if chosen is None:
            return False
        partition, dirt = chosen
        self._under_way.add(partition.log)
        try:
            return await self._clean(partition, dirt, task)
        finally:
            self._under_way.discard(partition.log)

    # Which

    def _choose(self) -> tuple[Partition, Dirt] | None:
        chosen: tuple[Partition, Dirt] | None = None
        counts = self.counts
        counts.last_look, counts.max_dirty_ratio, counts.max_overdue_ms = self._manager.clock(), 0.0, 0
        for partition, dirt in self._dirty():
            counts.max_dirty_ratio = max(counts.max_dirty_ratio, dirt.ratio)
            counts.max_overdue_ms = max(counts.max_overdue_ms, dirt.overdue_ms)
            if dirt.is_enough(partition.log.config) and (chosen is None or dirt.ratio > chosen[1].ratio):
                chosen = (partition, dirt)
        return chosen

    def _dirty(self) -> Iterator[tuple[Partition, Dirt]]:
        """The compacted logs of which more than the active segment is dirty, but for those that are not to be cleaned
        now.
        """
        self._forget_gone()
        for partition in list(self._manager):
            replica_log = partition.log
            if partition.error or not replica_log.config.compact:
                continue
            if replica_log in self._under_way or replica_log in self._uncleanable:
                continue
            dirt = self._survey(partition)
            if dirt is not None:
                yield partition, dirt

    def _survey(self, partition: Partition) -> Dirt | None:
        manager, replica_log = self._manager, partition.log
        cleaned = manager.logs.cleaned_offset(replica_log)
        active = replica_log.active.base_offset
        if active <= (replica_log.log_start_offset if cleaned is None else cleaned):
            return None
        if replica_log.recovery_point < active:
            # Only what is durable is cleaned, and nobody else may need it to be for long.
            manager.flusher.sync_then(partition, lambda: None)
        try:
            return survey(replica_log, cleaned, partition.last_stable_offset, manager.wall_clock_ms())
        except StorageError as error:
            manager.storage_failed(error)
            return None

    # Cleaning

    async def _clean(self, partition: Partition, dirt: Dirt, task: int) -> bool:
        from barnabas.storage.cleaner import Cleaning, CleaningAborted  # few brokers ever clean

        manager, replica_log = self._manager, partition.log
        started = manager.clock()
        map_bytes = self._config.map_bytes // self._config.tasks
        cleaning = Cleaning(replica_log, dirt, map_bytes=map_bytes, now_ms=manager.wall_clock_ms())
        try:
            await self._take_steps(cleaning)
        except CleaningAborted as aborted:
            log.info("cleaning ended", reason=str(aborted))
            return True
        except StorageError as error:
            manager.storage_failed(error)
            return False
        except (CorruptRecords, CorruptIndex, SegmentTooLarge) as error:
            if not cleaning.is_stale:
                self._give_up(partition, error)
            return False
        manager.logs.set_cleaned_offset(replica_log, cleaning.end_offset)
        self._count(partition, cleaning, task, manager.clock() - started)
        await self._checkpoint(replica_log)
        return True

    async def _checkpoint(self, replica_log: PartitionLog) -> None:
        manager = self._manager
        async with self._checkpointing:
            if manager.logs.get(replica_log.topic, replica_log.partition) is replica_log:
                for failure in await self._threads(manager.logs.prepare_cleaner_checkpoint(replica_log).run):
                    manager.storage_failed(failure)

    async def _take_steps(self, cleaning: Cleaning) -> None:
        statistics = cleaning.statistics
        with closing(cleaning.steps()) as steps:
            for step in steps:
                before = statistics.io_bytes
                await self._threads(step)
                delay = self._throttle.wait(statistics.io_bytes - before, self._manager.clock())
                if delay > 0:
                    await trio.sleep(delay)

    def _count(self, partition: Partition, cleaning: Cleaning, task: int, seconds: float) -> None:
        counts, done = self.counts, cleaning.statistics
        counts.rounds += 1
        counts.read_bytes += done.map_bytes + done.read_bytes
        counts.written_bytes += done.written_bytes
        counts.last_rounds[task] = LastRound(seconds, done.read_bytes, done.written_bytes, done.map_utilization)
        log.info(
            "log cleaned",
            topic=partition.topic,
            partition=partition.index,
            up_to=cleaning.end_offset,
            bytes_before=done.read_bytes,
            bytes_after=done.written_bytes,
            seconds=round(seconds, 3),
        )
        if done.keyless:
            log.warning(
                "records without a key removed", topic=partition.topic, partition=partition.index, records=done.keyless
            )

    # What cannot be cleaned

    def _give_up(self, partition: Partition, error: Exception) -> None:
        self._uncleanable[partition.log] = partition
        log.error("log cannot be cleaned", topic=partition.topic, partition=partition.index, reason=str(error))

    def _forget_gone(self) -> None:
        logs = self._manager.logs
        for gone in [each for each in self._uncleanable if logs.get(each.topic, each.partition) is not each]:
            del self._uncleanable[gone]

    def uncleanable(self) -> dict[tuple[str, ...], tuple[int, int]]:
        """By log directory: how many logs cannot be cleaned, and how many bytes of them should be."""
        self._forget_gone()
        logs = self._manager.logs
        found: dict[tuple[str, ...], tuple[int, int]] = {(directory.path,): (0, 0) for directory in logs.directories}
        for replica_log, partition in self._uncleanable.items():
            dirt = self._survey(partition)
            key = (logs.directory_of(replica_log).path,)
            count, size = found[key]
            found[key] = (count + 1, size + (0 if dirt is None else dirt.dirty_bytes))
        return found

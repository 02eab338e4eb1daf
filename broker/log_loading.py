"""Opening all logs at the start, several at a time, with the progress for whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import trio

from barnabas.broker.background import Background
from barnabas.broker.replica_manager import ReplicaManager
from barnabas.protocol.types import ZERO_UUID
from barnabas.server.environment import Threads, in_thread
from barnabas.server.logging import get_logger
from barnabas.storage.config import LogConfig
from barnabas.storage.disk import StorageError
from barnabas.storage.log import PartitionLog
from barnabas.storage.log_directory import LogDirectory
from barnabas.storage.log_manager import LogLoad, LogManager

log = get_logger(__name__)


@dataclass(slots=True)
class LoadProgress:
    """How many logs are to be opened, and how many are; None until that is known."""

    total: int | None = None
    loaded: int = 0

    @property
    def done(self) -> bool:
        return self.loaded == self.total


class LogLoader:
    """Opens what is in the log directories; recovery after a crash reads what was not known to be durable."""

    def __init__(
        self,
        logs: LogManager,
        log_config: Callable[[str], LogConfig],
        topic_id_of: Callable[[str], bytes | None],
        failed: Callable[[LogDirectory, StorageError], None],
        *,
        threads: Threads = in_thread,
        threads_per_directory: int,
    ) -> None:
        """`topic_id_of` gives a topic's id, None where there is no such topic any more.

        `failed` is told of each directory whose disk fails; it has not been taken offline by then.
        """
        self.progress: Final = LoadProgress()
        self._logs = logs
        self._log_config = log_config
        self._topic_id_of = topic_id_of
        self._failed = failed
        self._threads = threads
        self._threads_per_directory = threads_per_directory

    async def load(self, now_ms: int) -> None:
        """Open all logs. WrongDirectory when a partition is in two directories."""
        loads = self._logs.plan_loading(self._log_config, now_ms, self._failed)
        self.progress.total = len(loads)
        by_directory: dict[str, list[LogLoad]] = {}
        for load in loads:
            by_directory.setdefault(load.directory.path, []).append(load)
        async with trio.open_nursery() as nursery:
            for mine in by_directory.values():
                for part in _dealt(mine, self._threads_per_directory):
                    nursery.start_soon(self._load_some, part)

    async def _load_some(self, loads: list[LogLoad]) -> None:
        for load in loads:
            if load.directory.offline is None:
                try:
                    self._take(load, await self._threads(load.run))
                except StorageError as error:
                    self._failed(load.directory, error)
            self.progress.loaded += 1

    def _take(self, load: LogLoad, opened: PartitionLog) -> None:
        for note in opened.recovery_notes:
            log.warning("log repaired", topic=load.topic, partition=load.partition, what=note)
        if opened.topic_id in (ZERO_UUID, self._topic_id_of(load.topic)):
            self._logs.add(load, opened)
        else:
            # Its topic was deleted while this broker or the directory was away; there may be another of that name.
            log.warning("removing the log of a deleted topic", topic=load.topic, partition=load.partition)
            self._logs.discard(load, opened)


def _dealt(loads: list[LogLoad], hands: int) -> list[list[LogLoad]]:
    """The loads in so many parts, of about the same size, none empty."""
    return [part for part in (loads[start::hands] for start in range(hands)) if part]


def remove_leftovers(logs: LogManager, replicas: ReplicaManager, background: Background) -> None:
    """Remove the logs that no replica has claimed, and what an earlier deletion did not finish.

    The metadata has caught up: what it does not give to this broker now was taken from it while it was away.
    """
    removals = logs.unfinished_removals()
    for stray in [each for each in logs if each.partition not in replicas.by_name.get(each.topic, {})]:
        log.warning("removing a log that is no replica of this broker", topic=stray.topic, partition=stray.partition)
        try:
            removals.append(logs.delete(stray))
        except StorageError as error:
            replicas.storage_failed(error)
    for removal in removals:
        background.in_thread(removal.run, lambda: None, replicas.storage_failed)

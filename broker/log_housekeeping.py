"""What a broker's logs need from time to time: checkpoints, retention, closing what is idle, forgetting idle producers.

Nothing is written while nothing changes: an idle broker looks at its high watermarks every few seconds, and that is
all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from barnabas.storage.disk import StorageError

if TYPE_CHECKING:
    from barnabas.broker.replica_manager import ReplicaManager

_PRODUCER_EXPIRATION_INTERVAL: Final = 600.0
_RELEASE_INTERVAL: Final = 60.0


@dataclass(frozen=True, slots=True)
class HousekeepingConfig:
    """Intervals in seconds, but for `producer_expiration_ms`."""

    checkpoint_interval: float = 5.0
    """`replica.high.watermark.checkpoint.interval.ms`"""
    retention_interval: float = 300.0
    """`log.retention.check.interval.ms`"""
    producer_expiration_ms: int = 86_400_000
    """`producer.id.expiration.ms`"""


class LogHousekeeping:
    """See the module's text."""

    def __init__(self, manager: ReplicaManager, config: HousekeepingConfig) -> None:
        self._manager: Final = manager
        self._config: Final = config
        self._written: dict[tuple[str, int], int] = {}
        self._writing = False

    def start(self) -> None:
        """Begin; the replica manager's timers carry it on."""
        config = self._config
        self._every(config.checkpoint_interval, self.checkpoint)
        self._every(config.retention_interval, self.apply_retention)
        self._every(_PRODUCER_EXPIRATION_INTERVAL, self.expire_producers)
        self._every(_RELEASE_INTERVAL, self.release_idle)

    def _every(self, interval: float, call: Callable[[], object]) -> None:
        def run() -> None:
            call()
            self._every(interval, call)

        self._manager.timers.call_at(self._manager.clock() + interval, run)

    def checkpoint(self) -> None:
        """Write down the high watermarks, recovery points and start offsets, if anything moved."""
        manager = self._manager
        high_watermarks = manager.high_watermarks()
        if self._writing or high_watermarks == self._written:
            return
        self._writing = True
        checkpoint = manager.logs.prepare_checkpoint(high_watermarks)
        failures: list[StorageError] = []

        def done() -> None:
            self._writing = False
            if not failures:
                self._written = high_watermarks
            for failure in failures:
                manager.storage_failed(failure)

        manager.background.in_thread(lambda: failures.extend(checkpoint.run()), done, manager.storage_failed)

    def apply_retention(self) -> None:
        """Let go of old segments."""
        manager = self._manager
        now_ms = manager.wall_clock_ms()
        for partition in list(manager):
            if not partition.error:
                try:
                    partition.apply_retention(now_ms)
                except StorageError as error:
                    manager.storage_failed(error)
        self._written = {}  # log starts moved, too
        self.checkpoint()

    def expire_producers(self) -> None:
        """Forget what producers wrote that have not written for long."""
        self._manager.logs.expire_producers(self._manager.wall_clock_ms(), self._config.producer_expiration_ms)

    def release_idle(self) -> None:
        """Close the files that nobody uses."""
        self._manager.logs.release_idle()

"""From a partition's leadership to its shard: begun with each leader epoch of this broker, closed when that ends.

`look` is called whenever something happened to the partition that may concern the shard (`Partition.on_change`), and
asks what is, never what happened. So it does not matter which change is told first, whether several come as one, or
whether one is told twice:

    not led here, or failed             no shard
    led in another epoch                that shard closes, and the next one is begun
    loading is through, all committed   the shard becomes active
    active                              it learns the high watermark

A shard that broke, or could not be loaded, is begun again after a while, in the same epoch: the log is what counts.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, Generic

from barnabas.broker.coordinator.shard import M, Shard, ShardState
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.record_batch import CorruptRecords
from barnabas.server.logging import get_logger
from barnabas.storage.disk import StorageError

if TYPE_CHECKING:
    from barnabas.broker.coordinator.loading import ShardLoader
    from barnabas.broker.partition import Partition
    from barnabas.broker.purgatory import TimerSource

log = get_logger(__name__)

_FIRST_RETRY_SECONDS: Final = 1.0
_LAST_RETRY_SECONDS: Final = 60.0


class LedPartition(Generic[M]):
    """One replica of the coordinators' topic on this broker. `shard` is None while it is not led here."""

    def __init__(
        self,
        partition: Partition,
        *,
        new_shard: Callable[[Partition, int, Callable[[], None]], Shard[M]],
        loader: ShardLoader,
        spawn: Callable[..., None],
        storage_failed: Callable[[StorageError], None],
        clock: Callable[[], float],
        timers: TimerSource,
    ) -> None:
        """`new_shard` gets the partition, the leader epoch, and whom to tell if the shard breaks."""
        self.partition: Final = partition
        self.shard: Shard[M] | None = None
        self._new_shard = new_shard
        self._loader = loader
        self._spawn = spawn
        self._storage_failed = storage_failed
        self._clock = clock
        self._timers = timers
        self._begun_at = 0.0
        self._loaded_end: int | None = None
        self._retry_after = _FIRST_RETRY_SECONDS
        partition.on_change = self.look

    def look(self) -> None:
        """See the module's text."""
        role = None if self.partition.error else self.partition.leader
        shard = self.shard
        if shard is not None and (role is None or role.leader_epoch != shard.leader_epoch):
            self.shard = None
            self._retry_after = _FIRST_RETRY_SECONDS
            shard.close()
        if role is None:
            return
        shard = self.shard or self._begin(role.leader_epoch)
        if shard.state is ShardState.ACTIVE:
            shard.committed(role.high_watermark)
        elif shard.state is ShardState.LOADING and self._is_loaded(role.high_watermark):
            self._activate(shard, role.high_watermark)

    def find(self) -> Shard[M]:
        """The shard, ready to serve. WireError where there is none, or none yet."""
        shard = self.shard
        if shard is None:
            raise WireError(ErrorCode.NOT_COORDINATOR)
        if shard.state is not ShardState.ACTIVE:
            raise WireError(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
        return shard

    # Loading

    def _begin(self, leader_epoch: int) -> Shard[M]:
        replica_log = self.partition.log
        self._begun_at = self._clock()
        self.shard = shard = self._new_shard(self.partition, leader_epoch, self._begin_again_later)
        if replica_log.log_start_offset < replica_log.log_end_offset:
            self._loaded_end = None
            self._spawn(self._load, shard)
        else:  # a new topic: its first user need not wait
            self._loaded_end = replica_log.log_end_offset
        return shard

    async def _load(self, shard: Shard[M]) -> None:
        try:
            end = await self._loader.load(self.partition, shard)
        except StorageError as error:
            self._storage_failed(error)
        except CorruptRecords:
            log.exception("coordinator cannot be loaded", partition=str(self.partition))
            shard.close()
            self._begin_again_later()
        else:
            if end is not None and shard is self.shard and shard.state is ShardState.LOADING:
                self._loaded_end = end
                self.look()

    def _is_loaded(self, high_watermark: int) -> bool:
        """Whether loading is through, and all that was loaded is committed."""
        return self._loaded_end is not None and self._loaded_end <= high_watermark

    def _activate(self, shard: Shard[M], high_watermark: int) -> None:
        seconds = self._clock() - self._begun_at
        self._loaded_end = None
        self._loader.statistics.loads += 1
        self._loader.statistics.seconds += seconds
        log.debug("coordinator loaded", partition=str(self.partition), seconds=round(seconds, 3))
        shard.activate(high_watermark)

    def _begin_again_later(self) -> None:
        """The present shard has closed by itself."""
        self._loader.statistics.failures += 1
        now = self._clock()
        if now - self._begun_at > _LAST_RETRY_SECONDS:
            self._retry_after = _FIRST_RETRY_SECONDS
        self._timers.call_at(now + self._retry_after, partial(self._begin_again, self.shard))
        self._retry_after = min(2 * self._retry_after, _LAST_RETRY_SECONDS)

    def _begin_again(self, closed: Shard[M] | None) -> None:
        if closed is not None and closed is self.shard:
            self._begin(closed.leader_epoch)
            self.look()

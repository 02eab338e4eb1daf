"""Loading a shard: its partition's log is read from the start to the end, and replayed.

It is read in slices, on the event loop where they are in memory and in a thread where not, and replayed in small
pieces, so that others get their turn: heartbeats of the groups of other shards must not wait. A few shards load at a
time; the others wait, so that a broker which takes over many does not hold all their logs in memory.

What has been replayed need not be committed when loading ends. A shard serves only when it is (`leadership.py`), so
nobody ever sees what a later leader might not have. A shard that closes meanwhile ends its loading; what has been read
for it is dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import trio

from barnabas.broker.coordinator.records import CoordinatorRecord, RecordCodec, TransactionEnd
from barnabas.broker.coordinator.shard import Shard, ShardState
from barnabas.protocol.errors import MalformedMessage
from barnabas.protocol.record_batch import CorruptRecords, RecordBatch, end_txn_marker, iter_batches
from barnabas.server.logging import get_logger

if TYPE_CHECKING:
    from barnabas.broker.partition import Partition
    from barnabas.server.environment import Threads

log = get_logger(__name__)

_AT_ONCE: Final = 4
_BYTES_A_TURN: Final = 8 * 1024


class LoadStatistics:
    """What happened since the start: shards that became ready to serve, the seconds from leadership to that, records
    that were replayed for it; and shards that could not be loaded, or broke later.
    """

    __slots__ = ("failures", "loads", "records", "seconds")

    def __init__(self) -> None:
        self.loads = 0
        self.seconds = 0.0
        self.records = 0
        self.failures = 0


class ShardLoader:
    """See the module's text. `slice_bytes` is how much is read at a time."""

    def __init__(self, codec: RecordCodec, threads: Threads, slice_bytes: int) -> None:
        self.statistics: Final = LoadStatistics()
        self._codec = codec
        self._threads = threads
        self._slice_bytes = slice_bytes
        self._limiter = trio.CapacityLimiter(_AT_ONCE)

    async def load(self, partition: Partition, shard: Shard[Any]) -> int | None:
        """Replay all that the partition's log holds; the offset where it ends. None if the shard was closed meanwhile.

        Raises StorageError, and CorruptRecords or MalformedMessage for what no coordinator can have written.
        """
        async with self._limiter:
            replica_log = partition.log
            offset = replica_log.log_start_offset
            while shard.state is ShardState.LOADING:
                offset = max(offset, replica_log.log_start_offset)
                end = replica_log.log_end_offset
                if offset >= end:
                    return offset
                place = replica_log.locate(offset, self._slice_bytes, end)
                if place is None:  # the log ends with offsets whose records compaction took away
                    offset = end
                    continue
                records = place.try_read()
                if records is None:
                    records = await self._threads(place.read)
                offset = await self._replay(records, offset, shard)
            return None

    async def _replay(self, data: memoryview, offset: int, shard: Shard[Any]) -> int:
        """Replay the whole batches from `offset` on; the offset after the last one."""
        start, turn = offset, 0
        for batch in iter_batches(data):
            if batch.next_offset <= offset:
                continue  # a slice may begin with batches before the one that was looked for
            if shard.state is not ShardState.LOADING:
                return offset
            records = self._records(batch)
            shard.replay(records, batch.last_offset)
            self.statistics.records += len(records)
            offset = batch.next_offset
            turn += batch.size
            if turn >= _BYTES_A_TURN:
                turn = 0
                await trio.lowlevel.checkpoint()
        if offset == start:
            raise CorruptRecords(f"no batch in {len(data)} bytes at offset {offset}")
        return offset

    def _records(self, batch: RecordBatch) -> list[CoordinatorRecord]:
        if batch.is_control:
            return _markers(batch)
        producer_id, producer_epoch = (batch.producer_id, batch.producer_epoch) if batch.is_transactional else (-1, -1)
        found: list[CoordinatorRecord] = []
        for record in batch.records():
            if record.key is None:
                raise CorruptRecords(f"a record without a key at offset {record.offset}")
            try:
                decoded = self._codec.decode(record.key, record.value, producer_id, producer_epoch)
            except MalformedMessage as error:
                raise CorruptRecords(f"the record at offset {record.offset}: {error}") from error
            if decoded is None:
                log.warning("a record of a type of a later release is skipped", offset=record.offset)
            else:
                found.append(decoded)
        return found


def _markers(batch: RecordBatch) -> list[CoordinatorRecord]:
    markers: list[CoordinatorRecord] = []
    for record in batch.records():
        marker = end_txn_marker(record)
        if marker is not None:
            markers.append(
                TransactionEnd(batch.producer_id, batch.producer_epoch, marker.commit, marker.coordinator_epoch)
            )
    return markers

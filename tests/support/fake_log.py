"""A partition's log in memory, for the cores that need one: what `Partition` and `PendingFetch` use of the real one.

A batch is one record of 24 bytes (offset, leader epoch, value), so an offset is a place in a list.
"""

from __future__ import annotations

import struct

from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.storage.append_result import AppendResult
from barnabas.storage.config import LogConfig
from barnabas.storage.leader_epoch import LeaderEpochs
from barnabas.storage.producer_state import ProducerStates

RECORD = struct.Struct(">qqq")
MOST_RECORDS_A_FETCH = 4


class FakeBatch:
    """What a producer sends: values."""

    def __init__(self, *values: int) -> None:
        self.values = values


class FakeSlice:
    """Some records, ready to be read."""

    fd = -1

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)

    def try_read(self) -> memoryview:
        return memoryview(self.data)

    def read(self) -> memoryview:
        return memoryview(self.data)


class FakeLog:
    """Records as (leader epoch, value) from `log_start_offset` on; all of it is durable up to `recovery_point`."""

    def __init__(self, config: LogConfig | None = None) -> None:
        self.config = config or LogConfig()
        self.records: list[tuple[int, int]] = []
        self.epochs = LeaderEpochs()
        self.log_start_offset = 0
        self.recovery_point = 0
        self.producers = ProducerStates()

    @property
    def log_end_offset(self) -> int:
        return len(self.records)

    @property
    def latest_epoch(self) -> int:
        return self.epochs.latest

    def append_as_leader(
        self, batch: FakeBatch, leader_epoch: int, now_ms: int, *, sequenced: bool = True
    ) -> AppendResult:
        first = len(self.records)
        if leader_epoch != self.epochs.latest:
            self.epochs.assign(leader_epoch, first)
        self.records += [(leader_epoch, value) for value in batch.values]
        return AppendResult(first, len(self.records) - 1, False, -1, RECORD.size * len(batch.values))

    def append_as_follower(self, records: memoryview, now_ms: int, *, leader_epoch: int) -> AppendResult:
        first = len(self.records)
        for offset, epoch, value in RECORD.iter_unpack(records):
            if epoch > leader_epoch:
                break
            assert offset == len(self.records), f"a record at {offset} where {len(self.records)} was next"
            if epoch != self.epochs.latest:
                self.epochs.assign(epoch, offset)
            self.records.append((epoch, value))
        return AppendResult(first, len(self.records) - 1, False, -1, len(records))

    def assign_epoch(self, leader_epoch: int) -> None:
        self.epochs.assign(leader_epoch, len(self.records))

    def end_offset_for_epoch(self, epoch: int) -> tuple[int, int]:
        return self.epochs.end_offset_for(epoch, len(self.records))

    def locate(self, offset: int, max_bytes: int, limit_offset: int, min_one_batch: bool = True) -> FakeSlice | None:
        if not self.log_start_offset <= offset <= len(self.records):
            raise WireError(ErrorCode.OFFSET_OUT_OF_RANGE)
        most = max_bytes // RECORD.size or int(min_one_batch)
        end = min(offset + min(most, MOST_RECORDS_A_FETCH), limit_offset, len(self.records))
        if end <= offset:
            return None
        return FakeSlice(b"".join(RECORD.pack(number, *self.records[number]) for number in range(offset, end)))

    def truncate_to(self, offset: int, now_ms: int) -> int:
        del self.records[offset:]
        self.epochs.truncate_from_end(len(self.records))
        self.recovery_point = min(self.recovery_point, len(self.records))
        return len(self.records)

    def advance_log_start(self, offset: int) -> None:
        self.log_start_offset = max(self.log_start_offset, offset)

    def lose_unsynced(self) -> None:
        """The machine lost power."""
        self.truncate_to(self.recovery_point, 0)

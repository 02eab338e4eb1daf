"""The metadata log as the controller writes to it: records into batches of bounded size.

A batch is what a follower gets whole or not at all, so an oversized one would stop them all. What is atomic must fit
into one batch, and is refused otherwise; everything else is split.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from barnabas.metadata.records import MetadataRecord, encode_record
from barnabas.protocol.errors import ErrorCode, WireError

MAX_BATCH_BYTES: Final = 8 * 1024 * 1024
"""The most bytes of records that one batch holds."""

_SPLIT_BYTES: Final = 256 * 1024
_RECORD_OVERHEAD: Final = 16


@dataclass(frozen=True, slots=True)
class PreparedBatches:
    """Encoded records, batch by batch, and the last offset of each."""

    batches: Sequence[Sequence[bytes]]
    ends: Sequence[int]
    write: Callable[[Sequence[Sequence[bytes]]], None]

    def append(self) -> None:
        """Hands the batches to the quorum."""
        self.write(self.batches)


class RecordLog:
    """Makes batches of records. `end_offset` gives the offset of the next record, `write` appends batches of values."""

    def __init__(self, end_offset: Callable[[], int], write: Callable[[Sequence[Sequence[bytes]]], None]) -> None:
        self._end_offset = end_offset
        self._write = write

    def prepare(self, records: Sequence[MetadataRecord], *, atomic: bool) -> PreparedBatches:
        """See `server.runtime.Log`. Raises POLICY_VIOLATION where an atomic decision is too large for one batch."""
        batches: list[list[bytes]] = [[]]
        size, limit = 0, MAX_BATCH_BYTES if atomic else _SPLIT_BYTES
        for record in records:
            value = encode_record(record)
            size += len(value) + _RECORD_OVERHEAD
            if size > limit:
                if atomic:
                    raise WireError(ErrorCode.POLICY_VIOLATION, "Unable to perform excessively large batch operation.")
                if batches[-1]:
                    batches.append([])
                size = len(value) + _RECORD_OVERHEAD
            batches[-1].append(value)
        ends: list[int] = []
        offset = self._end_offset()
        for batch in batches:
            offset += len(batch)
            ends.append(offset - 1)
        return PreparedBatches(batches, ends, self._write)

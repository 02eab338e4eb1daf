"""Walking the batches of a log file without an index: headers only, or whole batches.

Both stop quietly at what is not a whole batch: the caller knows where the file ends and what that means.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import Final, NamedTuple

from barnabas.protocol.record_batch import BATCH_OVERHEAD, LOG_OVERHEAD, MAGIC, RecordBatch
from barnabas.storage.disk import File

_HEADER: Final = Struct(">qiibIhiqq")
_HEADERS_AT_ONCE: Final = 8192
_BATCHES_AT_ONCE: Final = 1 << 20


class Header(NamedTuple):
    """What a search needs to know of a batch."""

    position: int
    """Where in the file it starts."""
    size: int
    base_offset: int
    last_offset: int
    leader_epoch: int
    max_timestamp: int


def headers(file: File, position: int, end: int, least_offset: int) -> Iterator[Header]:
    """The batches from `position`, where one starts, to `end`; a base offset below `least_offset` cannot be one."""
    data, start = memoryview(b""), position
    while end - position >= BATCH_OVERHEAD:
        if position + _HEADER.size > start + len(data):
            data, start = file.read(position, min(_HEADERS_AT_ONCE, end - position)), position
            if len(data) < _HEADER.size:
                return
        base, length, epoch, magic, _, _, delta, _, latest = _HEADER.unpack_from(data, position - start)
        size = length + LOG_OVERHEAD
        if magic != MAGIC or not BATCH_OVERHEAD <= size <= end - position or delta < 0 or base < least_offset:
            return
        yield Header(position, size, base, base + delta, epoch, latest)
        position += size


def batches(file: File, position: int, end: int) -> Iterator[RecordBatch]:
    """The whole batches from `position` to `end`, each a view of memory of its own; their CRC is not checked."""
    data, start = memoryview(b""), position
    while end - position >= BATCH_OVERHEAD:
        if position + BATCH_OVERHEAD > start + len(data):
            data, start = file.read(position, min(_BATCHES_AT_ONCE, end - position)), position
            if len(data) < BATCH_OVERHEAD:
                return
        _, length, _, magic, *_ = _HEADER.unpack_from(data, position - start)
        size = length + LOG_OVERHEAD
        if magic != MAGIC or not BATCH_OVERHEAD <= size <= end - position:
            return
        if position + size > start + len(data):
            data, start = file.read(position, min(max(size, _BATCHES_AT_ONCE), end - position)), position
            if len(data) < size:
                return
        yield RecordBatch(data, position - start)
        position += size

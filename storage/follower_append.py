"""What a follower checks of the batches that a leader sent it, before any of them is written."""

from __future__ import annotations

from collections.abc import Iterator

from barnabas.protocol.errors import RemoteProtocolError
from barnabas.protocol.record_batch import CorruptRecords, RecordBatch, iter_batches
from barnabas.storage.disk import Buffer
from barnabas.storage.segment import MAX_RELATIVE_OFFSET


class UnexpectedOffset(RemoteProtocolError):
    """A batch begins before the end of the log, or of the batch before it."""


def checked_batches(
    records: Buffer, end_offset: int, *, empty: bool, leader_epoch: int | None, verify: bool
) -> list[RecordBatch]:
    """The whole batches of `records`, up to the first of an epoch later than `leader_epoch`.

    `end_offset` is the log's; the first batch may begin before it if it reaches it and the log is `empty`. Raises
    CorruptRecords and UnexpectedOffset.
    """
    good: list[RecordBatch] = []
    for batch in iter_batches(records):
        if leader_epoch is not None and batch.leader_epoch > leader_epoch:
            break
        if batch.last_offset_delta < 0:
            raise CorruptRecords(f"the batch at {batch.base_offset} ends at {batch.last_offset}")
        if verify and not batch.verify_crc():
            raise CorruptRecords(f"the CRC of the batch at {batch.base_offset} is wrong")
        expected = good[-1].next_offset if good else end_offset
        if batch.base_offset < expected and (good or not empty or batch.last_offset < end_offset):
            raise UnexpectedOffset(f"a batch at {batch.base_offset}..{batch.last_offset} where {expected} is next")
        good.append(batch)
    return good


def runs(batches: list[RecordBatch], segment_bytes: int) -> Iterator[list[RecordBatch]]:
    """Cut into runs that each fit into one segment; a batch that fits into none is a run."""
    run, size = [batches[0]], batches[0].size
    for batch in batches[1:]:
        if size + batch.size > segment_bytes or batch.last_offset - run[0].base_offset > MAX_RELATIVE_OFFSET:
            yield run
            run, size = [], 0
        run.append(batch)
        size += batch.size
    yield run

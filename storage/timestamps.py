"""From a time to an offset, as ListOffsets asks: the time indexes lead near the batch, the records in it decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from barnabas.protocol.record_batch import RecordBatch
from barnabas.storage.segment import Segment


class TimestampOffset(NamedTuple):
    """A record, found by its time."""

    timestamp: int
    """ms."""
    offset: int
    leader_epoch: int
    """Of its batch; -1 if that has none."""


def first_at_or_after(segments: Sequence[Segment], timestamp: int, start_offset: int) -> TimestampOffset | None:
    """The first record from `start_offset` on that is not earlier than `timestamp`. May wait for the disk."""
    for segment in segments:
        if segment.read_max_timestamp() >= timestamp:
            for batch in segment.batches(segment.position_before_time(timestamp, start_offset)):
                if batch.max_timestamp >= timestamp and batch.last_offset >= start_offset:
                    found = _first_in(batch, timestamp, start_offset)
                    if found is not None:
                        return found
    return None


def _first_in(batch: RecordBatch, timestamp: int, start_offset: int) -> TimestampOffset | None:
    for record in batch.records():
        if record.timestamp >= timestamp and record.offset >= start_offset:
            return TimestampOffset(record.timestamp, record.offset, batch.leader_epoch)
    return None


def first_of_latest(segments: Sequence[Segment]) -> TimestampOffset | None:
    """The first of the records with the largest timestamp; None if there is no record. May wait for the disk."""
    segment = max(segments, key=Segment.read_max_timestamp)
    latest = segment.read_max_timestamp()
    for batch in segment.batches(segment.position_before(segment.max_timestamp_offset)):
        if batch.max_timestamp == latest:
            return _first_in(batch, latest, 0)
    return None

"""Logs with keys to be compacted, a round of cleaning on the spot, and a naive twin that says what must be left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass

from barnabas.protocol.compression import Compression
from barnabas.protocol.record_batch import ControlType, RecordBatch, control_type, parse_batch
from barnabas.protocol.record_builder import BatchBuilder, build_end_txn_marker
from barnabas.storage.cleaner import Cleaning
from barnabas.storage.cleaner_plan import survey
from barnabas.storage.log import PartitionLog

AMPLE = 1 << 20
"""Bytes: a map that will not be full."""

KeyValue = tuple[bytes | None, bytes | None]


def keyed_batch(
    records: Sequence[KeyValue],
    *,
    timestamps: Iterable[int] | None = None,
    codec: Compression = Compression.NONE,
    producer: int = -1,
    epoch: int = 0,
    sequence: int = 0,
    transactional: bool = False,
    log_append_time_ms: int | None = None,
) -> RecordBatch:
    """A batch of keys and values; a value of None makes a tombstone."""
    builder = BatchBuilder(
        codec,
        producer_id=producer,
        producer_epoch=epoch if producer >= 0 else -1,
        base_sequence=sequence if producer >= 0 else -1,
        transactional=transactional,
        log_append_time_ms=log_append_time_ms,
    )
    times = list(timestamps) if timestamps is not None else [1000] * len(records)
    for (key, value), timestamp in zip(records, times, strict=True):
        builder.append(timestamp, key, value)
    return parse_batch(builder.build())


def marker_batch(producer: int, *, commit: bool, epoch: int = 0, timestamp: int = 1000) -> RecordBatch:
    """The marker that ends a producer's transaction."""
    marker = build_end_txn_marker(
        commit, producer_id=producer, producer_epoch=epoch, coordinator_epoch=0, timestamp=timestamp
    )
    return parse_batch(marker)


def clean(
    log: PartitionLog,
    *,
    now_ms: int = 10_000,
    cleaned: int | None = None,
    stable: int | None = None,
    map_bytes: int = AMPLE,
) -> Cleaning:
    """One round, whatever there is to clean; the log is flushed before."""
    log.flush(now_ms)
    stable = log.log_end_offset if stable is None else stable
    cleaning = Cleaning(log, survey(log, cleaned, stable, now_ms), map_bytes=map_bytes, now_ms=now_ms)
    with closing(cleaning.steps()) as steps:
        for step in steps:
            step()
    return cleaning


@dataclass(slots=True)
class ModelRecord:
    """One record."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int


@dataclass(slots=True)
class ModelBatch:
    """A data batch as the twin knows it."""

    base_offset: int
    records: list[ModelRecord]
    header: tuple[object, ...]
    """What never changes."""
    aborted: bool = False
    horizon_ms: int | None = None


def model_of(batches: Iterable[RecordBatch]) -> list[ModelBatch]:
    """The data batches of a log, none of which was cleaned before."""
    found: list[ModelBatch] = []
    undecided: dict[int, list[ModelBatch]] = {}
    for batch in batches:
        if batch.is_control:
            aborted = control_type(next(batch.records()).key) is ControlType.ABORT
            for each in undecided.pop(batch.producer_id, ()):
                each.aborted = aborted
            continue
        found.append(ModelBatch(batch.base_offset, records_of(batch), header_of(batch)))
        if batch.is_transactional:
            undecided.setdefault(batch.producer_id, []).append(found[-1])
    return found


def records_of(batch: RecordBatch) -> list[ModelRecord]:
    """A batch's records, copied."""
    return [
        ModelRecord(record.offset, _copy(record.key), _copy(record.value), record.timestamp)
        for record in batch.records()
    ]


def _copy(data: memoryview | None) -> bytes | None:
    return None if data is None else bytes(data)


def header_of(batch: RecordBatch) -> tuple[object, ...]:
    """What cleaning leaves of a header, whatever happens to the records."""
    return (
        batch.base_offset,
        batch.last_offset,
        batch.leader_epoch,
        batch.producer_id,
        batch.producer_epoch,
        batch.base_sequence,
        batch.is_transactional,
        batch.log_append_time,
    )


def naive_round(
    batches: Iterable[ModelBatch], start: int, end: int, segment_end: int, now_ms: int, retention_ms: int
) -> None:
    """Clean: what has keys from `start` to `end` decides what stays of the batches before `segment_end`."""
    batches = list(batches)
    latest: dict[bytes, int] = {}
    for batch in batches:
        for record in () if batch.aborted else batch.records:
            if start <= record.offset < end and record.key is not None:
                latest[record.key] = record.offset
    for batch in batches:
        if batch.base_offset >= segment_end:
            continue
        expired = batch.horizon_ms is not None and now_ms >= batch.horizon_ms
        batch.records = [r for r in batch.records if not batch.aborted and _stays(r, latest, end, expired)]
        if batch.horizon_ms is None and any(record.value is None for record in batch.records):
            batch.horizon_ms = now_ms + retention_ms


def _stays(record: ModelRecord, latest: dict[bytes, int], end: int, expired: bool) -> bool:
    if record.offset >= end:
        return True
    if record.key is None:
        return False
    return record.offset >= latest.get(record.key, -1) and not (record.value is None and expired)

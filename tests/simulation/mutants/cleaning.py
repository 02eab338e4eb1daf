"""Bugs of what makes room: retention and compaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from tests.simulation.mutants.mutant import Mutant, Patch, nothing, wrapped
from tests.simulation.workload_cleaning import CleaningLoad
from tests.simulation.workload_ledger import LedgerLoad

from barnabas.broker import log_cleaning
from barnabas.broker.partition import Partition
from barnabas.protocol.record_batch import RecordBatch
from barnabas.storage import cleaner, retention
from barnabas.storage.cleaner_filter import BatchFilter, _empty
from barnabas.storage.cleaner_map import OffsetMap
from barnabas.storage.cleaner_records import RawRecord, raw_records
from barnabas.storage.cleaner_transactions import CleanedTransactions
from barnabas.storage.segment import Segment
from barnabas.storage.swap import SWAP_SUFFIX, CleanedSegment

_LOAD: Final = CleaningLoad(
    partitions=2,
    aging={"segment.ms": "500", "retention.ms": "3000"},
    keyed={
        "cleanup.policy": "compact",
        "segment.ms": "500",
        "min.cleanable.dirty.ratio": "0.01",
        "delete.retention.ms": "2000",
        "min.compaction.lag.ms": "0",
    },
    keys=5,
    settings={"log.retention.check.interval.ms": 200, "log.cleaner.backoff.ms": 100},
    pause=0.1,
)
_BY_SIZE: Final = replace(_LOAD, aging={"segment.ms": "300", "retention.bytes": "0"})
_LONG: Final = replace(_LOAD, aging={"segment.ms": "500", "retention.ms": "600000"})
"""Only a clock that is hours ahead makes anything go."""
_LEDGER: Final = LedgerLoad(
    writers=3,
    keys=4,
    length=4.0,
    configs={
        "cleanup.policy": "compact",
        "segment.ms": "300",
        "min.cleanable.dirty.ratio": "0.01",
        "delete.retention.ms": "500",
    },
    settings={
        "transaction.state.log.num.partitions": 1,
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": 200,
    },
)
_SEED: Final = 1
"""Each bug shows itself in this run."""
_BEHIND: Final = {"replica.lag.time.max.ms": 30000, **_LOAD.settings}
"""Followers that are cut off hold up the high watermark, and nothing else."""


def _put_the_first(self: OffsetMap, key: bytes, offset: int) -> bool:
    self._offsets.setdefault(key, offset)
    self.latest_offset = offset
    return True


def _choose_the_first(
    self: BatchFilter, batch: RecordBatch, payload: bytes, expired: bool
) -> tuple[list[RawRecord], int]:
    kept = [
        record
        for record in raw_records(payload, batch.records_count)
        if batch.base_offset + record[4] > self._map.latest_offset
        or (record[5] is not None and batch.base_offset + record[4] <= self._map.get(record[5]))
    ]
    return kept, sum(record[6] for record in kept)


def _choose_no_tombstone(
    original: Callable[..., Any], kept: BatchFilter, batch: RecordBatch, payload: bytes, expired: bool
) -> Any:
    return original(kept, batch, payload, True)


def _survey_everything(
    original: Callable[..., Any], log: Any, cleaned_offset: int | None, stable_offset: int, now_ms: int
) -> Any:
    return original(log, cleaned_offset, log.log_end_offset, now_ms)


def _all(segments: Sequence[Segment], high_watermark: int, end_offset: int) -> int:
    return len(segments) - (not segments[-1].size)


def _by_first_timestamp(segments: Sequence[Segment], config: Any, high: int, end: int, now_ms: int) -> int:
    count = 0
    for segment in segments[: retention._replicated(segments, high, end)]:
        if now_ms - segment.read_first_timestamp() <= config.retention_ms:
            break
        count += 1
    return count


def _append_only(
    original: Callable[..., Any], partition: Partition, records: Any, high_watermark: int, start: int, now_ms: int
) -> Any:
    return original(partition, records, high_watermark, 0, now_ms)


def _delete_first(self: CleanedSegment, old: Sequence[Segment]) -> list[str]:
    deleted = [path for segment in old for path in segment.mark_deleted()]
    self.segment.change_suffix(SWAP_SUFFIX, log_last=True)
    self.segment.change_suffix("")
    return deleted


def _clean_markers_at_once(
    original: Callable[..., Any], kept: BatchFilter, batch: RecordBatch, *, discard: bool, keep_empty: bool
) -> Any:
    if batch.is_control:
        return _empty(batch) if keep_empty else None
    return original(kept, batch, discard=discard, keep_empty=keep_empty)


def _take_nothing(original: Callable[..., Any], transactions: CleanedTransactions) -> Any:
    original(transactions)
    return []


def _need_no_marker(original: Callable[..., Any], transactions: CleanedTransactions, batch: RecordBatch) -> bool:
    original(transactions, batch)
    return True


def _go_on(self: cleaner.Cleaning, group: Sequence[Segment] = ()) -> None:
    if self.is_stale or len(self._still_there(group)) < len(group):
        raise cleaner.CleaningAborted("the log is another")


def _transactions(name: str, *patches: Patch, **more: Any) -> Mutant:
    return _cleaning(name, *patches, cleaning=replace(_LOAD, ledger=_LEDGER), settings=_LEDGER.settings, **more)


def _cleaning(name: str, *patches: Patch, **more: Any) -> Mutant:
    settings = {**_LOAD.settings, **more.pop("settings", {})}
    return Mutant(
        name,
        patches,
        seed=_SEED,
        extras=("cleaning",),
        load={"cleaning": more.pop("cleaning", _LOAD)},
        settings=settings,
        **more,
    )


MUTANTS: Final = (
    _cleaning(
        "compaction keeps a key's first record",
        Patch(OffsetMap, "put", _put_the_first),
        Patch(BatchFilter, "_choose", _choose_the_first),
        is_common=True,
    ),
    _cleaning(
        "tombstones go at once",
        wrapped(BatchFilter, "_choose", _choose_no_tombstone),
    ),
    _cleaning(
        "compaction does not wait for the high watermark",
        wrapped(log_cleaning, "survey", _survey_everything),
        settings=_BEHIND,
    ),
    _cleaning(
        "what compaction wrote is not synced",
        Patch(cleaner, "_sync", nothing),
        kinds=("host crash",),
        synced=True,
    ),
    _cleaning(
        "compaction takes the old segments away before the new one counts",
        Patch(CleanedSegment, "replace", _delete_first),
        kinds=("crash within compaction",),
        synced=True,
    ),
    _cleaning(
        "retention does not wait for the high watermark",
        Patch(retention, "_replicated", _all),
        settings=_BEHIND,
        cleaning=_BY_SIZE,
        replicas=(3, 2),
    ),
    _cleaning(
        "retention goes by a segment's first record",
        Patch(retention, "_by_age", _by_first_timestamp),
        is_common=True,
    ),
    _cleaning(
        "a follower does not begin where its leader's log begins",
        wrapped(Partition, "append_as_follower", _append_only),
        kinds=("clock jump",),
        cleaning=_LONG,
    ),
    _transactions(
        "compaction drops markers at once",
        wrapped(BatchFilter, "clean", _clean_markers_at_once),
    ),
    _transactions(
        "compaction drops markers while records of their transactions remain",
        wrapped(CleanedTransactions, "is_needless", _need_no_marker),
    ),
    _transactions(
        "compaction forgets which transactions were aborted",
        wrapped(CleanedTransactions, "take_kept", _take_nothing),
    ),
    _transactions(
        "compaction forgets the last sequences of producers",
        Patch(cleaner._Copying, "_is_last_of_producer", nothing),
    ),
    _cleaning(
        "compaction goes on under another policy",
        Patch(cleaner.Cleaning, "_go_on", _go_on),
        cleaning=replace(_LOAD, policy_pause=0.2, keyed=_LOAD.keyed | {"segment.ms": "100"}),
    ),
)

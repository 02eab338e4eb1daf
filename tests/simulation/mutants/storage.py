"""Bugs of a log on disk, and of what it remembers of producers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from unittest import mock

from tests.simulation.disk import Loss
from tests.simulation.mutants.mutant import DIVERGING, POWER, Mutant, Patch, nothing, wrapped

from barnabas.protocol.record_batch import RecordBatch
from barnabas.storage import log_manager
from barnabas.storage.deferred import Flush
from barnabas.storage.log import PartitionLog
from barnabas.storage.producer_state import ProducerStates
from barnabas.storage.recovery import _Opening
from barnabas.storage.segment import Segment


def _without_producers(original: Callable[..., PartitionLog], *args: Any, **kwargs: Any) -> PartitionLog:
    log = original(*args, **kwargs)
    log.producers = ProducerStates(log.log_end_offset)
    return log


def _forget_producers(original: Callable[..., Any], log: PartitionLog, *args: Any, **kwargs: Any) -> Any:
    result = original(log, *args, **kwargs)
    log.producers = ProducerStates(log.log_end_offset)
    return result


def _is_good_by_its_offsets(batch: RecordBatch, expected: int, segment: Segment) -> bool:
    return batch.base_offset >= expected and batch.last_offset_delta >= 0


def _cut_without_sync(original: Callable[..., int], log: PartitionLog, offset: int, now_ms: int) -> int:
    with mock.patch.object(Segment, "sync", nothing):
        return original(log, offset, now_ms)


def _keep_the_recovery_point(self: PartitionLog, offset: int) -> None:
    self.log_end_offset = offset
    self.epochs.truncate_from_end(offset)


MUTANTS: Final = (
    Mutant("files stay open when a node stops", (Patch(PartitionLog, "release", nothing),), seed=1, is_common=True),
    Mutant(
        "syncs do nothing, though acknowledged means synced",
        (Patch(Flush, "run", nothing),),
        seed=1,
        is_common=True,
        kinds=POWER,
        synced=True,
    ),
    Mutant(
        "recovery trusts a torn end",
        (Patch(_Opening, "_is_good", staticmethod(_is_good_by_its_offsets)),),
        seed=1,
        kinds=("host crash",),
        replicas=(3, 2),
        pause=0.4,
        length=0.6,
        loss=Loss.ANY,
    ),
    Mutant(
        "a cut is not durable before it is written over",
        (wrapped(PartitionLog, "truncate_to", _cut_without_sync),),
        seed=2,
        kinds=("isolated node", "host crash", "slow disks"),
        synced=True,
        replicas=(3, 2),
        settings={"replica.high.watermark.checkpoint.interval.ms": 200},
        load=DIVERGING,
        pause=0.5,
        length=2.5,
        seconds=15.0,
    ),
    Mutant(
        "a log that was cut counts as synced up to its old end",
        (Patch(PartitionLog, "_end_at", _keep_the_recovery_point),),
        seed=8,
        kinds=("isolated node", "process crash"),
        synced=True,
        replicas=(2, 1),
        load={**DIVERGING, "topics": {"t0": 2, "t1": 2}, "producers": 4, "pause": 0.1},
        pause=0.8,
        length=3.0,
        seconds=15.0,
    ),
    Mutant("duplicates are not recognised", (Patch(ProducerStates, "check", nothing),), seed=3),
    Mutant(
        "a log that is opened has no producers",
        (wrapped(log_manager, "open_log", _without_producers),),
        seed=1,
        is_common=True,
    ),
    Mutant(
        "followers do not note producers",
        (wrapped(PartitionLog, "append_as_follower", _forget_producers),),
        seed=1,
        is_common=True,
    ),
)

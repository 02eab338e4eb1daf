"""Bugs of those who copy a log or read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final
from weakref import WeakKeyDictionary

from tests.simulation.mutants import alone
from tests.simulation.mutants.mutant import DIVERGING, Mutant, Patch, always, nothing, wrapped

from barnabas.broker.fetcher import Fetched, FetchedPartition
from barnabas.broker.fetcher_task import LeaderFetcher
from barnabas.broker.partition import NO_EPOCH, Partition
from barnabas.broker.pending_fetch import PendingFetch
from barnabas.protocol.record_batch import iter_batches


def _keep_what_diverged(self: Partition, epoch: int, end_offset: int, now_ms: int) -> int:
    self.log.epochs.assign(self.leader_epoch, self.log.log_end_offset)
    return self.log.log_end_offset


def _cut_at_the_high_watermark(original: Callable[..., bool], partition: Partition, state: Any) -> bool:
    new_epoch = original(partition, state)
    if new_epoch:
        partition.truncate_to(partition.high_watermark, 0)
    return new_epoch


def _serve_any_epoch(original: Callable[..., None], partition: Partition, epoch: int, *, leader_only: bool) -> None:
    original(partition, NO_EPOCH, leader_only=leader_only)


def _show_everything(
    original: Callable[..., None],
    fetch: PendingFetch,
    partition: Partition,
    known: Any,
    look: Any,
    most: int,
    first: bool,
) -> None:
    original(fetch, partition, known, look, most, first)
    if look.records is None and not fetch._params.from_follower and partition.leader is not None:
        look.records = partition.log.locate(known.fetch_offset, most, partition.log.log_end_offset, first)


def _none_unsynced(self: LeaderFetcher) -> Iterator[Partition]:
    return iter(())


class _Late:
    """Appends what a leader sent when the next answer comes, but tells it at once."""

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[LeaderFetcher, dict[Any, Fetched]] = WeakKeyDictionary()

    def __call__(
        self, original: Callable[..., None], fetcher: LeaderFetcher, replica: Any, outcome: Any, ms: int
    ) -> None:
        late = self._kept.setdefault(fetcher, {})
        if outcome.key in late:
            original(fetcher, replica, late.pop(outcome.key), ms)
        records = outcome.records if isinstance(outcome, Fetched) else None
        batches = list(iter_batches(records)) if records else []
        if not batches or batches[0].base_offset != replica.log.log_end_offset:
            original(fetcher, replica, outcome, ms)
            return
        late[outcome.key] = outcome
        last = batches[-1]
        fetcher._core.advanced(outcome.key, last.next_offset, last.leader_epoch, replica.log.log_start_offset)


MUTANTS: Final = (
    Mutant(
        "a follower keeps what diverged",
        (Patch(Partition, "truncate_diverged", _keep_what_diverged),),
        seed=1,
        kinds=("isolated node", "process crash"),
        length=3.0,
        load=DIVERGING,
    ),
    Mutant(
        "a new follower cuts its log at the high watermark",
        (wrapped(Partition, "_follow", _cut_at_the_high_watermark),),
        seed=1,
        is_common=True,
    ),
    Mutant(
        "followers of other leader epochs are believed",
        (wrapped(Partition, "check", _serve_any_epoch), Patch(Partition, "diverging_epoch", nothing)),
        seed=5,
    ),
    Mutant(
        "an answer counts for another fetch than asked for it",
        (Patch(FetchedPartition, "is_answered_by", always),),
        seed=10,
        alone=alone.replication,
    ),
    Mutant(
        "readers see beyond the high watermark",
        (wrapped(PendingFetch, "_look_at", _show_everything),),
        seed=2,
        is_common=True,
        kinds=("process crash", "isolated node"),
        pause=0.5,
        length=0.5,
    ),
    Mutant(
        "a follower promises what it has not synced",
        (Patch(LeaderFetcher, "_unsynced", _none_unsynced),),
        seed=14,
        kinds=("power loss", "slow disks"),
        synced=True,
        pause=0.5,
        length=0.7,
    ),
    Mutant(
        "a follower promises what it has not appended",
        (wrapped(LeaderFetcher, "_carry_out", _Late()),),
        seed=1,
        is_common=True,
    ),
)

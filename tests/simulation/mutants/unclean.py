"""Bugs that only unclean elections bring out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from tests.simulation.mutants.mutant import Mutant, Patch, nothing, wrapped

from barnabas.broker.partition import NO_EPOCH, Partition
from barnabas.broker.partition_follower import FollowerRole
from barnabas.controller import controller, partition_change
from barnabas.metadata.records import PartitionChangeRecord


def _nobody(state: Any, most: int = 0) -> Iterator[PartitionChangeRecord]:
    return iter(())


def _keep_the_isr(original: Callable[..., Any], in_sync: Any, leader: int, clean: bool, rules: Any) -> Any:
    joined = original(in_sync, leader, clean, rules)
    eligible = tuple(each for each in in_sync.elr if each != leader)
    return joined if clean else type(joined)(joined.isr, eligible)


def _end_without_epoch(original: Callable[..., Any], partition: Partition, epoch: int, offset: int) -> Any:
    """As long as this log is no shorter than the reader's."""
    return original(partition, NO_EPOCH if offset <= partition.log.log_end_offset else epoch, offset)


_KINDS: Final = ("lone leader",)
_EXTRAS: Final = ("unclean",)

MUTANTS: Final = (
    Mutant(
        "a follower that is cut keeps its high watermark",
        (Patch(FollowerRole, "truncated", nothing),),
        seed=5,
        kinds=_KINDS,
        extras=_EXTRAS,
        pause=2.0,
    ),
    Mutant(
        "only the ends of logs tell followers where they diverged",
        (wrapped(Partition, "diverging_epoch", _end_without_epoch),),
        seed=4,
        kinds=_KINDS,
        extras=_EXTRAS,
        pause=2.0,
    ),
    Mutant(
        "who had everything before an unclean election stays eligible",
        (wrapped(partition_change, "_joined", _keep_the_isr),),
        seed=5,
        kinds=_KINDS,
        extras=_EXTRAS,
        pause=2.0,
    ),
    Mutant(
        "nobody is elected when unclean elections are switched on",
        (Patch(controller, "unclean_elections", _nobody),),
        seed=5,
        kinds=("lone leader",),
        extras=_EXTRAS,
        pause=2.0,
        length=4.0,
    ),
)

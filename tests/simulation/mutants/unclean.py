"""Bugs that only unclean elections bring out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
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


_lone = partial(Mutant, kinds=("lone leader",), extras=("unclean",), pause=2.0)

MUTANTS: Final = (
    _lone(
        "a follower that is cut keeps its high watermark",
        (Patch(FollowerRole, "truncated", nothing),),
        seed=5,
    ),
    _lone(
        "only the ends of logs tell followers where they diverged",
        (wrapped(Partition, "diverging_epoch", _end_without_epoch),),
        seed=4,
    ),
    _lone(
        "who had everything before an unclean election stays eligible",
        (wrapped(partition_change, "_joined", _keep_the_isr),),
        seed=5,
    ),
    _lone(
        "nobody is elected when unclean elections are switched on",
        (Patch(controller, "unclean_elections", _nobody),),
        seed=5,
        length=4.0,
    ),
)

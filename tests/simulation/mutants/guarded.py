"""Bugs that cannot show themselves, because something else keeps the promise as well; nobody looks for them.

*Metadata older than the log is followed.* A partition does not take a role in a leader epoch that is older than its
log's latest one: to lead in an epoch that is over would wipe out the later epochs that the log knows. But a broker
never gets such a state. A log's epochs are those that its broker was told by the metadata log: to lead in an epoch it
must have heard of it, and as a follower it appends no batch of a later epoch than it has heard of. All that was
committed before the broker died. What is committed is never lost, and within one process images only move forward;
so only a new process could begin with less. It asks to be registered first, under a new incarnation. The record of
that lies in the log behind everything committed before, its offset is the broker's epoch, and no replica is taken
before the broker's image has reached it: the controller says `is_caught_up` to that offset and beyond. So the first
image that partitions get holds every leader epoch that any earlier life of the broker has heard of.
"""

from __future__ import annotations

from typing import Any, Final

from tests.simulation.mutants import alone
from tests.simulation.mutants.mutant import Mutant, Patch

from barnabas.broker.partition import Partition


def _follow_old_metadata(self: Partition, state: Any, now: float) -> bool:
    if state.partition_epoch < self.partition_epoch:
        return False
    return self._lead(state, now) if state.leader == self.broker_id else self._follow(state)


GUARDED: Final = (
    Mutant(
        "metadata older than the log is followed",
        (Patch(Partition, "become", _follow_old_metadata),),
        seed=1,
        alone=alone.replication,
    ),
)

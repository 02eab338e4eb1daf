"""Bugs of leaders: who is in sync, and what may be acknowledged."""

from __future__ import annotations

from typing import Final

from tests.simulation.mutants import alone
from tests.simulation.mutants.mutant import Mutant, Patch

from barnabas.broker.isr import FollowerProgress, Isr, IsrChange
from barnabas.broker.partition_leader import LeaderRole


def _wait_for_nobody(self: LeaderRole, now: float) -> bool:
    before, self.high_watermark = self.high_watermark, self.acked_end_offset
    return self.high_watermark > before


def _wait_for_the_old_isr(self: LeaderRole, now: float) -> bool:
    before = self.high_watermark
    if not self.is_under_min_isr:
        members = (each for each in self.followers.values() if each.broker_id in self.isr.committed)
        end = min((each.log_end_offset for each in members), default=self.acked_end_offset)
        self.high_watermark = max(before, min(end, self.acked_end_offset))
    return self.high_watermark > before


def _shrink_at_once(self: LeaderRole, isr: Isr) -> None:
    self.isr = isr
    self._maximal = isr.committed if isr.proposed is None else isr.proposed


def _expand_early(self: LeaderRole, follower: FollowerProgress) -> IsrChange | None:
    if self.isr.in_flight or follower.broker_id in self.isr.committed or not self._is_eligible(follower):
        return None
    return self._propose(self.isr.committed | {follower.broker_id}, expands=True)


_ISOLATED: Final = ("isolated node", "partition", "one-way partition")

MUTANTS: Final = (
    Mutant(
        "acks=all is answered before the followers have it",
        (Patch(LeaderRole, "advance", _wait_for_nobody),),
        seed=1,
        is_common=True,
    ),
    Mutant(
        "the high watermark waits for the old ISR only",
        (Patch(LeaderRole, "advance", _wait_for_the_old_isr),),
        seed=2,
        alone=alone.replication,
    ),
    Mutant(
        "a smaller ISR counts before it is committed",
        (Patch(LeaderRole, "_set_isr", _shrink_at_once),),
        seed=1,
        is_common=True,
        kinds=_ISOLATED,
        length=4.0,
    ),
    Mutant(
        "a replica joins the ISR before it has everything",
        (Patch(LeaderRole, "_maybe_expand", _expand_early),),
        seed=5,
        settings={"replica.fetch.max.bytes": 150},
    ),
)

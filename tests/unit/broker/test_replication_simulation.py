"""Replication under crashes, cut links and moving leaders: three brokers on an event queue, thousands of steps a
second.

Each history follows from its seed, so a failure is repeated by its number. The mutants show that the checks would see
a mistake.
"""

from __future__ import annotations

from typing import Any

import pytest

from barnabas.broker.fetcher import FetchedPartition
from barnabas.broker.isr import Isr
from barnabas.broker.partition import Partition
from barnabas.broker.partition_leader import LeaderRole
from replication_simulation import Faults, run_seed

ROUGH = Faults(alter_loss=0.8, cut_every=0.5, move_every=0.5, delay=0.002, metadata_delay=1.0)


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_nothing_acknowledged_is_lost(first: int) -> None:
    acknowledged = 0
    for seed in range(first, first + 10):
        acknowledged += sum(map(len, run_seed(seed).acknowledged.values()))
    assert acknowledged > 100


@pytest.mark.parametrize("seed", range(20, 30))
def test_leaders_that_move_faster_than_brokers_hear_of_it(seed: int) -> None:
    run_seed(seed, faults=Faults(move_every=0.15, delay=0.02, metadata_delay=1.0, produce_every=0.01, min_isr=2))


def is_caught(faults: Faults | None = None, seeds: int = 100) -> bool:
    for seed in range(seeds):
        try:
            run_seed(seed, faults=faults)
        except AssertionError:
            return True
    return False


def test_mutant_a_shrunk_isr_counts_before_it_is_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    def set_isr(self: LeaderRole, isr: Isr) -> None:
        self.isr = isr
        self._maximal = isr.committed if isr.proposed is None else isr.proposed

    monkeypatch.setattr(LeaderRole, "_set_isr", set_isr)
    assert is_caught(ROUGH)


def test_mutant_high_watermark_from_the_old_isr_during_an_expansion(monkeypatch: pytest.MonkeyPatch) -> None:
    def set_isr(self: LeaderRole, isr: Isr) -> None:
        self.isr = isr
        self._maximal = isr.committed

    monkeypatch.setattr(LeaderRole, "_set_isr", set_isr)
    monkeypatch.setattr(LeaderRole, "_should_wait_for", lambda self, follower, now: False)
    assert is_caught(ROUGH)


def test_mutant_a_follower_does_not_truncate(monkeypatch: pytest.MonkeyPatch) -> None:
    def keep(self: Partition, epoch: int, end_offset: int, now_ms: int) -> int:
        self.log.epochs.assign(self.leader_epoch, self.log.log_end_offset)
        return self.log.log_end_offset

    monkeypatch.setattr(Partition, "truncate_diverged", keep)
    assert is_caught()


def test_mutant_a_follower_joins_before_it_has_what_is_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    def expand(self: LeaderRole, follower: Any) -> Any:
        if self.isr.in_flight or follower.broker_id in self.isr.committed or not self._is_eligible(follower):
            return None
        return self._propose(self.isr.committed | {follower.broker_id}, expands=True)

    monkeypatch.setattr(LeaderRole, "_maybe_expand", expand)
    assert is_caught()


def test_mutant_an_answer_counts_for_another_request(monkeypatch: pytest.MonkeyPatch) -> None:
    def is_answered_by(self: FetchedPartition, number: int) -> bool:
        return self.sent == (self.leader_epoch, self.offset)

    monkeypatch.setattr(FetchedPartition, "is_answered_by", is_answered_by)
    assert is_caught()

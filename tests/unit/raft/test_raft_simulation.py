"""The quorum in a bad world: many seeds, invariants after every event. And proof that broken cores are found."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from barnabas.raft.leader import Leader
from barnabas.raft.log_view import LogView
from barnabas.raft.messages import VoteRequest
from barnabas.raft.progress import majority_offset
from barnabas.raft.unattached import Unattached
from raft_simulation import Faults, Simulation, Violation

STORM = Faults(
    crash_every=0.1, longest_delay=0.05, longest_sync=0.02, leader_crashes=0.8, batches_a_fetch=1, power_loss=False
)
"""Leaders die young, and followers get their records one batch at a time: the weather of Raft's figure 8."""


def run(seed: int, voters: int, faults: Faults | None = None, seconds: float = 6.0) -> Simulation:
    simulation = Simulation(seed, voters, observers=1, faults=faults)
    simulation.run(seconds)
    simulation.settle(within=6.0)
    return simulation


@pytest.mark.parametrize("group", range(6))
def test_three_voters(group: int) -> None:
    for seed in range(group * 10, group * 10 + 10):
        run(seed, voters=3)


@pytest.mark.parametrize("group", range(3))
def test_five_voters(group: int) -> None:
    for seed in range(1000 + group * 5, 1000 + group * 5 + 5):
        run(seed, voters=5)


@pytest.mark.parametrize("seed", range(2000, 2020))
def test_leaders_that_die_young(seed: int) -> None:
    run(seed, voters=3, faults=STORM)


def test_a_single_voter() -> None:
    for seed in range(3000, 3005):
        run(seed, voters=1)


def test_rare_things_did_happen() -> None:
    """The runs are worth something only if there were elections, divergences and committed records in them."""
    simulation = Simulation(2000, 3, faults=STORM)
    simulation.trace = []
    simulation.run(6.0)
    trace = "\n".join(simulation.trace)
    for what in ("truncate to", "Resigned(", "Candidate(", "FENCED_LEADER_EPOCH", "RequestFailed(unreachable)"):
        assert what in trace, f"{what} never happened"
    assert simulation.committed


def test_a_seed_gives_the_same_run_again() -> None:
    traces = []
    for _ in range(2):
        simulation = Simulation(7, 3)
        simulation.trace = []
        simulation.run(4.0)
        traces.append(simulation.trace)
    assert traces[0] == traces[1]
    assert len(traces[0]) > 100


def test_a_leader_is_found_soon_and_again_soon_when_it_dies() -> None:
    for seed in range(4000, 4020):
        simulation = Simulation(seed, 3, faults=Faults(longest_delay=0.002))
        for member in simulation.members.values():
            simulation.start(member)
        assert simulation.run_until(1.0, lambda s=simulation: s.leader() is not None), "no leader within a second"
        leader = simulation.leader()
        assert leader is not None
        simulation.crash(leader)
        assert simulation.run_until(simulation.now + 1.0, lambda s=simulation: s.leader() is not None)


# --- broken cores are found ---


def assert_found(faults: Faults | None = None, *, forgets_votes: bool = False) -> None:
    for seed in range(120):
        try:
            Simulation(seed, 3, faults=faults, forgets_votes=forgets_votes).run(8.0)
        except Violation:
            return
    pytest.fail("the defect was not found")


def test_a_voter_that_forgets_its_vote_is_found() -> None:
    assert_found(forgets_votes=True)


def test_counting_replicas_of_old_epochs_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Leader.update_high_watermark

    def from_any_epoch(leader: Leader) -> None:
        start_offset, leader.start_offset = leader.start_offset, -1
        try:
            whole(leader)
        finally:
            leader.start_offset = start_offset

    monkeypatch.setattr(Leader, "update_high_watermark", from_any_epoch)
    assert_found(STORM)


def test_counting_what_the_leader_has_not_synced_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def unsynced(leader: Leader) -> None:
        offsets = {key: entry.end_offset for key, entry in leader.progress.items() if entry.end_offset is not None}
        offsets[leader.state.me] = leader.state.log.end_offset
        reached = majority_offset(leader.state.voters.latest, offsets)
        if reached > leader.start_offset:
            leader.state.advance_high_watermark(reached)

    monkeypatch.setattr(Leader, "update_high_watermark", unsynced)
    assert_found()


def test_a_follower_that_fetches_before_it_has_synced_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LogView, "is_synced", property(lambda log: True))
    assert_found()


def test_voting_for_an_older_log_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    whole: Callable[..., bool] = Unattached.can_grant

    def careless(role: Unattached, request: VoteRequest, up_to_date: bool, now: float) -> bool:
        return whole(role, request, True, now)

    monkeypatch.setattr(Unattached, "can_grant", careless)
    assert_found()


def test_a_leader_that_checks_no_divergence_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LogView, "divergence", lambda log, offset, epoch: None)
    assert_found()

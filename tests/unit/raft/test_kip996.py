"""KIP-996, pre-vote: a test for each sentence that others rely on, and for what Barnabas adds."""

from __future__ import annotations

from itertools import pairwise

import pytest

from barnabas.raft.follower import Follower
from barnabas.raft.prospective import Prospective
from barnabas.raft.unattached import Unattached
from raft_scenario import RaftScenario


@pytest.fixture
def quorum() -> RaftScenario:
    scenario = RaftScenario()
    scenario.execute("elect 3")
    return scenario


def run(quorum: RaftScenario, *commands: str) -> str:
    return "\n".join(line for command in commands for line in quorum.execute(command))


def role(quorum: RaftScenario, node_id: int) -> object:
    found = quorum.members[node_id].node
    assert found is not None
    return found.role


def test_a_pre_vote_is_asked_in_the_present_epoch_and_changes_nothing_on_disk(quorum: RaftScenario) -> None:
    output = run(quorum, "close 2 1", "time 0.05")
    assert "PreVote(epoch=1" in output
    assert "persist" not in output


def test_who_hears_the_leader_refuses(quorum: RaftScenario) -> None:
    assert "refused" in run(quorum, "ask 2 prevote epoch=1 from=3 end=9@1")


def test_the_leader_refuses(quorum: RaftScenario) -> None:
    assert "refused" in run(quorum, "ask 1 prevote epoch=1 from=3 end=9@1")


def test_who_has_not_heard_the_leader_for_the_fetch_timeout_grants(quorum: RaftScenario) -> None:
    run(quorum, "time 0.4", "drop", "time 1.62")
    assert "granted" in run(quorum, "ask 2 prevote epoch=1 from=3 end=9@1")


def test_whose_connection_to_the_leader_closed_grants(quorum: RaftScenario) -> None:
    """Barnabas: a closed connection says what the fetch timeout says, only sooner."""
    run(quorum, "close 2 1")
    assert "granted" in run(quorum, "ask 2 prevote epoch=1 from=3 end=9@1")


def test_a_connection_that_comes_back_makes_the_leader_heard_again(quorum: RaftScenario) -> None:
    run(quorum, "close 2 1", "append 1 1", "deliver 1>2")
    assert "refused" in run(quorum, "ask 2 prevote epoch=1 from=3 end=9@1")
    assert isinstance(role(quorum, 2), Follower)


def test_an_older_log_gets_no_pre_vote(quorum: RaftScenario) -> None:
    run(quorum, "close 2 1")
    assert "refused" in run(quorum, "ask 2 prevote epoch=1 from=3 end=2@1")


def test_a_pre_vote_of_a_higher_epoch_is_an_epoch_heard_of(quorum: RaftScenario) -> None:
    assert "granted" in run(quorum, "ask 2 prevote epoch=5 from=3 end=9@1")
    assert isinstance(role(quorum, 2), Unattached)


def test_a_prospective_without_a_majority_goes_back_to_its_leader(quorum: RaftScenario) -> None:
    run(quorum, "close 2 1", "time 0.05")
    assert isinstance(role(quorum, 2), Prospective)
    run(quorum, "deliver")
    follower = role(quorum, 2)
    assert isinstance(follower, Follower)
    assert (follower.epoch, follower.leader_id) == (1, 1)


def test_a_prospective_with_a_majority_becomes_a_candidate_of_the_next_epoch(quorum: RaftScenario) -> None:
    run(quorum, "crash 1", "close 2 1", "close 3 1", "time 0.03")
    assert "Vote(epoch=2" in run(quorum, "deliver 2>3 3>2")


def test_who_granted_a_pre_vote_stands_back_a_while(quorum: RaftScenario) -> None:
    """Barnabas: so that two voters that lose their leader at once do not split the votes."""
    run(quorum, "crash 1", "close 2 1", "close 3 1", "time 0.03", "round 2>3")
    assert "3: TimePassed" not in run(quorum, "time 0.1")


def test_after_a_lost_round_the_next_one_comes_after_a_random_pause_that_grows(quorum: RaftScenario) -> None:
    run(quorum, "crash 1", "crash 3", "close 2 1")
    starts = []
    for _ in range(1200):
        if "PreVote" in run(quorum, "time 0.005"):
            starts.append(quorum.now)
        run(quorum, "fail")
    pauses = [round(after - before, 2) for before, after in pairwise(starts)]
    assert pauses[0] < 0.1
    assert pauses == sorted(pauses)
    assert 0.2 <= pauses[-1] <= 1.0


def test_at_start_nobody_waits_for_a_whole_timeout() -> None:
    """Barnabas: a pre-vote disturbs nobody, so it may come soon."""
    quorum = RaftScenario()
    assert "PreVote" in run(quorum, "quorum 3", "start 1 2 3", "time 0.1")

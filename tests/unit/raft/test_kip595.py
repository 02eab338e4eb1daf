"""KIP-595, a Raft protocol for the metadata quorum: a test for each sentence that others rely on."""

from __future__ import annotations

import pytest

from barnabas.raft.follower import Follower
from barnabas.raft.leader import Leader
from barnabas.raft.node import RaftNode
from barnabas.raft.resigned import Resigned
from raft_scenario import RaftScenario


@pytest.fixture
def quorum() -> RaftScenario:
    """Three voters; member 1 leads epoch 1, everything is committed."""
    scenario = RaftScenario()
    scenario.execute("elect 3")
    return scenario


def node(quorum: RaftScenario, node_id: int) -> RaftNode:
    found = quorum.members[node_id].node
    assert found is not None
    return found


def run(quorum: RaftScenario, *commands: str) -> str:
    return "\n".join(line for command in commands for line in quorum.execute(command))


def test_a_new_leader_knows_no_high_watermark_until_a_record_of_its_own_epoch_is_committed(
    quorum: RaftScenario,
) -> None:
    run(quorum, "append 1 2", "deliver", "sync", "deliver", "crash 1", "start 2", "crash 2", "start 2")
    run(quorum, "close 3 1", "close 2 1", "time 0.2")
    while not any(member.node is not None and member.node.is_leader for member in quorum.members.values()):
        run(quorum, "round", "time 0.05")
    leader = next(m.node for m in quorum.members.values() if m.node is not None and m.node.is_leader)
    assert isinstance(leader.role, Leader)
    before = leader.high_watermark
    assert before is None or before <= leader.role.start_offset
    run(quorum, "deliver", "sync", "deliver")
    assert leader.high_watermark == leader.log.end_offset > leader.role.start_offset


def test_a_leader_opens_its_epoch_with_a_leader_change_record(quorum: RaftScenario) -> None:
    assert "LeaderChange" in type(quorum.members[1].log[0].data).__name__


def test_begin_quorum_epoch_is_repeated_until_the_voter_has_answered() -> None:
    quorum = RaftScenario()
    run(quorum, "quorum 3", "start 1 2", "time 0.02")
    for _ in range(20):
        run(quorum, "deliver", "time 0.05")
    assert node(quorum, 1).is_leader
    run(quorum, "start 3", "time 0.2", "deliver")
    role = node(quorum, 3).role
    assert isinstance(role, Follower)
    assert role.leader_id == 1


def test_a_request_of_an_old_epoch_is_fenced(quorum: RaftScenario) -> None:
    assert "FENCED_LEADER_EPOCH" in run(quorum, "ask 1 prevote epoch=0 from=2 end=0@0")
    assert "FENCED_LEADER_EPOCH" in run(quorum, "ask 1 fetch epoch=0 from=2 at=0@0")


def test_a_fetch_of_an_epoch_not_seen_yet_is_refused_and_does_not_unseat_the_leader(quorum: RaftScenario) -> None:
    assert "UNKNOWN_LEADER_EPOCH" in run(quorum, "ask 1 fetch epoch=7 from=2 at=3@1")
    assert node(quorum, 1).is_leader


def test_a_voter_that_hears_no_leader_for_the_fetch_timeout_stands_for_election(quorum: RaftScenario) -> None:
    run(quorum, "time 0.3")
    run(quorum, "drop", "time 1.6")
    assert isinstance(node(quorum, 2).role, Follower)
    assert "PreVote" in run(quorum, "time 0.5")


def test_every_answer_of_the_leader_puts_the_timeout_off(quorum: RaftScenario) -> None:
    for _ in range(12):
        run(quorum, "time 0.5", "deliver")
    assert [node(quorum, i).role.epoch for i in (1, 2, 3)] == [1, 1, 1]


def test_a_leader_that_a_majority_does_not_fetch_from_resigns(quorum: RaftScenario) -> None:
    run(quorum, "drop", "time 2.9")
    assert node(quorum, 1).is_leader
    run(quorum, "time 0.2")
    assert isinstance(node(quorum, 1).role, Resigned)


def test_one_fetching_follower_of_two_is_enough_to_stay_leader(quorum: RaftScenario) -> None:
    run(quorum, "crash 3")
    for _ in range(12):
        run(quorum, "time 0.5", "deliver 2>1 1>2")
    assert node(quorum, 1).is_leader


def test_a_resigning_leader_names_the_voters_with_most_of_the_log_first(quorum: RaftScenario) -> None:
    run(quorum, "append 1 3", "deliver 1>3 3>1", "sync 3", "deliver 3>1")
    assert "preferred=[3/0003,2/0002]" in run(quorum, "resign 1")


def test_the_first_successor_stands_at_once_and_the_next_one_later(quorum: RaftScenario) -> None:
    run(quorum, "resign 1")
    assert "PreVote" in run(quorum, "round 1>2")
    assert "PreVote" not in run(quorum, "round 1>3")


def test_a_leader_that_was_restarted_is_resigned_and_never_leads_that_epoch_again(quorum: RaftScenario) -> None:
    run(quorum, "crash 1", "start 1")
    role = node(quorum, 1).role
    assert isinstance(role, Resigned)
    assert role.epoch == 1
    assert "refused" in run(quorum, "ask 1 vote epoch=1 from=2 end=9@0")


def test_what_was_not_synced_does_not_count_even_on_the_leader(quorum: RaftScenario) -> None:
    run(quorum, "append 1 1", "deliver 1>2 2>1", "sync 2", "deliver 2>1 1>2")
    assert node(quorum, 1).high_watermark == 3
    run(quorum, "sync 1")
    assert node(quorum, 1).high_watermark == 4


def test_two_followers_make_a_majority_without_the_leaders_disk(quorum: RaftScenario) -> None:
    run(quorum, "append 1 1", "deliver 1>2 2>1 1>3 3>1", "sync 2", "sync 3", "deliver 2>1 1>2 3>1 1>3")
    assert node(quorum, 1).high_watermark == 4


def test_a_fetch_is_answered_as_soon_as_the_high_watermark_moves(quorum: RaftScenario) -> None:
    """KIP-1166: a follower does not wait for more records to learn what is committed."""
    run(quorum, "append 1 1", "deliver", "sync", "deliver")
    assert [node(quorum, i).high_watermark for i in (1, 2, 3)] == [4, 4, 4]


def test_a_fetch_without_news_is_answered_when_its_time_is_up(quorum: RaftScenario) -> None:
    assert "reply FetchResponse" not in run(quorum, "time 0.45")
    assert run(quorum, "time 0.06").count("reply FetchResponse(epoch=1 leader=1 hw=3)") == 2


def test_who_claims_a_second_leader_of_an_epoch_is_not_believed(quorum: RaftScenario) -> None:
    from barnabas.raft.events import RequestReceived
    from barnabas.raft.messages import BeginQuorumEpochRequest

    request = BeginQuorumEpochRequest(cluster_id="c", epoch=1, leader_id=3, voter=None)
    member = node(quorum, 2)
    member.step(RequestReceived(None, request), quorum.now)
    ready = member.ready()
    assert "INVALID_REQUEST" in str(ready.replies[0])
    assert "a peer calls 3 the leader of 1" in ready.warnings[0]
    assert member.role.leader_id == 1

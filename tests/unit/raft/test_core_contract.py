"""How a driver may use the core."""

from __future__ import annotations

import math
from typing import Any

import pytest

from barnabas.protocol.errors import ErrorCode, LocalProtocolError
from barnabas.raft.candidate import Candidate
from barnabas.raft.config import Identity, RaftConfig
from barnabas.raft.election_state import ElectionState
from barnabas.raft.events import (
    Append,
    Event,
    LeaderConnectionClosed,
    ResponseReceived,
    Started,
    Synced,
    TimePassed,
)
from barnabas.raft.leader import Leader
from barnabas.raft.log_view import Batch, EpochOffset, LogView
from barnabas.raft.messages import FetchResponse
from barnabas.raft.node import RaftNode
from barnabas.raft.prospective import Prospective
from barnabas.raft.quorum_state import TRANSITIONS
from barnabas.raft.ready import Leadership, Payload, Ready
from barnabas.raft.role import Role
from barnabas.raft.voters import Endpoint, ReplicaKey, Voter, VoterHistory, VoterSet

HERE = Endpoint("CONTROLLER", "here", 9093)
KEY = ReplicaKey(0, bytes([1]) * 16)


def new_node(
    voters: VoterSet | None = None, persisted: ElectionState | None = None, log: LogView | None = None
) -> RaftNode:
    voters = VoterSet((Voter(KEY, (HERE,)),)) if voters is None else voters
    identity = Identity(cluster_id="c", key=KEY, endpoints=(HERE,))
    log = LogView() if log is None else log
    return RaftNode(RaftConfig(), identity, log, VoterHistory(voters), persisted or ElectionState(), lambda: 0.5)


def take(node: RaftNode) -> Ready:
    ready = node.ready()
    node.advance(ready)
    return ready


def test_a_step_must_be_carried_out_before_the_next() -> None:
    node = new_node()
    node.step(Started(), 0.0)
    with pytest.raises(LocalProtocolError, match="Ready of the last step"):
        node.step(TimePassed(), 0.0)
    ready = node.ready()
    with pytest.raises(LocalProtocolError, match="Ready of the last step"):
        node.step(TimePassed(), 0.0)
    node.advance(ready)
    node.step(TimePassed(), 0.0)


def test_only_what_was_taken_is_advanced() -> None:
    node = new_node()
    node.step(Started(), 0.0)
    with pytest.raises(LocalProtocolError, match="was taken"):
        node.advance(Ready())


def test_started_comes_first_and_once() -> None:
    node = new_node()
    with pytest.raises(LocalProtocolError, match="out of order"):
        node.step(TimePassed(), 0.0)
    node.step(Started(), 0.0)
    take(node)
    with pytest.raises(LocalProtocolError, match="out of order"):
        node.step(Started(), 0.0)


def test_only_a_leader_appends() -> None:
    other = Voter(ReplicaKey(7), (Endpoint("CONTROLLER", "there", 9093),))
    node = new_node(VoterSet((Voter(KEY, (HERE,)), other)))
    node.step(Started(), 0.0)
    take(node)
    with pytest.raises(LocalProtocolError, match="only a leader appends"):
        node.step(Append((Payload(1, b"x"),)), 0.0)


def test_the_election_state_stands_before_everything_that_follows_from_it() -> None:
    node = new_node()
    node.step(Started(), 0.0)
    lines = take(node).lines()
    assert lines[0] == "persist epoch=1 leader=0 voted=0/0101"
    assert [line.split()[0] for line in lines] == ["persist", "append", "sync", "leadership"]


def test_a_lonely_voter_that_has_nothing_to_do_wakes_nobody() -> None:
    node = new_node()
    node.step(Started(), 0.0)
    sync = take(node).sync
    assert sync is not None
    node.step(Synced(sync), 0.001)
    assert take(node).committed == 3
    assert node.next_deadline() == math.inf


def test_a_late_sync_of_a_log_that_was_cut_since_is_not_believed() -> None:
    node = new_node()
    node.step(Started(), 0.0)
    sync = take(node).sync
    assert sync is not None
    node.log.generation += 1
    node.step(Synced(sync), 0.001)
    assert take(node).committed is None


def test_an_epoch_that_the_log_has_seen_is_not_entered_again() -> None:
    log = LogView(end_offset=9, epochs=[EpochOffset(6, 0)])
    node = new_node(persisted=ElectionState(epoch=2), log=log)
    node.step(Started(), 0.0)
    take(node)
    assert (node.is_leader, node.role.epoch) == (True, 7)


def test_the_voters_are_written_to_the_log_by_its_first_leader_only() -> None:
    node = new_node()
    node.step(Started(), 0.0)
    first = take(node).append
    assert [batch.voters is not None for batch in first] == [True]
    assert node.voters.latest_offset == 0


def test_a_leader_at_another_address_writes_the_voters_again() -> None:
    voters = VoterSet((Voter(KEY, (Endpoint("CONTROLLER", "elsewhere", 1),)),))
    history = VoterHistory(voters)
    history.add(0, voters)
    log = LogView(end_offset=3, epochs=[EpochOffset(1, 0)])
    identity = Identity(cluster_id="c", key=KEY, endpoints=(HERE,))
    node = RaftNode(RaftConfig(), identity, log, history, ElectionState(1), lambda: 0.5)
    node.step(Started(), 0.0)
    written = take(node).append[0].voters
    assert written is not None
    assert written.voters[0].endpoints == (HERE,)


def all_roles() -> list[type[Role]]:
    return sorted(TRANSITIONS, key=lambda role: role.name)


def test_every_role_can_be_reached_and_left() -> None:
    for role in all_roles():
        assert TRANSITIONS[role], f"{role.name} has no way out"
        assert any(role in targets for targets in TRANSITIONS.values()), f"nothing becomes {role.name}"


def test_only_a_prospective_becomes_a_candidate_and_only_a_candidate_leads() -> None:
    assert [role for role in all_roles() if Candidate in TRANSITIONS[role]] == [Prospective]
    assert [role for role in all_roles() if Leader in TRANSITIONS[role]] == [Candidate]


def test_a_transition_that_is_not_in_the_table_is_a_bug_and_raises() -> None:
    node = new_node()
    node.step(Started(), 0.0)
    take(node)
    assert node.is_leader
    with pytest.raises(AssertionError, match="must not become"):
        node._state.become_candidate(0.0)


@pytest.mark.parametrize("values", [{"fetch_timeout": 0.0}, {"quick_min": 1.0}, {"request_timeout": -1.0}])
def test_impossible_time_limits_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"timeouts|quick"):
        RaftConfig(**values)


def test_an_answer_counts_only_for_the_position_that_was_asked_for() -> None:
    """An observer may ask one leader under two names: the later answer is about a log that has been cut since."""
    there, alias = Endpoint("CONTROLLER", "there", 9093), Endpoint("CONTROLLER", "alias", 9093)
    voters = VoterSet((Voter(ReplicaKey(1, bytes([2]) * 16), (there,)),))
    node = RaftNode(
        RaftConfig(),
        Identity(cluster_id="c", key=KEY, bootstrap=(alias,)),
        LogView(0, 3, [EpochOffset(1, 0)]),
        VoterHistory(voters),
        ElectionState(1, 1),
        lambda: 0.5,
    )

    def messages(event: Event) -> list[int]:
        node.step(event, 0.0)
        return [message.correlation for message in take(node).messages]

    def answer(correlation: int, **content: Any) -> ResponseReceived:
        return ResponseReceived(correlation, FetchResponse(epoch=1, leader_id=1, endpoint=there, **content))

    (first,) = messages(Started())
    (second,) = messages(LeaderConnectionClosed(1))
    diverging = EpochOffset(1, 2)
    (third,) = messages(answer(first, diverging=diverging))
    messages(answer(third, batches=(Batch(2, 4, 1, None),), high_watermark=4))
    messages(answer(second, diverging=diverging))
    assert (node.log.end_offset, node.high_watermark) == (4, 4)


def test_where_the_leader_is_is_told_as_soon_as_it_is_known() -> None:
    """A broker that lost its log with the voters in it remembers who leads, but not where."""
    there = Endpoint("CONTROLLER", "there", 9093)
    identity = Identity(cluster_id="c", key=KEY, bootstrap=(Endpoint("CONTROLLER", "other", 9093),))
    node = RaftNode(RaftConfig(), identity, LogView(), VoterHistory(), ElectionState(1, 1), lambda: 0.5)
    node.step(Started(), 0.0)
    ready = take(node)
    assert ready.leadership == Leadership(1, 1, None)
    answer = FetchResponse(epoch=1, leader_id=1, endpoint=there, error=ErrorCode.NOT_LEADER_OR_FOLLOWER)
    node.step(ResponseReceived(ready.messages[0].correlation, answer), 0.0)
    assert take(node).leadership == Leadership(1, 1, there)

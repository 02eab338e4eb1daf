"""KIP-853, voters in the log: a test for each sentence that others rely on."""

from __future__ import annotations

from barnabas.protocol.errors import ErrorCode
from barnabas.raft.config import Identity, RaftConfig
from barnabas.raft.election_state import ElectionState
from barnabas.raft.events import Event, RequestReceived, ResponseReceived, Started, TimePassed
from barnabas.raft.follower import Follower
from barnabas.raft.log_view import Batch, EpochOffset, LogView
from barnabas.raft.messages import BeginQuorumEpochRequest, FetchResponse, VoteRequest, VoteResponse
from barnabas.raft.node import RaftNode
from barnabas.raft.observer import Observer
from barnabas.raft.ready import Ready
from barnabas.raft.voters import Endpoint, ReplicaKey, Voter, VoterHistory, VoterSet


def key(node_id: int, directory: int = 1) -> ReplicaKey:
    return ReplicaKey(node_id, bytes([directory]) * 16)


def endpoint(node_id: int) -> Endpoint:
    return Endpoint("CONTROLLER", f"node{node_id}", 9093)


def voters(*keys: ReplicaKey) -> VoterSet:
    return VoterSet(tuple(Voter(each, (endpoint(each.id),)) for each in keys))


class Driven:
    """A core whose outputs are looked at and otherwise forgotten."""

    def __init__(self, me: ReplicaKey, voter_set: VoterSet, persisted: ElectionState | None = None) -> None:
        identity = Identity(cluster_id="c", key=me, endpoints=(endpoint(me.id),), bootstrap=(endpoint(2),))
        self.history = VoterHistory(voter_set)
        state = persisted or ElectionState()
        self.node = RaftNode(RaftConfig(), identity, LogView(), self.history, state, lambda: 0.5)
        self.started = self.step(Started(), 0.0)

    def step(self, event: Event, now: float) -> Ready:
        self.node.step(event, now)
        ready = self.node.ready()
        self.node.advance(ready)
        return ready

    def vote(self, request: VoteRequest) -> VoteResponse:
        response = self.step(RequestReceived(None, request), 0.0).replies[0].response
        assert isinstance(response, VoteResponse)
        return response


def vote(candidate: ReplicaKey, voter: ReplicaKey, epoch: int = 1) -> VoteRequest:
    return VoteRequest(cluster_id="c", epoch=epoch, candidate=candidate, voter=voter, log_end=EpochOffset(0, 0))


def test_a_vote_request_for_another_directory_of_this_node_is_refused() -> None:
    member = Driven(key(1), voters(key(1), key(2), key(3)))
    response = member.vote(vote(key(2), key(1, directory=9)))
    assert (response.error, response.granted) == (ErrorCode.INVALID_VOTER_KEY, False)


def test_a_voter_that_lost_its_disk_gets_no_votes() -> None:
    member = Driven(key(1), voters(key(1), key(2), key(3)))
    assert not member.vote(vote(key(2, directory=9), key(1))).granted
    assert member.vote(vote(key(2), key(1))).granted


def test_a_voter_that_lost_its_disk_observes_and_never_stands_for_election() -> None:
    member = Driven(key(1, directory=9), voters(key(1), key(2), key(3)))
    assert isinstance(member.node.role, Observer)
    requests = list(member.started.messages)
    for second in range(1, 30):
        requests += member.step(TimePassed(), float(second)).messages
    assert {type(message.request).__name__ for message in requests} == {"FetchRequest"}


def test_a_candidate_that_the_voter_does_not_know_may_get_its_vote() -> None:
    member = Driven(key(1), voters(key(1), key(2), key(3)))
    assert member.vote(vote(key(4), key(1))).granted


def test_an_observer_that_is_asked_for_its_vote_gives_it_once() -> None:
    member = Driven(key(4), voters(key(1), key(2), key(3)))
    assert member.vote(vote(key(1), key(4))).granted
    assert not member.vote(vote(key(2), key(4))).granted


def follow(member: Driven, leader_id: int, *batches: Batch) -> Ready:
    """Lets the member follow the leader of epoch 1 and receive these batches."""
    request = BeginQuorumEpochRequest(
        cluster_id="c", epoch=1, leader_id=leader_id, voter=None, endpoints=(endpoint(leader_id),)
    )
    fetch = member.step(RequestReceived(None, request), 0.0).messages[0]
    response = FetchResponse(epoch=1, leader_id=leader_id, batches=batches, high_watermark=0)
    return member.step(ResponseReceived(fetch.correlation, response), 0.1)


def test_the_voter_set_counts_from_the_moment_it_is_appended() -> None:
    member = Driven(key(4), voters(key(1), key(2), key(3)))
    larger = voters(key(1), key(2), key(3), key(4))
    follow(member, 1, Batch(0, 1, 1, None, larger))
    assert member.history.latest == larger
    assert isinstance(member.node.role, Follower), "it has a vote now"


def test_a_voter_that_the_new_set_leaves_out_observes() -> None:
    member = Driven(key(3), voters(key(1), key(2), key(3)))
    follow(member, 1, Batch(0, 1, 1, None, voters(key(1), key(2))))
    assert isinstance(member.node.role, Observer)


def test_truncation_takes_the_voter_set_back() -> None:
    before = voters(key(1), key(2), key(3))
    member = Driven(key(3), before)
    ready = follow(member, 1, Batch(0, 1, 1, None, voters(key(1), key(2))))
    assert ready.sync is not None
    from barnabas.raft.events import Synced

    fetch = member.step(Synced(ready.sync), 0.2).messages[0]
    diverging = FetchResponse(epoch=1, leader_id=1, diverging=EpochOffset(0, 0))
    member.step(ResponseReceived(fetch.correlation, diverging), 0.3)
    assert member.history.latest == before
    assert isinstance(member.node.role, Follower)


def test_an_observer_asks_the_bootstrap_servers_while_it_knows_no_leader() -> None:
    member = Driven(key(9), VoterSet())
    assert [str(message.to) for message in member.started.messages] == ["node2:9093"]

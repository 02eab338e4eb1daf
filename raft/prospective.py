"""Prospective: a voter that has lost its leader asks whether it would be elected, before it disturbs anybody (KIP-996).

It stays in its epoch, so that a voter which alone cannot reach the leader changes nothing for the others: they still
hear the leader and refuse. With a majority it becomes a candidate; without one it goes back to its leader if it
knows one, or waits, each time for a random while.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from barnabas.raft.election import Nominee
from barnabas.raft.messages import VoteRequest
from barnabas.raft.voters import Endpoint, ReplicaKey

if TYPE_CHECKING:
    from barnabas.raft.quorum_state import QuorumState


class Prospective(Nominee):
    """Collects pre-votes until `deadline`."""

    name = "Prospective"
    pre_vote = True

    def __init__(
        self,
        state: QuorumState,
        epoch: int,
        deadline: float,
        leader_id: int | None,
        leader_endpoint: Endpoint | None,
        voted: ReplicaKey | None,
    ) -> None:
        super().__init__(state, epoch, deadline)
        self.leader_id = leader_id
        self.leader_endpoint = leader_endpoint
        self.voted = voted

    def poll(self, now: float) -> None:
        if self.election.is_won:
            self.won(now)
        elif now >= self.deadline:
            self.lost(now)
        else:
            self.ask(now)

    def won(self, now: float) -> None:
        self.state.become_candidate(now)

    def lost(self, now: float) -> None:
        deadline = now + self.state.backoff_wait()
        if self.leader_id is None or self.leader_endpoint is None:
            self.state.become_unattached(self.epoch, now, deadline=deadline)
        else:
            self.state.become_follower(self.epoch, self.leader_id, self.leader_endpoint, now, lost_until=deadline)

    def can_grant(self, request: VoteRequest, up_to_date: bool, now: float) -> bool:
        if request.pre_vote:
            return up_to_date
        if self.voted is not None:
            return self.voted == request.candidate
        return up_to_date and self.leader_id is None

    def granted(self, request: VoteRequest, now: float) -> None:
        if not request.pre_vote:
            self.state.become_unattached(self.epoch, now, deadline=now + self.state.election_wait())

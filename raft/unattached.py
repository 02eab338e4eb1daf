"""Unattached: a voter that knows no leader in its epoch, or not where the leader is.

It grants its one vote of the epoch to the first candidate whose log is up to date, and waits. When nobody wins, it
becomes prospective.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from barnabas.raft.messages import VoteRequest
from barnabas.raft.role import Role
from barnabas.raft.voters import ReplicaKey

if TYPE_CHECKING:
    from barnabas.raft.quorum_state import QuorumState


class Unattached(Role):
    """Waits until `deadline` for a leader to appear."""

    name = "Unattached"

    def __init__(
        self, state: QuorumState, epoch: int, deadline: float, leader_id: int | None, voted: ReplicaKey | None
    ) -> None:
        super().__init__(state, epoch, deadline)
        self.leader_id = leader_id
        self.voted = voted

    def poll(self, now: float) -> None:
        if now >= self.deadline or self.state.is_sole_voter:
            self.state.become_prospective(now)

    def can_grant(self, request: VoteRequest, up_to_date: bool, now: float) -> bool:
        if request.pre_vote:
            return up_to_date
        if self.voted is not None:
            return self.voted == request.candidate
        return up_to_date and self.leader_id is None

    def granted(self, request: VoteRequest, now: float) -> None:
        if request.pre_vote:
            self.deadline = max(self.deadline, now + self.state.stand_back_wait())
        else:
            self.deadline = now + self.state.election_wait()

"""Candidate: a voter that has entered a new epoch, voted for itself in it, and asks the others for their votes.

With a majority it leads. An election that ends without one (the votes split, or too few can be heard) is tried anew as
prospective after a random pause, so that two candidates do not meet again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from barnabas.raft.election import Nominee
from barnabas.raft.messages import VoteRequest

if TYPE_CHECKING:
    from barnabas.raft.quorum_state import QuorumState


class Candidate(Nominee):
    """Collects votes until `deadline`."""

    name = "Candidate"
    pre_vote = False

    def __init__(self, state: QuorumState, epoch: int, deadline: float) -> None:
        super().__init__(state, epoch, deadline)
        self.voted = state.me
        self._is_backing_off = False

    def poll(self, now: float) -> None:
        if self.election.is_won:
            self.won(now)
        elif now >= self.deadline:
            self.state.become_prospective(now)
        elif not self.election.is_lost:
            self.ask(now)

    def won(self, now: float) -> None:
        self.state.become_leader(self.election.granted, now)

    def lost(self, now: float) -> None:
        # Voters that were silent are still asked during the pause: a late vote counts as much as an early one.
        if not self._is_backing_off:
            self._is_backing_off = True
            self.deadline = min(self.deadline, now + self.state.backoff_wait())

    def can_grant(self, request: VoteRequest, up_to_date: bool, now: float) -> bool:
        return up_to_date if request.pre_vote else request.candidate == self.voted

    def granted(self, request: VoteRequest, now: float) -> None:
        if self._is_backing_off:
            self.deadline = max(self.deadline, now + self.state.stand_back_wait())

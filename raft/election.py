"""Counting votes, and what prospective and candidate share: a nominee asks every other voter once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barnabas.protocol.errors import ErrorCode
from barnabas.raft.messages import Response, VoteRequest, VoteResponse
from barnabas.raft.ready import Message
from barnabas.raft.role import Role
from barnabas.raft.voters import ReplicaKey, VoterSet

if TYPE_CHECKING:
    from barnabas.raft.quorum_state import QuorumState


class Election:
    """The votes of one election among `voters`; `me` has voted for itself."""

    __slots__ = ("granted", "refused", "silent", "voters")

    def __init__(self, voters: VoterSet, me: ReplicaKey) -> None:
        self.voters = voters
        self.granted = {me.id}
        self.refused: set[int] = set()
        self.silent: set[int] = set()
        """Voters that were asked and could not be heard; they may still answer later."""

    def record(self, voter_id: int, granted: bool) -> None:
        (self.granted if granted else self.refused).add(voter_id)
        self.silent.discard(voter_id)

    @property
    def is_won(self) -> bool:
        return len(self.granted) >= self.voters.majority()

    @property
    def is_lost(self) -> bool:
        """A majority can no longer be reached."""
        return len(self.voters) - len(self.refused) < self.voters.majority()

    @property
    def is_over(self) -> bool:
        """It is lost, or everyone has answered or was found silent; waiting longer promises little."""
        return self.is_lost or len(self.granted | self.refused | self.silent) == len(self.voters)


class Nominee(Role):
    """A voter that asks for votes, or for pre-votes."""

    pre_vote: bool

    def __init__(self, state: QuorumState, epoch: int, deadline: float) -> None:
        super().__init__(state, epoch, deadline)
        self.election = Election(state.voters.latest, state.me)

    def won(self, now: float) -> None:
        """A majority is in favour."""
        raise NotImplementedError

    def lost(self, now: float) -> None:
        """No majority this time. May be called more than once."""
        raise NotImplementedError

    def ask(self, now: float) -> None:
        """Sends the request to every voter that has not answered and may be asked."""
        state = self.state
        for voter in self.election.voters.voters:
            to = voter.endpoint(state.identity.listener)
            answered = voter.id in self.election.granted or voter.id in self.election.refused
            if answered or to is None or not state.requests.is_ready(to, now):
                continue
            request = VoteRequest(
                cluster_id=state.identity.cluster_id,
                epoch=self.epoch,
                candidate=state.me,
                voter=voter.key,
                log_end=state.log.end,
                pre_vote=self.pre_vote,
            )
            state.send(to, voter.id, request)

    def handle_response(self, message: Message, response: Response, now: float) -> None:
        if not isinstance(response, VoteResponse):
            return
        if response.error is ErrorCode.NONE:
            self.election.record(message.peer_id, response.granted)
        else:
            self.state.requests.back_off(message.to, now)
            self.election.silent.add(message.peer_id)
        self._decide(now)

    def handle_failure(self, message: Message, unreachable: bool, now: float) -> None:
        self.election.silent.add(message.peer_id)
        self._decide(now)

    def _decide(self, now: float) -> None:
        if self.election.is_won:
            self.won(now)
        elif self.election.is_over:
            self.lost(now)

"""Resigned: a voter that led its epoch and does so no more.

It tells the other voters, naming those whose logs reach furthest first, so that they hold an election without waiting
for a timeout. It keeps its epoch and its vote for itself, so it cannot help to elect a second leader of the epoch. A
leader that was restarted is resigned too: what it wrote but had not synced may be gone, and a leader of the same epoch
would write other records in its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from barnabas.raft.election_state import ElectionState
from barnabas.raft.messages import EndQuorumEpochRequest, EndQuorumEpochResponse, Response, VoteRequest
from barnabas.raft.ready import Message
from barnabas.raft.role import Role
from barnabas.raft.voters import ReplicaKey

if TYPE_CHECKING:
    from barnabas.raft.quorum_state import QuorumState


class Resigned(Role):
    """Sends EndQuorumEpoch to all voters until each has answered; stands again at `deadline`."""

    name = "Resigned"

    def __init__(self, state: QuorumState, epoch: int, deadline: float, preferred: tuple[ReplicaKey, ...]) -> None:
        super().__init__(state, epoch, deadline)
        self.voted = state.me
        self.preferred = preferred
        self.unacknowledged = {key.id for key in state.voters.latest.replicas if key != state.me}

    def poll(self, now: float) -> None:
        state = self.state
        if now >= self.deadline:
            state.become_unattached(self.epoch, now, deadline=now)
            return
        for voter in state.voters.latest.voters:
            to = voter.endpoint(state.identity.listener)
            if voter.id in self.unacknowledged and to is not None and state.requests.is_ready(to, now):
                request = EndQuorumEpochRequest(
                    cluster_id=state.identity.cluster_id,
                    epoch=self.epoch,
                    leader_id=state.me.id,
                    preferred=self.preferred,
                    endpoints=state.identity.endpoints,
                )
                state.send(to, voter.id, request)

    def can_grant(self, request: VoteRequest, up_to_date: bool, now: float) -> bool:
        return request.pre_vote and up_to_date

    def granted(self, request: VoteRequest, now: float) -> None:
        self.deadline = max(self.deadline, now + self.state.stand_back_wait())

    def election_state(self) -> ElectionState:
        return ElectionState(self.epoch, self.state.me.id, self.voted)

    def handle_response(self, message: Message, response: Response, now: float) -> None:
        if isinstance(response, EndQuorumEpochResponse):
            self.unacknowledged.discard(message.peer_id)

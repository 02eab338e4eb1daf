"""Follower: a voter that fetches from the leader of its epoch.

A fetch offset says what is durable here, so the next fetch leaves only when what the last one brought is on disk.
Every answer from the leader puts off the fetch timeout; when it passes, the follower becomes prospective. It does not
wait that long when it is sure to have lost the leader: the connection broke, nobody listens at its address any more,
or it said goodbye. While it hears the leader it refuses pre-votes, and so protects it from those who do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from barnabas.protocol.errors import ErrorCode
from barnabas.raft import fetching
from barnabas.raft.messages import FetchResponse, Response, VoteRequest
from barnabas.raft.ready import Message
from barnabas.raft.role import Role
from barnabas.raft.voters import Endpoint, ReplicaKey

if TYPE_CHECKING:
    from barnabas.raft.quorum_state import QuorumState


class Follower(Role):
    """`last_heard`: when the leader itself last answered or spoke, None until it does in this epoch."""

    name = "Follower"

    def __init__(
        self,
        state: QuorumState,
        epoch: int,
        deadline: float,
        leader_id: int,
        leader_endpoint: Endpoint,
        voted: ReplicaKey | None,
        is_lost: bool,
    ) -> None:
        super().__init__(state, epoch, deadline)
        self.leader_id = leader_id
        self.leader_endpoint = leader_endpoint
        self.voted = voted
        self.last_heard: float | None = None
        self.is_lost = is_lost

    def poll(self, now: float) -> None:
        if now >= self.deadline:
            self.state.become_prospective(now)
        elif self.state.log.is_synced:
            fetching.maybe_send(self.state, self.leader_endpoint, self.leader_id, now)

    def heard(self, now: float) -> None:
        """The leader has shown that it lives."""
        self.last_heard = now
        self.is_lost = False
        self.deadline = now + self.state.config.fetch_timeout
        self.state.lost_elections = 0

    def lose_leader(self, now: float, wait: float | None = None) -> None:
        """The leader is gone; becomes prospective after `wait` seconds, a short random time unless given."""
        if not self.is_lost or wait is not None:
            self.is_lost = True
            self.deadline = min(self.deadline, now + (self.state.quick_wait() if wait is None else wait))

    def hears_leader(self, now: float) -> bool:
        if self.is_lost or self.last_heard is None:
            return False
        return now < self.last_heard + self.state.config.fetch_timeout

    def can_grant(self, request: VoteRequest, up_to_date: bool, now: float) -> bool:
        return request.pre_vote and up_to_date and not self.hears_leader(now)

    def granted(self, request: VoteRequest, now: float) -> None:
        self.deadline = max(self.deadline, now + self.state.stand_back_wait())

    def handle_response(self, message: Message, response: Response, now: float) -> None:
        if not isinstance(response, FetchResponse):
            return
        if response.error is ErrorCode.NOT_LEADER_OR_FOLLOWER and message.peer_id == self.leader_id:
            self.state.requests.back_off(message.to, now)
            self.lose_leader(now)
        elif response.error is ErrorCode.NONE and fetching.apply(self.state, message.request, response, now):
            self.heard(now)
        else:
            self.state.requests.back_off(message.to, now)

    def handle_failure(self, message: Message, unreachable: bool, now: float) -> None:
        if unreachable:
            self.lose_leader(now)

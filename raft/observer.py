"""Observer: a replica without a vote, such as every broker. It fetches as a follower does and is not counted.

Without a leader, or when the one it knows does not answer, it asks the bootstrap servers in turn; whoever answers says
who leads, and the leader itself answers with records. While others still name the one that does not answer, it tries
that one again, but only for a moment: they may elect another at any time.

It never stands for election. A member that the voter set does not name yet may still be asked for its vote by those who
know a newer set, and gives it by the same rules (KIP-853).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from barnabas.protocol.errors import ErrorCode
from barnabas.raft import fetching
from barnabas.raft.messages import FetchResponse, Response, VoteRequest
from barnabas.raft.ready import Message
from barnabas.raft.role import Role
from barnabas.raft.voters import Endpoint, ReplicaKey

if TYPE_CHECKING:
    from barnabas.raft.quorum_state import QuorumState


class Observer(Role):
    """Follows `leader_id`, or looks for a leader when that is None or has not answered by `deadline`.

    While it looks, `deadline` is when the server asked last is given up, and another is asked.
    """

    name = "Observer"

    def __init__(
        self,
        state: QuorumState,
        epoch: int,
        leader_id: int | None,
        leader_endpoint: Endpoint | None,
        voted: ReplicaKey | None,
        deadline: float,
    ) -> None:
        super().__init__(state, epoch, math.inf if leader_endpoint is None else deadline)
        self.leader_id = leader_id
        self.leader_endpoint = leader_endpoint
        self.voted = voted
        self._is_asking = False
        self._is_lost = False
        self._is_doubtful = False
        """Only others say that it leads, after it did not answer here."""

    def poll(self, now: float) -> None:
        if now >= self.deadline:
            self.lose_leader(now)
        if not self.state.log.is_synced:
            return
        if self.leader_endpoint is not None and not self._is_lost:
            max_wait = 0.0 if self._is_doubtful else None
            fetching.maybe_send(self.state, self.leader_endpoint, self.leader_id, now, max_wait=max_wait)
        elif not self._is_asking:
            self._ask_bootstrap(now)

    def _ask_bootstrap(self, now: float) -> None:
        for server in self.state.bootstrap_servers():
            if fetching.maybe_send(self.state, server, None, now):
                self._is_asking = True
                self.deadline = now + self.state.stand_back_wait()
                return

    def lose_leader(self, now: float) -> None:
        self._is_lost = True
        self._is_asking = False
        self.deadline = math.inf

    def hears_leader(self, now: float) -> bool:
        return self.leader_endpoint is not None and not self._is_lost and not self._is_doubtful

    def _follow(self, now: float) -> None:
        self._is_lost = self._is_doubtful = False
        self.deadline = now + self.state.config.fetch_timeout

    def _try_again(self, now: float) -> None:
        """Others say that the leader is the same; where a request still waits for its answer, they tell nothing new."""
        if self.leader_endpoint is not None and self.state.requests.is_ready(self.leader_endpoint, now):
            self._is_lost = False
            self._is_doubtful = True
            self.deadline = now + self.state.stand_back_wait()

    def can_grant(self, request: VoteRequest, up_to_date: bool, now: float) -> bool:
        if request.pre_vote:
            return up_to_date and (self.leader_id is None or self._is_lost)
        if self.voted is not None:
            return self.voted == request.candidate
        return up_to_date and self.leader_id is None

    def handle_response(self, message: Message, response: Response, now: float) -> None:
        from_leader = message.to == self.leader_endpoint
        self._is_asking = False
        if not isinstance(response, FetchResponse):
            return
        if response.error is ErrorCode.NONE and fetching.apply(self.state, message.request, response, now):
            self._follow(now)
            return
        self.state.requests.back_off(message.to, now)
        if from_leader:
            self.lose_leader(now)
        elif response.leader_id is not None and response.leader_id == self.leader_id:
            self._try_again(now)

    def handle_failure(self, message: Message, unreachable: bool, now: float) -> None:
        self._is_asking = False
        if message.to == self.leader_endpoint:
            self.lose_leader(now)

"""What the roles have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from barnabas.raft.election_state import ElectionState
from barnabas.raft.messages import Response, VoteRequest
from barnabas.raft.ready import Message
from barnabas.raft.voters import Endpoint, ReplicaKey

if TYPE_CHECKING:
    from barnabas.raft.quorum_state import QuorumState


class Role:
    """One role in one epoch. It holds what has meaning in that role only; the rest is in the `QuorumState`.

    `deadline`: when `poll` is to be called again, whatever else happens (seconds on the driver's clock).
    """

    name: ClassVar[str]

    def __init__(self, state: QuorumState, epoch: int, deadline: float) -> None:
        self.state = state
        self.epoch = epoch
        self.deadline = deadline
        self.leader_id: int | None = None
        self.leader_endpoint: Endpoint | None = None
        self.voted: ReplicaKey | None = None

    def poll(self, now: float) -> None:
        """Does what is due: sends the requests that may be sent, and changes role if the deadline has come.

        May be called at any time and as often as one likes.
        """
        raise NotImplementedError

    def can_grant(self, request: VoteRequest, up_to_date: bool, now: float) -> bool:
        """Whether a vote in this epoch, or a pre-vote, is granted. `up_to_date`: the candidate's log is no older."""
        raise NotImplementedError

    def hears_leader(self, now: float) -> bool:
        """Whether the leader of this epoch is known to be there, and in touch with this node."""
        return False

    def handle_response(self, message: Message, response: Response, now: float) -> None:
        """Takes an answer of this epoch to a request that this role sent. By default it means nothing any more."""

    def handle_failure(self, message: Message, unreachable: bool, now: float) -> None:
        """Takes note that a request of this role will get no answer."""

    def granted(self, request: VoteRequest, now: float) -> None:
        """Told after a vote or pre-vote was granted, so that the role may stand back for the candidate."""

    def lose_leader(self, now: float) -> None:
        """Told that the leader is not there any more. By default there is no leader to lose."""

    def close(self) -> None:
        """Told when another role has taken over: answers whoever waits for this one."""

    def election_state(self) -> ElectionState:
        """What is to be remembered of this role across restarts."""
        return ElectionState(self.epoch, self.leader_id, self.voted)

    def __str__(self) -> str:
        parts = [f"epoch={self.epoch}"]
        if self.leader_id is not None:
            parts.append(f"leader={self.leader_id}")
        if self.voted is not None:
            parts.append(f"voted={self.voted}")
        return f"{self.name}({' '.join(parts)})"

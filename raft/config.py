"""What a member of the quorum is told when it starts: its identity and its time limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from barnabas.raft.voters import Endpoint, ReplicaKey

_FETCH_MAX_WAIT: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class RaftConfig:
    """The time limits of the quorum, in seconds; the defaults are those of Kafka's `controller.quorum.*`.

    `election_timeout` (`election.timeout.ms`): how long a voter waits for an election to end; the wait is drawn from
    one to two times this value. `fetch_timeout` (`fetch.timeout.ms`): how long a follower does without an answer from
    its leader. `backoff_max` (`election.backoff.max.ms`): the longest random pause after a lost election.
    `request_timeout`: after this a request without an answer counts as failed. `retry_backoff`: the first pause
    before a destination that failed is asked again. `quick_min` and `quick_max`: bounds of the random wait before the
    first pre-vote when there is no doubt that the leader is gone or unknown; pre-vote disturbs nobody, so it need not
    wait for a timeout.
    """

    election_timeout: float = 1.0
    fetch_timeout: float = 2.0
    backoff_max: float = 1.0
    request_timeout: float = 2.0
    retry_backoff: float = 0.02
    quick_min: float = 0.01
    quick_max: float = 0.1

    def __post_init__(self) -> None:
        if min(self.election_timeout, self.fetch_timeout, self.request_timeout, self.retry_backoff) <= 0:
            raise ValueError(f"the quorum's timeouts must be positive: {self}")
        if not 0 <= self.quick_min <= self.quick_max:
            raise ValueError(f"quick_min must not exceed quick_max: {self}")

    @property
    def fetch_max_wait(self) -> float:
        """How long a leader may hold a fetch that brings no news: half a second, as in Kafka, or a quarter of a longer
        fetch timeout than the default, so that who is patient asks less often; half of what a request may take at most.
        """
        return min(max(_FETCH_MAX_WAIT, self.fetch_timeout / 4), self.request_timeout / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a member is: `cluster_id`, its `key`, and its own controller `endpoints` (none on a broker).

    `listener` names the listener that the quorum talks over. `bootstrap` lists where a member that knows no leader
    asks for one.
    """

    cluster_id: str
    key: ReplicaKey
    listener: str = "CONTROLLER"
    endpoints: tuple[Endpoint, ...] = ()
    bootstrap: tuple[Endpoint, ...] = ()

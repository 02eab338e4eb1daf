"""What the members of the quorum say to each other, freed of versions and nesting.

The driver translates to and from the wire's messages of the same names. An object of these classes that exists is
well formed: constructors refuse the rest, so that the roles need not check again. Epochs are leader epochs, offsets
are log offsets, `leader_id` is None when the sender knows no leader.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from barnabas.protocol.errors import ErrorCode
from barnabas.raft.log_view import Batch, EpochOffset
from barnabas.raft.voters import Endpoint, ReplicaKey


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteRequest:
    """`candidate` asks `voter` for its vote in `epoch`, or with `pre_vote` whether it would get one.

    `log_end`: the end of the candidate's log. A pre-vote carries the sender's present epoch, a vote one it has entered
    for the purpose; in both the log's last epoch cannot be beyond it, and in a vote it must be smaller.
    """

    cluster_id: str | None
    epoch: int
    candidate: ReplicaKey
    voter: ReplicaKey | None
    log_end: EpochOffset
    pre_vote: bool = False

    @property
    def is_legal(self) -> bool:
        if min(self.log_end) < 0:
            return False
        return self.log_end.epoch <= self.epoch if self.pre_vote else self.log_end.epoch < self.epoch

    def __str__(self) -> str:
        kind = "PreVote" if self.pre_vote else "Vote"
        return f"{kind}(epoch={self.epoch} candidate={self.candidate} voter={self.voter} log_end={self.log_end})"


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginQuorumEpochRequest:
    """`leader_id` tells `voter` that it leads `epoch`, and where it listens."""

    cluster_id: str | None
    epoch: int
    leader_id: int
    voter: ReplicaKey | None
    endpoints: tuple[Endpoint, ...] = ()

    def __str__(self) -> str:
        return f"BeginQuorumEpoch(epoch={self.epoch} leader={self.leader_id})"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndQuorumEpochRequest:
    """`leader_id` gives up `epoch` and names who should follow it, the best first."""

    cluster_id: str | None
    epoch: int
    leader_id: int
    preferred: tuple[ReplicaKey, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()

    def __str__(self) -> str:
        preferred = ",".join(str(key) for key in self.preferred)
        return f"EndQuorumEpoch(epoch={self.epoch} leader={self.leader_id} preferred=[{preferred}])"


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """`replica` has the log up to `offset`, ending in `last_epoch`, and asks for what follows.

    `epoch` is the one it believes to be current; `max_wait` (seconds) how long the leader may wait for news;
    `high_watermark` the one it knows, None when its version does not tell (then only records are news).
    """

    cluster_id: str | None
    epoch: int
    replica: ReplicaKey
    offset: int
    last_epoch: int
    max_wait: float = 0.0
    high_watermark: int | None = None

    @property
    def is_legal(self) -> bool:
        return min(self.offset, self.last_epoch, self.max_wait) >= 0 and self.last_epoch <= self.epoch

    def __str__(self) -> str:
        return f"Fetch(epoch={self.epoch} replica={self.replica} at={EpochOffset(self.last_epoch, self.offset)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What every answer carries: an error and what the sender knows of the quorum: `epoch`, leader, its endpoint."""

    epoch: int
    leader_id: int | None = None
    endpoint: Endpoint | None = None
    error: ErrorCode = ErrorCode.NONE

    def _state(self) -> str:
        leader = "" if self.leader_id is None else f" leader={self.leader_id}"
        error = "" if self.error is ErrorCode.NONE else f" error={self.error.name}"
        return f"epoch={self.epoch}{leader}{error}"


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteResponse(Response):
    """The answer to a vote or a pre-vote."""

    granted: bool = False

    def __str__(self) -> str:
        return f"VoteResponse({self._state()} {'granted' if self.granted else 'refused'})"


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginQuorumEpochResponse(Response):
    """The answer to BeginQuorumEpoch."""

    def __str__(self) -> str:
        return f"BeginQuorumEpochResponse({self._state()})"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndQuorumEpochResponse(Response):
    """The answer to EndQuorumEpoch."""

    def __str__(self) -> str:
        return f"EndQuorumEpochResponse({self._state()})"


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchResponse(Response):
    """The answer to a fetch: `batches`, or `diverging` (cut your log there and ask again).

    `high_watermark` is None while the leader does not know it yet. `snapshot` names the snapshot that the leader
    wants the follower to load, because the log no longer reaches back to the offset asked for.
    """

    high_watermark: int | None = None
    batches: tuple[Batch, ...] = ()
    diverging: EpochOffset | None = None
    snapshot: EpochOffset | None = None

    def __post_init__(self) -> None:
        for before, after in zip(self.batches, self.batches[1:], strict=False):
            if after.base_offset != before.next_offset or after.epoch < before.epoch:
                raise ValueError(f"{after} does not follow {before}")
        if self.batches and self.batches[-1].epoch > self.epoch:
            raise ValueError(f"{self.batches[-1]} is of a later epoch than {self.epoch}")

    def __str__(self) -> str:
        parts = [self._state()]
        if self.high_watermark is not None:
            parts.append(f"hw={self.high_watermark}")
        if self.diverging is not None:
            parts.append(f"diverging={self.diverging}")
        if self.snapshot is not None:
            parts.append(f"snapshot={self.snapshot}")
        return f"FetchResponse({' '.join(parts + [str(batch) for batch in self.batches])})"


Request: TypeAlias = VoteRequest | BeginQuorumEpochRequest | EndQuorumEpochRequest | FetchRequest

"""What the core wants done: the outputs of `RaftNode.ready`.

The fields of `Ready` stand in the order in which the driver must act. Two of them carry the safety of the protocol:
the election state is on disk before anything else happens, so that no vote is cast twice and no record of an epoch
exists before the epoch does; and `sync` is only asked for here, never waited for: whatever depends on durable records
(a follower's next fetch, the leader's own share of a majority) comes in a later `Ready`, after the event `Synced`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from barnabas.raft.election_state import ElectionState
from barnabas.raft.log_view import Batch
from barnabas.raft.messages import Request, Response
from barnabas.raft.voters import Endpoint, ReplicaKey, VoterSet


@dataclass(frozen=True, slots=True)
class Payload:
    """`count` records that become one batch; `data` belongs to the driver."""

    count: int
    data: object

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError("a batch holds at least one record")


@dataclass(frozen=True, slots=True)
class LeaderChange:
    """The data of the control batch with which a leader opens its epoch (LEADER_CHANGE).

    `voter_set` is written with it (KRAFT_VERSION and KRAFT_VOTERS) when the log does not hold the voters yet, or holds
    another endpoint of this leader.
    """

    leader_id: int
    voters: tuple[ReplicaKey, ...]
    granting: tuple[ReplicaKey, ...]
    voter_set: VoterSet | None

    @property
    def count(self) -> int:
        """How many records the batch holds."""
        return 1 if self.voter_set is None else 3


@dataclass(frozen=True, slots=True)
class Sync:
    """The log is to be durable up to `offset`. `generation` tells one log from the same log cut and written anew."""

    offset: int
    generation: int


@dataclass(frozen=True, slots=True)
class Message:
    """A request to `to`; `peer_id` is the node there, -1 when not known (a bootstrap server).

    The driver answers each with one `ResponseReceived` or `RequestFailed` of the same `correlation`.
    """

    correlation: int
    to: Endpoint
    peer_id: int
    request: Request

    def __str__(self) -> str:
        return f"to {self.to if self.peer_id < 0 else self.peer_id}: {self.request}"


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to the request with `token`.

    `read_from`: the driver adds the log's batches from this offset on, as many as the request allows and at least one.
    """

    token: object
    response: Response
    read_from: int | None = None

    def __str__(self) -> str:
        return f"{self.response}" + ("" if self.read_from is None else f" + records from {self.read_from}")


@dataclass(frozen=True, slots=True)
class Leadership:
    """Who leads `epoch`: `leader_id` (None: nobody known) at `endpoint`.

    `start_offset`: where the epoch starts in the log, when the leader is this node. It may act as leader once it has
    applied what is committed up to and including that offset.
    """

    epoch: int
    leader_id: int | None
    endpoint: Endpoint | None = None
    start_offset: int | None = None

    def __str__(self) -> str:
        return f"epoch={self.epoch} leader={'none' if self.leader_id is None else self.leader_id}"


@dataclass(slots=True)
class Ready:
    """What one step brought, in the order in which the driver does it."""

    warnings: list[str] = field(default_factory=list)
    """Log: a peer said what cannot be. It was not believed."""
    election_state: ElectionState | None = None
    """Write and sync before going on."""
    truncate_to: int | None = None
    """Cut the log here, before appending."""
    append: list[Batch] = field(default_factory=list)
    """Write to the end of the log; readers may see it at once. A batch whose data is a `Payload` or a `LeaderChange`
    is the leader's own and yet to be encoded; another's is what the fetch brought."""
    sync: Sync | None = None
    """Start making the log durable; then step `Synced`. Later ones include earlier ones."""
    messages: list[Message] = field(default_factory=list)
    """Send; nothing waits for the answers."""
    leadership: Leadership | None = None
    """The leader or the epoch changed. Told before what is committed under it."""
    committed: int | None = None
    """The high watermark: hand what lies below it to the application, each record once."""
    replies: list[Reply] = field(default_factory=list)
    """Answer requests; each may read what was appended above."""

    def __bool__(self) -> bool:
        work = (
            self.warnings,
            self.election_state,
            self.append,
            self.sync,
            self.messages,
            self.leadership,
            self.replies,
        )
        return any(work) or self.truncate_to is not None or self.committed is not None

    def lines(self) -> list[str]:
        """The content, one line an action, for traces and scenario files."""
        lines = [f"warn {warning}" for warning in self.warnings]
        lines += [] if self.election_state is None else [f"persist {self.election_state}"]
        lines += [] if self.truncate_to is None else [f"truncate to {self.truncate_to}"]
        lines += [f"append {batch}" for batch in self.append]
        lines += [] if self.sync is None else [f"sync to {self.sync.offset}"]
        lines += [f"send {message}" for message in self.messages]
        lines += [] if self.leadership is None else [f"leadership {self.leadership}"]
        lines += [] if self.committed is None else [f"committed {self.committed}"]
        return lines + [f"reply {reply}" for reply in self.replies]

    def __str__(self) -> str:
        return "; ".join(self.lines()) or "nothing"

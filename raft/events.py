"""What can happen to a member of the quorum: the inputs of `RaftNode.step`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from barnabas.raft.messages import Request, Response
from barnabas.raft.ready import Payload, Sync


@dataclass(frozen=True, slots=True)
class Started:
    """The node runs: the first event, once."""

    def __str__(self) -> str:
        return "Started"


@dataclass(frozen=True, slots=True)
class TimePassed:
    """`next_deadline()` has come."""

    def __str__(self) -> str:
        return "TimePassed"


@dataclass(frozen=True, slots=True)
class RequestReceived:
    """A peer asks. Exactly one `Reply` with this `token` follows, at once or later."""

    token: object
    request: Request

    def __str__(self) -> str:
        return f"received {self.request}"


@dataclass(frozen=True, slots=True)
class ResponseReceived:
    """The answer to the `Message` with this correlation number."""

    correlation: int
    response: Response

    def __str__(self) -> str:
        return f"received {self.response}"


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """The `Message` with this correlation number will get no answer.

    `unreachable`: nobody listens at that address or the connection broke, so that the process there is most likely
    gone; False: it timed out, or the answer made no sense.
    """

    correlation: int
    unreachable: bool

    def __str__(self) -> str:
        return f"RequestFailed({'unreachable' if self.unreachable else 'no answer'})"


@dataclass(frozen=True, slots=True)
class LeaderConnectionClosed:
    """The connection to the leader `leader_id` closed without our doing."""

    leader_id: int

    def __str__(self) -> str:
        return f"LeaderConnectionClosed({self.leader_id})"


@dataclass(frozen=True, slots=True)
class Synced:
    """What `sync` asked for is on disk."""

    sync: Sync

    def __str__(self) -> str:
        return f"Synced({self.sync.offset})"


@dataclass(frozen=True, slots=True)
class Append:
    """The application appends; only a leader may. Each payload becomes one batch, all or nothing."""

    payloads: tuple[Payload, ...]

    def __str__(self) -> str:
        return f"Append({sum(payload.count for payload in self.payloads)})"


@dataclass(frozen=True, slots=True)
class Resign:
    """Give up leadership, if it is ours: the process stops, or the application cannot go on as leader."""

    def __str__(self) -> str:
        return "Resign"


Event: TypeAlias = (
    Started
    | TimePassed
    | RequestReceived
    | ResponseReceived
    | RequestFailed
    | LeaderConnectionClosed
    | Synced
    | Append
    | Resign
)

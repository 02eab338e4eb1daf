"""What a member of a group, of either protocol, wants done: the words between its core and its shell.

The shell asks `next` what to do and reports how it went; what takes long (`Revoke`, `Assign`) is begun once and goes on
beside the heartbeats. Partitions are (topic, number).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from barnabas.client.errors import ClientError
from barnabas.client.groups.assignors import Place
from barnabas.protocol.message import RequestMessage, ResponseMessage


@dataclass(frozen=True, slots=True)
class Send:
    """Ask the coordinator, found anew if it was forgotten; then `answered`, or `lost`. `timeout` in seconds."""

    request: RequestMessage
    timeout: float
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Revoke:
    """Stop reading these partitions, commit what was read, tell the user; then `revoked`.

    `lost`: somebody else may read them already, so that nothing can be committed.
    """

    places: frozenset[Place]
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Assign:
    """Read these as well, from their committed offsets, and tell the user; then `assigned`."""

    places: frozenset[Place]


@dataclass(frozen=True, slots=True)
class Describe:
    """Ask for metadata of these topics; then `described`. None: of all topics."""

    topics: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before that time (seconds of the clock), or before something is reported."""

    until: float


@dataclass(frozen=True, slots=True)
class Fail:
    """The membership has ended for good, with this error."""

    error: ClientError


Action: TypeAlias = Send | Revoke | Assign | Describe | Wait | Fail


@dataclass(frozen=True, slots=True)
class Topic:
    """What a member must know of a topic."""

    topic_id: bytes
    partitions: int


@dataclass(frozen=True, slots=True)
class Generation:
    """As whom offsets are committed: `epoch` is the generation of a classic group or the member epoch."""

    epoch: int
    member_id: str
    instance_id: str | None


class Member(Protocol):
    """A core; `now` in seconds."""

    @property
    def owned(self) -> frozenset[Place]:
        """What this member may read."""
        ...

    @property
    def settled(self) -> bool:
        """Whether it is in the group and nothing of its assignment is to be changed."""
        ...

    @property
    def is_out(self) -> bool:
        """Whether it is known to be in the group no more: others may have what it still owns, or was about to take."""
        ...

    @property
    def generation(self) -> Generation:
        """As whom it commits."""
        ...

    def subscribe(self, topics: frozenset[str], now: float) -> None:
        """Want these topics from now on."""
        ...

    def next(self, now: float) -> Action:
        """What to do now."""
        ...

    def answered(self, request: RequestMessage, response: ResponseMessage, now: float) -> bool:
        """The coordinator's answer. True: it is not the coordinator, find another."""
        ...

    def lost(self, request: RequestMessage, now: float) -> None:
        """No answer came: the connection was lost."""
        ...

    def refused(self, error: ClientError) -> None:
        """The request cannot be sent, and never will."""
        ...

    def revoked(self, places: frozenset[Place], now: float) -> None:
        """`Revoke` is done."""
        ...

    def assigned(self, places: frozenset[Place], now: float) -> None:
        """`Assign` is done; `places` are those that were taken."""
        ...

    def described(self, topics: Mapping[str, Topic], now: float) -> None:
        """`Describe` is done; or metadata came by without it. `topics` has those that exist."""
        ...

    def fenced(self, error: ClientError, now: float) -> None:
        """A commit was refused because this member is no longer what it was."""
        ...

    def depart(self, now: float) -> None:
        """The user is away for too long: leave the group, and lose what is owned, until `come_back`."""
        ...

    def come_back(self, now: float) -> None:
        """The user is there again: join anew."""
        ...

    def leave(self) -> RequestMessage | None:
        """The request that tells the coordinator that this member goes; None if it has no need to know."""
        ...

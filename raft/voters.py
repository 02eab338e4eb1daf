"""The voter set and its history in the log (KIP-853).

A voter is a pair (node id, directory id): a node whose disk was lost comes back with another directory id and is
another replica, which has no vote until the voter set names it. The voter set is itself part of the log, as control
records KRAFT_VERSION and KRAFT_VOTERS; the newest one in the log counts from the moment it is appended, committed or
not, and truncating the log takes it back. `VoterHistory` keeps what is needed for that.
"""

from __future__ import annotations

from dataclasses import dataclass

from barnabas.protocol.types import ZERO_UUID


@dataclass(frozen=True, slots=True, order=True)
class ReplicaKey:
    """A replica: node `id` and `directory_id` (16 bytes, `ZERO_UUID` when the sender did not say)."""

    id: int
    directory_id: bytes = ZERO_UUID

    def __post_init__(self) -> None:
        if len(self.directory_id) != 16:
            raise ValueError(f"a directory id has 16 bytes, not {len(self.directory_id)}")

    def __str__(self) -> str:
        return str(self.id) if self.directory_id == ZERO_UUID else f"{self.id}/{self.directory_id.hex()[:4]}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a node listens: `name` of the listener, `host` (resolved at each connect) and `port`."""

    name: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Voter:
    """A member of the voter set and the range of `kraft.version` that its software supports."""

    key: ReplicaKey
    endpoints: tuple[Endpoint, ...]
    min_kraft_version: int = 0
    max_kraft_version: int = 1

    @property
    def id(self) -> int:
        return self.key.id

    def endpoint(self, listener: str) -> Endpoint | None:
        """The endpoint of the listener of that name; None when the voter has none."""
        return next((endpoint for endpoint in self.endpoints if endpoint.name == listener), None)


@dataclass(frozen=True, slots=True)
class VoterSet:
    """The voters, ordered by id; an id occurs once."""

    voters: tuple[Voter, ...] = ()

    def __post_init__(self) -> None:
        ids = [voter.id for voter in self.voters]
        if len(set(ids)) != len(ids):
            raise ValueError(f"a voter id occurs twice: {ids}")
        object.__setattr__(self, "voters", tuple(sorted(self.voters, key=lambda voter: voter.id)))

    def __len__(self) -> int:
        return len(self.voters)

    def __contains__(self, key: ReplicaKey) -> bool:
        return any(voter.key == key for voter in self.voters)

    def __str__(self) -> str:
        return "{" + ", ".join(str(voter.key) for voter in self.voters) + "}"

    def get(self, node_id: int) -> Voter | None:
        """The voter with that node id, whatever its directory."""
        return next((voter for voter in self.voters if voter.id == node_id), None)

    @property
    def replicas(self) -> tuple[ReplicaKey, ...]:
        return tuple(voter.key for voter in self.voters)

    def majority(self) -> int:
        """How many voters make a majority."""
        return len(self.voters) // 2 + 1

    def with_voter(self, voter: Voter) -> VoterSet:
        """This set with `voter` in the place of the one that has its id."""
        return VoterSet((*(other for other in self.voters if other.id != voter.id), voter))


class VoterHistory:
    """The voter sets in the log, each from its offset on; offset -1 is the checkpoint that `format` wrote."""

    __slots__ = ("_entries",)

    def __init__(self, initial: VoterSet | None = None) -> None:
        self._entries: list[tuple[int, VoterSet]] = [] if initial is None else [(-1, initial)]

    @property
    def latest(self) -> VoterSet:
        """The newest voter set, committed or not; empty when none is known."""
        return self._entries[-1][1] if self._entries else VoterSet()

    @property
    def latest_offset(self) -> int | None:
        """The offset of the newest voter set, -1 for the checkpoint, None when none is known."""
        return self._entries[-1][0] if self._entries else None

    def at(self, offset: int) -> VoterSet | None:
        """The voter set that holds at `offset` (inclusive)."""
        return next((voters for start, voters in reversed(self._entries) if start <= offset), None)

    def add(self, offset: int, voters: VoterSet) -> None:
        """Notes the voter set that the log holds at `offset`, which must be later than those before."""
        if self._entries and offset <= self._entries[-1][0]:
            raise ValueError(f"voter set at {offset} is not after the one at {self._entries[-1][0]}")
        self._entries.append((offset, voters))

    def truncate(self, end_offset: int) -> None:
        """Forgets the voter sets at `end_offset` and later."""
        while self._entries and self._entries[-1][0] >= end_offset:
            self._entries.pop()

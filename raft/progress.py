"""How far each replica has come, as its fetches tell the leader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from barnabas.raft.voters import ReplicaKey, VoterSet

OBSERVER_SESSION = 300.0
"""Seconds after which an observer that no longer fetches is forgotten."""


@dataclass(slots=True)
class Progress:
    """A replica's log end offset; when it last fetched, and when it last had all that the leader had then.

    Offsets and times are None until the first fetch. Times are seconds on the driver's clock.
    """

    end_offset: int | None = None
    last_fetch: float | None = None
    last_caught_up: float | None = None
    _leader_end_offset: int = -1

    def fetched(self, offset: int, leader_end_offset: int, now: float) -> None:
        """Notes a fetch at `offset` while the leader's log ends at `leader_end_offset`."""
        if offset >= leader_end_offset:
            self.last_caught_up = now
        elif self.last_fetch is not None and offset >= self._leader_end_offset:
            self.last_caught_up = self.last_fetch
        self.end_offset = offset
        self.last_fetch = now
        self._leader_end_offset = leader_end_offset


@dataclass(frozen=True, slots=True)
class ReplicaStatus:
    """What the leader says of a replica when asked; None where it has not heard. Times on the driver's clock."""

    key: ReplicaKey
    end_offset: int | None
    last_fetch: float | None
    last_caught_up: float | None


def majority_offset(voters: VoterSet, end_offsets: Mapping[ReplicaKey, int]) -> int:
    """The largest offset that a majority of the voters has reached; a voter not in `end_offsets` has reached none."""
    reached = sorted((end_offsets.get(key, -1) for key in voters.replicas), reverse=True)
    return reached[voters.majority() - 1]


def by_end_offset(keys: Iterable[ReplicaKey], progress: Mapping[ReplicaKey, Progress]) -> tuple[ReplicaKey, ...]:
    """The replicas whose logs reach furthest first; ties by id, so that the order is the same everywhere."""

    def order(key: ReplicaKey) -> tuple[int, int]:
        entry = progress.get(key)
        return (-1 if entry is None or entry.end_offset is None else entry.end_offset, -key.id)

    return tuple(sorted(keys, key=order, reverse=True))

"""What happens to groups, for those who count it and write it down.

Told when it is decided, a moment before it is durable. Where an append fails, something was told that came to nothing;
it is told again when it is decided again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Rebalanced:
    """A group of so many members has a new generation (classic), or a new epoch to be assigned for (consumer)."""

    group_id: str
    type: str
    epoch: int
    members: int

    def __str__(self) -> str:
        return f"{self.type} group {self.group_id} rebalanced: epoch {self.epoch}, {self.members} members"


@dataclass(frozen=True, slots=True)
class MemberExpired:
    """A member was not heard of in time. `reason`: what was waited for."""

    group_id: str
    type: str
    member_id: str
    reason: str

    def __str__(self) -> str:
        return f"member {self.member_id} of {self.type} group {self.group_id} expired: {self.reason}"


@dataclass(frozen=True, slots=True)
class OffsetsCommitted:
    """So many offsets, by one request."""

    group_id: str
    count: int

    def __str__(self) -> str:
        return f"{self.count} offsets of group {self.group_id} committed"


@dataclass(frozen=True, slots=True)
class OffsetsExpired:
    """So many offsets have grown old."""

    group_id: str
    count: int

    def __str__(self) -> str:
        return f"{self.count} offsets of group {self.group_id} expired"


@dataclass(frozen=True, slots=True)
class OffsetsDeleted:
    """So many offsets, because somebody asked for it."""

    group_id: str
    count: int

    def __str__(self) -> str:
        return f"{self.count} offsets of group {self.group_id} deleted"


GroupEvent: TypeAlias = Rebalanced | MemberExpired | OffsetsCommitted | OffsetsExpired | OffsetsDeleted
GroupListener: TypeAlias = Callable[[GroupEvent], None]


def nobody_listens(event: GroupEvent) -> None:
    """For coordinators that nobody watches."""

"""What an assignor is told of a group, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from barnabas.broker.coordinator.groups.consumer_member import Partitions

Assignment: TypeAlias = dict[str, Partitions]
"""What each member is to have, by member id; members without partitions are in it as well."""


@dataclass(frozen=True, slots=True)
class MemberSpec:
    """One member: the ids of the topics that it subscribes to, all of which exist, and what it was to have so far."""

    topics: frozenset[bytes]
    target: Partitions = field(default_factory=dict)
    instance_id: str | None = None


@dataclass(frozen=True, slots=True)
class GroupSpec:
    """All members by id, and how many partitions each topic has that one of them subscribes to."""

    members: Mapping[str, MemberSpec]
    partitions: Mapping[bytes, int]

    @property
    def is_homogeneous(self) -> bool:
        """Whether all members subscribe to the same topics."""
        specs = iter(self.members.values())
        first = next(specs, None)
        return first is None or all(spec.topics == first.topics for spec in specs)

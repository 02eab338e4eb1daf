"""A member of a consumer group (KIP-848): what it told of itself, and how far it has come towards its target.

A member is a value: whoever changes it makes a new one, and only a replayed record puts it into its group.

    STABLE                  owns all of its assignment at its epoch
    UNREVOKED_PARTITIONS    must give partitions back before it may move on; its epoch stands still meanwhile
    UNRELEASED_PARTITIONS   is at the target's epoch, but another member has not yet given back what it is to get

Epochs: 0 joins, -1 has left, -2 is a static member that left for a while; others are those of the group.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Final, TypeAlias

JOIN_EPOCH: Final = 0
LEAVE_EPOCH: Final = -1
LEAVE_STATIC_EPOCH: Final = -2

Partitions: TypeAlias = Mapping[bytes, frozenset[int]]
"""Partitions by topic id; no set is empty. Never changed once made."""

Owned: TypeAlias = Mapping[bytes, Mapping[int, int]]
"""Partitions by topic id, each with the epoch in which the member got it; none is empty. Never changed once made."""

NO_PARTITIONS: Final[Partitions] = {}
NONE_OWNED: Final[Owned] = {}


class MemberState(IntEnum):
    """Numbered as in records. UNKNOWN stands for what a later release may have written."""

    STABLE = 0
    UNREVOKED_PARTITIONS = 1
    UNRELEASED_PARTITIONS = 2
    UNKNOWN = 127

    @classmethod
    def of(cls, value: int) -> MemberState:
        """The state of this number."""
        return cls(value) if value in cls._value2member_map_ else cls.UNKNOWN


@dataclass(frozen=True, slots=True)
class ClassicProtocol:
    """One of the assignors that a member of the classic protocol offers, with its subscription for it."""

    name: str
    metadata: bytes


@dataclass(frozen=True, slots=True)
class ClassicMembership:
    """What is kept of a member that speaks the classic protocol. `protocols` is in the member's order."""

    session_timeout_ms: int
    protocols: tuple[ClassicProtocol, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerMember:
    """See the module. `topic_regex` is empty or None for no pattern; `assignor` is None where the member names none."""

    id: str
    epoch: int = JOIN_EPOCH
    previous_epoch: int = -1
    state: MemberState = MemberState.STABLE
    instance_id: str | None = None
    rack_id: str | None = None
    rebalance_timeout_ms: int = -1
    client_id: str = ""
    client_host: str = ""
    topic_names: frozenset[str] = frozenset()
    topic_regex: str | None = ""
    assignor: str | None = None
    assigned: Owned = field(default_factory=dict)
    revoking: Owned = field(default_factory=dict)
    """What it owns still and must give back."""
    classic: ClassicMembership | None = None

    @property
    def uses_classic_protocol(self) -> bool:
        """Whether it joined by JoinGroup."""
        return self.classic is not None

    @property
    def classic_protocols(self) -> tuple[ClassicProtocol, ...]:
        """The assignors that it offers as a member of the classic protocol."""
        return () if self.classic is None else self.classic.protocols

    def is_reconciled_to(self, epoch: int) -> bool:
        """Whether nothing is left to be done for the target of this epoch."""
        return self.state is MemberState.STABLE and self.epoch == epoch

    def at_epoch(self, epoch: int) -> ConsumerMember:
        """The member after a move to this epoch, from the one that it has."""
        return replace(self, epoch=epoch, previous_epoch=self.epoch)

    def owns(self, topic_id: bytes, partition: int) -> int | None:
        """The epoch in which it got this partition; None if it owns it neither now nor until it gives it back."""
        epoch = self.assigned.get(topic_id, {}).get(partition)
        return self.revoking.get(topic_id, {}).get(partition) if epoch is None else epoch

    def __str__(self) -> str:
        kind = " classic" if self.uses_classic_protocol else ""
        return f"{self.id} epoch={self.epoch} {self.state.name}{kind}"


def with_epoch(partitions: Partitions, epoch: int) -> Owned:
    """These partitions as owned since one epoch."""
    return {topic_id: dict.fromkeys(sorted(indexes), epoch) for topic_id, indexes in partitions.items()}


def without_epochs(owned: Owned) -> Partitions:
    """The partitions alone."""
    return {topic_id: frozenset(partitions) for topic_id, partitions in owned.items()}

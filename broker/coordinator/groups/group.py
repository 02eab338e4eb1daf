"""What every group is to the rest of the coordinator, whichever protocol its members speak."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from barnabas.broker.coordinator.records import Record

CLASSIC: Final = "classic"
CONSUMER: Final = "consumer"

CONSUMER_PROTOCOL: Final = "consumer"
"""The protocol type of consumers, whose subscriptions and assignments the coordinator can read."""

CheckPartition: TypeAlias = Callable[[str, bytes, int], None]
"""Whether the offset of a partition (topic, topic id, index) may be committed: raises `WireError` if not."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request: client id and host as described later, and the version of the request."""

    client_id: str
    client_host: str
    version: int


class Group(Protocol):
    """A group of any type. What it raises are `WireError`s."""

    @property
    def id(self) -> str:
        """The group id."""
        ...

    @property
    def type(self) -> str:
        """CLASSIC or CONSUMER."""
        ...

    @property
    def state_name(self) -> str:
        """As in ListGroups: 'Stable', 'Empty', ..."""
        ...

    @property
    def protocol_type(self) -> str:
        """As in ListGroups; empty for a group that only keeps offsets."""
        ...

    @property
    def is_empty(self) -> bool:
        """Whether nobody is in it."""
        ...

    def is_subscribed_to(self, topic: str) -> bool:
        """Whether a member may be reading this topic: its offsets are kept then."""
        ...

    def check_offset_commit(
        self, member_id: str, instance_id: str | None, generation: int, version: int, *, transactional: bool = False
    ) -> CheckPartition | None:
        """Whether this member may commit now. `generation` is the member's epoch in a consumer group, and `version`
        that of the request. None: it may, for all partitions."""
        ...

    def check_offset_fetch(self, member_id: str | None, member_epoch: int) -> None:
        """Whether this member may see the offsets."""
        ...

    def check_offset_delete(self) -> None:
        """Whether offsets may be deleted now, but for those of topics that it is subscribed to."""
        ...

    def check_delete(self) -> None:
        """Whether the group may be deleted now."""
        ...

    @property
    def expires_offsets(self) -> bool:
        """Whether offsets (of topics that it is not subscribed to) grow old at all in its present state."""
        ...

    @property
    def offsets_age_from_ms(self) -> int | None:
        """Since when they do, wall clock; None: each since it was committed."""
        ...

    def tombstones(self) -> list[Record]:
        """The records that delete the group, but for its offsets."""
        ...

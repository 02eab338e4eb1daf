"""What all decisions on consumer groups share: configuration, the cluster, the clocks of members."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from barnabas.broker.coordinator.groups.consumer_config import ConsumerConfig
from barnabas.broker.coordinator.groups.consumer_group import ConsumerGroup
from barnabas.broker.coordinator.groups.consumer_member import ConsumerMember
from barnabas.broker.coordinator.groups.deadlines import Deadlines
from barnabas.broker.coordinator.groups.subscription import MetadataHashes
from barnabas.metadata.image import MetadataImage
from barnabas.metadata.records import ResourceType

DeadlineKey: TypeAlias = tuple[str, str, str]
"""What is due, the group, and the member ('' where it concerns the whole group)."""

MEMBER_SESSION: Final = "member session"
"""The member was not heard of for its session timeout."""
REVOCATION: Final = "revocation"
"""The member did not give back what it must within its rebalance timeout."""
REJOIN: Final = "rejoin"
"""A member of the classic protocol was told to join again, and did not within its rebalance timeout."""
RESYNC: Final = "resync"
"""A member of the classic protocol has joined, and did not ask for its assignment within its rebalance timeout."""
DOWNGRADED: Final = "downgraded"
"""The group has become a classic one, and is to rebalance; due at once."""

OF_MEMBER: Final = (MEMBER_SESSION, REVOCATION, REJOIN, RESYNC)


class ConsumerContext:
    """See the module. `image` is the newest metadata; `new_id` makes an id that begins with what it gets, for members
    that bring none."""

    def __init__(
        self,
        config: ConsumerConfig,
        image: Callable[[], MetadataImage],
        deadlines: Deadlines[DeadlineKey],
        new_id: Callable[[str], str],
    ) -> None:
        self.config: Final = config
        self.image: Final = image
        self.deadlines: Final = deadlines
        self.new_id: Final = new_id
        self.hashes: Final = MetadataHashes()
        self.topics_version = -1
        """The newest metadata (offset) in which there were new topics."""

    def config_of(self, group_id: str) -> ConsumerConfig:
        """The configuration of one group."""
        return self.config.of_group(self.image().configs.of(ResourceType.GROUP, group_id))

    def metadata_hash(self, topics: Iterable[str]) -> int:
        """What the group's members subscribe to, as it is in the cluster now."""
        return self.hashes.of(topics, self.image())

    def heard_of(self, group_id: str, member_id: str, now: float, session_timeout_ms: int | None = None) -> None:
        """The member lives: its session starts anew, by default with the timeout of its group."""
        if session_timeout_ms is None:
            session_timeout_ms = self.config_of(group_id).session_timeout_ms.value
        self.deadlines.set((MEMBER_SESSION, group_id, member_id), now + session_timeout_ms / 1000)

    def await_revocation(self, group_id: str, member: ConsumerMember, now: float) -> None:
        """The member has as long as it said to give back what it must."""
        self.deadlines.set((REVOCATION, group_id, member.id), now + member.rebalance_timeout_ms / 1000)

    def await_rejoin(self, group_id: str, member: ConsumerMember, now: float) -> None:
        """The member has as long as it said to join again; that it is told so once more does not give it more time."""
        key = REJOIN, group_id, member.id
        if key not in self.deadlines:
            self.deadlines.set(key, now + member.rebalance_timeout_ms / 1000)

    def forget(self, group: ConsumerGroup, member_ids: Iterable[str]) -> None:
        """Nothing is expected of these any more."""
        for member_id in member_ids:
            for what in OF_MEMBER:
                self.deadlines.cancel((what, group.id, member_id))

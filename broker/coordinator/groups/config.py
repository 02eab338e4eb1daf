"""What the group coordinator is configured with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from barnabas.broker.coordinator.groups.consumer_config import ConsumerConfig

if TYPE_CHECKING:
    from barnabas.server.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupConfig:
    """Times are seconds, unless the name says ms; sizes are bytes or members."""

    min_session_timeout_ms: int = 6_000
    max_session_timeout_ms: int = 1_800_000
    initial_rebalance_delay: float = 3.0
    new_member_join_timeout: float = 300.0
    """A new member whose JoinGroup waits longer is taken to have given up. Not configurable."""
    max_size: int = 0x7FFFFFFF
    max_metadata_size: int = 4096
    """Of what is kept with an offset."""
    retention_ms: int = 7 * 24 * 3_600_000
    retention_check_interval: float = 600.0
    consumer: ConsumerConfig = field(default_factory=ConsumerConfig)
    """Of the new consumer group protocol."""

    @classmethod
    def of(cls, settings: Settings) -> GroupConfig:
        """As the node's settings have it."""
        return cls(
            min_session_timeout_ms=settings.int("group.min.session.timeout.ms"),
            max_session_timeout_ms=settings.int("group.max.session.timeout.ms"),
            initial_rebalance_delay=settings.seconds("group.initial.rebalance.delay.ms"),
            max_size=settings.int("group.max.size"),
            max_metadata_size=settings.int("offset.metadata.max.bytes"),
            retention_ms=settings.int("offsets.retention.minutes") * 60_000,
            retention_check_interval=settings.seconds("offsets.retention.check.interval.ms"),
            consumer=ConsumerConfig.of(settings),
        )

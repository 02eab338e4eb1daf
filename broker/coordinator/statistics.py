"""What coordinators tell on `/metrics`, worked out when the page is asked for; and what of it goes to the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from barnabas.broker.coordinator.groups.events import (
    GroupEvent,
    MemberExpired,
    OffsetsCommitted,
    OffsetsDeleted,
    OffsetsExpired,
    Rebalanced,
)
from barnabas.server.logging import get_logger

if TYPE_CHECKING:
    from barnabas.broker.coordinator.coordinators import Coordinators
    from barnabas.broker.coordinator.groups.machine import GroupCoordinator
    from barnabas.server.metrics import Metrics, Reading

log = get_logger(__name__)

_KIND: Final = ("kind",)
_TYPES: Final = ("classic", "consumer")
_STATES: Final[list[tuple[str, ...]]] = [
    *[("classic", state) for state in ("Empty", "PreparingRebalance", "CompletingRebalance", "Stable")],
    *[("consumer", state) for state in ("Empty", "Assigning", "Reconciling", "Stable")],
]
"""Types of groups, and their states: told even while no group is so."""


def add_coordinator_metrics(metrics: Metrics, all_kinds: Sequence[Coordinators[Any]]) -> None:
    """What is told of coordinators of any kind, by kind."""

    def by_kind(read: Callable[[Coordinators[Any]], float]) -> Callable[[], Reading]:
        return lambda: {(coordinators.kind.name,): read(coordinators) for coordinators in all_kinds}

    metrics.gauge(
        "barnabas_coordinator_shards",
        "Partitions of the coordinators' topics that this broker coordinates",
        by_kind(lambda coordinators: sum(1 for _ in coordinators.shards())),
        _KIND,
    )
    metrics.gauge(
        "barnabas_coordinator_shards_loading",
        "Partitions of the coordinators' topics that this broker leads, but does not coordinate yet",
        by_kind(lambda coordinators: coordinators.loading_count),
        _KIND,
    )
    metrics.counter(
        "barnabas_coordinator_loads",
        "Partitions of the coordinators' topics that were loaded",
        by_kind(lambda coordinators: coordinators.load_statistics.loads),
        _KIND,
    )
    metrics.counter(
        "barnabas_coordinator_load_seconds",
        "Seconds from becoming a leader to coordinating, of all loads together",
        by_kind(lambda coordinators: coordinators.load_statistics.seconds),
        _KIND,
    )
    metrics.counter(
        "barnabas_coordinator_loaded_records",
        "Records replayed while loading",
        by_kind(lambda coordinators: coordinators.load_statistics.records),
        _KIND,
    )
    metrics.counter(
        "barnabas_coordinator_failures",
        "Coordinators that broke or could not be loaded; they are begun again",
        by_kind(lambda coordinators: coordinators.load_statistics.failures),
        _KIND,
    )
    metrics.gauge(
        "barnabas_coordinator_waiting",
        "Decisions waiting for their records to be committed",
        by_kind(lambda coordinators: sum(shard.waiting for shard in coordinators.shards())),
        _KIND,
    )


class GroupStatistics:
    """What happened to groups here since the process started: called with each event. The rarer ones are logged."""

    __slots__ = ("committed", "deleted", "expired", "expired_members", "rebalances")

    def __init__(self) -> None:
        self.rebalances: Final[Counter[str]] = Counter(dict.fromkeys(_TYPES, 0))
        """By type of the group, as the next one."""
        self.expired_members: Final[Counter[str]] = Counter(dict.fromkeys(_TYPES, 0))
        self.committed = 0
        """Offsets, as the next two."""
        self.expired = 0
        self.deleted = 0

    def __call__(self, event: GroupEvent) -> None:
        match event:
            case OffsetsCommitted(count=count):
                self.committed += count
            case Rebalanced(group_id, kind, epoch, members):
                self.rebalances[kind] += 1
                log.info("group rebalanced", group=group_id, type=kind, epoch=epoch, members=members)
            case MemberExpired(group_id, kind, member_id, reason):
                self.expired_members[kind] += 1
                log.info("member expired", group=group_id, type=kind, member=member_id, reason=reason)
            case OffsetsExpired(group_id, count):
                self.expired += count
                log.info("offsets expired", group=group_id, count=count)
            case OffsetsDeleted(group_id, count):
                self.deleted += count
                log.info("offsets deleted", group=group_id, count=count)


def add_group_metrics(metrics: Metrics, groups: Coordinators[GroupCoordinator], happened: GroupStatistics) -> None:
    """What is told of groups."""

    def by_state() -> Reading:
        counts: dict[tuple[str, ...], float] = dict.fromkeys(_STATES, 0)
        for shard in groups.shards():
            for group in shard.machine.groups.values():
                key = group.type, group.state_name
                counts[key] = counts.get(key, 0) + 1
        return counts

    metrics.gauge("barnabas_groups", "Groups that this broker coordinates", by_state, ("type", "state"))
    metrics.gauge(
        "barnabas_group_offsets",
        "Committed offsets that this broker keeps",
        lambda: sum(len(shard.machine.offsets) for shard in groups.shards()),
    )
    _add_what_happened(metrics, happened)


def _add_what_happened(metrics: Metrics, happened: GroupStatistics) -> None:
    metrics.counter(
        "barnabas_group_rebalances",
        "Generations and epochs of groups that partitions were assigned for",
        lambda: {(kind,): count for kind, count in happened.rebalances.items()},
        ("type",),
    )
    metrics.counter(
        "barnabas_group_members_expired",
        "Members that were not heard of in time",
        lambda: {(kind,): count for kind, count in happened.expired_members.items()},
        ("type",),
    )
    metrics.counter("barnabas_group_offset_commits", "Offsets committed", lambda: happened.committed)
    metrics.counter("barnabas_group_offset_expirations", "Offsets that grew old", lambda: happened.expired)
    metrics.counter("barnabas_group_offset_deletions", "Offsets deleted by request", lambda: happened.deleted)

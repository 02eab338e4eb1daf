"""What coordinators tell on `/metrics`; worked out when the page is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from barnabas.broker.coordinator.coordinators import Coordinators
    from barnabas.broker.coordinator.groups.machine import GroupCoordinator
    from barnabas.server.metrics import Metrics, Reading

_KIND: Final = ("kind",)
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


def add_group_metrics(metrics: Metrics, groups: Coordinators[GroupCoordinator]) -> None:
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

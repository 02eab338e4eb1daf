"""What coordinators tell on /metrics."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from prometheus_client.parser import text_string_to_metric_families

from barnabas.broker.coordinator.groups.events import (
    GroupEvent,
    MemberExpired,
    OffsetsCommitted,
    OffsetsDeleted,
    OffsetsExpired,
    Rebalanced,
)
from barnabas.broker.coordinator.statistics import GroupStatistics, add_coordinator_metrics, add_group_metrics
from barnabas.protocol.errors import ErrorCode
from barnabas.server.metrics import Metrics
from ledger import TOPIC, LedgerHarness


def values(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Those of ours, by name and labels."""
    families = text_string_to_metric_families(metrics.render().decode())
    samples = [sample for family in families for sample in family.samples if sample.name.startswith("barnabas_")]
    return {(sample.name.removeprefix("barnabas_"), *sample.labels.values()): sample.value for sample in samples}


async def test_shards_and_their_loading(house: LedgerHarness) -> None:
    metrics = Metrics()
    add_coordinator_metrics(metrics, [house.ledgers])
    assert set(values(metrics).values()) == {0.0}
    await house.lead((1, 2, 3))
    house.put("a", 1)
    assert values(metrics) == {
        ("coordinator_shards", "ledger"): 1,
        ("coordinator_shards_loading", "ledger"): 0,
        ("coordinator_loads_total", "ledger"): 1,
        ("coordinator_load_seconds_total", "ledger"): 0,
        ("coordinator_loaded_records_total", "ledger"): 0,
        ("coordinator_failures_total", "ledger"): 0,
        ("coordinator_waiting", "ledger"): 1,
    }
    house.change(TOPIC, leader=1)
    await house.blocked()
    house.advance(2.0)
    assert values(metrics)["coordinator_shards_loading", "ledger"] == 1
    house.replicate(1)
    after = values(metrics)
    assert after["coordinator_shards", "ledger"] == 1
    assert after["coordinator_loads_total", "ledger"] == 2
    assert after["coordinator_load_seconds_total", "ledger"] == 2.0
    assert after["coordinator_loaded_records_total", "ledger"] == 1
    house.shard.machine.broken_replay = True
    assert house.put("b", 1).answer == ErrorCode.NOT_COORDINATOR
    assert values(metrics)["coordinator_failures_total", "ledger"] == 1


def test_groups_by_type_and_state() -> None:
    def group(kind: str, state: str) -> Any:
        return SimpleNamespace(type=kind, state_name=state)

    machines = [
        SimpleNamespace(groups={"a": group("classic", "Stable"), "b": group("consumer", "Stable")}, offsets=[1, 2]),
        SimpleNamespace(groups={"c": group("classic", "Stable"), "d": group("classic", "Empty")}, offsets=[3]),
    ]
    shards = [SimpleNamespace(machine=machine) for machine in machines]
    metrics = Metrics()
    add_group_metrics(metrics, cast("Any", SimpleNamespace(shards=lambda: iter(shards))), GroupStatistics())
    told = values(metrics)
    assert {name: value for name, value in told.items() if value} == {
        ("groups", "Stable", "classic"): 2,
        ("groups", "Stable", "consumer"): 1,
        ("groups", "Empty", "classic"): 1,
        ("group_offsets",): 3,
    }
    assert told["groups", "Reconciling", "consumer"] == 0


def test_what_happens_to_groups_is_counted() -> None:
    happened, metrics = GroupStatistics(), Metrics()
    add_group_metrics(metrics, cast("Any", SimpleNamespace(shards=lambda: iter(()))), happened)
    assert set(values(metrics).values()) == {0.0}
    events: list[GroupEvent] = [
        Rebalanced("g", "classic", 3, 2),
        Rebalanced("h", "consumer", 1, 1),
        Rebalanced("h", "consumer", 2, 2),
        MemberExpired("h", "consumer", "m", "its session timed out"),
        OffsetsCommitted("g", 5),
        OffsetsCommitted("h", 1),
        OffsetsExpired("g", 2),
        OffsetsDeleted("g", 3),
    ]
    for event in events:
        happened(event)
    assert {name: value for name, value in values(metrics).items() if value} == {
        ("group_rebalances_total", "classic"): 1,
        ("group_rebalances_total", "consumer"): 2,
        ("group_members_expired_total", "consumer"): 1,
        ("group_offset_commits_total",): 6,
        ("group_offset_expirations_total",): 2,
        ("group_offset_deletions_total",): 3,
    }

"""What must be true of what coordinators know of groups and transactions.

- A partition has one owner in a group of the consumer protocol, at most; a member's epoch, and that of the assignment,
  is not ahead of the group's. In a classic group a member assigns, and who owns what is seen by the members only
  (`history_groups.py`).
- No transaction is open for longer than its timeout, and none has been settled for long and is not complete, while all
  is well: `check_transactions`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from tests.simulation.cluster import START_MS, Cluster, Node, Violation, groups_of, transactions_of

from barnabas.broker.coordinator.groups.consumer_group import ConsumerGroup, each_partition
from barnabas.broker.coordinator.transactions.metadata import TransactionState

SETTLED_MS: Final = 10_000
"""How long all partitions may take to have their markers."""


def check_groups(node: Node) -> None:
    """All groups of the consumer protocol that this broker coordinates."""
    for shard in groups_of(node).shards():
        for group in shard.machine.groups.values():
            if isinstance(group, ConsumerGroup):
                check_group(str(node), group)


def check_group(name: str, group: Any) -> None:
    """A `ConsumerGroup`."""
    owners: dict[Any, str] = {}
    if group.assignment_epoch > group.epoch:
        raise Violation(f"{name}: {group.id} has assignments of {group.assignment_epoch}, and is at {group.epoch}")
    for member in group.members.values():
        if member.epoch > group.epoch:
            raise Violation(f"{name}: {group.id} is at epoch {group.epoch}, and {member} ahead of it")
        for place in (*each_partition(member.assigned), *each_partition(member.revoking)):
            other = owners.setdefault(place, member.id)
            if other != member.id:
                raise Violation(f"{name}: in {group.id} both {other} and {member.id} own {place[0].hex()}-{place[1]}")


def check_transactions(cluster: Cluster, now: float, late: float) -> None:
    """All has been well for some time, and clocks are right. `late`: seconds that a timeout may be late."""
    for node in cluster.brokers:
        if node.handle is not None:
            for shard in transactions_of(node).shards():
                check_ages(str(node), shard.machine, START_MS + int(now * 1000), int(late * 1000))


def check_ages(name: str, transactions: Iterable[Any], now_ms: int, late_ms: int) -> None:
    """Of `TransactionMetadata`."""
    for each in transactions:
        if each.state is TransactionState.ONGOING and each.start_ms + each.timeout_ms + late_ms < now_ms:
            raise Violation(f"{name}: {each} is open since {now_ms - each.start_ms} ms, its timeout {each.timeout_ms}")
        if each.state.is_prepared and each.last_update_ms + SETTLED_MS < now_ms:
            raise Violation(f"{name}: {each} is so since {now_ms - each.last_update_ms} ms")


def sweep_seconds(nodes: Iterable[Node]) -> float:
    """How often open transactions are looked through."""
    name = "transaction.abort.timed.out.transaction.cleanup.interval.ms"
    return max((node.settings.seconds(name) for node in nodes), default=0.0)

"""What must be true of what coordinators know of groups and transactions.

- A partition has one owner in a group of the consumer protocol, at most; a member's epoch, and that of the assignment,
  is not ahead of the group's.
- In a classic group one of the members assigns, and the coordinator keeps what it is told: of each generation, as it is
  recorded, no partition is assigned to two members, and in a cooperative group none
  that another member owned when it joined, as far as its latest owners say. What members make of that is seen by
  themselves (`history_groups.py`).
- No transaction is open for longer than its timeout, and none has been settled for long and is not complete, while all
  is well: `check_transactions`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from tests.simulation.cluster import START_MS, Cluster, Node, Violation, groups_of, transactions_of
from tests.simulation.history import Place

from barnabas.broker.coordinator.groups.classic_group import ClassicGroup
from barnabas.broker.coordinator.groups.consumer_group import ConsumerGroup, each_partition
from barnabas.broker.coordinator.transactions.metadata import TransactionState
from barnabas.client.groups.subscriptions import decode_assignment, decode_subscription
from barnabas.protocol.messages.group_metadata_value import GroupMetadataValue

_COOPERATIVE: Final = "cooperative-sticky"
SETTLED_MS: Final = 10_000
"""How long all partitions may take to have their markers."""


class GroupInvariants:
    """Of all groups that brokers coordinate."""

    def __init__(self) -> None:
        self._recorded: dict[tuple[str, str], Any] = {}
        """By broker and group, the generation that was looked at."""

    def check(self, node: Node) -> None:
        """The groups that this broker coordinates; each generation of a classic one once."""
        for shard in groups_of(node).shards():
            for group in shard.machine.groups.values():
                if isinstance(group, ConsumerGroup):
                    check_group(str(node), group)
                elif isinstance(group, ClassicGroup) and group.recorded is not None and group.is_of_consumers:
                    self._check_recorded(node, group.id, group.recorded)

    def _check_recorded(self, node: Node, group_id: str, recorded: GroupMetadataValue) -> None:
        if self._recorded.get((node.host, group_id)) is not recorded:
            self._recorded[node.host, group_id] = recorded
            check_generation(f"{node}: {group_id}", recorded)


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


def check_generation(name: str, recorded: GroupMetadataValue) -> None:
    """A classic group of consumers, as it is recorded."""
    owners: dict[Place, str] = {}
    for member in recorded.members:
        for place in sorted(decode_assignment(member.assignment)):
            other = owners.setdefault(place, member.member_id)
            if other != member.member_id:
                raise Violation(
                    f"in generation {recorded.generation} of {name} both {other} and {member.member_id} own {place}"
                )
    if recorded.protocol == _COOPERATIVE:
        _check_given_up(name, recorded, owners)


def _check_given_up(name: str, recorded: GroupMetadataValue, owners: Mapping[Place, str]) -> None:
    """Nobody is given what another member has not given up; but the claims of the latest generation count alone."""
    claims: dict[Place, list[tuple[int, str]]] = defaultdict(list)
    for member in recorded.members:
        said = decode_subscription(member.member_id, member.group_instance_id, member.subscription, _COOPERATIVE)
        for place in said.owned:
            claims[place].append((said.generation, member.member_id))
    for place, found in claims.items():
        latest = max(generation for generation, _ in found)
        holders = [member_id for generation, member_id in found if generation == latest]
        if place in owners and owners[place] not in holders:
            raise Violation(
                f"in generation {recorded.generation} of {name} {owners[place]} is given {place}, which {holders} have"
            )


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

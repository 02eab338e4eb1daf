"""Where partitions are: leaders where they should be, an equal share for every broker, and no rack alone with one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from barnabas.cli.doctor.finding import Examination, Finding, Severity, counted, listed, named_brokers
from barnabas.client.metadata import NO_LEADER, PartitionView

_IMBALANCE_PERCENT: Final = 10
"""As leader.imbalance.per.broker.percentage."""
_SKEW_RATIO: Final = 1.5
"""A broker's share against the mean."""
_SKEW_LEAST: Final = 5
"""Partitions above the mean, below which a share is no burden."""


def check(seen: Examination) -> Iterator[Finding]:
    """All findings about brokers and what they hold."""
    yield from _fenced(seen)
    yield from _unreachable(seen)
    yield from _imbalance(seen)
    partitions = [partition for _, partition in seen.snapshot.partitions()]
    replicas = Counter(broker for p in partitions for broker in p.replicas)
    leaders = Counter(p.leader for p in partitions if p.leader != NO_LEADER)
    yield from _skew(seen, "replica", replicas)
    yield from _skew(seen, "leader", leaders)
    yield from _one_rack(seen)


def _active(seen: Examination) -> list[int]:
    return [broker.node.id for broker in seen.snapshot.cluster.brokers if not broker.fenced]


def _fenced(seen: Examination) -> Iterator[Finding]:
    for broker in seen.snapshot.cluster.brokers:
        if broker.fenced:
            yield Finding(
                Severity.WARNING,
                "fenced-broker",
                f"broker {broker.node.id}",
                "is registered but fenced: it does not run, or cannot reach the controllers",
                "its replicas are out of sync and it leads nothing",
                "start it, or see in its log why it cannot reach the controllers",
            )


def _unreachable(seen: Examination) -> Iterator[Finding]:
    for each in seen.unreachable:
        yield Finding(
            Severity.ERROR,
            "unreachable-address",
            f"broker {each.broker}",
            f"its advertised address {each.address} cannot be connected to from here: {each.why}",
            "clients are sent to this address for every partition that the broker leads",
            "set its advertised.listeners to an address that clients reach, and see firewalls between",
        )


def _imbalance(seen: Examination) -> Iterator[Finding]:
    preferred: Counter[int] = Counter()
    elsewhere: Counter[int] = Counter()
    active = set(_active(seen))
    for _, partition in seen.snapshot.partitions():
        first = partition.replicas[0] if partition.replicas else NO_LEADER
        preferred[first] += 1
        if first in active and partition.leader != first:
            elsewhere[first] += 1
    for broker, count in sorted(elsewhere.items()):
        if count * 100 > preferred[broker] * _IMBALANCE_PERCENT:
            yield Finding(
                Severity.WARNING,
                "leader-imbalance",
                f"broker {broker}",
                f"does not lead {count} of the {counted(preferred[broker], 'partition')} that prefer it",
                "other brokers carry its load of writes and reads",
                "once the broker's replicas are in sync, `barnabas cluster elect-leaders` moves leaders back; with "
                "auto.leader.rebalance.enable=true the controller does, within leader.imbalance.check.interval.seconds",
            )


def _skew(seen: Examination, what: str, counts: Mapping[int, int]) -> Iterator[Finding]:
    active = _active(seen)
    if len(active) < 2:
        return
    shares = {broker: counts.get(broker, 0) for broker in active}
    mean = sum(shares.values()) / len(shares)
    heavy = {b: n for b, n in shares.items() if n > mean * _SKEW_RATIO and n - mean >= _SKEW_LEAST}
    for broker, count in sorted(heavy.items()):
        yield Finding(
            Severity.WARNING,
            f"{what}-skew",
            f"broker {broker}",
            f"has {counted(count, what)}, where the mean is {mean:.1f}",
            "it does more than its part of the work, and its disk fills first",
            "move partitions to "
            + named_brokers(b for b, n in shares.items() if n < mean)
            + ": create topics with --assignment, or reassign them with Kafka's tool where the cluster can do that",
        )


def _one_rack(seen: Examination) -> Iterator[Finding]:
    racks = {broker.node.id: broker.node.rack for broker in seen.snapshot.cluster.brokers}
    if len({rack for rack in racks.values() if rack is not None}) < 2:
        return
    for topic in seen.snapshot.topics:
        alone = [number for number, p in sorted(topic.partitions.items()) if _is_in_one_rack(p, racks)]
        if alone:
            yield Finding(
                Severity.WARNING,
                "one-rack",
                f"topic {topic.name}",
                f"{counted(len(alone), 'partition')} with all replicas in one rack: {listed(alone)}",
                "the loss of that rack takes them away whole",
                "new topics are spread if all brokers have broker.rack; copy this one to such a topic, or reassign it "
                "with Kafka's tool where the cluster can do that",
            )


def _is_in_one_rack(partition: PartitionView, racks: Mapping[int, str | None]) -> bool:
    found = {racks.get(broker) for broker in partition.replicas}
    return len(partition.replicas) > 1 and len(found) == 1 and None not in found

"""Whether partitions can be written and read, and how many failures they would outlive; who does not keep up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from barnabas.cli.doctor.finding import Examination, Finding, Severity, counted, listed, named_brokers
from barnabas.client.admin import TopicDescription
from barnabas.client.metadata import NO_LEADER, PartitionView

_LEAST_GROWTH: Final = 1
"""Offsets by which a group's lag must grow between two looks."""


def check(seen: Examination) -> Iterator[Finding]:
    """All findings about partitions and who reads them."""
    for topic in seen.snapshot.topics:
        min_isr = _min_isr(seen, topic)
        yield from _offline(topic)
        yield from _under_min_isr(topic, min_isr)
        yield from _under_replicated(topic, min_isr)
    yield from _falling_behind(seen)


def _min_isr(seen: Examination, topic: TopicDescription) -> int:
    text = seen.topic_configs.get(topic.name, {}).get("min.insync.replicas")
    return int(text) if text is not None and text.isdecimal() else 1


def _effective(min_isr: int, partition: PartitionView) -> int:
    """Brokers ask for no more replicas than a partition has."""
    return min(min_isr, len(partition.replicas))


def _which(topic: TopicDescription, has: Callable[[PartitionView], bool]) -> list[int]:
    return [number for number in sorted(topic.partitions) if has(topic.partitions[number])]


def _missing(topic: TopicDescription, numbers: list[int]) -> str:
    """The brokers that should have these partitions and do not keep up."""
    partitions = [topic.partitions[number] for number in numbers]
    return named_brokers({broker for p in partitions for broker in p.replicas if broker not in p.isr})


def _offline(topic: TopicDescription) -> Iterator[Finding]:
    numbers = _which(topic, lambda p: p.leader == NO_LEADER)
    if numbers:
        brokers = {broker for number in numbers for broker in topic.partitions[number].replicas}
        yield Finding(
            Severity.ERROR,
            "offline-partitions",
            f"topic {topic.name}",
            f"{counted(len(numbers), 'partition')} without a leader: {listed(numbers)}",
            "nothing can be written to or read from them",
            f"start {named_brokers(brokers)}, which should have them; the logs there say why they do not run",
        )


def _under_min_isr(topic: TopicDescription, min_isr: int) -> Iterator[Finding]:
    numbers = _which(topic, lambda p: p.leader != NO_LEADER and len(p.isr) < _effective(min_isr, p))
    if numbers:
        yield Finding(
            Severity.ERROR,
            "under-min-isr",
            f"topic {topic.name}",
            f"{counted(len(numbers), 'partition')} with fewer replicas in sync than "
            f"min.insync.replicas={min_isr} asks for: {listed(numbers)}",
            "producers with acks=all are refused (NOT_ENOUGH_REPLICAS)",
            f"bring {_missing(topic, numbers)} back into sync: start what does not run, or find what slows it down",
        )


def _under_replicated(topic: TopicDescription, min_isr: int) -> Iterator[Finding]:
    numbers = _which(topic, lambda p: p.leader != NO_LEADER and _effective(min_isr, p) <= len(p.isr) < len(p.replicas))
    if numbers:
        yield Finding(
            Severity.WARNING,
            "under-replicated",
            f"topic {topic.name}",
            f"{counted(len(numbers), 'partition')} with replicas out of sync: {listed(numbers)}",
            "they outlive fewer failures than they were made for",
            f"bring {_missing(topic, numbers)} back into sync: start what does not run, or find what slows it down",
        )


def _falling_behind(seen: Examination) -> Iterator[Finding]:
    before, now = seen.earlier, seen.snapshot
    if before is None:
        return
    seconds = now.taken - before.taken
    for group in now.committed.keys() & before.committed.keys():
        lag, earlier = now.lag(group), before.lag(group)
        if lag - earlier < _LEAST_GROWTH:
            continue
        stands = now.committed[group] == before.committed[group]
        yield Finding(
            Severity.WARNING,
            "growing-lag",
            f"group {group}",
            f"lag grew from {earlier} to {lag} in {seconds:.0f} s" + (", and nothing was committed" if stands else ""),
            "it reads more slowly than is written; what retention deletes before it is read, it never sees",
            f"`barnabas group describe {group}` shows its members: "
            + ("see whether they run and commit" if stands else "add some, up to one a partition, or make them faster"),
        )

"""How many partitions and brokers, and how much disk and network, a load needs. Pure arithmetic.

With T the bytes produced a second, C the compression ratio, R the replication factor, G the groups that read it all:

    partitions   max(T / what a partition takes, T / what a consumer reads, consumers of one group) x growth
    stored       T / C x retention x R, and a segment for each replica: only whole segments are deleted
    disk         stored x growth / fill
    network in   T / C x growth x R              producers to leaders, leaders to followers
    network out  T / C x growth x (R - 1 + G)    leaders to followers and to each group
    brokers      the most that disk, network or the number of replicas asks for, and spare ones, but never fewer than R

A broker that is away leaves its work to the others, therefore the spare ones. Each result carries its formula with the
numbers in it, so that whoever doubts it can follow.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from barnabas.cli.durations import duration_text
from barnabas.cli.quantities import bytes_text

_MS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is asked for; bytes, bytes a second, ms."""

    bytes_per_second: float
    """Produced at the peak, before compression."""
    message_bytes: int
    retention_ms: int
    replication: int = 3
    groups: int = 1
    """How many groups read everything."""
    consumers: int = 1
    """Of the largest group, that shall read at the same time."""
    compression: float = 1.0
    """Bytes before it to bytes after it."""
    growth: float = 1.0
    """What is to be reckoned with, to what there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What one of each can do; bytes, bytes a second."""

    partition_bytes_per_second: float
    consumer_bytes_per_second: float
    broker_disk_bytes: float
    broker_network_bytes_per_second: float
    broker_replicas: int = 4000
    segment_bytes: int = 1 << 30
    fill: float = 0.7
    """The part of a disk, and of a network, that may be used."""
    spare: int = 1
    """Brokers that may be away."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One result: a number, and how it came about."""

    value: float
    formula: str


@dataclass(frozen=True, slots=True)
class Size:
    """What the load needs. Amounts in bytes, rates in bytes or messages a second, of the whole cluster or a broker."""

    messages_per_second: Figure
    partitions: Figure
    stored: Figure
    disk: Figure
    network_in: Figure
    network_out: Figure
    brokers: Figure
    broker_disk: Figure
    broker_network_in: Figure
    broker_network_out: Figure


def calculate(load: Load, capacity: Capacity) -> Size:
    """The size of a cluster for this load."""
    rate = load.bytes_per_second
    wire = rate * load.growth / load.compression
    partitions = _partitions(load, capacity)
    stored = _stored(load, capacity, partitions, wire)
    disk = Figure(stored.value / capacity.fill, f"{bytes_text(stored.value)} / {capacity.fill:g} filled at most")
    reads = load.replication - 1 + load.groups
    network_in = Figure(wire * load.replication, f"{_rate(wire)} written x {load.replication} replicas")
    network_out = Figure(
        wire * reads, f"{_rate(wire)} written x ({load.replication - 1} followers + {load.groups} groups)"
    )
    brokers = _brokers(load, capacity, partitions, disk, network_in, network_out)
    left = max(int(brokers.value) - capacity.spare, 1)
    return Size(
        Figure(
            load.bytes_per_second / load.message_bytes,
            f"{_rate(load.bytes_per_second)} / {bytes_text(load.message_bytes)}",
        ),
        partitions,
        stored,
        disk,
        network_in,
        network_out,
        brokers,
        _share(disk, int(brokers.value), "brokers", bytes_text),
        _share(network_in, left, "brokers that are left", _rate),
        _share(network_out, left, "brokers that are left", _rate),
    )


def _partitions(load: Load, capacity: Capacity) -> Figure:
    rate = load.bytes_per_second
    for_writing = rate / capacity.partition_bytes_per_second
    for_reading = rate / capacity.consumer_bytes_per_second
    needed = max(for_writing, for_reading, load.consumers)
    formula = (
        f"max({_rate(rate)} / {_rate(capacity.partition_bytes_per_second)} a partition = {for_writing:.3g}, "
        f"{_rate(rate)} / {_rate(capacity.consumer_bytes_per_second)} a consumer = {for_reading:.3g}, "
        f"{load.consumers} consumers) x {load.growth:g} growth, rounded up"
    )
    return Figure(max(_ceil(needed * load.growth), 1), formula)


def _stored(load: Load, capacity: Capacity, partitions: Figure, wire: float) -> Figure:
    kept = wire * load.retention_ms / _MS * load.replication
    count, segment = partitions.value, capacity.segment_bytes
    slack = count * load.replication * segment
    formula = (
        f"{_rate(wire)} x {duration_text(load.retention_ms)} x {load.replication} replicas = {bytes_text(kept)}, and "
        f"{count:g} partitions x {load.replication} replicas x {bytes_text(segment)} a segment = {bytes_text(slack)}"
    )
    return Figure(kept + slack, formula)


def _brokers(
    load: Load, capacity: Capacity, partitions: Figure, disk: Figure, network_in: Figure, network_out: Figure
) -> Figure:
    usable = capacity.broker_network_bytes_per_second * capacity.fill
    replicas = partitions.value * load.replication
    needs = {
        f"disk {bytes_text(disk.value)} / {bytes_text(capacity.broker_disk_bytes)}": disk.value
        / capacity.broker_disk_bytes,
        f"network in {_rate(network_in.value)} / {_rate(usable)}": network_in.value / usable,
        f"network out {_rate(network_out.value)} / {_rate(usable)}": network_out.value / usable,
        f"{replicas:g} replicas / {capacity.broker_replicas}": replicas / capacity.broker_replicas,
    }
    most = max(_ceil(need) for need in needs.values())
    formula = (
        "max("
        + ", ".join(f"{name} = {need:.3g}" for name, need in needs.items())
        + f"), rounded up, + {capacity.spare} "
        f"spare; at least {load.replication}, one for each replica"
    )
    return Figure(max(most + capacity.spare, load.replication), formula)


def _share(whole: Figure, count: int, of: str, text: Callable[[float], str]) -> Figure:
    return Figure(whole.value / count, f"{text(whole.value)} / {count} {of}")


def _ceil(number: float) -> int:
    """Rounded up, but for what is only a floating-point error above a whole number."""
    return math.ceil(round(number, 9))


def _rate(count: float) -> str:
    return f"{bytes_text(count)}/s"

"""What one picture of a cluster shows: a pure function of two looks at it.

Throughput is what logs grew by between the looks, in records (offsets) a second; without an earlier look, and for what
was not there then, it is not known. What a group's lag changes by is told likewise: below 0 it catches up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from barnabas.cli.snapshot import Snapshot, share_of
from barnabas.client.metadata import NO_LEADER, PartitionView
from barnabas.client.offsets import Place


@dataclass(frozen=True, slots=True)
class BrokerRow:
    """A broker; `rate` in records a second written to what it leads, None if not known."""

    id: int
    listener: str
    rack: str | None
    state: str
    replicas: int
    leaders: int
    not_in_sync: int
    rate: float | None


@dataclass(frozen=True, slots=True)
class TopicRow:
    """A topic; `rate` in records a second."""

    name: str
    partitions: int
    under_replicated: int
    offline: int
    records: int
    """Offsets at the ends of its logs, in all: what was ever written."""
    rate: float | None


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group; `change` of its lag in records a second."""

    name: str
    lag: int
    change: float | None


@dataclass(frozen=True, slots=True)
class Frame:
    """All that is shown. Topics by what is written to them, groups by their lag, the most first."""

    cluster_id: str
    controller: int
    partitions: int
    under_replicated: int
    offline: int
    rate: float | None
    brokers: tuple[BrokerRow, ...]
    topics: tuple[TopicRow, ...]
    groups: tuple[GroupRow, ...]
    failures: tuple[str, ...]


def make_frame(now: Snapshot, earlier: Snapshot | None) -> Frame:
    """The picture after these two looks."""
    views = dict(now.partitions())
    rates = _rates(now, earlier)
    topics = sorted(_topics(now, views, rates), key=lambda row: (-(row.rate or 0), row.name))
    groups = sorted(_groups(now, earlier), key=lambda row: (-row.lag, row.name))
    return Frame(
        now.cluster.cluster_id,
        now.cluster.controller_id,
        len(views),
        sum(_is_under_replicated(view) for view in views.values()),
        sum(view.leader == NO_LEADER for view in views.values()),
        _sum(rates, views) if rates is not None else None,
        _brokers(now, views, rates),
        tuple(topics),
        tuple(groups),
        now.failures,
    )


def _is_under_replicated(view: PartitionView) -> bool:
    return len(view.isr) < len(view.replicas)


def _rates(now: Snapshot, earlier: Snapshot | None) -> dict[Place, float] | None:
    """Records a second by partition; a log that is shorter than it was (the topic is another one) grew by nothing."""
    if earlier is None or now.taken <= earlier.taken:
        return None
    seconds = now.taken - earlier.taken
    return {
        place: max(end - earlier.ends[place], 0) / seconds for place, end in now.ends.items() if place in earlier.ends
    }


def _sum(rates: Mapping[Place, float], places: Iterable[Place]) -> float:
    return sum(rates.get(place, 0.0) for place in places)


def _brokers(
    now: Snapshot, views: Mapping[Place, PartitionView], rates: Mapping[Place, float] | None
) -> tuple[BrokerRow, ...]:
    rows: list[BrokerRow] = []
    for broker in now.cluster.brokers:
        share = share_of(broker, views.values())
        led = [place for place, view in views.items() if view.leader == share.id]
        rows.append(
            BrokerRow(
                share.id,
                share.listener or "-",
                share.rack,
                share.state,
                share.replicas,
                share.leaders,
                share.not_in_sync,
                None if rates is None else _sum(rates, led),
            )
        )
    return tuple(rows)


def _topics(now: Snapshot, views: Mapping[Place, PartitionView], rates: Mapping[Place, float] | None) -> list[TopicRow]:
    rows: list[TopicRow] = []
    for topic in now.topics:
        places = {(topic.name, number): views[topic.name, number] for number in topic.partitions}
        rows.append(
            TopicRow(
                topic.name,
                len(places),
                sum(_is_under_replicated(view) for view in places.values()),
                sum(view.leader == NO_LEADER for view in places.values()),
                sum(now.ends.get(place, 0) for place in places),
                None if rates is None else _sum(rates, places),
            )
        )
    return rows


def _groups(now: Snapshot, earlier: Snapshot | None) -> list[GroupRow]:
    rows: list[GroupRow] = []
    for group in now.committed:
        lag, change = now.lag(group), None
        if earlier is not None and group in earlier.committed and now.taken > earlier.taken:
            change = (lag - earlier.lag(group)) / (now.taken - earlier.taken)
        rows.append(GroupRow(group, lag, change))
    return rows

"""A fault that makes elections unclean: a leader is alone in its ISR, and then is gone while the others are there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import trio
from tests.simulation.cluster import Node
from tests.simulation.faults import Fault, Nemesis
from tests.simulation.workload_unclean import is_lossy

_PATIENCE: Final = 8.0
"""Seconds, in a short run, in which an ISR shrinks and somebody else is elected; else the fault goes on without."""
_LONGEST_ALONE: Final = 3.0
_POLL_SECONDS: Final = 0.1


async def leave_alone(nemesis: Nemesis) -> None:
    """A leader and the other brokers do not reach each other, until it is alone in the ISR. It goes on for a while, and
    dies, stops, stands still, or is cut off from the controllers as well, while clients still reach it; and comes back.
    """
    found = _some_partition(nemesis)
    if found is None:
        return
    topic, state = found
    cluster, node = nemesis.cluster, nemesis.cluster.brokers[state.leader - 1]
    if node.id in nemesis.busy or not node.wants_to_run:
        return
    nemesis.busy.add(node.id)
    routes = cluster.routes([node.host], [other.host for other in cluster.brokers if other is not node])
    try:
        nemesis.note(f"{node}, which leads {topic}-{state.index}, and the other brokers are cut")
        for route in routes:
            route.cut()
        if await _until(lambda: _is_alone(nemesis, state, node), nemesis):
            nemesis.counts["leaders that were left alone"] += 1
            await trio.sleep(min(nemesis.length(), _LONGEST_ALONE))
            await _take_away(nemesis, node, lambda: not _leads(nemesis, state, node))
    finally:
        for route in routes:
            route.heal()
        nemesis.note(f"{node} and the other brokers are healed")
        nemesis.cut_off_again()
        nemesis.busy.discard(node.id)


def _some_partition(nemesis: Nemesis) -> tuple[str, Any] | None:
    """One that has a leader, of the topics that allow unclean elections, or of any where none does."""
    topics = nemesis.cluster.newest_image.topics.by_id.values()
    names = sorted(topic.name for topic in topics if is_lossy(topic.name)) or sorted(topic.name for topic in topics)
    led = [
        (name, state)
        for name in names
        for state in nemesis.cluster.newest_image.topics.by_name(name).partitions.values()
        if state.leader > 0
    ]
    return nemesis.rng.choice(led) if led else None


def _now(nemesis: Nemesis, state: Any) -> Any:
    """The partition's present state; None if it was deleted."""
    topic = nemesis.cluster.newest_image.topics.by_id.get(state.topic_id)
    return None if topic is None else topic.partitions[state.index]


def _is_alone(nemesis: Nemesis, state: Any, node: Node) -> bool:
    now = _now(nemesis, state)
    return now is not None and now.isr == (node.id,)


def _leads(nemesis: Nemesis, state: Any, node: Node) -> bool:
    now = _now(nemesis, state)
    return now is not None and now.leader == node.id


async def _until(condition: Callable[[], bool], nemesis: Nemesis) -> bool:
    """Whether it comes to that soon enough."""
    limit = trio.current_time() + _PATIENCE * nemesis.plan.pace
    while not condition():
        if trio.current_time() > limit:
            return False
        await trio.sleep(_POLL_SECONDS)
    return True


async def _take_away(nemesis: Nemesis, node: Node, is_replaced: Callable[[], bool]) -> None:
    how = nemesis.rng.choice(["killed", "killed", "asked to stop", "paused", "cut off from the controllers"])
    if how == "killed" and not nemesis.may_crash(node):
        how = "asked to stop"
    nemesis.note(f"{node} is {how}")
    if how == "killed":
        await node.kill()
    elif how == "asked to stop":
        await node.stop()
    elif how == "paused":
        nemesis.cluster.pauses.pause(node.host)
    routes = nemesis.cluster.routes([node.host], [each.host for each in nemesis.cluster.controllers])
    if how == "cut off from the controllers":
        for route in routes:
            route.cut()
    try:
        if await _until(is_replaced, nemesis):
            nemesis.counts["lone leaders that were replaced"] += 1
        await trio.sleep(nemesis.length())
    finally:
        if how == "paused":
            nemesis.cluster.pauses.resume(node.host)
        elif how == "cut off from the controllers":
            for route in routes:
                route.heal()
    nemesis.note(f"{node} is back")
    await nemesis.start(node)


KINDS: dict[str, Fault] = {"lone leader": leave_alone}

"""Faults of processes and their clocks: restarted one after another, slow to start, stopped without a quorum, started
twice, with a clock that runs fast or slow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import trio
from tests.simulation.cluster import Node, Violation
from tests.simulation.faults import Fault, Nemesis
from tests.simulation.pauses import HOST

_PATIENCE: Final = 15.0
"""Seconds that somebody waits for a node that was restarted, before he goes on to the next one."""
_LONGEST_START: Final = 20.0
_LONGEST_STOP: Final = 15.0
_POLL_SECONDS: Final = 0.1
_DRIFTS: Final = (-0.5, -0.05, -0.001, 0.001, 0.05, 0.5, 3.0)
"""How many ms a clock gains in each ms."""


async def restart_in_turn(nemesis: Nemesis) -> None:
    """Each node, brokers or controllers first, in order or by kill -9; the next one when all is well again."""
    if nemesis.restarting:
        return
    nemesis.restarting = True
    try:
        cluster = nemesis.cluster
        in_order, brokers_first = nemesis.rng.random() < 0.7, nemesis.rng.random() < 0.5
        parts = [cluster.brokers, cluster.controllers]
        for node in [node for part in (parts if brokers_first else parts[::-1]) for node in part]:
            if node.id not in nemesis.busy and node.wants_to_run and (in_order or nemesis.may_crash(node)):
                await _restart(nemesis, node, in_order=in_order)
                await _until(nemesis.all_in_sync, _PATIENCE)
    finally:
        nemesis.restarting = False


async def _restart(nemesis: Nemesis, node: Node, *, in_order: bool) -> None:
    nemesis.busy.add(node.id)
    try:
        nemesis.note(f"{node} is {'asked to stop' if in_order else 'killed'}, in its turn")
        await (node.stop() if in_order else node.kill())
        await nemesis.start(node)
        await _until(lambda: _is_ready(node), _PATIENCE)
        nemesis.counts["nodes restarted in turn"] += 1
    finally:
        nemesis.busy.discard(node.id)


def _is_ready(node: Node) -> bool:
    return node.handle is not None and bool(node.handle.ready())


async def _until(condition: Callable[[], bool], seconds: float) -> None:
    """Wait for it, but no longer than that."""
    limit = trio.current_time() + seconds
    while not condition():
        if trio.current_time() >= limit:
            return
        await trio.sleep(_POLL_SECONDS)


async def start_slowly(nemesis: Nemesis) -> None:
    """A process is killed, and its machine is slow until it is up again, or for long."""
    node = nemesis.some_node()
    if node is None or not nemesis.may_crash(node):
        return
    slow = nemesis.cluster.weather.slow_hosts
    nemesis.busy.add(node.id)
    try:
        nemesis.note(f"{node} is killed, and starts slowly")
        await node.kill()
        slow[node.host] = nemesis.rng.choice([10.0, 100.0, 400.0])
        began = trio.current_time()
        await nemesis.start(node)
        await _until(lambda: _is_ready(node), min(2 * nemesis.length(), _LONGEST_START))
        nemesis.counts["seconds of slow starts"] += round(trio.current_time() - began)
    finally:
        slow.pop(node.host, None)
        nemesis.busy.discard(node.id)


async def stop_without_quorum(nemesis: Nemesis) -> None:
    """Most controllers are killed, and then a broker is asked to stop: it does, though nobody can let it go."""
    controllers, broker = nemesis.cluster.controllers, nemesis.some_node(brokers_only=True)
    there = [each for each in controllers if each.id not in nemesis.busy and each.wants_to_run]
    if broker is None or len(there) <= len(controllers) // 2:
        return
    gone = nemesis.rng.sample(there, len(controllers) // 2 + 1)
    nodes = [*gone, broker]
    nemesis.busy.update(node.id for node in nodes)
    try:
        nemesis.note(f"{', '.join(map(str, gone))} are killed, and {broker} is asked to stop")
        for node in gone:
            await node.kill()
        await trio.sleep(min(nemesis.length(), _PATIENCE))
        began, fine = trio.current_time(), _is_fine(nemesis)
        await broker.stop()
        took = trio.current_time() - began
        nemesis.note(f"{broker} took {took:.1f} s to stop")
        nemesis.counts["stops without a quorum"] += 1
        if took > _LONGEST_STOP and fine and _is_fine(nemesis):
            raise Violation(f"{broker} took {took:.1f} s to stop without a quorum")
        for node in nodes:
            await nemesis.start(node)
    finally:
        nemesis.busy.difference_update(node.id for node in nodes)


def _is_fine(nemesis: Nemesis) -> bool:
    """Whether nothing is slow."""
    weather = nemesis.cluster.weather
    return weather.disk_slowness == weather.network_slowness == 1.0 and not weather.slow_hosts


async def start_twice(nemesis: Nemesis) -> None:
    """A second process of a node is started on the same machine: it must end at once, and the first one go on."""
    node = nemesis.some_node()
    if node is None or node.handle is None:
        return
    nemesis.busy.add(node.id)
    try:
        nemesis.note(f"{node} is started a second time")
        life, fine = node.lives, _is_fine(nemesis)
        with trio.move_on_after(_PATIENCE) as waiting:
            said = await _second_process(node)
            nemesis.note(f"the second process of {node} ended: {said}")
            nemesis.counts["second processes that were refused"] += 1
            if "another process" not in said and _is_alive(node, life):
                raise Violation(f"the second process of {node} ended, but because: {said}")
        if waiting.cancelled_caught and fine and _is_fine(nemesis) and _is_alive(node, life):
            raise Violation(f"the second process of {node} did not end in {_PATIENCE:g} s")
    finally:
        nemesis.busy.discard(node.id)


def _is_alive(node: Node, life: int) -> bool:
    """Whether this life of the node goes on, and its disks are sound: so the directories are its own."""
    return node.lives == life and not node.ended.is_set() and not node.may_fail


async def _second_process(node: Node) -> str:
    """Its last words."""
    said: list[str] = []

    async def run() -> None:
        HOST.set(node.host)
        said.append(await node.start_again())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
    return said[0]


async def drift(nemesis: Nemesis) -> None:
    """A wall clock runs fast or slow for a while; then it is set right, or goes on from where it is."""
    node = nemesis.rng.choice(nemesis.cluster.nodes)
    rate = nemesis.rng.choice(_DRIFTS)
    node.set_clock(node.clock_offset_ms, rate)
    nemesis.note(f"{node}'s clock gains {rate:g} s a second")
    await trio.sleep(nemesis.length())
    nemesis.note(f"{node}'s clock is off by {node.clock_offset_ms} ms")
    nemesis.counts["seconds that clocks gained or lost"] += abs(node.clock_offset_ms) // 1000
    node.set_clock(0 if nemesis.rng.random() < 0.5 else node.clock_offset_ms)


KINDS: dict[str, Fault] = {
    "rolling restart": restart_in_turn,
    "slow start": start_slowly,
    "stop without a quorum": stop_without_quorum,
    "started twice": start_twice,
    "clock drift": drift,
}

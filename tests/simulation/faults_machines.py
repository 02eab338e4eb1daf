"""Faults of processes and machines: killed, stopped, paused, slow, without power, with a wrong clock, wiped."""

from __future__ import annotations

from typing import Final

import trio
from tests.simulation.cluster import Node
from tests.simulation.faults import Fault, Nemesis

_HOUR_MS: Final = 3_600_000
_LONGEST_PAUSE: Final = 30.0
_MOST_CHANGES: Final = 20


async def crash_process(nemesis: Nemesis) -> None:
    """kill -9; what was written stays written."""
    node = nemesis.some_node()
    if node is not None and nemesis.may_crash(node):
        await _crash(nemesis, node)


async def crash_within_a_change(nemesis: Nemesis) -> None:
    """The process dies between two of the changes that it makes to its files in one go; its machine perhaps with it."""
    node = nemesis.some_node()
    if node is not None and nemesis.may_crash(node):
        await _die_within(nemesis, node)


async def crash_within_compaction(nemesis: Nemesis) -> None:
    """The process of a broker dies while what it compacted takes the place of what was there, if it comes to that soon
    enough; its machine perhaps with it.
    """
    node = nemesis.some_node(brokers_only=True)
    if node is not None and nemesis.may_crash(node):
        await _die_within(nemesis, node, amid=".swap")


async def _die_within(nemesis: Nemesis, node: Node, amid: str = "") -> None:
    power, rng = nemesis.rng.random() < 0.5 and nemesis.may_lose(node), nemesis.rng
    nemesis.busy.add(node.id)
    if power and not (node.is_controller or nemesis.plan.synced):
        nemesis.weak = node  # from now on: meanwhile nobody else may die, who could be needed then
    try:
        changes = rng.randint(0, _MOST_CHANGES)
        nemesis.note(f"{node} dies after {changes} changes of its disks{' with ' * bool(amid)}{amid}")
        node.die_after(changes, amid)
        try:
            with trio.move_on_after(nemesis.length()):
                await node.ended.wait()
        finally:
            with trio.CancelScope(shield=True):
                await node.kill()
        if power:
            node.lose_unsynced(rng, nemesis.plan.loss)
        await trio.sleep(nemesis.length())
        await nemesis.start(node)
    finally:
        nemesis.busy.discard(node.id)


async def restart_everything(nemesis: Nemesis) -> None:
    """Every process is killed, and comes back at its own time."""
    cluster = nemesis.cluster
    async with trio.open_nursery() as nursery:
        for node in cluster.nodes:
            if node.id not in nemesis.busy and node.wants_to_run and nemesis.may_crash(node):
                nursery.start_soon(_crash, nemesis, node)


async def _crash(nemesis: Nemesis, node: Node) -> None:
    nemesis.busy.add(node.id)
    try:
        nemesis.note(f"{node} is killed")
        await node.kill()
        await trio.sleep(nemesis.length())
        await nemesis.start(node)
    finally:
        nemesis.busy.discard(node.id)


async def stop(nemesis: Nemesis) -> None:
    """In order."""
    node = nemesis.some_node()
    if node is None:
        return
    nemesis.busy.add(node.id)
    try:
        nemesis.note(f"{node} is asked to stop")
        await node.stop()
        await trio.sleep(nemesis.length())
        await nemesis.start(node)
    finally:
        nemesis.busy.discard(node.id)


async def pause(nemesis: Nemesis) -> None:
    """A process stands still and goes on, perhaps as a leader that has been deposed; or all clients of one host do."""
    if nemesis.rng.random() < 0.2:
        await _pause_clients(nemesis)
        return
    node = nemesis.some_node()
    if node is None:
        return
    nemesis.busy.add(node.id)
    try:
        nemesis.note(f"{node} stands still")
        nemesis.cluster.pauses.pause(node.host)
        await trio.sleep(min(2 * nemesis.length(), _LONGEST_PAUSE))
    finally:
        nemesis.note(f"{node} goes on")
        nemesis.cluster.pauses.resume(node.host)
        nemesis.busy.discard(node.id)


async def _pause_clients(nemesis: Nemesis) -> None:
    pauses = nemesis.cluster.pauses
    free = [host for host in nemesis.cluster.hosts if host.startswith("client-") and not pauses.is_paused(host)]
    if not free:
        return
    host = nemesis.rng.choice(free)
    try:
        nemesis.note(f"{host} stands still")
        pauses.pause(host)
        await trio.sleep(min(2 * nemesis.length(), _LONGEST_PAUSE))
    finally:
        nemesis.note(f"{host} goes on")
        pauses.resume(host)


async def slow_node(nemesis: Nemesis) -> None:
    """One host is slower than the others."""
    slow, host = nemesis.cluster.weather.slow_hosts, nemesis.rng.choice(nemesis.cluster.nodes).host
    slow[host] = nemesis.rng.choice([10.0, 100.0, 1000.0])
    nemesis.note(f"{host} is slow")
    await trio.sleep(nemesis.length())
    slow.pop(host, None)


async def crash_host(nemesis: Nemesis) -> None:
    """A machine loses its power, and what was not synced."""
    node = nemesis.some_node()
    if node is None or not nemesis.may_lose(node):
        return
    nemesis.busy.add(node.id)
    try:
        if not (node.is_controller or nemesis.plan.synced):
            nemesis.weak = node
        await _switch_off(nemesis, node)
        await trio.sleep(nemesis.length())
        await nemesis.recover_hosts([node])
        await nemesis.start(node)
    finally:
        nemesis.busy.discard(node.id)


async def _switch_off(nemesis: Nemesis, node: Node) -> None:
    nemesis.note(f"{node}'s host crashes")
    nemesis.off[node.id] = node
    with trio.CancelScope(shield=True):
        await node.crash_host(nemesis.rng, nemesis.plan.loss)


async def lose_all_power(nemesis: Nemesis) -> None:
    """All machines lose their power at once; only what was synced is promised to be there afterwards."""
    nodes = nemesis.cluster.nodes
    if nemesis.busy or nemesis.rotten or not all(node.wants_to_run for node in nodes):
        return
    nemesis.busy.update(node.id for node in nodes)
    try:
        with trio.CancelScope(shield=True):
            async with trio.open_nursery() as nursery:
                for node in nodes:
                    nursery.start_soon(_switch_off, nemesis, node)
            nemesis.lost_power = True
        await trio.sleep(nemesis.length())
        with trio.CancelScope(shield=True):
            await nemesis.recover_hosts(nodes)
        for node in nodes:
            await nemesis.start(node)
    finally:
        nemesis.busy.difference_update(node.id for node in nodes)


async def jump_clock(nemesis: Nemesis) -> None:
    """The wall clock is off, by up to 12 hours."""
    node = nemesis.rng.choice(nemesis.cluster.nodes)
    node.set_clock(nemesis.rng.randint(-12 * _HOUR_MS, 12 * _HOUR_MS))
    nemesis.note(f"{node}'s clock is off by {node.clock_offset_ms} ms")


async def wipe_controller(nemesis: Nemesis) -> None:
    """A controller comes back with an empty disk, under its id, but as another directory: without its vote.

    One at most: a quorum of three bears the loss of one member, and nobody takes the new one in yet.
    """
    node = nemesis.some_node()
    if node is None or not node.is_controller or nemesis.wiped is not None:
        return
    nemesis.wiped = node
    nemesis.busy.add(node.id)
    try:
        with trio.CancelScope(shield=True):
            nemesis.note(f"{node} loses its disk")
            await node.kill()
            node.replace_disks(*node.platters)
        await trio.sleep(nemesis.length())
        await nemesis.start(node)
    finally:
        nemesis.busy.discard(node.id)


COMPACTION_KINDS: dict[str, Fault] = {"crash within compaction": crash_within_compaction}

KINDS: dict[str, Fault] = {
    "process crash": crash_process,
    "crash within a change": crash_within_a_change,
    "everything restarts": restart_everything,
    "orderly stop": stop,
    "pause": pause,
    "slow node": slow_node,
    "host crash": crash_host,
    "power loss": lose_all_power,
    "clock jump": jump_clock,
    "wiped controller": wipe_controller,
}

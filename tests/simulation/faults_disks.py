"""Faults of disks: slow, failing, full, rotten, gone."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Final

import trio
from tests.simulation.cluster import Node
from tests.simulation.disk import Folder, Inode, Platter
from tests.simulation.faults import Fault, Nemesis

from barnabas.protocol.record_batch import BATCH_OVERHEAD, LOG_OVERHEAD

_INDEXES: Final = (".index", ".timeindex", ".snapshot")
"""What is looked up and then seen to be right, or has a CRC. A `.txnindex` is believed, as Apache Kafka does."""
_METADATA: Final = "__cluster_metadata-0/"


async def slow_disks(nemesis: Nemesis) -> None:
    """Everywhere."""
    weather = nemesis.cluster.weather
    weather.disk_slowness = nemesis.rng.choice([10.0, 100.0, 1000.0])
    nemesis.note("the disks are slow")
    await trio.sleep(nemesis.length())
    weather.disk_slowness = 1.0


async def fail_disk(nemesis: Nemesis) -> None:
    """Whatever is asked of a disk of some node fails, perhaps also when the node starts anew."""
    await _fail(nemesis, errno.EIO)


async def fill_disk(nemesis: Nemesis) -> None:
    """A disk of some node has no room left."""
    await _fail(nemesis, errno.ENOSPC)


async def _fail(nemesis: Nemesis, error: int) -> None:
    node = nemesis.some_node()
    if node is None or not nemesis.may_crash(node):
        return
    nemesis.busy.add(node.id)
    path, platter = nemesis.rng.choice(list(node.platters.items()))
    try:
        platter.failing = error
        node.may_fail = True
        nemesis.note(f"{node}'s disk {path} fails with {errno.errorcode[error]}")
        await trio.sleep(nemesis.length())
        if nemesis.rng.random() < 0.5:
            await node.kill()
            await nemesis.start(node)
            await trio.sleep(nemesis.length())
        nemesis.mend_disks(node)
        await node.kill()
        node.may_fail = False
        await nemesis.start(node)
    finally:
        nemesis.busy.discard(node.id)


async def lose_directory(nemesis: Nemesis) -> None:
    """One of a broker's log directories comes back empty, but not the one with the metadata log."""
    node = nemesis.some_node(brokers_only=True)
    if node is None or len(node.platters) < 2 or not nemesis.may_replace(node):
        return
    nemesis.busy.add(node.id)
    try:
        with trio.CancelScope(shield=True):
            await node.kill()
            path = nemesis.rng.choice(list(node.platters)[1:])
            nemesis.note(f"{node} loses its disk {path}")
            nemesis.weak = node
            node.replace_disks(path)
        await trio.sleep(nemesis.length())
        await nemesis.start(node)
    finally:
        nemesis.busy.discard(node.id)


async def rot_index(nemesis: Nemesis) -> None:
    """Bits of an index, or of a snapshot of producers, are others than were written: nobody may notice."""
    node = nemesis.rng.choice(nemesis.cluster.brokers)
    found = [
        (platter, path, inode)
        for platter in node.platters.values()
        for path, inode in platter.files()
        if path.endswith(_INDEXES) and inode.data
    ]
    if found:
        platter, path, inode = nemesis.rng.choice(found)
        platter.rot(inode, nemesis.rng.randrange(len(inode.data)), nemesis.rng)
        nemesis.note(f"{node}'s {path} rots")


async def rot_segment(nemesis: Nemesis) -> None:
    """Bits of a batch are others than were written, where its CRC tells. Nobody may take it for good; when all other
    replicas have everything, somebody removes the damaged replica, and it is made anew.
    """
    node = nemesis.some_node(brokers_only=True)
    if node is None or not nemesis.may_damage(node):
        return
    batches = [
        (platter, path, inode, start, end)
        for platter in node.platters.values()
        for path, inode in platter.files()
        if path.endswith(".log") and not path.startswith(_METADATA)
        for start, end in _batches(inode)
    ]
    if not batches:
        return
    platter, path, inode, start, end = nemesis.rng.choice(batches)
    folder = path.partition("/")[0]
    node.damaged.add(folder)
    platter.rot(inode, nemesis.rng.randrange(start + BATCH_OVERHEAD, end), nemesis.rng)
    nemesis.note(f"{node}'s {path} rots")

    async def repair() -> None:
        await _remake(nemesis, node, platter, folder)

    nemesis.rotten[node.id] = repair
    await trio.sleep(nemesis.length())
    await nemesis.until_in_sync(node)
    await repair()


def _batches(inode: Inode) -> Iterator[tuple[int, int]]:
    """Where each whole batch starts and ends."""
    position, data = 0, inode.data
    while position + BATCH_OVERHEAD < len(data):
        end = position + LOG_OVERHEAD + int.from_bytes(data[position + 8 : position + LOG_OVERHEAD], "big")
        if end > len(data) or end <= position + BATCH_OVERHEAD:
            return
        yield position, end
        position = end


async def _remake(nemesis: Nemesis, node: Node, platter: Platter, folder: str) -> None:
    """Take the damaged replica away, as an operator does: after kill -9, so that the broker counts as unclean."""
    await nemesis.until_in_sync(node)
    with trio.CancelScope(shield=True):
        nemesis.busy.add(node.id)
        del nemesis.rotten[node.id]
        nemesis.weak = node
        await node.kill()
        removed = platter.root.names.pop(folder, None)
        assert removed is None or isinstance(removed, Folder)
        node.damaged.discard(folder)
        nemesis.note(f"{node}'s damaged {folder} is removed")
        await nemesis.start(node)
        nemesis.busy.discard(node.id)


KINDS: dict[str, Fault] = {
    "slow disks": slow_disks,
    "failing disk": fail_disk,
    "full disk": fill_disk,
    "lost directory": lose_directory,
    "bit rot in an index": rot_index,
    "bit rot in a segment": rot_segment,
}

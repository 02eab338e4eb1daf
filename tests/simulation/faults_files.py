"""Faults of files: a process comes back and does not find what it had written beside its records.

Checkpoints, the mark of a clean shutdown, indexes and snapshots only save work at the start: whoever misses one, finds
half of it, or finds one of long ago must read more, and lose nothing. Not among them are `quorum-state`, which is a
controller's vote, and `meta.properties`, without which no node starts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

import trio
from tests.simulation.cluster import Node
from tests.simulation.disk import Folder, Inode
from tests.simulation.faults import Fault, Nemesis

from barnabas.storage.checkpoint import (
    CLEAN_SHUTDOWN,
    HIGH_WATERMARKS,
    LOG_START_OFFSETS,
    RECOVERY_POINTS,
    CorruptCheckpoint,
    format_offsets,
    parse_offsets,
)

CHECKPOINTS: Final = (RECOVERY_POINTS, HIGH_WATERMARKS, LOG_START_OFFSETS)
_ENTRIES: Final = {".index": 8, ".timeindex": 12, ".txnindex": 34}
"""Bytes of an entry. What ends with a whole one looks whole, as it does to Apache Kafka."""
_MAY_BE_MISSED: Final = (".index", ".timeindex", ".snapshot", "/leader-epoch-checkpoint")
"""A `.txnindex` may not: most segments have none."""
_MAY_BE_CUT: Final = (*_ENTRIES, ".snapshot", *CHECKPOINTS)
"""Epochs may not: where the last number has lost a digit, the file looks whole, as it does to Apache Kafka; an offset
that has lost one only makes for more work.
"""
_METADATA: Final = "__cluster_metadata-0/"
_MOST_FILES: Final = 5
_COUNT: Final = "files lost, cut or of long ago"


class Found(NamedTuple):
    """A file of a broker's."""

    folder: Folder
    name: str
    path: str
    inode: Inode


async def spoil_checkpoint(nemesis: Nemesis) -> None:
    """One of a broker's checkpoints is gone when it comes back, or cut, or says what it said a while ago."""
    node = nemesis.some_node(brokers_only=True)
    if node is None:
        return
    kept = {found.path: bytes(found.inode.data) for found in _files(node) if found.path.endswith(CHECKPOINTS)}
    await trio.sleep(nemesis.length())
    if node.id in nemesis.busy or not node.wants_to_run:
        return
    async with _down(nemesis, node) as is_down:
        checkpoints = [found for found in _files(node) if found.path.endswith(CHECKPOINTS)]
        if is_down and checkpoints:
            found = nemesis.rng.choice(checkpoints)
            older = kept.get(found.path)
            if older is not None and nemesis.rng.random() < 0.5:
                _rewind(found.inode, older)
                _did(nemesis, node, f"finds {found.path} of long ago")
            else:
                _spoil(nemesis, node, found)


async def lose_clean_mark(nemesis: Nemesis) -> None:
    """A broker stopped in order, and when it comes back nothing says so."""
    node = nemesis.some_node(brokers_only=True)
    if node is None:
        return
    async with _down(nemesis, node, clean=True) as is_down:
        marks = [found for found in _files(node) if found.name == CLEAN_SHUTDOWN]
        if is_down and marks:
            found = nemesis.rng.choice(marks)
            del found.folder.names[found.name]
            _did(nemesis, node, f"misses {found.path}")


async def spoil_indexes(nemesis: Nemesis) -> None:
    """Some indexes, snapshots and lists of epochs are gone or cut when a broker comes back."""
    node = nemesis.some_node(brokers_only=True)
    if node is None:
        return
    async with _down(nemesis, node) as is_down:
        there = [found for found in _files(node) if is_down and _METADATA not in found.path and _is_hint(found)]
        for found in nemesis.rng.sample(there, min(len(there), nemesis.rng.randint(1, _MOST_FILES))):
            _spoil(nemesis, node, found)


def _is_hint(found: Found) -> bool:
    return found.path.endswith(_MAY_BE_MISSED) or (found.path.endswith(tuple(_ENTRIES)) and bool(found.inode.data))


@asynccontextmanager
async def _down(nemesis: Nemesis, node: Node, *, clean: bool | None = None) -> AsyncIterator[bool]:
    """The node stops, in order or not, and starts again; gives False if it may not."""
    if not nemesis.may_crash(node):
        yield False
        return
    clean = nemesis.rng.random() < 0.5 if clean is None else clean
    nemesis.busy.add(node.id)
    try:
        nemesis.note(f"{node} {'is asked to stop' if clean else 'is killed'}, and its files are not what they were")
        await (node.stop() if clean else node.kill())
        await trio.sleep(nemesis.length())
        yield True
        await nemesis.start(node)
    finally:
        nemesis.busy.discard(node.id)


def _files(node: Node) -> Iterator[Found]:
    for mount, platter in node.platters.items():
        for path, inode in platter.files():
            folder: Folder = platter.root
            *above, name = path.split("/")
            for each in above:
                below = folder.names[each]
                assert isinstance(below, Folder)
                folder = below
            yield Found(folder, name, f"{mount}/{path}", inode)


def _spoil(nemesis: Nemesis, node: Node, found: Found) -> None:
    """It is gone, or shorter than it was, so that it can be seen."""
    inode, size = found.inode, len(found.inode.data)
    entry = next((bytes_ for suffix, bytes_ in _ENTRIES.items() if found.path.endswith(suffix)), 0)
    cut = nemesis.rng.randrange(size) if size else 0
    if entry and cut % entry == 0:
        cut += 1
    is_gone = nemesis.rng.random() < 0.5 and not found.path.endswith(".txnindex")
    if is_gone or not size or not found.path.endswith(_MAY_BE_CUT):
        del found.folder.names[found.name]
        _did(nemesis, node, f"misses {found.path}")
    else:
        del inode.data[cut:]
        inode.undo.clear()
        _did(nemesis, node, f"finds {cut} of the {size} bytes of {found.path}")


def _rewind(inode: Inode, older: bytes) -> None:
    """As it was once; but a log that went back since, or away, is not said to be durable where it is not."""
    try:
        now, then = parse_offsets(bytes(inode.data)), parse_offsets(older)
    except CorruptCheckpoint:
        return  # it was cut before, and nobody has written it since
    inode.data[:] = format_offsets({key: min(then[key], offset) for key, offset in now.items() if key in then})
    inode.undo.clear()


def _did(nemesis: Nemesis, node: Node, what: str) -> None:
    nemesis.counts[_COUNT] += 1
    nemesis.note(f"{node} {what}")


KINDS: dict[str, Fault] = {
    "spoilt checkpoint": spoil_checkpoint,
    "lost clean mark": lose_clean_mark,
    "spoilt indexes": spoil_indexes,
}

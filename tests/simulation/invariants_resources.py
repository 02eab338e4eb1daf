"""What nodes must not keep: of a node that has ended nothing is left, and nobody waits in a cluster that nobody uses.

A file is open as long as somebody refers to it. Of each segment of a log up to four files are its own. All others are
of segments that are gone, or were closed for being idle, and on their way to a reader, or just being written by the
cleaner: there are few at any time, and none when nobody reads any more.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Final

import trio
from tests.simulation.cluster import Cluster, Node, Violation, metadata_log_of, replicas_of
from tests.simulation.disk import SimulatedFile
from tests.simulation.pauses import HOST

OTHERS: Final = 30
"""How many files that belong to no log a node may have open at once."""
_CLOSED_SECONDS: Final = 5.0
"""How long the cleaner may have a file that it writes, when nobody reads."""
_LOOK_SECONDS: Final = 0.05


def check_ended(node: Node) -> None:
    """After a stop in order."""
    left = [f"the task {task.name}" for task in _tasks() if task.context.get(HOST) == node.host]
    if left:
        raise Violation(f"{node} has ended, and left {', '.join(left[:5])}")


def check_quiet(cluster: Cluster) -> None:
    """All clients have gone some seconds ago: of requests, only the fetches of followers wait."""
    for node in cluster.brokers:
        if node.handle is None:
            continue
        replicas = replicas_of(node)
        produces, fetches = len(replicas._produces), len(replicas._fetches)
        if produces:
            raise Violation(f"{node}: {produces} produces wait, and nobody produces")
        if fetches >= len(cluster.nodes):
            raise Violation(f"{node}: {fetches} fetches wait, and there are but {len(cluster.nodes)} nodes")


# Files


def check_files(node: Node) -> None:
    """What it has open is explained by its partitions and their segments."""
    others = _others(node)
    if len(others) > OTHERS:
        paths = ", ".join(file.path for file in others[:5])
        raise Violation(f"{node} has {len(others)} files open that belong to no log: {paths}")


async def files_closed(cluster: Cluster) -> None:
    """Nobody reads any more: wait until no node has a file open that does not belong to a log that it has."""
    limit = trio.current_time() + _CLOSED_SECONDS
    for node in cluster.nodes:
        while node.handle is not None and _others(node):
            gc.collect()  # so that it does not depend on chance whether what refers to itself is there
            if trio.current_time() > limit and (others := _others(node)):
                raise Violation(f"{node} leaves {', '.join(file.path for file in others[:5])} open")
            await trio.sleep(_LOOK_SECONDS)


def _others(node: Node) -> list[SimulatedFile]:
    logs = [metadata_log_of(node), *(() if node.is_controller else (replica.log for replica in replicas_of(node)))]
    return unexplained(node.open_files, logs)


def unexplained(files: Iterable[SimulatedFile], logs: Iterable[Any]) -> list[SimulatedFile]:
    """Those that no segment of these logs has."""
    segments = chain.from_iterable(log.segments for log in logs)
    held = {id(file) for segment in segments for file in _files_of(segment)}
    return [file for file in files if id(file) not in held]


def _files_of(segment: Any) -> Iterable[object]:
    """Those that a `Segment` has open."""
    indexes = segment.offset_index, segment.time_index, segment.transaction_index
    return (file for file in (segment._file, *(index._file for index in indexes)) if file is not None)


# Tasks


def _tasks() -> Iterator[trio.lowlevel.Task]:
    root = trio.lowlevel.current_root_task()
    waiting = [] if root is None else [root]
    while waiting:
        task = waiting.pop()
        yield task
        for nursery in task.child_nurseries:
            waiting += nursery.child_tasks

"""What nodes must not keep: of a node that has ended nothing is left, and nobody waits in a cluster that nobody uses.

Files are not looked at: they are closed with whoever refers to them, and a slice of a log on its way to a reader does.
"""

from __future__ import annotations

from collections.abc import Iterator

import trio
from tests.simulation.cluster import Cluster, Node, Violation, replicas_of
from tests.simulation.pauses import HOST


def check_ended(node: Node) -> None:
    """After a stop in order."""
    left = [*node.left, *(f"the task {task.name}" for task in _tasks() if task.context.get(HOST) == node.host)]
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


def _tasks() -> Iterator[trio.lowlevel.Task]:
    root = trio.lowlevel.current_root_task()
    waiting = [] if root is None else [root]
    while waiting:
        task = waiting.pop()
        yield task
        for nursery in task.child_nurseries:
            waiting += nursery.child_tasks

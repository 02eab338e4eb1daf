"""What must be true of the nodes at every moment, whatever happens to them.

After every step of a node's task is looked at what that step may have changed: high watermarks, ends of logs, and what
the controllers have committed. Most steps set no offset of any replica: the simulation is told of each that is set, and
looks at no broker in vain. What needs reading is looked at many times in a simulated second, and each time only as far
as it is new. Each subject has its module: the quorum and the metadata (`invariants_metadata.py`), partitions and their
replicas (`invariants_partitions.py`), a replica's log by itself (`invariants_logs.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Container
from itertools import count
from typing import Any, Final

import trio
from tests.simulation.cluster import Cluster, Node, Violation
from tests.simulation.invariants_metadata import MetadataInvariants
from tests.simulation.invariants_partitions import PartitionInvariants, told_of_offsets
from tests.simulation.pauses import HOST

LOOK_SECONDS: Final = 0.05
MOST_SECONDS: Final = 0.2
_LOOKS_AT_CHANGES: Final = 10
"""Between two at everything."""


class Invariants(trio.abc.Instrument):
    """See the module. What is broken is raised as a Violation, from `check` and from `watch`."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._nodes = {node.host: node for node in cluster.nodes}
        self._metadata = MetadataInvariants(cluster)
        self._partitions = PartitionInvariants(cluster, self._metadata)
        self._something_set = True
        """Whether an offset of a replica was set since a broker's step was looked at."""
        self._changed = set(cluster.brokers)
        """The brokers that have set one since they were read."""
        self._violation: Violation | None = None
        self._noticed = trio.Event()

    @property
    def leader_epochs(self) -> int:
        """How many leader epochs of partitions there were."""
        return self._metadata.leader_epochs

    async def watch(self, looked: Callable[[], None], pace: float = 1.0) -> None:
        """Check for ever; `looked` is called each time that all was looked at.

        Where less happens in a second, `pace` makes the looks rarer by as much, down to five in a second.
        """
        seconds = min(LOOK_SECONDS * pace, MOST_SECONDS)
        trio.lowlevel.add_instrument(self)
        try:
            with told_of_offsets(self._set):
                for look in count():
                    with trio.move_on_after(seconds):
                        await self._noticed.wait()
                    looked()
                    if self._violation is not None:
                        raise self._violation
                    self.check(self._cluster.nodes if look % _LOOKS_AT_CHANGES == 0 else self._changed)
        finally:
            trio.lowlevel.remove_instrument(self)

    def _set(self) -> None:
        self._something_set = True

    def after_task_step(self, task: Any) -> None:
        """For trio: a task has taken a step. What is raised here would be lost."""
        node = self._nodes.get(task.context.get(HOST))
        if node is not None and node.handle is not None and self._violation is None:
            try:
                self._check_step(node)
            except Violation as violation:
                self._violation = violation
                self._noticed.set()

    def _check_step(self, node: Node) -> None:
        if node.is_controller:
            for before, after in self._metadata.changes(node):
                self._partitions.check_state(before, after)
        elif self._something_set:
            self._something_set = False
            self._changed.add(node)
            self._partitions.check_step(node)

    def check(self, brokers: Container[Node]) -> None:
        """All that is new. What only these brokers may have changed is looked at nowhere else."""
        for node in self._cluster.nodes:
            if node.handle is None:
                continue
            if node.is_controller:
                self._check_step(node)
                self._metadata.check_controller(node)
            else:
                self._metadata.check_broker(node)
                if node in brokers:
                    self._partitions.check_step(node)
                    self._partitions.check_broker(node)
                    self._changed.discard(node)

    def forget_records(self) -> None:
        """What was acknowledged may be gone, by right. No broker runs now."""
        self._partitions.forget()

    def expect_no_records(self) -> None:
        """From now on nothing is promised of records, but that replicas agree in the end."""
        self._partitions.expect_nothing = True

    # In the end

    def check_equal(self) -> None:
        """Nothing is under way any more: all replicas have the same."""
        self.check(self._cluster.nodes)
        self._partitions.check_equal()

    def what_is_missing(self) -> str | None:
        """Why the cluster has not recovered yet; None when all is well."""
        for node in self._cluster.nodes:
            if node.handle is None or not node.handle.ready():
                return f"{node} is not ready"
        return self._metadata.what_is_missing()

    def leaderless(self) -> str | None:
        """Which partition has no leader, though it could have one; None if none."""
        return self._metadata.leaderless()

"""What must be true of the nodes at every moment, whatever happens to them.

After every step of a node's task is looked at what that step may have changed: high watermarks, ends of logs, and what
the controllers have committed. Most steps set no offset of any replica: the simulation is told of each that is set, and
looks at no broker in vain. What needs reading is looked at many times in a simulated second, and each time only as far
as it is new. Each subject has its module: the quorum and the metadata (`invariants_metadata.py`), partitions and their
replicas (`invariants_partitions.py`), leaders that may lack records (`invariants_unclean.py`), a replica's log by
itself (`invariants_logs.py`), what lies beside its batches (`invariants_indexes.py`), coordinators
(`invariants_coordinators.py`), what is left behind (`invariants_resources.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterator
from itertools import count
from typing import Any, Final

import trio
from tests.simulation.cluster import Cluster, Node, Violation, replicas_of
from tests.simulation.invariants_cleaning import CleaningInvariants, is_cleaned
from tests.simulation.invariants_coordinators import GroupInvariants, check_transactions, sweep_seconds
from tests.simulation.invariants_indexes import TransactionShadow, check_aborted, check_indexes, check_stable
from tests.simulation.invariants_markers import check_compacted
from tests.simulation.invariants_metadata import MetadataInvariants
from tests.simulation.invariants_partitions import PartitionInvariants, told_of_offsets
from tests.simulation.invariants_resources import check_files
from tests.simulation.invariants_unclean import UncleanElections
from tests.simulation.losses import Losses
from tests.simulation.pauses import HOST

LOOK_SECONDS: Final = 0.05
MOST_SECONDS: Final = 0.4
_LOOKS_AT_CHANGES: Final = 10
"""Between two at everything."""
_LOOKS_AT_FILES: Final = 40
"""Between two at what lies beside the batches, on one broker after another."""
_LATE_SECONDS: Final = 2.0
"""By which timeouts of transactions may be late, besides the time between two looks at them, twice: there may be
another coordinator.
"""


class Invariants(trio.abc.Instrument):
    """See the module. What is broken is raised as a Violation, from `check` and from `watch`."""

    def __init__(self, cluster: Cluster, losses: Losses | None = None) -> None:
        """`losses`: the marked ones, which are written down there."""
        self._cluster = cluster
        self._nodes = {node.host: node for node in cluster.nodes}
        self._unclean = UncleanElections(losses or Losses())
        self._metadata = MetadataInvariants(cluster, self._unclean)
        self._partitions = PartitionInvariants(cluster, self._metadata, self._unclean)
        self._groups = GroupInvariants()
        self._transactions: dict[Any, TransactionShadow] = defaultdict(TransactionShadow)
        self._compacted: dict[Any, tuple[Any, ...]] = {}
        """What there was of each compacted log when its transactions were looked at."""
        self._offsets: dict[Any, tuple[int, int]] = {}
        """The end and the high watermark of each replica when what is stable there was looked at."""
        self._something_set = True
        """Whether an offset of a replica was set since a broker's step was looked at."""
        self._sweep = sweep_seconds(cluster.brokers)
        self._changed = set(cluster.brokers)
        """The brokers that have set one since they were read."""
        self._violation: Violation | None = None
        self._noticed = trio.Event()

    @property
    def leader_epochs(self) -> int:
        """How many leader epochs of partitions there were."""
        return self._metadata.leader_epochs

    @property
    def cleaning(self) -> CleaningInvariants:
        """Of what goes."""
        return self._partitions.cleaning

    async def watch(self, looked: Callable[[], None], pace: float = 1.0) -> None:
        """Check for ever; `looked` is called each time that all was looked at.

        Where less happens in a second, `pace` makes the looks rarer by as much, down to five in two seconds.
        """
        seconds = min(LOOK_SECONDS * pace, MOST_SECONDS)
        trio.lowlevel.add_instrument(self)
        try:
            with told_of_offsets(self._set), self._partitions.cleaning.watching(), self._unclean.watching():
                for look in count():
                    with trio.move_on_after(seconds):
                        await self._noticed.wait()
                    looked()
                    if self._violation is not None:
                        raise self._violation
                    self.check(self._cluster.nodes if look % _LOOKS_AT_CHANGES == 0 else self._changed)
                    self._unclean.check_available(self._cluster)
                    turn, rest = divmod(look, _LOOKS_AT_FILES)
                    if not rest:
                        self._check_files(self._cluster.brokers[turn % len(self._cluster.brokers)])
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
        if node.is_controller or self._unclean.losses.topics:
            for before, after in self._metadata.changes(node):
                self._partitions.check_state(before, after)
        if not node.is_controller and self._something_set:
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
                    self._groups.check(node)
                    self._partitions.check_step(node)
                    self._partitions.check_broker(node)
                    self._check_stable(node)
                    self._changed.discard(node)

    def _check_files(self, node: Node) -> None:
        """What lies beside the batches of this broker's logs."""
        if node.handle is None:
            return
        check_files(node)
        with node.sound_disks():
            for name, replica in _whole_replicas(node):
                check_indexes(name, replica.log)
                found = self._transactions[replica].follow(replica.log)
                if found is not None:
                    check_aborted(name, replica.log, found)
                elif is_cleaned(replica.log):
                    self._check_compacted(name, replica.log)

    def _check_compacted(self, name: str, log: Any) -> None:
        sizes = tuple((segment.base_offset, segment.size) for segment in log.segments)  # they keep files open
        there = log.generation, log.log_end_offset, sizes
        if self._compacted.get(log) != there:
            self._compacted[log] = there
            check_compacted(name, log)

    def _check_stable(self, node: Node) -> None:
        """Up to where the transactions of this broker's logs are decided."""
        partitions = self._partitions
        with node.sound_disks():
            for name, replica in _whole_replicas(node):
                offsets = replica.log.log_end_offset, replica.high_watermark
                if self._offsets.get(replica) == offsets:
                    continue
                self._offsets[replica] = offsets
                found = self._transactions[replica].follow(replica.log)
                if found is not None and not partitions.expect_nothing:
                    committed = max(offsets[1], partitions.most_committed(replica.key))
                    check_stable(name, replica.last_stable_offset, found, offsets[1], committed)

    def check_well(self, seconds: float) -> None:
        """All has been well for so long: what is due by time is done."""
        late = 2 * self._sweep + _LATE_SECONDS
        if seconds > late:
            check_transactions(self._cluster, trio.current_time(), late)

    def forget_records(self) -> None:
        """What was acknowledged may be gone, by right. No broker runs now."""
        self._partitions.forget()

    def expect_no_records(self) -> None:
        """From now on nothing is promised of records, but that replicas agree in the end."""
        self._partitions.cleaning.expects_nothing = True

    # In the end

    def lagging(self, topics: Container[str] | None = None) -> str | None:
        """What is not replicated yet, of these topics or of all, to which nobody writes any more; None if nothing."""
        return self._partitions.lagging(topics)

    def check_equal(self) -> None:
        """Nothing is under way any more: all replicas have the same."""
        self.check(self._cluster.nodes)
        for node in self._cluster.brokers:
            self._check_files(node)
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


def _whole_replicas(node: Node) -> Iterator[tuple[str, Any]]:
    """With names for people; those that did not fail, and in which nothing was damaged."""
    for replica in replicas_of(node):
        if not replica.error and replica.log.directory not in node.damaged:
            yield f"{node}: {replica.topic}-{replica.index}", replica

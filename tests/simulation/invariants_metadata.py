"""What must be true of the metadata quorum and of the cluster's image:

- in each epoch of the quorum one controller leads, and it begins with everything that is committed;
- an epoch, or what is committed, does not go back on a node that lives;
- what is committed in the metadata log is the same on every controller, for ever, and at the same offset all nodes
  have the same image of the cluster;
- leader and partition epochs do not go back; the leader is in sync and not fenced; who is in sync is a replica, and
  not merely eligible; in each leader epoch of a partition there is one leader, who was in sync or eligible before, or
  is known as one that may lack records: the one that led last, or any where that is allowed;
- the leader of the quorum is a voter, with the disk that it was a voter with.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tests.simulation.cluster import Cluster, Node, Violation, committed_image_of, image_of, quorum_of
from tests.simulation.invariants_logs import CommittedLog, Shadow
from tests.simulation.invariants_unclean import UncleanElections, allows_unclean, could_lead, is_last_known

from barnabas.metadata.records import LeaderRecoveryState

NO_LEADER: Final = -1

Life = tuple[int, int]
Key = tuple[bytes, int]


class MetadataInvariants:
    """See the module."""

    def __init__(self, cluster: Cluster, unclean: UncleanElections) -> None:
        self._cluster = cluster
        self._unclean = unclean
        self._committed = CommittedLog("the metadata log")
        self._shadows: dict[Life, Shadow] = {}
        self._ends: dict[Life, int] = {}
        self._quorum_epochs: dict[Life, int] = {}
        self._quorum_leaders: dict[int, int] = {}
        self._images: dict[int, Any] = {}
        self._offsets: dict[Life, int] = {}
        self._leaders: dict[tuple[Key, int], int] = {}
        self._epochs: dict[Key, tuple[int, int]] = {}
        self._newest: Any = None
        self.leader_epochs = 0
        """How many were seen."""

    # The quorum

    def check_controller(self, node: Node) -> None:
        """All that is new on this controller."""
        quorum, life = quorum_of(node), (node.id, node.lives)
        before = self._quorum_epochs.get(life, 0)
        if quorum.epoch < before:
            raise Violation(f"{node}: the quorum's epoch went back from {before} to {quorum.epoch}")
        self._quorum_epochs[life] = quorum.epoch
        if quorum.is_leader:
            self._check_leader(node, quorum)
        end = quorum.high_watermark
        if end is not None:
            self._check_committed(node, quorum, life, end)
        self._check_image(node, committed_image_of(node))

    def _check_leader(self, node: Node, quorum: Any) -> None:
        known = self._quorum_leaders.get(quorum.epoch)
        if quorum._node._state.me not in quorum.voters:
            raise Violation(f"{node} leads the quorum in epoch {quorum.epoch}, and is no voter: {quorum.voters}")
        if known is None:
            self._quorum_leaders[quorum.epoch] = node.id
            if quorum.end_offset < self._committed.end:
                raise Violation(
                    f"{node} leads the quorum in epoch {quorum.epoch} with a log up to {quorum.end_offset}, "
                    f"though {self._committed.end} is committed"
                )
        elif known != node.id:
            raise Violation(f"{node} leads the quorum in epoch {quorum.epoch}, in which {known} led")

    def _check_committed(self, node: Node, quorum: Any, life: Life, end: int) -> None:
        start = self._ends.get(life, 0)
        if end < start:
            raise Violation(f"{node}: the metadata's high watermark went back from {start} to {end}")
        if end > start:
            shadow = self._shadows.setdefault(life, Shadow(f"{node}: the metadata log"))
            with node.sound_disks():
                shadow.follow(quorum._log._log)
            self._committed.check(shadow, start, end)
            self._ends[life] = end

    # Images

    def check_broker(self, node: Node) -> None:
        """All that is new on this broker."""
        self._check_image(node, image_of(node))

    def _check_image(self, node: Node, image: Any) -> None:
        life = (node.id, node.lives)
        if self._offsets.get(life, -1) != image.offset:
            self._offsets[life] = image.offset
            known = self._images.setdefault(image.offset, image)
            if known is not image and known != image:
                raise Violation(f"{node} has another image at offset {image.offset} than others")

    def changes(self, node: Node) -> Iterator[tuple[Any, Any]]:
        """The partitions whose state changed, before (None if new) and after, by what this node knows to be committed.

        What is committed is so for ever; a node that knows less than another has nothing to say.
        """
        image, before = committed_image_of(node) if node.is_controller else image_of(node), self._newest
        if image is before or (before is not None and image.offset <= before.offset):
            return
        self._newest = image
        for topic in image.topics.by_id.values():
            known = None if before is None else before.topics.by_id.get(topic.id)
            if known is topic:
                continue
            for index, after in topic.partitions.items():
                was = None if known is None else known.partitions.get(index)
                if was is not after:
                    self._check_state(f"{topic.name}-{index}", after)
                    allowed = self._unclean.may_be_unclean(topic.name, index, before, image)
                    check_election(f"{topic.name}-{index}", was, after, image.cluster, anybody=allowed)
                    self._unclean.changed(topic.name, was, after)
                    yield was, after
        if before is None or before.cluster is not image.cluster:
            self._check_leaders_live(image)

    def state_of(self, key: Key) -> Any:
        """A partition's committed state as far as anybody knows; None if it does not exist."""
        topic = None if self._newest is None else self._newest.topics.by_id.get(key[0])
        return None if topic is None else topic.partitions.get(key[1])

    def _check_state(self, name: str, state: Any) -> None:
        key = (state.topic_id, state.index)
        epochs, before = (state.leader_epoch, state.partition_epoch), self._epochs.get(key, (0, 0))
        if epochs[0] < before[0] or epochs[1] < before[1]:
            raise Violation(f"{name}: epochs (leader, partition) went back from {before} to {epochs}")
        self.leader_epochs += epochs[0] > before[0]
        self._epochs[key] = epochs
        if state.leader != NO_LEADER:
            if state.leader not in state.isr:
                raise Violation(f"{name}: the leader {state.leader} is not in sync: {state.isr}")
            self.check_partition_leader(name, key, state.leader_epoch, state.leader)
        if not set(state.isr) <= set(state.replicas) or set(state.isr) & set(state.elr):
            raise Violation(f"{name}: in sync {state.isr}, eligible {state.elr}, of {state.replicas}")

    def check_partition_leader(self, name: str, key: Key, epoch: int, leader: int) -> None:
        """A broker leads a partition, or is to lead it, in this epoch."""
        known = self._leaders.setdefault((key, epoch), leader)
        if known != leader:
            raise Violation(f"{leader} leads {name} in epoch {epoch}, in which {known} led")

    def _check_leaders_live(self, image: Any) -> None:
        for topic in image.topics.by_id.values():
            for index, state in topic.partitions.items():
                broker = image.cluster.broker(state.leader) if state.leader != NO_LEADER else None
                if state.leader != NO_LEADER and (broker is None or broker.fenced):
                    raise Violation(f"{topic.name}-{index}: the leader {state.leader} is fenced")

    # In the end

    def leaderless(self) -> str | None:
        """Which partition has no leader, though a replica is there that holds everything; None if none."""
        newest = self._cluster.newest_image
        if newest is None or self._cluster.active_controller() is None:
            return None
        for topic in newest.topics.by_id.values():
            for index, state in topic.partitions.items():
                there = [each for each in state.isr or state.elr if newest.cluster.is_active(each)]
                if not there and topic.name in self._unclean.losses.topics and allows_unclean(newest, topic.name):
                    there = could_lead(newest, state)
                if state.leader == NO_LEADER and there:
                    return f"{topic.name}-{index} has no leader, though {there} could lead: {state}"
        return None

    def what_is_missing(self) -> str | None:
        """Why the cluster has not recovered yet, as its image has it; None when all is well."""
        if self._cluster.active_controller() is None:
            return "no controller is active"
        newest = self._cluster.newest_image
        for topic in newest.topics.by_id.values():
            for index, state in topic.partitions.items():
                if state.leader == NO_LEADER:
                    return f"{topic.name}-{index} has no leader: {state}"
                if set(state.isr) != set(state.replicas):
                    return f"{topic.name}-{index} is under-replicated: {state.isr}"
        images = [committed_image_of(node) for node in self._cluster.controllers]
        images += [image_of(node) for node in self._cluster.brokers]
        if any(image != newest for image in images):
            return f"nodes know different clusters: {', '.join(map(str, images))}"
        return None


def check_election(name: str, before: Any, after: Any, cluster: Any, *, anybody: bool = False) -> None:
    """A partition came from one committed state (None if it is new) to another; both as in `metadata.topics`.

    `anybody`: whether any replica may be elected rather than none.
    """
    if after.leader == NO_LEADER:
        return
    broker = cluster.broker(after.leader)
    if broker is None or broker.fenced:
        raise Violation(f"{name}: the leader {after.leader} is fenced")
    if before is None or after.leader == before.leader or after.partition_epoch != before.partition_epoch + 1:
        return
    if after.leader in (*before.isr, *before.elr):
        return
    if after.leader_recovery_state != LeaderRecoveryState.RECOVERING:
        raise Violation(f"{name}: {after.leader} leads as if it lacked nothing, after {before}")
    if not anybody and not is_last_known(before, after.leader, cluster):
        raise Violation(f"{name}: {after.leader} was elected, and may not be, after {before}")

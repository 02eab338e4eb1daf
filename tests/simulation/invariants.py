"""What must be true of the nodes at every moment, whatever happens to them.

Looked at from outside many times in a simulated second, and each time only at what is new:
- a record that anybody could read, below some replica's high watermark, is there for ever, at the same offset, and no
  replica that the controllers call in sync is without it;
- a broker's high watermark does not go back while it runs;
- in each leader epoch of a partition one broker leads, and in each epoch of the quorum one controller;
- what is committed in the metadata log is the same on every controller, for ever, and at the same offset all nodes
  have the same image of the cluster;
- leader and partition epochs do not go back; the leader is in sync; who is in sync is a replica, and not merely
  eligible.
"""

from __future__ import annotations

import zlib
from typing import Any

from tests.simulation.cluster import (
    Cluster,
    Node,
    Violation,
    committed_image_of,
    image_of,
    quorum_of,
    replicas_of,
)

_NO_LEADER = -1
Key = tuple[bytes, int]


class CommittedLog:
    """The batches of one log that were committed according to anybody, in order. All copies must have the same."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._batches: dict[int, tuple[int, int]] = {}
        self.end = 0

    def check(self, who: object, log: Any, start: int, end: int) -> None:
        """One copy says that its log is committed up to `end`; up to `start` it was compared before."""
        position = start
        for batch in log.read_batches(start, end):
            if batch.base_offset < start:
                continue
            if batch.base_offset != position:
                raise Violation(f"{who}: {self._what} has {batch.base_offset} after {position}")
            known = self._batches.setdefault(position, (batch.next_offset, zlib.crc32(batch.view)))
            if known != (batch.next_offset, zlib.crc32(batch.view)):
                raise Violation(f"{who}: {self._what} at {position} is not what was committed there")
            position = batch.next_offset
        if position < end:
            raise Violation(f"{who}: {self._what} ends at {position}, though it is committed up to {end}")
        self.end = max(self.end, end)


class Invariants:
    """See the module. `check` raises Violation."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._logs: dict[Key, CommittedLog] = {}
        self._metadata = CommittedLog("the metadata log")
        self._compared: dict[object, int] = {}
        self._leaders: dict[tuple[object, int], int] = {}
        self._images: dict[int, Any] = {}
        self._epochs: dict[Key, tuple[int, int]] = {}
        self._image: Any = None
        self.leader_epochs = 0
        """How many were seen."""

    def check(self) -> None:
        for node in self._cluster.controllers:
            if node.handle is not None:
                self._check_controller(node)
        for node in self._cluster.brokers:
            if node.handle is not None:
                self._check_image(node, image_of(node))
                for partition in replicas_of(node):
                    if not partition.error:
                        self._check_partition(node, partition)
        active = self._cluster.active_controller()
        if active is not None:
            self._check_in_sync(committed_image_of(active))

    # The quorum

    def _check_controller(self, node: Node) -> None:
        quorum = quorum_of(node)
        if quorum.is_leader:
            self._check_leader("the quorum", quorum.epoch, node)
        end = quorum.high_watermark
        if end is not None:
            key = (node.id, node.lives)
            start = self._compared.get(key, 0)
            if end < start:
                raise Violation(f"{node}: the metadata's high watermark went back from {start} to {end}")
            if end > start:
                self._metadata.check(node, quorum._log._log, start, end)
                self._compared[key] = end
        self._check_image(node, committed_image_of(node))

    def _check_leader(self, what: object, epoch: int, node: Node) -> None:
        known = self._leaders.setdefault((what, epoch), node.id)
        if known != node.id:
            raise Violation(f"{node} leads {what} in epoch {epoch}, in which {known} led")

    def _check_image(self, node: Node, image: Any) -> None:
        key = ("image", node.id, node.lives)
        if self._compared.get(key, -1) != image.offset:
            self._compared[key] = image.offset
            known = self._images.setdefault(image.offset, image)
            if known is not image and known != image:
                raise Violation(f"{node} has another image at offset {image.offset} than others")

    # Partitions

    def _check_partition(self, node: Node, partition: Any) -> None:
        name = f"{partition.topic}-{partition.index}"
        if partition.leader is not None:
            self._check_leader((partition.topic_id, name), partition.leader_epoch, node)
        key, end = (node.id, node.lives, partition.key), partition.high_watermark
        start = self._compared.get(key, 0)
        if end < start:
            raise Violation(f"{node}: {name}: the high watermark went back from {start} to {end}")
        if end > start:
            if end > partition.log.log_end_offset:
                raise Violation(f"{node}: {name}: the high watermark {end} is beyond the end of the log")
            self._log(partition.key, name).check(node, partition.log, start, end)
            self._compared[key] = end

    def _log(self, key: Key, name: str) -> CommittedLog:
        if key not in self._logs:
            self._logs[key] = CommittedLog(name)
        return self._logs[key]

    def _check_in_sync(self, image: Any) -> None:
        if image is not self._image:
            self._image = image
            for topic in image.topics.by_id.values():
                for partition in topic.partitions.values():
                    self._check_state(f"{topic.name}-{partition.index}", partition)
        for node in self._cluster.brokers:
            if node.handle is None:
                continue
            for replica in replicas_of(node):
                log = self._logs.get(replica.key)
                topic = image.topics.by_id.get(replica.topic_id)
                if log is None or topic is None or replica.error or replica.log.log_end_offset >= log.end:
                    continue
                state = topic.partitions[replica.index]
                if node.id in state.isr:
                    raise Violation(
                        f"{node} is in sync with {replica}, {state.isr}, and ends at {replica.log.log_end_offset}; "
                        f"committed is {log.end}"
                    )

    def _check_state(self, name: str, state: Any) -> None:
        key = (state.topic_id, state.index)
        epochs, before = (state.leader_epoch, state.partition_epoch), self._epochs.get(key, (0, 0))
        if epochs[0] < before[0] or epochs[1] < before[1]:
            raise Violation(f"{name}: epochs (leader, partition) went back from {before} to {epochs}")
        self.leader_epochs += epochs[0] > before[0]
        self._epochs[key] = epochs
        if state.leader != _NO_LEADER and state.leader not in state.isr:
            raise Violation(f"{name}: the leader {state.leader} is not in sync: {state.isr}")
        if not set(state.isr) <= set(state.replicas) or set(state.isr) & set(state.elr):
            raise Violation(f"{name}: in sync {state.isr}, eligible {state.elr}, of {state.replicas}")

    # In the end

    def check_equal(self) -> None:
        """Nothing is under way any more: all replicas have the same."""
        self.check()
        logs: dict[Key, tuple[Node, int]] = {}
        for node in self._cluster.brokers:
            for partition in replicas_of(node):
                content = 0
                for batch in partition.log.read_batches(partition.log.log_start_offset):
                    content = zlib.crc32(batch.view, content)
                first, known = logs.setdefault(partition.key, (node, content))
                if known != content:
                    raise Violation(f"{partition.topic}-{partition.index} is not the same on {first} and {node}")

    def what_is_missing(self) -> str | None:
        """Why the cluster has not recovered yet; None when all is well."""
        for node in self._cluster.nodes:
            if node.handle is None or not node.handle.ready():
                return f"{node} is not ready"
        active = self._cluster.active_controller()
        if active is None:
            return "no controller is active"
        for topic in committed_image_of(active).topics.by_id.values():
            for partition in topic.partitions.values():
                if partition.leader == _NO_LEADER:
                    return f"{topic.name}-{partition.index} has no leader: {partition}"
                if set(partition.isr) != set(partition.replicas):
                    return f"{topic.name}-{partition.index} is under-replicated: {partition.isr}"
        images = [committed_image_of(node) for node in self._cluster.controllers]
        images += [image_of(node) for node in self._cluster.brokers]
        if any(image != images[0] for image in images):
            return f"nodes know different clusters: {', '.join(map(str, images))}"
        return None

"""The cluster as a client knows it: brokers, topics, leaders. A core: answers go in, questions are answered.

What is known of a partition never goes back to an older leader epoch, whichever broker the news come from (KIP-320).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.metadata import MetadataResponse
from barnabas.protocol.types import ZERO_UUID

NO_LEADER = -1


@dataclass(frozen=True, slots=True)
class Node:
    """A broker's id and address."""

    id: int
    host: str
    port: int
    rack: str | None = None


@dataclass(frozen=True, slots=True)
class PartitionView:
    """One partition: `leader` is NO_LEADER while there is none."""

    leader: int
    leader_epoch: int
    replicas: tuple[int, ...]
    isr: tuple[int, ...]
    offline_replicas: tuple[int, ...]
    error: ErrorCode


@dataclass(frozen=True, slots=True)
class TopicView:
    """One topic; `error` says why there is no more to know of it."""

    name: str
    topic_id: bytes
    error: ErrorCode
    internal: bool
    partitions: dict[int, PartitionView]


@dataclass(slots=True)
class ClusterView:
    """All that was learnt so far."""

    cluster_id: str | None = None
    controller_id: int = -1
    nodes: dict[int, Node] = field(default_factory=dict)
    topics: dict[str, TopicView] = field(default_factory=dict)

    def update(self, response: MetadataResponse) -> None:
        """Take in an answer: brokers anew, and the topics that it names."""
        self.cluster_id = response.cluster_id
        self.controller_id = response.controller_id
        self.nodes = {b.node_id: Node(b.node_id, b.host, b.port, b.rack) for b in response.brokers}
        for topic in response.topics:
            if topic.name is not None:
                self.topics[topic.name] = self._merge(topic, self.topics.get(topic.name))

    @staticmethod
    def _merge(topic: MetadataResponse.MetadataResponseTopic, known: TopicView | None) -> TopicView:
        partitions: dict[int, PartitionView] = {}
        same = known is not None and (known.topic_id == topic.topic_id or ZERO_UUID in (known.topic_id, topic.topic_id))
        for p in topic.partitions:
            view = PartitionView(
                p.leader_id,
                p.leader_epoch,
                tuple(p.replica_nodes),
                tuple(p.isr_nodes),
                tuple(p.offline_replicas),
                ErrorCode.of(p.error_code),
            )
            old = known.partitions.get(p.partition_index) if known is not None and same else None
            newer = old is None or view.leader_epoch < 0 or view.leader_epoch >= old.leader_epoch
            partitions[p.partition_index] = view if newer or old is None else old
        return TopicView(
            topic.name or "", topic.topic_id, ErrorCode.of(topic.error_code), topic.is_internal, partitions
        )

    def leader(self, topic: str, partition: int) -> Node | None:
        """The broker that leads the partition, as far as is known."""
        view = self.topics.get(topic)
        found = view.partitions.get(partition) if view is not None else None
        return self.nodes.get(found.leader) if found is not None else None

    def forget_leader(self, topic: str, partition: int) -> None:
        """The leader that is known turned out not to be it."""
        view = self.topics.get(topic)
        if view is not None and partition in view.partitions:
            old = view.partitions[partition]
            view.partitions[partition] = PartitionView(
                NO_LEADER, old.leader_epoch, old.replicas, old.isr, old.offline_replicas, old.error
            )

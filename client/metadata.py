"""The cluster as a client knows it: brokers, topics, leaders. A core: answers go in, questions are answered.

What is known of a partition never goes back to an older leader epoch, whichever broker the news come from (KIP-320).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from barnabas.net.addresses import host_port_text
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

    def __str__(self) -> str:
        return f"broker {self.id} ({host_port_text(self.host, self.port)})"


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

    def update(self, response: MetadataResponse, *, every_topic: bool = False) -> None:
        """Take in an answer: brokers anew, and the topics that it names; `every_topic`: there are no others."""
        self.cluster_id = response.cluster_id
        self.controller_id = response.controller_id
        self.nodes = {b.node_id: Node(b.node_id, b.host, b.port, b.rack) for b in response.brokers}
        known = self.topics
        if every_topic:
            self.topics = {}
        for topic in response.topics:
            if topic.name is not None:
                self.topics[topic.name] = _merge(topic, topic.name, known.get(topic.name))

    def leader(self, topic: str, partition: int) -> Node | None:
        """The broker that leads the partition, as far as is known."""
        found = self.partition(topic, partition)
        return self.nodes.get(found.leader) if found is not None else None

    def leader_epoch(self, topic: str, partition: int) -> int:
        """The leader epoch of the partition; -1 if it is not known."""
        found = self.partition(topic, partition)
        return found.leader_epoch if found is not None else -1

    def partition(self, topic: str, partition: int) -> PartitionView | None:
        """What is known of the partition."""
        view = self.topics.get(topic)
        return view.partitions.get(partition) if view is not None else None

    def topic_id(self, topic: str) -> bytes:
        """The topic's id; ZERO_UUID if it is not known."""
        view = self.topics.get(topic)
        return view.topic_id if view is not None else ZERO_UUID

    def forget_leader(self, topic: str, partition: int) -> None:
        """The leader that is known turned out not to be it."""
        found = self.partition(topic, partition)
        if found is not None:
            self.topics[topic].partitions[partition] = replace(found, leader=NO_LEADER)

    def learn_leader(
        self, topic: str, partition: int, leader: int, leader_epoch: int, nodes: Mapping[int, Node]
    ) -> bool:
        """A broker that does not lead the partition says who does (KIP-951); `nodes` has those it told of.

        Whether that is news: a later epoch than is known, under a leader whose address is known.
        """
        found = self.partition(topic, partition)
        node = nodes.get(leader) or self.nodes.get(leader)
        if found is None or node is None or leader_epoch <= found.leader_epoch:
            return False
        self.nodes[leader] = node
        self.topics[topic].partitions[partition] = replace(
            found, leader=leader, leader_epoch=leader_epoch, error=ErrorCode.NONE
        )
        return True

    def forget_nodes(self, broker: int | None = None) -> None:
        """Brokers that are known are no longer to be asked: this one, or None: all."""
        self.nodes = {} if broker is None else {id_: node for id_, node in self.nodes.items() if id_ != broker}


class Endpoint(Protocol):
    """A broker in an answer to Produce or Fetch."""

    node_id: int
    host: str
    port: int
    rack: str | None


def nodes_of(endpoints: Iterable[Endpoint]) -> dict[int, Node]:
    """The brokers that an answer tells of."""
    return {each.node_id: Node(each.node_id, each.host, each.port, each.rack) for each in endpoints}


def _merge(topic: MetadataResponse.MetadataResponseTopic, name: str, known: TopicView | None) -> TopicView:
    same = known is not None and (known.topic_id == topic.topic_id or ZERO_UUID in (known.topic_id, topic.topic_id))
    partitions: dict[int, PartitionView] = {}
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
        stale = old is not None and 0 <= view.leader_epoch < old.leader_epoch
        partitions[p.partition_index] = old if stale and old is not None else view
    return TopicView(name, topic.topic_id, ErrorCode.of(topic.error_code), topic.is_internal, partitions)

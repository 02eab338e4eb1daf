"""The cluster as clients of one listener see it: which brokers they can reach, who leads, which replicas are offline.

Made from one image of the registrations and never changed. Clients reach a broker under the listener's own name only,
so a broker without that listener is not there for them.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from barnabas.metadata.cluster import ClusterImage
from barnabas.metadata.records import DIRECTORY_UNASSIGNED
from barnabas.metadata.topics import Partition

NO_NODE = -1


@dataclass(frozen=True, slots=True)
class Node:
    """A broker under one listener's name."""

    id: int
    host: str
    port: int
    rack: str | None
    fenced: bool


class ListenerView:
    """See the module.

    The sets of brokers are worked out once; a question about a partition costs no more than its replicas.
    """

    __slots__ = ("_endpoints", "_offline", "_unfenced", "cluster", "listener", "nodes")

    def __init__(self, cluster: ClusterImage, listener: str) -> None:
        self.cluster = cluster
        self.listener = listener
        self._unfenced = [broker.id for broker in cluster.unfenced()]
        self._endpoints: dict[int, Node] = {}
        self._offline: set[int] = set()
        for broker_id, broker in sorted(cluster.brokers.items()):
            endpoint = broker.endpoint(listener)
            if endpoint is not None:
                self._endpoints[broker_id] = Node(broker_id, endpoint.host, endpoint.port, broker.rack, broker.fenced)
            if endpoint is None or broker.fenced:
                self._offline.add(broker_id)
        self.nodes: tuple[Node, ...] = tuple(node for node in self._endpoints.values() if not node.fenced)
        """The live brokers, in the order of their ids."""

    @property
    def all_nodes(self) -> tuple[Node, ...]:
        """The live and the fenced brokers, in the order of their ids."""
        return tuple(self._endpoints.values())

    def node(self, broker_id: int) -> Node | None:
        """A registered broker, fenced or not."""
        return self._endpoints.get(broker_id)

    def live_node(self, broker_id: int) -> Node | None:
        node = self._endpoints.get(broker_id)
        return None if node is None or node.fenced else node

    def controller_id(self, rng: random.Random) -> int:
        """The broker to name as the controller.

        Any live one, because each forwards what is the controller's to do (KIP-590).
        """
        return rng.choice(self._unfenced) if self._unfenced else NO_NODE

    def leader(self, partition: Partition) -> int:
        """The leader, or -1 where there is none or clients of this listener cannot reach it."""
        return partition.leader if partition.leader in self._endpoints else NO_NODE

    def reachable(self, replicas: Sequence[int]) -> list[int]:
        """Those of the replicas whose brokers are live and have this listener."""
        offline = self._offline
        endpoints = self._endpoints
        return [broker_id for broker_id in replicas if broker_id in endpoints and broker_id not in offline]

    def offline_replicas(self, partition: Partition) -> list[int]:
        """The replicas that serve nothing.

        Their broker is gone, fenced or has not this listener, or their log directory failed.
        """
        brokers = self.cluster.brokers
        found = []
        for broker_id in partition.replicas:
            broker = brokers.get(broker_id)
            if broker is None or broker_id in self._offline:
                found.append(broker_id)
            else:
                directory = partition.directory(broker_id)
                if directory is not None and not _online(directory, broker.directories):
                    found.append(broker_id)
        return found


def _online(directory: bytes, directories: tuple[bytes, ...]) -> bool:
    """Whether a directory works, as far as is known: one that is not assigned yet does."""
    return directory == DIRECTORY_UNASSIGNED or not directories or directory in directories

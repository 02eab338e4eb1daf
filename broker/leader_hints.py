"""Who leads now, told with the error to a client that asked the wrong broker (KIP-951), so that it need not ask for
metadata.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from barnabas.protocol.messages.fetch import FetchResponse
from barnabas.protocol.messages.produce import ProduceResponse

if TYPE_CHECKING:
    from barnabas.broker.listener_view import ListenerView
    from barnabas.metadata.image import MetadataImage

Leader = FetchResponse.LeaderIdAndEpoch | ProduceResponse.LeaderIdAndEpoch
Endpoint = TypeVar("Endpoint", FetchResponse.NodeEndpoint, ProduceResponse.NodeEndpoint)


class MetadataView(Protocol):
    """The newest image of the cluster (`MetadataCache`)."""

    @property
    def image(self) -> MetadataImage: ...

    def view(self, listener: str) -> ListenerView: ...


class LeaderHints:
    """Gathers for one answer the leaders it names."""

    def __init__(self, metadata: MetadataView, listener: str) -> None:
        self._topics = metadata.image.topics
        self._view = metadata.view(listener)
        self._leaders: set[int] = set()

    def fill(self, leader: Leader, topic: bytes | str, index: int) -> None:
        """Say who leads this partition; -1 for what is not known."""
        found = self._topics.by_id.get(topic) if isinstance(topic, bytes) else self._topics.by_name(topic)
        partition = None if found is None else found.partitions.get(index)
        if partition is not None:
            leader.leader_id = partition.leader
            leader.leader_epoch = partition.leader_epoch
            self._leaders.add(partition.leader)

    def endpoints(self, make: type[Endpoint]) -> list[Endpoint]:
        """Where the leaders named can be reached."""
        nodes = (self._view.live_node(broker_id) for broker_id in sorted(self._leaders))
        return [
            make(node_id=node.id, host=node.host, port=node.port, rack=node.rack) for node in nodes if node is not None
        ]

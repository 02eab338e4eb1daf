"""Which topics a member of a consumer group subscribes to: those it names, and those that its pattern means.

Names are all that a subscription has; ids come from the image of the cluster, and topics that do not exist count for
nothing until they do. Of the topics that a group's members name together, the group keeps a hash (KIP-1101): it tells
whether the group must be assigned anew after a change of the cluster, whose leaders and ISRs change all the time. The
hash covers what an assignor could look at: names, ids, numbers of partitions and the racks of their replicas. It is
our own and not Apache Kafka's; nobody but the coordinator compares it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b

from barnabas.metadata.image import MetadataImage
from barnabas.metadata.topics import Topic

_HASH_BYTES = 8


@dataclass(frozen=True, slots=True)
class ResolvedPattern:
    """The topics that a pattern meant in the metadata at `version` (an offset), looked up at `timestamp_ms`."""

    topics: frozenset[str]
    version: int
    timestamp_ms: int


@dataclass(frozen=True, slots=True)
class SubscribedTopics:
    """The ids of the topics of one subscription, found as they are asked for."""

    image: MetadataImage
    names: frozenset[str]
    pattern: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        image: MetadataImage,
        names: frozenset[str],
        pattern: str | None,
        patterns: Mapping[str, ResolvedPattern],
    ) -> SubscribedTopics:
        """Of these names and this pattern; one that was not looked up yet means nothing."""
        resolved = patterns.get(pattern) if pattern else None
        return cls(image, names, frozenset() if resolved is None else resolved.topics)

    def __contains__(self, topic_id: object) -> bool:
        topic = self.image.topics.by_id.get(topic_id) if isinstance(topic_id, bytes) else None
        return topic is not None and (topic.name in self.names or topic.name in self.pattern)

    def __iter__(self) -> Iterator[bytes]:
        ids = self.image.topics.ids
        return (ids[name] for name in sorted(self.names | self.pattern) if name in ids)


class MetadataHashes:
    """Hashes of topics, kept for as long as the topics stay as they are."""

    def __init__(self) -> None:
        self._topics: dict[str, tuple[Topic, bytes]] = {}

    def of(self, names: Iterable[str], image: MetadataImage) -> int:
        """The hash of all these topics, as a signed integer of 64 bits; 0 where none of them exists."""
        found = [topic for name in sorted(names) if (topic := image.topics.by_name(name)) is not None]
        if not found:
            return 0
        together = blake2b(b"".join(self._topic(topic, image) for topic in found), digest_size=_HASH_BYTES)
        return int.from_bytes(together.digest(), "big", signed=True)

    def forget(self, name: str) -> None:
        """The topic was deleted."""
        self._topics.pop(name, None)

    def _topic(self, topic: Topic, image: MetadataImage) -> bytes:
        known = self._topics.get(topic.name)
        if known is not None and known[0] is topic:
            return known[1]
        value = _topic_hash(topic, image)
        self._topics[topic.name] = (topic, value)
        return value


def _topic_hash(topic: Topic, image: MetadataImage) -> bytes:
    brokers = image.cluster.brokers
    racks = [
        sorted(brokers[broker_id].rack or "" for broker_id in partition.replicas if broker_id in brokers)
        for partition in topic
    ]
    facts = repr((topic.name, topic.id, len(topic), racks))
    return blake2b(facts.encode(), digest_size=_HASH_BYTES).digest()

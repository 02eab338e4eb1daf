"""Images of a cluster for those who only read them: brokers and topics in a line each."""

from __future__ import annotations

from barnabas.broker.metadata_cache import MetadataCache
from barnabas.metadata.delta import MetadataDelta
from barnabas.metadata.records import Endpoint, MetadataRecord, PartitionRecord, RegisterBrokerRecord, TopicRecord


class ImageSource:
    """A broker's cache, fed with records."""

    def __init__(self, *records: MetadataRecord) -> None:
        self.cache = MetadataCache()
        self._offset = 0
        self.replay(*records)

    def replay(self, *records: MetadataRecord) -> None:
        """The next image."""
        delta = MetadataDelta(self.cache.image)
        for record in records:
            delta.replay(record)
        self._offset += max(1, len(records))
        self.cache.publish(delta.apply(self._offset, 1), delta)


def broker(broker_id: int) -> RegisterBrokerRecord:
    """A live broker at `host<id>:9092`."""
    return RegisterBrokerRecord(
        broker_id=broker_id,
        broker_epoch=broker_id,
        incarnation_id=bytes(16),
        endpoints=(Endpoint(name="PLAINTEXT", host=f"host{broker_id}", port=9092),),
        fenced=False,
    )


def topic(name: str, *leaders: int) -> list[MetadataRecord]:
    """A topic of so many partitions, led by these brokers (-1: by none)."""
    topic_id = name.encode().ljust(16, b"_")[:16]
    partitions = [
        PartitionRecord(
            partition_id=index,
            topic_id=topic_id,
            replicas=(1, 2, 3),
            isr=(1, 2, 3),
            leader=leader,
            leader_epoch=0,
            partition_epoch=0,
        )
        for index, leader in enumerate(leaders)
    ]
    return [TopicRecord(name=name, topic_id=topic_id), *partitions]

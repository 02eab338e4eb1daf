"""The immutable image of a cluster: everything that the committed metadata records say, up to one offset.

An image is made from the one before by a `MetadataDelta` and never changes; whoever needs a consistent view keeps a
reference. The parts are persistent maps, so a new image shares with the old one all that did not change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from barnabas.metadata.cluster import ClusterImage
from barnabas.metadata.configs import ConfigsImage
from barnabas.metadata.features import FeaturesImage
from barnabas.metadata.records import MetadataRecord, ProducerIdsRecord
from barnabas.metadata.topics import TopicsImage


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducerIdsImage:
    """The next block of producer ids starts at `next_producer_id`; the other fields tell who got the last one."""

    next_producer_id: int = 0
    broker_id: int = -1
    broker_epoch: int = -1

    def records(self) -> Iterator[MetadataRecord]:
        """One record, or none where no block was given out yet."""
        if self.next_producer_id:
            yield ProducerIdsRecord(
                broker_id=self.broker_id, broker_epoch=self.broker_epoch, next_producer_id=self.next_producer_id
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataImage:
    """The cluster after the record at `offset` (-1: before any), which was written in the Raft epoch `epoch`.

    Two images are equal when they say the same of the cluster, at whatever offset.
    """

    offset: int = field(default=-1, compare=False)
    epoch: int = field(default=-1, compare=False)
    features: FeaturesImage = field(default=FeaturesImage())
    cluster: ClusterImage = field(default=ClusterImage())
    topics: TopicsImage = field(default=TopicsImage())
    configs: ConfigsImage = field(default=ConfigsImage())
    producer_ids: ProducerIdsImage = field(default=ProducerIdsImage())

    def records(self) -> Iterator[MetadataRecord]:
        """The image as records: replayed onto an empty image they give an equal one."""
        yield from self.features.records()
        yield from self.cluster.records()
        yield from self.topics.records()
        yield from self.configs.records()
        yield from self.producer_ids.records()

    def __str__(self) -> str:
        return (
            f"image offset={self.offset} epoch={self.epoch} brokers={len(self.cluster.brokers)} "
            f"topics={len(self.topics)} partitions={self.topics.partitions_count}"
        )


EMPTY_IMAGE = MetadataImage()

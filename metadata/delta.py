"""What changed between two images of the cluster.

`replay` takes records one by one; `apply` gives the image after them. The parts tell exactly what changed, so that
whoever gets a delta does work in proportion to the change: `delta.topics.local_changes(broker_id)`,
`delta.cluster.brokers`, `delta.configs.changed`, ...
"""

from __future__ import annotations

from barnabas.metadata.cluster import ClusterDelta
from barnabas.metadata.configs import ConfigsDelta
from barnabas.metadata.features import FeaturesDelta
from barnabas.metadata.image import MetadataImage, ProducerIdsImage
from barnabas.metadata.records import (
    BrokerRegistrationChangeRecord,
    ConfigRecord,
    FeatureLevelRecord,
    MetadataRecord,
    NoOpRecord,
    PartitionChangeRecord,
    PartitionRecord,
    ProducerIdsRecord,
    RegisterBrokerRecord,
    RegisterControllerRecord,
    RemoveTopicRecord,
    TopicRecord,
    UnregisterBrokerRecord,
)
from barnabas.metadata.topics_delta import TopicsDelta


class MetadataDelta:
    """The changes since `image`.

    Raises `MetadataRecordError` for a record that contradicts the image: the log is broken.
    """

    __slots__ = ("cluster", "configs", "features", "image", "producer_ids", "topics")

    def __init__(self, image: MetadataImage) -> None:
        self.image = image
        self.features = FeaturesDelta(image.features)
        self.cluster = ClusterDelta(image.cluster)
        self.topics = TopicsDelta(image.topics)
        self.configs = ConfigsDelta(image.configs)
        self.producer_ids = image.producer_ids

    def __bool__(self) -> bool:
        return bool(
            self.features
            or self.cluster
            or self.topics
            or self.configs
            or self.producer_ids is not self.image.producer_ids
        )

    def replay(self, record: MetadataRecord) -> None:
        """Adds what one record changes."""
        match record:
            case PartitionChangeRecord():
                self.topics.replay_partition_change(record)
            case PartitionRecord():
                self.topics.replay_partition(record)
            case TopicRecord():
                self.topics.replay_topic(record)
            case RemoveTopicRecord():
                self.configs.replay_remove_topic(self.topics.replay_remove_topic(record))
            case ConfigRecord():
                self.configs.replay(record)
            case RegisterBrokerRecord():
                self.cluster.replay_register(record)
            case UnregisterBrokerRecord():
                self.cluster.replay_unregister(record)
            case BrokerRegistrationChangeRecord():
                self.cluster.replay_change(record)
            case RegisterControllerRecord():
                self.cluster.replay_controller(record)
            case FeatureLevelRecord():
                self.features.replay(record)
            case ProducerIdsRecord():
                self.producer_ids = ProducerIdsImage(
                    next_producer_id=record.next_producer_id,
                    broker_id=record.broker_id,
                    broker_epoch=record.broker_epoch,
                )
            case NoOpRecord():
                pass

    def apply(self, offset: int, epoch: int) -> MetadataImage:
        """The image after everything that was replayed; the last record has this offset and Raft epoch."""
        return MetadataImage(
            offset=offset,
            epoch=epoch,
            features=self.features.apply(),
            cluster=self.cluster.apply(),
            topics=self.topics.apply(),
            configs=self.configs.apply(),
            producer_ids=self.producer_ids,
        )

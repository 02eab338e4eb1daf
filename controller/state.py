"""What decisions are made upon: the image with everything replayed so far, the heartbeats, and the configuration.

Handlers read it and change nothing; `Controller` replaces `image` when records are replayed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from barnabas.controller.config import ControllerConfig
from barnabas.controller.heartbeats import Heartbeats
from barnabas.metadata.cluster import BrokerRegistration
from barnabas.metadata.configs import ConfigsImage
from barnabas.metadata.image import EMPTY_IMAGE, MetadataImage
from barnabas.metadata.placement import Randomness
from barnabas.metadata.topic_configs import (
    MIN_INSYNC_REPLICAS,
    UNCLEAN_LEADER_ELECTION_ENABLE,
    BrokerConfigs,
    effective_value,
)
from barnabas.metadata.topics import Partition, Topic
from barnabas.protocol.errors import ErrorCode, WireError


@dataclass(frozen=True, slots=True)
class TopicSettings:
    """The effective configuration of a topic that elections need."""

    min_isr: int
    unclean_elections: bool


class ControllerState:
    """See the module. `new_uuid` gives 16 random bytes, `random` places replicas."""

    __slots__ = ("_settings", "_settings_of", "config", "heartbeats", "image", "new_uuid", "next_offset", "random")

    def __init__(self, config: ControllerConfig, random: Randomness, new_uuid: Callable[[], bytes]) -> None:
        self.config = config
        self.random = random
        self.new_uuid = new_uuid
        self.image: MetadataImage = EMPTY_IMAGE
        self.heartbeats = Heartbeats(config.session_timeout, config.reconnect_grace)
        self.next_offset = 0
        """The offset that the first record of the next decision gets."""
        self._settings: dict[bytes, TopicSettings] = {}
        self._settings_of: ConfigsImage = self.image.configs

    def registered(self, broker_id: int, broker_epoch: int) -> BrokerRegistration:
        """The broker's registration. Raises STALE_BROKER_EPOCH unless it is registered with this epoch."""
        broker = self.image.cluster.broker(broker_id)
        if broker is None:
            raise WireError(ErrorCode.STALE_BROKER_EPOCH, f"No broker registration found for broker id {broker_id}")
        if broker.epoch != broker_epoch:
            raise WireError(
                ErrorCode.STALE_BROKER_EPOCH,
                f"Expected broker epoch {broker.epoch}, but got broker epoch {broker_epoch}",
            )
        return broker

    def may_lead(self, partition: Partition, broker_id: int) -> bool:
        """Whether the broker can serve the partition: it is active, and the directory of its replica works."""
        broker = self.image.cluster.broker(broker_id)
        return broker is not None and broker.active and broker.has_directory(partition.directory(broker_id))

    def broker_configs(self, configs: ConfigsImage | None = None) -> BrokerConfigs:
        """What topics take their defaults from here: this controller's and all brokers' configuration.

        As if `configs` were the configuration, if given.
        """
        configs, config = configs or self.image.configs, self.config
        return BrokerConfigs(configs.of_broker(config.node_id), configs.of_all_brokers(), config.static_configs)

    def settings(self, topic: Topic) -> TopicSettings:
        """What elections need to know of a topic; `min_isr` is never more than its replication factor."""
        if self._settings_of is not self.image.configs:
            self._settings_of = self.image.configs
            self._settings = {}
        found = self._settings.get(topic.id)
        if found is None:
            found = self._settings[topic.id] = self.settings_with(topic, self.image.configs)
        return found

    def settings_with(self, topic: Topic, configs: ConfigsImage) -> TopicSettings:
        """The same, as if this were the configuration."""
        own = configs.of_topic(topic.name)
        brokers = self.broker_configs(configs)
        replication_factor = len(topic.partitions[0].replicas)
        return TopicSettings(
            min_isr=min(int_of(effective_value(MIN_INSYNC_REPLICAS, own, brokers)), replication_factor),
            unclean_elections=effective_value(UNCLEAN_LEADER_ELECTION_ENABLE, own, brokers) is True,
        )


def int_of(value: object) -> int:
    """The value of a setting that is an integer."""
    assert isinstance(value, int)
    return value

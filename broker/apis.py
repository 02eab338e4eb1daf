"""Which APIs a broker serves, and by what. Only what works is registered, and so announced."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from barnabas.broker.auto_topic_creation import AutoTopicCreation
from barnabas.broker.config_view import ConfigView
from barnabas.broker.coordinator.coordinators import Coordinators
from barnabas.broker.forwarding import Forwarder
from barnabas.broker.group_apis import LazyHandler, register_group_handlers
from barnabas.broker.handlers.fetch import FetchHandler
from barnabas.broker.handlers.find_coordinator import CoordinatorLookup, CoordinatorType, FindCoordinatorHandler
from barnabas.broker.handlers.forward import ForwardHandler
from barnabas.broker.handlers.list_offsets import ListOffsetsHandler
from barnabas.broker.handlers.metadata import MetadataHandler
from barnabas.broker.handlers.produce import ProduceHandler
from barnabas.broker.metadata_cache import MetadataCache
from barnabas.broker.replica_manager import ReplicaManager
from barnabas.broker.transactions import Transactions
from barnabas.metadata.features import KRAFT_VERSION, SUPPORTED
from barnabas.protocol.api_keys import ApiKey
from barnabas.server.dispatch import ApiTable, Features, Request
from barnabas.server.settings import Settings

if TYPE_CHECKING:
    from barnabas.broker.coordinator.groups.machine import GroupCoordinator

Handler = Callable[[Request], None]

_FORWARDED = (
    ApiKey.CREATE_TOPICS,
    ApiKey.DELETE_TOPICS,
    ApiKey.CREATE_PARTITIONS,
    ApiKey.ELECT_LEADERS,
    ApiKey.UPDATE_FEATURES,
    ApiKey.UNREGISTER_BROKER,
    ApiKey.DESCRIBE_QUORUM,
)


@dataclass(frozen=True, slots=True)
class BrokerParts:
    """What handlers need. `spawn` runs an async function in the background."""

    settings: Settings
    cluster_id: str
    cache: MetadataCache
    config_view: ConfigView
    replicas: ReplicaManager
    forwarder: Forwarder
    groups: Coordinators[GroupCoordinator]
    transactions: Transactions
    lost_leaders: Callable[[], frozenset[int]]
    rng: random.Random
    spawn: Callable[..., None]


def register_handlers(table: ApiTable, parts: BrokerParts) -> None:
    """Register all that a broker serves."""
    settings, cache, replicas = parts.settings, parts.cache, parts.replicas
    table.register(ApiKey.PRODUCE, ProduceHandler(replicas, parts.transactions.verification).handle)
    table.register(ApiKey.FETCH, FetchHandler(replicas, max_bytes=settings.int("fetch.max.bytes")).handle)
    table.register(ApiKey.LIST_OFFSETS, ListOffsetsHandler(replicas).handle)
    auto_creation = AutoTopicCreation(parts.forwarder, parts.spawn, settings, cache)
    wanted = auto_creation if settings.bool("auto.create.topics.enable") else None
    metadata = MetadataHandler(cache, parts.cluster_id, parts.rng, wanted, parts.lost_leaders)
    table.register(ApiKey.METADATA, metadata.handle_soon)
    coordinators: dict[CoordinatorType, CoordinatorLookup] = {
        CoordinatorType.GROUP: parts.groups,
        CoordinatorType.TRANSACTION: parts.transactions.coordinators,
    }
    find_coordinator = FindCoordinatorHandler(cache, coordinators, auto_creation, parts.spawn, parts.lost_leaders)
    table.register(ApiKey.FIND_COORDINATOR, find_coordinator.handle)
    parts.transactions.register_handlers(table)
    register_group_handlers(table, parts.groups, cache, settings)
    for key in _FORWARDED:
        table.register(key, ForwardHandler(parts.forwarder).handle)
    _register_rarely_asked(table, parts)


def _register_rarely_asked(table: ApiTable, parts: BrokerParts) -> None:
    """Handlers that are imported when they are first asked."""
    cache = parts.cache

    def offset_for_leader_epoch() -> Handler:
        from barnabas.broker.handlers.offset_for_leader_epoch import OffsetForLeaderEpochHandler

        return OffsetForLeaderEpochHandler(parts.replicas).handle

    def describe_topic_partitions() -> Handler:
        from barnabas.broker.handlers.describe_topic_partitions import DescribeTopicPartitionsHandler

        limit = parts.settings.int("max.request.partition.size.limit")
        return DescribeTopicPartitionsHandler(cache, limit).handle

    def describe_cluster() -> Handler:
        from barnabas.broker.handlers.describe_cluster import DescribeClusterHandler

        return DescribeClusterHandler(cache, parts.cluster_id, parts.rng).handle

    def list_config_resources() -> Handler:
        from barnabas.broker.handlers.list_config_resources import ListConfigResourcesHandler

        return ListConfigResourcesHandler(cache).handle

    def describe_configs() -> Handler:
        from barnabas.broker.handlers.describe_configs import DescribeConfigsHandler

        return DescribeConfigsHandler(cache, parts.config_view).handle

    async def alter_configs(request: Request) -> None:
        from barnabas.broker.handlers.alter_configs import AlterConfigsHandler

        await AlterConfigsHandler(parts.forwarder, parts.config_view).handle(request)

    table.register(ApiKey.OFFSET_FOR_LEADER_EPOCH, LazyHandler(offset_for_leader_epoch).handle)
    table.register(ApiKey.DESCRIBE_TOPIC_PARTITIONS, LazyHandler(describe_topic_partitions).handle)
    table.register(ApiKey.DESCRIBE_CLUSTER, LazyHandler(describe_cluster).handle)
    table.register(ApiKey.LIST_CONFIG_RESOURCES, LazyHandler(list_config_resources).handle)
    table.register(ApiKey.DESCRIBE_CONFIGS, LazyHandler(describe_configs).handle)
    table.register(ApiKey.ALTER_CONFIGS, alter_configs)
    table.register(ApiKey.INCREMENTAL_ALTER_CONFIGS, alter_configs)


def supported_features() -> dict[str, tuple[int, int]]:
    """The features that this release knows: name -> (lowest, highest) level."""
    return {name: (feature.min_supported, feature.max_supported) for name, feature in SUPPORTED.items()}


def features(cache: MetadataCache) -> Callable[[], Features]:
    """What ApiVersions says about features: what the image has as final, and the level of the quorum's own records."""

    def read() -> Features:
        image = cache.image
        finalized = {**image.features.levels, KRAFT_VERSION: SUPPORTED[KRAFT_VERSION].max_supported}
        return Features(supported_features(), finalized, image.offset)

    return read

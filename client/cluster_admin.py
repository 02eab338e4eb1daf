"""What an operator asks of a cluster as a whole: elections, features, its members, and what has a configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from barnabas.client.admin_types import FeatureLevels, PartitionReplicas
from barnabas.client.cluster import Cluster
from barnabas.client.errors import BrokerError, check
from barnabas.client.offsets import Place
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse
from barnabas.protocol.messages.describe_topic_partitions import (
    DescribeTopicPartitionsRequest,
    DescribeTopicPartitionsResponse,
)
from barnabas.protocol.messages.elect_leaders import ElectLeadersRequest, ElectLeadersResponse
from barnabas.protocol.messages.list_config_resources import ListConfigResourcesRequest, ListConfigResourcesResponse
from barnabas.protocol.messages.unregister_broker import UnregisterBrokerRequest, UnregisterBrokerResponse
from barnabas.protocol.messages.update_features import UpdateFeaturesRequest, UpdateFeaturesResponse

_PREFERRED, _UNCLEAN = 0, 1
_UPGRADE, _DOWNGRADE = 1, 2
_Partition = DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponsePartition


async def elect_leaders(
    cluster: Cluster, places: Iterable[Place] | None, *, unclean: bool, timeout_ms: int
) -> dict[Place, BrokerError | None]:
    """Each partition and what kept it from its election (KIP-183, KIP-460)."""
    new = ElectLeadersRequest
    topics: dict[str, list[int]] = {}
    for topic, partition in places or ():
        topics.setdefault(topic, []).append(partition)
    message = new(
        election_type=_UNCLEAN if unclean else _PREFERRED,
        topic_partitions=None
        if places is None
        else [new.TopicPartitions(topic=topic, partitions=numbers) for topic, numbers in topics.items()],
        timeout_ms=timeout_ms,
    )
    response = await cluster.ask(message, ElectLeadersResponse)
    check(response.error_code, "the election")
    return {
        (result.topic, p.partition_id): BrokerError(p.error_code, f"{result.topic}-{p.partition_id}", p.error_message)
        if p.error_code
        else None
        for result in response.replica_election_results
        for p in result.partition_result
    }


async def list_config_resources(cluster: Cluster, kinds: Iterable[int]) -> list[tuple[int, str]]:
    """Kind and name of what has a configuration (KIP-1142); of these kinds, or of all."""
    message = ListConfigResourcesRequest(resource_types=kinds)
    response = await cluster.ask(message, ListConfigResourcesResponse)
    check(response.error_code, "the resources with a configuration")
    return [(r.resource_type, r.resource_name) for r in response.config_resources]


async def describe_features(cluster: Cluster) -> dict[str, FeatureLevels]:
    """The features by name, as the broker that answers knows them (KIP-584)."""
    message = ApiVersionsRequest(client_software_name="barnabas", client_software_version="1")
    response = await cluster.ask(message, ApiVersionsResponse)
    check(response.error_code, "the features")
    finalized = {feature.name: feature.max_version_level for feature in response.finalized_features}
    levels = {
        f.name: FeatureLevels(finalized.pop(f.name, 0), f.min_version, f.max_version) for f in _supported(response)
    }
    return levels | {name: FeatureLevels(level, 0, 0) for name, level in finalized.items()}


def _supported(response: ApiVersionsResponse) -> list[ApiVersionsResponse.SupportedFeatureKey]:
    return sorted(response.supported_features, key=lambda feature: feature.name)


async def update_features(
    cluster: Cluster, levels: Mapping[str, int], *, downgrade: bool, validate_only: bool, timeout_ms: int
) -> None:
    """All of them, or none: BrokerError says of which feature, if the cluster does."""
    new = UpdateFeaturesRequest
    kind = _DOWNGRADE if downgrade else _UPGRADE
    updates = [
        new.FeatureUpdateKey(feature=name, max_version_level=level, upgrade_type=kind) for name, level in levels.items()
    ]
    message = new(timeout_ms=timeout_ms, feature_updates=updates, validate_only=validate_only)
    response = await cluster.ask(message, UpdateFeaturesResponse)
    check(response.error_code, "the features", response.error_message)
    for result in response.results:
        check(result.error_code, f"feature {result.feature}", result.error_message)


async def unregister_broker(cluster: Cluster, broker: int) -> None:
    """Forget a broker that will not come back (KIP-631)."""
    response = await cluster.ask(UnregisterBrokerRequest(broker_id=broker), UnregisterBrokerResponse)
    check(response.error_code, f"broker {broker}", response.error_message)


async def describe_topic_partitions(
    cluster: Cluster, names: Iterable[str], page: int
) -> dict[str, dict[int, PartitionReplicas] | BrokerError]:
    """Page after page, so that no answer is large however many partitions there are (KIP-966)."""
    new = DescribeTopicPartitionsRequest
    topics = [new.TopicRequest(name=name) for name in sorted(set(names))]
    found: dict[str, dict[int, PartitionReplicas] | BrokerError] = {}
    cursor = None
    while True:
        message = new(topics=topics, response_partition_limit=page, cursor=cursor)
        response = await cluster.ask(message, DescribeTopicPartitionsResponse)
        for topic in response.topics:
            name = topic.name or ""
            if topic.error_code:
                found[name] = BrokerError(topic.error_code, f"topic {name}")
                continue
            partitions = found.setdefault(name, {})
            if isinstance(partitions, dict):
                partitions.update({p.partition_index: _replicas(p) for p in topic.partitions})
        if (more := response.next_cursor) is None:
            return found
        if cursor is not None and (more.topic_name, more.partition_index) <= (
            cursor.topic_name,
            cursor.partition_index,
        ):
            raise BrokerError(ErrorCode.INVALID_REQUEST, "the partitions", "The broker's next page is none.")
        cursor = new.Cursor(topic_name=more.topic_name, partition_index=more.partition_index)


def _replicas(p: _Partition) -> PartitionReplicas:
    return PartitionReplicas(
        p.leader_id,
        p.leader_epoch,
        tuple(p.replica_nodes),
        tuple(p.isr_nodes),
        tuple(p.eligible_leader_replicas or ()),
        tuple(p.last_known_elr or ()),
        tuple(p.offline_replicas),
    )

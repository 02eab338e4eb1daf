"""What an operator asks of a cluster as a whole."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from barnabas.client import Admin
from barnabas.client.admin import GROUP, TOPIC, FeatureLevels, PartitionReplicas
from barnabas.client.cluster import Cluster
from barnabas.client.errors import BrokerError
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.describe_topic_partitions import (
    DescribeTopicPartitionsRequest,
    DescribeTopicPartitionsResponse,
)
from barnabas.protocol.messages.elect_leaders import ElectLeadersRequest, ElectLeadersResponse
from barnabas.protocol.messages.list_config_resources import ListConfigResourcesRequest, ListConfigResourcesResponse
from barnabas.protocol.messages.unregister_broker import UnregisterBrokerRequest, UnregisterBrokerResponse
from barnabas.protocol.messages.update_features import UpdateFeaturesRequest, UpdateFeaturesResponse
from fake_brokers import FakeCluster

PARTITIONS = [("a", 0), ("a", 1), ("b", 0), ("c", 0), ("c", 1)]


def elect_leaders(broker: int, body: ElectLeadersRequest) -> ElectLeadersResponse:
    new = ElectLeadersResponse
    wanted = (
        [("a", [0, 1])] if body.topic_partitions is None else [(t.topic, t.partitions) for t in body.topic_partitions]
    )
    code = ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE if body.election_type == 0 else ErrorCode.NONE
    return new(
        replica_election_results=[
            new.ReplicaElectionResult(
                topic=topic,
                partition_result=[new.PartitionResult(partition_id=n, error_code=code * (n == 1)) for n in numbers],
            )
            for topic, numbers in wanted
        ]
    )


def list_config_resources(broker: int, body: ListConfigResourcesRequest) -> ListConfigResourcesResponse:
    new = ListConfigResourcesResponse.ConfigResource
    found = [new(resource_type=kind, resource_name=f"n{kind}") for kind in body.resource_types or [TOPIC, GROUP]]
    return ListConfigResourcesResponse(config_resources=found)


def update_features(broker: int, body: UpdateFeaturesRequest) -> UpdateFeaturesResponse:
    (update,) = body.feature_updates
    if update.upgrade_type == 1 and not body.validate_only:
        return UpdateFeaturesResponse()
    return UpdateFeaturesResponse(error_code=ErrorCode.FEATURE_UPDATE_FAILED, error_message="not that far")


def unregister_broker(broker: int, body: UnregisterBrokerRequest) -> UnregisterBrokerResponse:
    return UnregisterBrokerResponse(error_code=ErrorCode.BROKER_ID_NOT_REGISTERED * (body.broker_id != 7))


def describe_topic_partitions(broker: int, body: DescribeTopicPartitionsRequest) -> DescribeTopicPartitionsResponse:
    new = DescribeTopicPartitionsResponse
    first = (body.cursor.topic_name, body.cursor.partition_index) if body.cursor is not None else ("", 0)
    left = [place for place in PARTITIONS if place >= first]
    page, rest = left[: body.response_partition_limit], left[body.response_partition_limit :]
    topics = [
        new.DescribeTopicPartitionsResponseTopic(
            name=topic,
            partitions=[
                new.DescribeTopicPartitionsResponsePartition(
                    partition_index=number,
                    leader_id=1,
                    replica_nodes=[1, 2],
                    isr_nodes=[1],
                    eligible_leader_replicas=[2],
                )
            ],
        )
        for topic, number in page
    ]
    if body.cursor is None:
        topics.append(new.DescribeTopicPartitionsResponseTopic(name="u", error_code=3))
    cursor = new.Cursor(topic_name=rest[0][0], partition_index=rest[0][1]) if rest else None
    return new(topics=topics, next_cursor=cursor)


@pytest.fixture
async def brokers(nursery: trio.Nursery) -> FakeCluster:
    cluster = FakeCluster(nursery)
    handlers: dict[ApiKey, Any] = {
        ApiKey.ELECT_LEADERS: elect_leaders,
        ApiKey.LIST_CONFIG_RESOURCES: list_config_resources,
        ApiKey.UPDATE_FEATURES: update_features,
        ApiKey.UNREGISTER_BROKER: unregister_broker,
        ApiKey.DESCRIBE_TOPIC_PARTITIONS: describe_topic_partitions,
    }
    cluster.more |= handlers
    await cluster.start()
    return cluster


def cluster_of(brokers: FakeCluster) -> Cluster:
    return Cluster(brokers.bootstrap, network=brokers.network)


async def test_elections_of_partitions_and_of_all(brokers: FakeCluster) -> None:
    async with cluster_of(brokers) as cluster, Admin(cluster) as admin:
        chosen = await admin.elect_leaders([("a", 0), ("b", 1)])
        everything = await admin.elect_leaders(unclean=True)
    assert chosen["a", 0] is None
    error = chosen["b", 1]
    assert isinstance(error, BrokerError)
    assert (error.code, error.what) == (ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE, "b-1")
    assert everything == {("a", 0): None, ("a", 1): None}


async def test_partitions_page_by_page(brokers: FakeCluster) -> None:
    async with cluster_of(brokers) as cluster, Admin(cluster) as admin:
        found = await admin.describe_topic_partitions(["a", "b", "c", "u"], page=2)
    assert brokers.count(ApiKey.DESCRIBE_TOPIC_PARTITIONS) == 3
    assert isinstance(found.pop("u"), BrokerError)
    assert [(t, n) for t, partitions in found.items() if isinstance(partitions, dict) for n in partitions] == PARTITIONS
    assert found["b"] == {0: PartitionReplicas(1, -1, (1, 2), (1,), (2,), (), ())}


async def test_what_has_a_configuration(brokers: FakeCluster) -> None:
    async with cluster_of(brokers) as cluster, Admin(cluster) as admin:
        assert await admin.list_config_resources() == [(TOPIC, f"n{TOPIC}"), (GROUP, f"n{GROUP}")]
        assert await admin.list_config_resources([GROUP]) == [(GROUP, f"n{GROUP}")]


async def test_features(brokers: FakeCluster) -> None:
    async with cluster_of(brokers) as cluster, Admin(cluster) as admin:
        assert all(isinstance(levels, FeatureLevels) for levels in (await admin.describe_features()).values())
        await admin.update_features({"transaction.version": 2})
        with pytest.raises(BrokerError, match="the features: FEATURE_UPDATE_FAILED: not that far"):
            await admin.update_features({"transaction.version": 0}, downgrade=True)


async def test_a_broker_is_forgotten(brokers: FakeCluster) -> None:
    async with cluster_of(brokers) as cluster, Admin(cluster) as admin:
        await admin.unregister_broker(7)
        with pytest.raises(BrokerError, match="broker 8: BROKER_ID_NOT_REGISTERED"):
            await admin.unregister_broker(8)

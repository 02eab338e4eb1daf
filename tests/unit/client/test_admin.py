"""The admin client: what it asks, of whom, and what it makes of the answers."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from barnabas.client import Admin
from barnabas.client.admin import BROKER, TOPIC, ConfigValue, CreatedTopic, NewTopic, QuorumReplica
from barnabas.client.cluster import Cluster
from barnabas.client.errors import BrokerError, ClientError
from barnabas.client.metadata import Node
from barnabas.client.offsets import ListedOffset
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.create_partitions import CreatePartitionsRequest, CreatePartitionsResponse
from barnabas.protocol.messages.create_topics import CreateTopicsRequest, CreateTopicsResponse
from barnabas.protocol.messages.delete_topics import DeleteTopicsRequest, DeleteTopicsResponse
from barnabas.protocol.messages.describe_cluster import DescribeClusterResponse
from barnabas.protocol.messages.describe_configs import DescribeConfigsRequest, DescribeConfigsResponse
from barnabas.protocol.messages.describe_quorum import DescribeQuorumRequest, DescribeQuorumResponse
from barnabas.protocol.messages.incremental_alter_configs import (
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
)
from barnabas.protocol.types import uuid_text
from fake_brokers import FakeCluster

ID = b"i" * 16


def create_topics(broker: int, body: CreateTopicsRequest) -> CreateTopicsResponse:
    new = CreateTopicsResponse.CreatableTopicResult
    return CreateTopicsResponse(
        topics=[
            new(name=t.name, error_code=ErrorCode.TOPIC_ALREADY_EXISTS, error_message="it is there")
            if t.name == "old"
            else new(name=t.name, topic_id=ID, num_partitions=3, replication_factor=1)
            for t in body.topics
        ]
    )


def delete_topics(broker: int, body: DeleteTopicsRequest) -> DeleteTopicsResponse:
    new = DeleteTopicsResponse.DeletableTopicResult
    code = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    return DeleteTopicsResponse(responses=[new(name=t.name, error_code=code * (t.name == "u")) for t in body.topics])


def create_partitions(broker: int, body: CreatePartitionsRequest) -> CreatePartitionsResponse:
    new = CreatePartitionsResponse.CreatePartitionsTopicResult
    code = ErrorCode.INVALID_PARTITIONS
    return CreatePartitionsResponse(results=[new(name=t.name, error_code=code * (t.count < 2)) for t in body.topics])


def describe_cluster(broker: int, body: object) -> DescribeClusterResponse:
    new = DescribeClusterResponse.DescribeClusterBroker
    brokers = [
        new(broker_id=2, host="b", port=2, rack="r", is_fenced=True),
        new(broker_id=1, host="a", port=1),
    ]
    return DescribeClusterResponse(cluster_id="c", controller_id=1, brokers=brokers)


def describe_configs(broker: int, body: DescribeConfigsRequest) -> DescribeConfigsResponse:
    new = DescribeConfigsResponse
    results = []
    for resource in body.resources:
        assert resource.configuration_keys is None
        configs = [
            new.DescribeConfigsResourceResult(name="b", value=str(broker), config_source=5, read_only=True),
            new.DescribeConfigsResourceResult(name="a", value=None, config_source=1, is_sensitive=True),
        ]
        code = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION * (resource.resource_name == "u")
        results.append(
            new.DescribeConfigsResult(
                error_code=code,
                resource_type=resource.resource_type,
                resource_name=resource.resource_name,
                configs=[] if code else configs,
            )
        )
    return new(results=results)


def alter_configs(broker: int, body: IncrementalAlterConfigsRequest) -> IncrementalAlterConfigsResponse:
    new = IncrementalAlterConfigsResponse.AlterConfigsResourceResponse
    code = ErrorCode.INVALID_CONFIG
    return IncrementalAlterConfigsResponse(
        responses=[
            new(
                resource_type=r.resource_type,
                resource_name=r.resource_name,
                error_code=code * any(c.value == "bad" for c in r.configs),
            )
            for r in body.resources
        ]
    )


def describe_quorum(broker: int, body: DescribeQuorumRequest) -> DescribeQuorumResponse:
    new = DescribeQuorumResponse
    voter = new.ReplicaState(
        replica_id=100, replica_directory_id=ID, log_end_offset=9, last_fetch_timestamp=7, last_caught_up_timestamp=8
    )
    partition = new.PartitionData(
        partition_index=body.topics[0].partitions[0].partition_index,
        leader_id=100,
        leader_epoch=4,
        high_watermark=9,
        current_voters=[voter],
    )
    topic = new.TopicData(topic_name=body.topics[0].topic_name, partitions=[partition])
    return new(topics=[topic], nodes=[new.Node(node_id=100, listeners=[new.Listener(name="C", host="h", port=5)])])


@pytest.fixture
async def brokers(nursery: trio.Nursery) -> FakeCluster:
    cluster = FakeCluster(nursery, 2)
    cluster.more = {
        ApiKey.CREATE_TOPICS: create_topics,
        ApiKey.DELETE_TOPICS: delete_topics,
        ApiKey.CREATE_PARTITIONS: create_partitions,
        ApiKey.DESCRIBE_CLUSTER: describe_cluster,
        ApiKey.DESCRIBE_CONFIGS: describe_configs,
        ApiKey.INCREMENTAL_ALTER_CONFIGS: alter_configs,
        ApiKey.DESCRIBE_QUORUM: describe_quorum,
    }
    await cluster.start()
    return cluster


def codes(outcome: dict[Any, Any]) -> dict[Any, ErrorCode | None]:
    return {name: error.code if isinstance(error, BrokerError) else None for name, error in outcome.items()}


async def test_topics_are_created_each_with_its_result(brokers: FakeCluster) -> None:
    async with Cluster(brokers.bootstrap, network=brokers.network) as cluster, Admin(cluster) as admin:
        created = await admin.create_topics(
            [NewTopic("t", 3, 1, {"retention.ms": "5"}), NewTopic("old"), NewTopic("p", assignments=[[1, 2], [2, 1]])]
        )
    assert created["t"] == CreatedTopic("t", uuid_text(ID), 3, 1)
    assert isinstance(created["old"], BrokerError)
    assert str(created["old"]) == "topic old: TOPIC_ALREADY_EXISTS: it is there"
    request = brokers.requests[-1][1]
    assert isinstance(request, CreateTopicsRequest)
    t, old, p = request.topics
    assert (t.num_partitions, t.replication_factor, t.configs[0].name, t.configs[0].value) == (
        3,
        1,
        "retention.ms",
        "5",
    )
    assert (old.num_partitions, old.replication_factor) == (-1, -1)
    assert [(a.partition_index, a.broker_ids) for a in p.assignments] == [(0, [1, 2]), (1, [2, 1])]
    assert not request.validate_only


async def test_topics_are_deleted_and_grown_each_with_its_error(brokers: FakeCluster) -> None:
    async with Cluster(brokers.bootstrap, network=brokers.network) as cluster, Admin(cluster) as admin:
        assert codes(await admin.delete_topics(["t", "u"])) == {"t": None, "u": ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}
        grown = await admin.create_partitions({"t": 3, "u": 1}, assignments={"t": [[1], [2]]})
        assert codes(grown) == {"t": None, "u": ErrorCode.INVALID_PARTITIONS}
    request = brokers.requests[-1][1]
    assert isinstance(request, CreatePartitionsRequest)
    assert [a.broker_ids for a in request.topics[0].assignments or ()] == [[1], [2]]
    assert request.topics[1].assignments is None


async def test_topics_are_listed_and_described(brokers: FakeCluster) -> None:
    brokers.create("b", [1, 2])
    brokers.create("a")
    async with Cluster(brokers.bootstrap, network=brokers.network) as cluster, Admin(cluster) as admin:
        assert [topic.name for topic in await admin.list_topics()] == ["a", "b"]
        described = await admin.describe_topics(["b", "u"])
        assert codes(described) == {"b": None, "u": ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}
        topic = described["b"]
        assert not isinstance(topic, BrokerError)
        assert ({n: p.leader for n, p in topic.partitions.items()}, topic.replication_factor) == ({0: 1, 1: 2}, 1)
        del brokers.topics["a"]
        assert [topic.name for topic in await admin.list_topics()] == ["b"]


async def test_the_cluster_and_its_quorum_are_described(brokers: FakeCluster) -> None:
    async with Cluster(brokers.bootstrap, network=brokers.network) as cluster, Admin(cluster) as admin:
        described = await admin.describe_cluster()
        assert (described.cluster_id, described.controller_id) == ("c", 1)
        assert [(b.node, b.fenced) for b in described.brokers] == [
            (Node(1, "a", 1), False),
            (Node(2, "b", 2, "r"), True),
        ]
        quorum = await admin.describe_quorum()
        assert (quorum.leader_id, quorum.leader_epoch, quorum.high_watermark) == (100, 4, 9)
        assert quorum.voters == [QuorumReplica(100, uuid_text(ID), 9, 7, 8)]
        assert quorum.listeners == {100: ["h:5"]}


async def test_settings_are_described_by_whoever_has_them(brokers: FakeCluster) -> None:
    async with Cluster(brokers.bootstrap, network=brokers.network) as cluster, Admin(cluster) as admin:
        topics = await admin.describe_configs(TOPIC, ["t", "u"])
        assert codes(topics) == {"t": None, "u": ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}
        of_brokers = await admin.describe_configs(BROKER, ["2", "1"])
        assert of_brokers == {
            name: [ConfigValue("a", None, "topic", False, True), ConfigValue("b", name, "default", True, False)]
            for name in ("2", "1")
        }


async def test_a_broker_that_is_away_keeps_its_settings_to_itself(
    brokers: FakeCluster, autojump_clock: MockClock
) -> None:
    async with Cluster(brokers.bootstrap, network=brokers.network, request_timeout=2.0) as cluster:
        await cluster.refresh()
        await brokers.stop(2)
        admin = Admin(cluster)
        expected = {"1": None, "2": ErrorCode.BROKER_NOT_AVAILABLE}
        assert codes(await admin.describe_configs(BROKER, ["2", "1"])) == expected
        assert codes(await admin.alter_configs(BROKER, {"2": {"a": "1"}, "1": {"a": "1"}})) == expected
        brokers.hanging.add(1)
        assert codes(await admin.describe_configs(BROKER, ["1"])) == {"1": ErrorCode.REQUEST_TIMED_OUT}
        await brokers.stop(1)
        with pytest.raises(ClientError):
            await admin.describe_configs(TOPIC, ["t"])


async def test_settings_are_set_and_taken_back(brokers: FakeCluster) -> None:
    async with Cluster(brokers.bootstrap, network=brokers.network) as cluster, Admin(cluster) as admin:
        altered = await admin.alter_configs(TOPIC, {"t": {"a": "1", "b": None}, "u": {"a": "bad"}})
        assert codes(altered) == {"t": None, "u": ErrorCode.INVALID_CONFIG}
        request = brokers.requests[-1][1]
        assert isinstance(request, IncrementalAlterConfigsRequest)
        assert [(c.name, c.config_operation, c.value) for c in request.resources[0].configs] == [
            ("a", 0, "1"),
            ("b", 1, None),
        ]
        await admin.alter_configs(BROKER, {"2": {"a": "1"}})
        assert brokers.requests[-1][0] == 2


async def test_offsets_are_listed_each_with_its_error(brokers: FakeCluster) -> None:
    partitions = brokers.create("t", [1, 2])
    partitions[0].start = 5
    async with Cluster(brokers.bootstrap, network=brokers.network) as cluster, Admin(cluster) as admin:
        listed = await admin.list_offsets({("t", 0): "earliest", ("t", 1): "latest", ("t", 9): "latest"})
    assert listed["t", 0] == ListedOffset(5)
    assert listed["t", 1] == ListedOffset(0)
    assert isinstance(listed["t", 9], BrokerError)


async def test_a_client_of_its_own_opens_and_closes_its_cluster(brokers: FakeCluster) -> None:
    admin = Admin("127.0.0.1:1", timeout=5.0)
    assert admin.cluster.request_timeout == 5.0
    async with admin:
        pass

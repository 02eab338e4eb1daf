"""CreateTopics, DeleteTopics and CreatePartitions."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from barnabas.metadata.records import NO_LEADER
from barnabas.metadata.topic_configs import ConfigSource
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.create_partitions import CreatePartitionsRequest
from barnabas.protocol.messages.create_topics import CreateTopicsRequest
from barnabas.protocol.messages.delete_topics import DeleteTopicsRequest
from controller_harness import ControllerHarness, directory

Topic = CreateTopicsRequest.CreatableTopic
Config = CreateTopicsRequest.CreatableTopicConfig


@pytest.fixture
def cluster() -> ControllerHarness:
    harness = ControllerHarness(num_partitions=4, default_replication_factor=2)
    harness.start(1, 2, 3)
    return harness


def assigned(name: str, *replicas: list[int], **fields: Any) -> Topic:
    fields.setdefault("num_partitions", -1)
    fields.setdefault("replication_factor", -1)
    return Topic(
        name=name,
        assignments=[
            CreateTopicsRequest.CreatableReplicaAssignment(partition_index=index, broker_ids=ids)
            for index, ids in enumerate(replicas)
        ],
        **fields,
    )


def create(cluster: ControllerHarness, *topics: Topic, **fields: Any) -> list[tuple[str, ErrorCode, str | None]]:
    response = cluster.request(CreateTopicsRequest(topics=topics, **fields))
    return [(result.name, ErrorCode(result.error_code), result.error_message) for result in response.topics]


def refusal(cluster: ControllerHarness, topic: Topic) -> tuple[ErrorCode, str | None]:
    before = len(cluster.log.records)
    (result,) = create(cluster, topic)
    assert len(cluster.log.records) == before
    return result[1:]


def test_a_topic_is_created_as_asked_for(cluster: ControllerHarness) -> None:
    topic = Topic(name="t", num_partitions=6, replication_factor=3, configs=[Config(name="retention.ms", value="5")])
    result = cluster.request(CreateTopicsRequest(topics=[topic])).topics[0]
    assert (result.error_code, result.num_partitions, result.replication_factor) == (0, 6, 3)
    created = cluster.topic("t")
    assert created.id == result.topic_id != bytes(16)
    assert dict(cluster.image.configs.of_topic("t")) == {"retention.ms": "5"}
    for partition in created:
        assert partition.isr == partition.replicas
        assert partition.leader == partition.replicas[0]
        assert partition.directories == tuple(directory(broker_id) for broker_id in partition.replicas)
        assert (partition.leader_epoch, partition.partition_epoch) == (0, 0)
    assert Counter(partition.leader for partition in created) == {1: 2, 2: 2, 3: 2}
    cluster.check()


def test_the_response_describes_the_whole_configuration(cluster: ControllerHarness) -> None:
    result = cluster.create("t", [1], retention_ms="5").topics[0]
    configs = {config.name: (config.value, config.config_source) for config in result.configs}
    assert len(configs) == 33
    assert [config.name for config in result.configs] == sorted(configs)
    assert configs["retention.ms"] == ("5", ConfigSource.DYNAMIC_TOPIC_CONFIG)
    assert configs["retention.bytes"] == ("-1", ConfigSource.DEFAULT_CONFIG)
    assert configs["min.insync.replicas"] == ("1", ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG)


def test_minus_one_takes_the_controllers_configuration(cluster: ControllerHarness) -> None:
    create(cluster, Topic(name="t", num_partitions=-1, replication_factor=-1))
    assert len(cluster.topic("t")) == 4
    assert len(cluster.partition("t").replicas) == 2


def test_validate_only_creates_nothing(cluster: ControllerHarness) -> None:
    before = len(cluster.log.records)
    topic = Topic(name="t", num_partitions=1, replication_factor=1)
    assert create(cluster, topic, validate_only=True) == [("t", ErrorCode.NONE, None)]
    assert len(cluster.log.records) == before


def test_replicas_may_be_given(cluster: ControllerHarness) -> None:
    assert create(cluster, assigned("t", [3, 1], [2, 3])) == [("t", ErrorCode.NONE, None)]
    assert [partition.replicas for partition in cluster.topic("t")] == [(3, 1), (2, 3)]


def test_a_fenced_replica_is_not_in_sync_at_first(cluster: ControllerHarness) -> None:
    cluster.kill(1)
    create(cluster, assigned("t", [1, 2]))
    assert (cluster.partition().isr, cluster.partition().leader) == ((2,), 2)


@pytest.mark.parametrize(
    ("topic", "code", "message"),
    [
        (Topic(name="", num_partitions=1, replication_factor=1), ErrorCode.INVALID_TOPIC_EXCEPTION, "the empty string"),
        (
            Topic(name="a/b", num_partitions=1, replication_factor=1),
            ErrorCode.INVALID_TOPIC_EXCEPTION,
            "'a/b' contains",
        ),
        (
            Topic(name="__cluster_metadata", num_partitions=1, replication_factor=1),
            ErrorCode.INVALID_REQUEST,
            "Creation of internal topic __cluster_metadata is prohibited.",
        ),
        (
            Topic(name="t", num_partitions=0, replication_factor=1),
            ErrorCode.INVALID_PARTITIONS,
            "Number of partitions was set to an invalid non-positive value.",
        ),
        (
            Topic(name="t", num_partitions=1, replication_factor=0),
            ErrorCode.INVALID_REPLICATION_FACTOR,
            "Replication factor must be larger than 0, or -1 to use the default value.",
        ),
        (
            Topic(name="t", num_partitions=1, replication_factor=4),
            ErrorCode.INVALID_REPLICATION_FACTOR,
            "Unable to replicate the partition 4 time(s): The target replication factor of 4 cannot be reached because "
            "only 3 broker(s) are registered.",
        ),
        (
            Topic(name="t", num_partitions=20_000, replication_factor=1),
            ErrorCode.POLICY_VIOLATION,
            "Unable to perform excessively large batch operation.",
        ),
        (
            Topic(name="t", num_partitions=1, replication_factor=1, configs=[Config(name="retention.ms", value=None)]),
            ErrorCode.INVALID_CONFIG,
            "Null value not supported for topic configs: retention.ms",
        ),
        (
            Topic(name="t", num_partitions=1, replication_factor=1, configs=[Config(name="x", value="1")]),
            ErrorCode.INVALID_CONFIG,
            "Unknown topic config name: x",
        ),
        (
            assigned("t", [1], num_partitions=1),
            ErrorCode.INVALID_REQUEST,
            "A manual partition assignment was specified, but numPartitions was not set to -1.",
        ),
        (
            assigned("t", [1], replication_factor=1),
            ErrorCode.INVALID_REQUEST,
            "A manual partition assignment was specified, but replication factor was not set to -1.",
        ),
        (assigned("t", []), ErrorCode.INVALID_REPLICA_ASSIGNMENT, "includes an empty replica list."),
        (assigned("t", [1, 1]), ErrorCode.INVALID_REPLICA_ASSIGNMENT, "includes the broker 1 more than once."),
        (
            assigned("t", [9]),
            ErrorCode.INVALID_REPLICA_ASSIGNMENT,
            "includes broker 9, but no such broker is registered.",
        ),
        (assigned("t", [1], [1, 2]), ErrorCode.INVALID_REPLICA_ASSIGNMENT, "which have 1 replica(s)."),
    ],
)
def test_what_is_refused(cluster: ControllerHarness, topic: Topic, code: ErrorCode, message: str) -> None:
    refused, text = refusal(cluster, topic)
    assert refused == code
    assert message in str(text)


def test_partitions_must_be_numbered_without_gaps_or_repetition(cluster: ControllerHarness) -> None:
    gap = assigned("t", [1], [1])
    gap.assignments[1].partition_index = 2
    assert refusal(cluster, gap)[1] == "partitions should be a consecutive 0-based integer sequence"
    gap.assignments[1].partition_index = 0
    assert refusal(cluster, gap)[1] == "Found multiple manual partition assignments for partition 0"


def test_a_name_exists_once(cluster: ControllerHarness) -> None:
    cluster.create("t", [1])
    assert refusal(cluster, assigned("t", [1])) == (ErrorCode.TOPIC_ALREADY_EXISTS, "Topic 't' already exists.")


def test_names_collide_with_existing_topics_only(cluster: ControllerHarness) -> None:
    created = create(cluster, assigned("a.b", [1]), assigned("a_b", [1]))
    assert [code for _, code, _ in created] == [ErrorCode.NONE, ErrorCode.NONE]
    cluster.create("c.d", [1])
    assert refusal(cluster, assigned("c_d", [1])) == (
        ErrorCode.INVALID_TOPIC_EXCEPTION,
        "Topic 'c_d' collides with existing topic: c.d",
    )


def test_a_name_twice_in_a_request_fails_that_name_alone(cluster: ControllerHarness) -> None:
    assert create(cluster, assigned("a", [1]), assigned("b", [1]), assigned("a", [2])) == [
        ("b", ErrorCode.NONE, None),
        ("a", ErrorCode.INVALID_REQUEST, "Duplicate topic name."),
    ]


def test_nothing_can_be_created_while_every_broker_is_away(cluster: ControllerHarness) -> None:
    cluster.kill(1, 2, 3)
    code, message = refusal(cluster, Topic(name="t", num_partitions=1, replication_factor=1))
    assert (code, message) == (
        ErrorCode.INVALID_REPLICATION_FACTOR,
        "Unable to replicate the partition 1 time(s): All brokers are currently fenced.",
    )
    code, message = refusal(cluster, assigned("t", [1, 2]))
    assert code == ErrorCode.INVALID_REPLICA_ASSIGNMENT
    assert "are fenced or in controlled shutdown" in str(message)


def test_too_many_records_are_refused_as_a_whole(cluster: ControllerHarness) -> None:
    topics = [Topic(name=f"t{number}", num_partitions=4000, replication_factor=1) for number in range(3)]
    with pytest.raises(WireError) as raised:
        create(cluster, *topics)
    assert raised.value.code == ErrorCode.POLICY_VIOLATION
    assert not cluster.image.topics


# -- DeleteTopics -----------------------------------------------------------------------------------------------------


def delete(cluster: ControllerHarness, *topics: str | bytes | tuple[str | None, bytes]) -> list[tuple[Any, ErrorCode]]:
    wanted = []
    for topic in topics:
        name, topic_id = topic if isinstance(topic, tuple) else (None, bytes(16))
        if isinstance(topic, str):
            name = topic
        if isinstance(topic, bytes):
            topic_id = topic
        wanted.append(DeleteTopicsRequest.DeleteTopicState(name=name, topic_id=topic_id))
    response = cluster.request(DeleteTopicsRequest(topics=wanted))
    return [(result.name, ErrorCode(result.error_code)) for result in response.responses]


def test_topics_are_deleted_by_name_and_by_id(cluster: ControllerHarness) -> None:
    for name in "abc":
        cluster.create(name, [1])
    assert delete(cluster, "a", cluster.topic("b").id) == [("b", ErrorCode.NONE), ("a", ErrorCode.NONE)]
    assert [topic.name for topic in cluster.image.topics] == ["c"]
    older = cluster.request(DeleteTopicsRequest(topic_names=["c"]), 5)
    assert older.responses[0].error_code == ErrorCode.NONE
    assert not cluster.image.topics
    cluster.check()


def test_a_deletion_that_is_not_clear_is_refused(cluster: ControllerHarness) -> None:
    cluster.create("t", [1])
    topic_id = cluster.topic("t").id
    assert delete(cluster, (None, bytes(16))) == [(None, ErrorCode.INVALID_REQUEST)]
    assert delete(cluster, ("t", topic_id)) == [("t", ErrorCode.INVALID_REQUEST)]
    assert delete(cluster, "t", "t") == [("t", ErrorCode.INVALID_REQUEST)]
    assert delete(cluster, topic_id, topic_id) == [(None, ErrorCode.INVALID_REQUEST)]
    assert delete(cluster, "t", topic_id) == [("t", ErrorCode.INVALID_REQUEST)]
    assert delete(cluster, "u", bytes(15) + b"u") == [
        (None, ErrorCode.UNKNOWN_TOPIC_ID),
        ("u", ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
    ]
    assert len(cluster.image.topics) == 1


@pytest.mark.parametrize(("version", "code"), [(2, ErrorCode.INVALID_REQUEST), (3, ErrorCode.TOPIC_DELETION_DISABLED)])
def test_deletion_may_be_disabled(version: int, code: ErrorCode) -> None:
    cluster = ControllerHarness(delete_topic_enable=False)
    with pytest.raises(WireError) as raised:
        cluster.request(DeleteTopicsRequest(topic_names=["t"]), version)
    assert raised.value.code == code


# -- CreatePartitions -------------------------------------------------------------------------------------------------


def grow(cluster: ControllerHarness, name: str, count: int, *assignments: list[int]) -> tuple[ErrorCode, str | None]:
    topic = CreatePartitionsRequest.CreatePartitionsTopic(
        name=name,
        count=count,
        assignments=[CreatePartitionsRequest.CreatePartitionsAssignment(broker_ids=ids) for ids in assignments] or None,
    )
    result = cluster.request(CreatePartitionsRequest(topics=[topic])).results[0]
    return ErrorCode(result.error_code), result.error_message


def test_a_topic_grows_at_its_replication_factor(cluster: ControllerHarness) -> None:
    cluster.create("t", [1, 2])
    assert grow(cluster, "t", 4) == (ErrorCode.NONE, None)
    assert [len(partition.replicas) for partition in cluster.topic("t")] == [2, 2, 2, 2]
    assert grow(cluster, "t", 5, [3, 1]) == (ErrorCode.NONE, None)
    assert cluster.partition("t", 4).replicas == (3, 1)
    cluster.check()


@pytest.mark.parametrize(
    ("count", "assignments", "code", "message"),
    [
        (2, [], ErrorCode.INVALID_PARTITIONS, "Topic already has 2 partition(s)."),
        (
            1,
            [],
            ErrorCode.INVALID_PARTITIONS,
            "The topic t currently has 2 partition(s); 1 would not be an increase.",
        ),
        (
            4,
            [[1, 2]],
            ErrorCode.INVALID_REPLICA_ASSIGNMENT,
            "Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified.",
        ),
        (
            3,
            [[1]],
            ErrorCode.INVALID_REPLICA_ASSIGNMENT,
            "The manual partition assignment includes a partition with 1 replica(s), but this is not consistent with "
            "previous partitions, which have 2 replica(s).",
        ),
        (200_000, [], ErrorCode.POLICY_VIOLATION, "Unable to perform excessively large batch operation."),
    ],
)
def test_growth_that_is_refused(
    cluster: ControllerHarness, count: int, assignments: list[list[int]], code: ErrorCode, message: str
) -> None:
    cluster.create("t", [1, 2], [2, 3])
    assert grow(cluster, "t", count, *assignments) == (code, message)
    assert len(cluster.topic("t")) == 2


def test_growth_of_unknown_and_doubled_topics_is_refused(cluster: ControllerHarness) -> None:
    assert grow(cluster, "t", 4)[0] == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    cluster.create("t", [1])
    cluster.create("u", [1])
    Wanted = CreatePartitionsRequest.CreatePartitionsTopic
    request = CreatePartitionsRequest(topics=[Wanted(name=name, count=2, assignments=None) for name in ("t", "u", "t")])
    response = cluster.request(request)
    assert [(result.name, result.error_code) for result in response.results] == [
        ("t", ErrorCode.INVALID_REQUEST),
        ("u", ErrorCode.NONE),
    ]


def test_growth_may_be_validated_only(cluster: ControllerHarness) -> None:
    cluster.create("t", [1])
    Wanted = CreatePartitionsRequest.CreatePartitionsTopic
    request = CreatePartitionsRequest(topics=[Wanted(name="t", count=3, assignments=None)], validate_only=True)
    assert cluster.request(request).results[0].error_code == ErrorCode.NONE
    assert len(cluster.topic("t")) == 1
    assert cluster.partition("t").leader != NO_LEADER

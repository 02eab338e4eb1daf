"""What Metadata, DescribeTopicPartitions and DescribeCluster say about an image of the cluster."""

from __future__ import annotations

import random
from typing import Any, cast

import pytest

from barnabas.broker.handlers.describe_cluster import DescribeClusterHandler
from barnabas.broker.handlers.describe_topic_partitions import DescribeTopicPartitionsHandler
from barnabas.broker.handlers.metadata import MetadataHandler
from barnabas.broker.metadata_cache import MetadataCache
from barnabas.metadata.delta import MetadataDelta
from barnabas.metadata.records import (
    BrokerRegistrationChangeRecord,
    Endpoint,
    FencingChange,
    MetadataRecord,
    PartitionChangeRecord,
    PartitionRecord,
    RegisterBrokerRecord,
    TopicRecord,
)
from barnabas.protocol import codec
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.describe_cluster import DescribeClusterRequest
from barnabas.protocol.messages.describe_topic_partitions import DescribeTopicPartitionsRequest
from barnabas.protocol.messages.metadata import MetadataRequest, MetadataResponse

TOPIC_A, TOPIC_B = b"a" * 16, b"b" * 16
DIRS = {broker_id: bytes([broker_id]) * 16 for broker_id in (1, 2, 3)}
NONE_ASKED = -(2**31)


class FakeConnection:
    def __init__(self, listener: str) -> None:
        self.listener = listener
        self.peer = "127.0.0.1:5000"


class FakeRequest:
    """As much of a `Request` as handlers of metadata touch."""

    def __init__(self, body: Any, version: int, listener: str) -> None:
        self.body, self.version = body, version
        self.connection = FakeConnection(listener)
        self.answer: Any = None

    def reply(self, message: Any) -> None:
        self.answer = message


def broker(
    broker_id: int, *, fenced: bool = False, listeners: tuple[str, ...] = ("PLAINTEXT",)
) -> RegisterBrokerRecord:
    return RegisterBrokerRecord(
        broker_id=broker_id,
        broker_epoch=broker_id,
        incarnation_id=bytes(16),
        endpoints=tuple(Endpoint(name=name, host=f"host{broker_id}", port=9092) for name in listeners),
        rack=f"rack{broker_id}",
        fenced=fenced,
        log_dirs=(DIRS[broker_id],),
    )


def partition(topic_id: bytes, index: int, replicas: tuple[int, ...], leader: int, **more: Any) -> PartitionRecord:
    return PartitionRecord(
        partition_id=index,
        topic_id=topic_id,
        replicas=replicas,
        isr=more.pop("isr", replicas),
        leader=leader,
        leader_epoch=4,
        partition_epoch=9,
        directories=tuple(DIRS[replica] for replica in replicas),
        **more,
    )


class Cluster:
    """A cache fed with records, and the handlers on it."""

    def __init__(self, *records: MetadataRecord) -> None:
        self.cache = MetadataCache()
        self.offset = 0
        self.lost_leaders: frozenset[int] = frozenset()
        self.handler = MetadataHandler(self.cache, "cluster", random.Random(1), None, lambda: self.lost_leaders)
        self.replay(*records)

    def replay(self, *records: MetadataRecord) -> None:
        delta = MetadataDelta(self.cache.image)
        for record in records:
            delta.replay(record)
        self.offset += len(records)
        self.cache.publish(delta.apply(self.offset, 1), delta)

    def ask(self, version: int, listener: str = "PLAINTEXT", **fields: Any) -> MetadataResponse:
        """The answer after it went over the wire, so that it is legal in this version."""
        body = MetadataRequest(**fields)
        request = FakeRequest(body, version, listener)
        self.handler.handle(cast("Any", request))
        encoded = codec.encode(request.answer, version)
        return codec.decode(MetadataResponse, version, encoded)[0]

    def topics(self, *names: str, version: int = 13, **fields: Any) -> list[MetadataResponse.MetadataResponseTopic]:
        asked = [MetadataRequest.MetadataRequestTopic(name=name) for name in names]
        return self.ask(version, topics=asked, **fields).topics


def three_brokers() -> Cluster:
    return Cluster(
        broker(1),
        broker(2),
        broker(3, fenced=True),
        TopicRecord(name="a", topic_id=TOPIC_A),
        partition(TOPIC_A, 0, (1, 2, 3), 1, isr=(1, 2), elr=(3,)),
        partition(TOPIC_A, 1, (2, 3, 1), 2),
        TopicRecord(name="b", topic_id=TOPIC_B),
        partition(TOPIC_B, 0, (3,), -1, isr=(3,)),
    )


def test_brokers_are_the_live_ones_with_rack_and_any_of_them_is_the_controller() -> None:
    answer = three_brokers().ask(13, topics=[])
    assert [(node.node_id, node.host, node.port, node.rack) for node in answer.brokers] == [
        (1, "host1", 9092, "rack1"),
        (2, "host2", 9092, "rack2"),
    ]
    assert answer.controller_id in (1, 2)
    assert answer.cluster_id == "cluster"


@pytest.mark.parametrize("version", range(14))
def test_every_version_answers_about_all_topics_and_about_one(version: int) -> None:
    cluster = three_brokers()
    everything = cluster.ask(version, topics=None if version else [])
    assert {topic.name for topic in everything.topics} == {"a", "b"}
    (one,) = cluster.topics("a", version=version)
    assert one.partitions[0].leader_id == 1
    assert one.partitions[0].leader_epoch == (4 if version >= 7 else -1)


def test_an_empty_list_is_no_topic_from_v1() -> None:
    assert three_brokers().ask(1, topics=[]).topics == []


def test_offline_replicas_are_fenced_and_lost_ones() -> None:
    cluster = three_brokers()
    (topic,) = cluster.topics("a")
    assert topic.partitions[0].offline_replicas == [3]
    assert topic.partitions[0].error_code == ErrorCode.NONE
    cluster.replay(
        BrokerRegistrationChangeRecord(broker_id=2, broker_epoch=2, log_dirs=(b"x" * 16,)),
    )
    (topic,) = cluster.topics("a")
    assert topic.partitions[0].offline_replicas == [2, 3]


def test_no_leader() -> None:
    (topic,) = three_brokers().topics("b")
    assert (topic.partitions[0].leader_id, topic.partitions[0].error_code) == (-1, ErrorCode.LEADER_NOT_AVAILABLE)


def test_a_leader_that_seems_to_have_died_is_not_named() -> None:
    """A client asks just after it has lost it: it is to ask again soon, and not to try that one for long."""
    cluster = three_brokers()
    cluster.lost_leaders = frozenset({1})
    for version in (0, 5, 13):
        first, second = cluster.topics("a", version=version)[0].partitions
        assert (first.leader_id, first.error_code) == (-1, ErrorCode.LEADER_NOT_AVAILABLE)
        assert second.leader_id == 2
    cluster.lost_leaders = frozenset()
    first = cluster.topics("a")[0].partitions[0]
    assert (first.leader_id, first.error_code) == (1, ErrorCode.NONE)


def test_a_leader_without_the_listener() -> None:
    cluster = Cluster(
        broker(1, listeners=("PLAINTEXT", "INTERNAL")),
        broker(2),
        TopicRecord(name="a", topic_id=TOPIC_A),
        partition(TOPIC_A, 0, (2,), 2),
    )
    asked = [MetadataRequest.MetadataRequestTopic(name="a")]
    old = cluster.ask(5, "INTERNAL", topics=asked).topics[0].partitions[0]
    new = cluster.ask(6, "INTERNAL", topics=asked).topics[0].partitions[0]
    assert (old.error_code, new.error_code) == (ErrorCode.LEADER_NOT_AVAILABLE, ErrorCode.LISTENER_NOT_FOUND)
    assert new.leader_id == -1
    assert new.offline_replicas == [2]
    assert [node.node_id for node in cluster.ask(6, "INTERNAL", topics=[]).brokers] == [1]


def test_v0_leaves_unreachable_replicas_out_with_an_error() -> None:
    (topic,) = three_brokers().topics("a", version=0)
    assert topic.partitions[0].replica_nodes == [1, 2]
    assert topic.partitions[0].error_code == ErrorCode.REPLICA_NOT_AVAILABLE


def test_missing_and_illegal_names() -> None:
    topics = three_brokers().topics("none", "no/slash", "none")
    assert [(topic.name, topic.error_code) for topic in topics] == [
        ("none", ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
        ("no/slash", ErrorCode.INVALID_TOPIC_EXCEPTION),
    ]


@pytest.mark.parametrize("version", [10, 11])
def test_ids_before_v12_are_refused_whole(version: int) -> None:
    for topic in (
        MetadataRequest.MetadataRequestTopic(name="a", topic_id=TOPIC_A),
        MetadataRequest.MetadataRequestTopic(name=None),
    ):
        answer = three_brokers().ask(version, topics=[topic, MetadataRequest.MetadataRequestTopic(name="b")])
        assert answer.brokers == []
        assert {topic.error_code for topic in answer.topics} == {ErrorCode.INVALID_REQUEST}


def test_the_id_wins_over_the_name_from_v12() -> None:
    asked = [
        MetadataRequest.MetadataRequestTopic(name="b", topic_id=TOPIC_A),
        MetadataRequest.MetadataRequestTopic(name=None, topic_id=b"z" * 16),
    ]
    known, unknown = three_brokers().ask(12, topics=asked).topics
    assert (known.name, known.topic_id) == ("a", TOPIC_A)
    assert (unknown.name, unknown.topic_id, unknown.error_code) == (None, b"z" * 16, ErrorCode.UNKNOWN_TOPIC_ID)


def test_authorized_operations_only_when_asked() -> None:
    cluster = three_brokers()
    (silent,) = cluster.topics("a", version=10)
    (asked,) = cluster.topics("a", version=10, include_topic_authorized_operations=True)
    assert (silent.topic_authorized_operations, asked.topic_authorized_operations) == (NONE_ASKED, 3576)
    answer = cluster.ask(10, topics=[], include_cluster_authorized_operations=True)
    assert answer.cluster_authorized_operations == 8096
    assert cluster.ask(10, topics=[]).cluster_authorized_operations == NONE_ASKED


def test_kept_answers_follow_the_image() -> None:
    cluster = three_brokers()
    (before,) = cluster.topics("a")
    cluster.replay(PartitionChangeRecord(partition_id=0, topic_id=TOPIC_A, leader=2, isr=(2,)))
    (after,) = cluster.topics("a")
    assert (before.partitions[0].leader_id, after.partitions[0].leader_id) == (1, 2)
    cluster.replay(BrokerRegistrationChangeRecord(broker_id=3, broker_epoch=3, fenced=FencingChange.UNFENCE))
    (unfenced,) = cluster.topics("a")
    assert unfenced.partitions[0].offline_replicas == []


def describe(cluster: Cluster, **fields: Any) -> Any:
    handler = DescribeTopicPartitionsHandler(cluster.cache, max_partitions=2000)
    return handler.answer(DescribeTopicPartitionsRequest(**fields), "PLAINTEXT")


def test_describe_topic_partitions_pages_by_partitions() -> None:
    cluster = three_brokers()
    first = describe(cluster, response_partition_limit=1)
    assert [(topic.name, [p.partition_index for p in topic.partitions]) for topic in first.topics] == [("a", [0])]
    assert (first.next_cursor.topic_name, first.next_cursor.partition_index) == ("a", 1)
    assert first.topics[0].partitions[0].eligible_leader_replicas == [3]
    assert first.topics[0].topic_authorized_operations == 3576
    cursor = DescribeTopicPartitionsRequest.Cursor(topic_name="a", partition_index=1)
    second = describe(cluster, cursor=cursor, response_partition_limit=1)
    assert [(topic.name, [p.partition_index for p in topic.partitions]) for topic in second.topics] == [("a", [1])]
    assert (second.next_cursor.topic_name, second.next_cursor.partition_index) == ("b", 0)
    cursor = DescribeTopicPartitionsRequest.Cursor(topic_name="b", partition_index=0)
    assert describe(cluster, cursor=cursor, response_partition_limit=1).next_cursor is None


@pytest.mark.parametrize("limit", [0, -5])
def test_describe_topic_partitions_with_no_limit_gives_one_partition(limit: int) -> None:
    answer = describe(three_brokers(), response_partition_limit=limit)
    assert sum(len(topic.partitions) for topic in answer.topics) == 1


def test_describe_topic_partitions_sorts_and_names_what_is_missing() -> None:
    asked = [DescribeTopicPartitionsRequest.TopicRequest(name=name) for name in ("b", "?", "a")]
    answer = describe(three_brokers(), topics=asked)
    assert [(topic.name, topic.error_code) for topic in answer.topics] == [
        ("?", ErrorCode.INVALID_TOPIC_EXCEPTION),
        ("a", ErrorCode.NONE),
        ("b", ErrorCode.NONE),
    ]


def test_describe_topic_partitions_refuses_a_cursor_outside_the_list() -> None:
    asked = [DescribeTopicPartitionsRequest.TopicRequest(name="a")]
    for cursor in (
        DescribeTopicPartitionsRequest.Cursor(topic_name="b", partition_index=0),
        DescribeTopicPartitionsRequest.Cursor(topic_name="a", partition_index=-1),
    ):
        answer = describe(three_brokers(), topics=asked, cursor=cursor)
        assert [topic.error_code for topic in answer.topics] == [ErrorCode.INVALID_REQUEST]


def test_describe_cluster() -> None:
    handler = DescribeClusterHandler(three_brokers().cache, "cluster", random.Random(1))
    answer = handler.answer(DescribeClusterRequest(), 2, "PLAINTEXT")
    assert [node.broker_id for node in answer.brokers] == [1, 2]
    assert answer.controller_id in (1, 2)
    assert answer.cluster_authorized_operations == NONE_ASKED
    fenced = handler.answer(DescribeClusterRequest(include_fenced_brokers=True), 2, "PLAINTEXT")
    assert [(node.broker_id, node.is_fenced) for node in fenced.brokers] == [(1, False), (2, False), (3, True)]


@pytest.mark.parametrize(
    ("endpoint_type", "error"),
    [(2, ErrorCode.MISMATCHED_ENDPOINT_TYPE), (7, ErrorCode.UNSUPPORTED_ENDPOINT_TYPE)],
)
def test_describe_cluster_of_another_kind_of_endpoint(endpoint_type: int, error: ErrorCode) -> None:
    handler = DescribeClusterHandler(three_brokers().cache, "cluster", random.Random(1))
    answer = handler.answer(DescribeClusterRequest(endpoint_type=endpoint_type), 1, "PLAINTEXT")
    assert (answer.error_code, answer.brokers) == (error, [])

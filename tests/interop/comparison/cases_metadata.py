"""Metadata, DescribeTopicPartitions, DescribeCluster."""

from __future__ import annotations

from comparison.build import UNKNOWN_ID, metadata
from comparison.case import case
from comparison.talk import Talk, Topic

from barnabas.protocol.messages.describe_cluster import DescribeClusterRequest
from barnabas.protocol.messages.describe_topic_partitions import DescribeTopicPartitionsRequest
from barnabas.protocol.messages.metadata import MetadataRequest

NO_CREATION, OPERATIONS, IDS_IN_ANSWERS, IDS, NEWEST = 4, 8, 10, 12, 13
MetadataTopic = MetadataRequest.MetadataRequestTopic
PLACEMENT = ("leader_id", "replica_nodes", "isr_nodes")


@case(*range(14))
def one_topic(talk: Talk, version: int) -> None:
    topic = talk.create(partitions=2, replicas=[2, 1, 3])
    talk.ask(named(version, topic.name), version)


def named(version: int, *names: str) -> MetadataRequest:
    """Topics by name, without creation where the version can say so."""
    return metadata(*names) if version >= NO_CREATION else metadata(*names, allow_auto_topic_creation=True)


@case(0, 1, 4, 9, NEWEST)
def no_topics(talk: Talk, version: int) -> None:
    request = metadata() if version else MetadataRequest(topics=[metadata("a b").topics[0]])  # type: ignore[index]
    if version < NO_CREATION:
        request.allow_auto_topic_creation = True
    talk.ask(request, version)


@case(0, 1, 4, 9, 10, NEWEST)
def all_topics(talk: Talk, version: int) -> None:
    name = talk.create().name
    request = MetadataRequest(topics=None if version else [])
    answer = talk.quietly(request, version)
    talk.note("the topic is there", [topic.error_code for topic in answer.topics if topic.name == name])
    talk.note("brokers", sorted(broker.node_id for broker in answer.brokers))


@case(4, 5, 9, 10, 11, 12, NEWEST)
def unknown_topic(talk: Talk, version: int) -> None:
    talk.ask(metadata(talk.name()), version)


@case(4, 9, NEWEST)
def invalid_names(talk: Talk, version: int) -> None:
    for name in ("", ".", "..", "a b", "x" * 249, "x" * 250, "ä", "a/b", "__cluster_metadata", "__consumer_offsets_"):
        talk.ask(metadata(name), version)


@case(1, 4, 9, NEWEST)
def invalid_names_with_creation(talk: Talk, version: int) -> None:
    for name in ("", ".", "..", "a b", "x" * 250, "a/b"):
        talk.ask(metadata(name, allow_auto_topic_creation=True), version)


@case(0, 1, 4, 9, NEWEST, difference="Topics that a question creates")
def creation(talk: Talk, version: int) -> None:
    talk.ask(metadata(talk.name(), allow_auto_topic_creation=True), version)
    talk.wait_for_topic(talk.name(), 2)
    talk.ask(named(version, talk.name()), version, blur=PLACEMENT)


@case(NEWEST)
def creation_of_colliding_names(talk: Talk, version: int) -> None:
    talk.create(".x")
    talk.ask(metadata(talk.name("_x"), allow_auto_topic_creation=True), version)


@case(4, 9, NEWEST)
def one_topic_twice(talk: Talk, version: int) -> None:
    topic = talk.create()
    talk.ask(metadata(topic.name, topic.name), version)
    talk.ask(metadata(talk.name("no"), talk.name("no")), version)


@case(9, NEWEST)
def known_and_unknown(talk: Talk, version: int) -> None:
    first, second = talk.create("1"), talk.create("2")
    talk.ask(metadata(talk.name("0"), second.name, "a b", first.name), version)


@case(10, 11, IDS, NEWEST)
def ids(talk: Talk, version: int) -> None:
    topic = talk.create()
    for name, topic_id in (
        (None, topic.id),
        ("", topic.id),
        (topic.name, topic.id),
        (topic.name, UNKNOWN_ID),
        (None, UNKNOWN_ID),
        ("", bytes(16)),
    ):
        talk.ask(MetadataRequest(topics=[MetadataTopic(name=name, topic_id=topic_id)]), version)


@case(10)
def neither_id_nor_name(talk: Talk, version: int) -> None:
    talk.ask(MetadataRequest(topics=[MetadataTopic(name=None)]), version)


@case(IDS, NEWEST, difference="UNKNOWN_SERVER_ERROR")
def neither_id_nor_name_in_new_versions(talk: Talk, version: int) -> None:
    talk.ask(MetadataRequest(topics=[MetadataTopic(name=None)]), version)


@case(IDS, NEWEST)
def ids_and_names_mixed(talk: Talk, version: int) -> None:
    first, second = talk.create("1"), talk.create("2")
    topics = [MetadataTopic(name=first.name), MetadataTopic(name=None, topic_id=second.id)]
    talk.ask(MetadataRequest(topics=topics), version)
    topics = [MetadataTopic(name=None, topic_id=second.id), MetadataTopic(name=None, topic_id=second.id)]
    talk.ask(MetadataRequest(topics=topics), version)


@case(8, 10, 11, NEWEST)
def authorized_operations(talk: Talk, version: int) -> None:
    topic = talk.create()
    cluster = {"include_cluster_authorized_operations": True} if version <= 10 else {}
    talk.ask(metadata(topic.name, talk.name("no"), include_topic_authorized_operations=True, **cluster), version)


@case(NEWEST)
def deleted(talk: Talk, version: int) -> None:
    topic = talk.create()
    delete(talk, topic)
    talk.ask(metadata(topic.name), version)
    talk.ask(MetadataRequest(topics=[MetadataTopic(name=None, topic_id=topic.id)]), version)


def delete(talk: Talk, topic: Topic) -> None:
    from barnabas.protocol.messages.delete_topics import DeleteTopicsRequest

    talk.quietly(DeleteTopicsRequest(topic_names=[topic.name], timeout_ms=10_000), 5)
    talk.wait_for_topic(topic.name, gone=True)


# DescribeTopicPartitions

Described = DescribeTopicPartitionsRequest


def described(*names: str, limit: int = 2000, cursor: tuple[str, int] | None = None) -> DescribeTopicPartitionsRequest:
    at = None if cursor is None else Described.Cursor(topic_name=cursor[0], partition_index=cursor[1])
    return Described(
        topics=[Described.TopicRequest(name=name) for name in names], response_partition_limit=limit, cursor=at
    )


@case(0)
def partitions(talk: Talk, version: int) -> None:
    topic = talk.create(partitions=3, replicas=[3, 1])
    talk.ask(described(topic.name), version)


@case(0)
def partitions_of_unknown_topics(talk: Talk, version: int) -> None:
    for name in (talk.name(), "a b", "__cluster_metadata"):
        talk.ask(described(name), version)


@case(0, difference="UNKNOWN_SERVER_ERROR")
def partitions_of_an_empty_name(talk: Talk, version: int) -> None:
    talk.ask(described(""), version)


@case(0)
def partitions_within_a_limit(talk: Talk, version: int) -> None:
    first, second = talk.create("1", partitions=3), talk.create("2", partitions=2)
    for limit in (1, 3, 4, 5, 6, 0, -1, 0x7FFFFFFF, -0x80000000):
        talk.ask(described(first.name, second.name, limit=limit), version)


@case(0)
def partitions_from_a_cursor(talk: Talk, version: int) -> None:
    first, second = talk.create("1", partitions=3), talk.create("2", partitions=2)
    for name in (first.name, second.name, talk.name("0"), talk.name("3"), ""):
        for index in (0, 1, 2, 3, 99):
            talk.ask(described(first.name, second.name, cursor=(name, index)), version)


@case(0)
def partitions_from_a_cursor_within_a_limit(talk: Talk, version: int) -> None:
    first, second = talk.create("1", partitions=3), talk.create("2", partitions=2)
    for index in (1, 2):
        for limit in (1, 2, 3):
            talk.ask(described(first.name, second.name, cursor=(first.name, index), limit=limit), version)


@case(0)
def partitions_from_a_bad_cursor(talk: Talk, version: int) -> None:
    topic = talk.create()
    talk.ask(described(topic.name, cursor=(topic.name, -1)), version)
    talk.ask(described(topic.name, cursor=(talk.name("9"), -1)), version)
    talk.ask(described(cursor=(topic.name, -1)), version)


@case(0)
def partitions_of_topics_out_of_order_or_twice(talk: Talk, version: int) -> None:
    first, second = talk.create("1"), talk.create("2")
    talk.ask(described(second.name, first.name, talk.name("0"), second.name, limit=1), version)
    talk.ask(described(second.name, first.name, talk.name("0"), second.name), version)


@case(0)
def partitions_of_all_topics(talk: Talk, version: int) -> None:
    topic = talk.create()
    answer = talk.quietly(described(), version)
    talk.note("found", [found.error_code for found in answer.topics if found.name == topic.name])
    names = [found.name for found in answer.topics]
    talk.note("in order", names == sorted(names))


@case(0)
def partitions_of_all_topics_from_a_cursor(talk: Talk, version: int) -> None:
    topic = talk.create(partitions=3)
    talk.ask(described(cursor=(topic.name, 1), limit=1), version)
    talk.ask(described(cursor=(topic.name + "!", 7), limit=1), version, blur=["topics", "next_cursor"])


# DescribeCluster


@case(0, 1, 2)
def cluster(talk: Talk, version: int) -> None:
    talk.ask(DescribeClusterRequest(), version)
    talk.ask(DescribeClusterRequest(include_cluster_authorized_operations=True), version)


@case(2)
def cluster_with_fenced_brokers(talk: Talk, version: int) -> None:
    talk.ask(DescribeClusterRequest(include_fenced_brokers=True), version)


@case(1, 2)
def cluster_of_other_endpoints(talk: Talk, version: int) -> None:
    for endpoint_type in (2, 0, 3, -1, 127):
        talk.ask(DescribeClusterRequest(endpoint_type=endpoint_type), version)

"""CreateTopics, DeleteTopics, CreatePartitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from comparison.build import UNKNOWN_ID, batch, metadata, produce
from comparison.case import case
from comparison.talk import Talk, Topic

from barnabas.protocol.messages.create_partitions import CreatePartitionsRequest
from barnabas.protocol.messages.create_topics import CreateTopicsRequest
from barnabas.protocol.messages.delete_topics import DeleteTopicsRequest

OLDEST, CONFIGS, NEWEST = 2, 5, 7
Creatable = CreateTopicsRequest.CreatableTopic
PLACEMENT = ("leader_id", "replica_nodes", "isr_nodes")


def creatable(
    name: str,
    partitions: int = 1,
    replication: int = 1,
    *,
    assignment: Mapping[int, Sequence[int]] | Sequence[tuple[int, Sequence[int]]] = (),
    configs: Mapping[str, str | None] | Sequence[tuple[str, str | None]] = (),
) -> Creatable:
    places = assignment.items() if isinstance(assignment, Mapping) else assignment
    settings = configs.items() if isinstance(configs, Mapping) else configs
    return Creatable(
        name=name,
        num_partitions=-1 if assignment and partitions == 1 else partitions,
        replication_factor=-1 if assignment and replication == 1 else replication,
        assignments=[
            CreateTopicsRequest.CreatableReplicaAssignment(partition_index=index, broker_ids=ids)
            for index, ids in places
        ],
        configs=[CreateTopicsRequest.CreatableTopicConfig(name=n, value=v) for n, v in settings],
    )


def create(talk: Talk, version: int, *topics: Creatable, validate_only: bool = False, timeout_ms: int = 10_000) -> Any:
    """Create, and say what came of it."""
    request = CreateTopicsRequest(topics=topics, validate_only=validate_only, timeout_ms=timeout_ms)
    return talk.ask(request, version)


def look(talk: Talk, name: str, partitions: int = 1) -> None:
    """Note what there is of the topic, once there is something."""
    talk.wait_for_topic(name, partitions)
    talk.ask(metadata(name), 12, blur=PLACEMENT)


@case(*range(2, 8))
def simple(talk: Talk, version: int) -> None:
    create(talk, version, creatable(talk.name(), 2, 3))
    look(talk, talk.name(), 2)


@case(2, 3, 4, 5, NEWEST)
def defaults(talk: Talk, version: int) -> None:
    create(talk, version, creatable(talk.name("1"), -1, -1), creatable(talk.name("2"), -1, 1))
    create(talk, version, creatable(talk.name("3"), 3, -1))
    look(talk, talk.name("1"))


@case(2, 5, NEWEST)
def numbers_out_of_range(talk: Talk, version: int) -> None:
    for partitions, replication in ((0, 1), (-2, 1), (1, 0), (1, -2), (1, 4), (1, 0x7FFF), (0, 0), (-1, 99)):
        create(talk, version, creatable(talk.name(), partitions, replication))


@case(NEWEST)
def more_partitions_than_one_request_may_make(talk: Talk, version: int) -> None:
    for partitions in (10_001, 0x7FFFFFFF):
        create(talk, version, creatable(talk.name(), partitions, 1), validate_only=True)


@case(2, 5, NEWEST)
def exists_already(talk: Talk, version: int) -> None:
    name = talk.create().name
    create(talk, version, creatable(name))
    create(talk, version, creatable(name), validate_only=True)
    create(talk, version, creatable(name, 0, 0, configs={"no.such": "1"}))


@case(2, NEWEST)
def names(talk: Talk, version: int) -> None:
    for name in ("", ".", "..", "a b", "x" * 250, "ä", "a/b", "a:b", "a\0", "__cluster_metadata"):
        create(talk, version, creatable(name))


@case(NEWEST)
def longest_name(talk: Talk, version: int) -> None:
    name = talk.name().ljust(249, "x")
    create(talk, version, creatable(name))
    talk.wait_for_topic(name)


@case(NEWEST)
def colliding_names(talk: Talk, version: int) -> None:
    talk.create(".x_y")
    for suffix in ("_x_y", ".x.y", "_x.y"):
        create(talk, version, creatable(talk.name(suffix)))
    create(talk, version, creatable(talk.name(".a")), creatable(talk.name("_a")))


@case(2, 5, NEWEST)
def a_name_twice(talk: Talk, version: int) -> None:
    create(talk, version, creatable(talk.name("1")), creatable(talk.name("2")), creatable(talk.name("1")))
    create(talk, version, creatable(""), creatable(""))


@case(2, NEWEST)
def nothing(talk: Talk, version: int) -> None:
    create(talk, version)


@case(2, 4, 5, NEWEST)
def validate_only(talk: Talk, version: int) -> None:
    create(talk, version, creatable(talk.name(), 2, 2, configs={"retention.ms": "5"}), validate_only=True)
    create(talk, version, creatable(talk.name(), assignment={0: [1]}), validate_only=True)
    talk.ask(metadata(talk.name()), 12)


@case(2, 5, NEWEST)
def assignment(talk: Talk, version: int) -> None:
    create(talk, version, creatable(talk.name(), assignment={0: [3, 1], 1: [2, 3]}))
    talk.wait_for_topic(talk.name(), 2)
    talk.ask(metadata(talk.name()), 12)


@case(NEWEST)
def assignment_out_of_order(talk: Talk, version: int) -> None:
    create(talk, version, creatable(talk.name(), assignment={1: [2, 3], 0: [3, 1]}))
    talk.wait_for_topic(talk.name(), 2)
    talk.ask(metadata(talk.name()), 12)


@case(2, NEWEST)
def bad_assignments(talk: Talk, version: int) -> None:
    bad: list[list[tuple[int, list[int]]]] = [
        [(0, [])],
        [(0, [9])],
        [(0, [1, 9])],
        [(0, [-1])],
        [(0, [1, 1])],
        [(1, [1])],
        [(-1, [1])],
        [(0, [1]), (2, [1])],
        [(0, [1]), (0, [2])],
        [(0, [1]), (1, [1, 2])],
        [(0, [1]), (1, [])],
    ]
    for assigned in bad:
        create(talk, version, creatable(talk.name(), assignment=assigned))


@case(2, NEWEST)
def assignment_and_numbers(talk: Talk, version: int) -> None:
    for partitions, replication in ((2, -1), (-1, 2), (2, 2), (0, -1), (-1, 0), (-2, -2)):
        topic = creatable(talk.name(), partitions, replication)
        topic.assignments = creatable("", assignment={0: [1]}).assignments
        create(talk, version, topic)


@case(2, CONFIGS, 6, NEWEST)
def configs(talk: Talk, version: int) -> None:
    create(talk, version, creatable(talk.name(), configs={"retention.ms": "100", "cleanup.policy": "compact"}))


@case(2, NEWEST)
def bad_configs(talk: Talk, version: int) -> None:
    for name, value in (
        ("no.such.config", "1"),
        ("", "1"),
        ("retention.ms", None),
        ("retention.ms", ""),
        ("retention.ms", "abc"),
        ("retention.ms", "-2"),
        ("retention.ms", "9223372036854775808"),
        ("segment.bytes", "1048575"),
        ("segment.bytes", "2147483648"),
        ("cleanup.policy", "shred"),
        ("cleanup.policy", "compact,compact"),
        ("compression.type", "brotli"),
        ("min.insync.replicas", "0"),
        ("min.cleanable.dirty.ratio", "1.1"),
        ("unclean.leader.election.enable", "yes"),
        ("message.timestamp.type", "logappendtime"),
        ("message.format.version", "3.0"),
        ("leader.replication.throttled.replicas", "x"),
        ("compression.gzip.level", "10"),
        ("compression.gzip.level", "0"),
        ("compression.lz4.level", "18"),
        ("compression.zstd.level", "23"),
        ("remote.storage.enable", "true"),
        ("local.retention.ms", "-3"),
        ("max.compaction.lag.ms", "0"),
        ("message.timestamp.difference.max.ms", "5"),
    ):
        create(talk, version, creatable(talk.name(), configs={name: value}), validate_only=True)


@case(NEWEST)
def good_configs(talk: Talk, version: int) -> None:
    for name, value in (
        ("cleanup.policy", ""),
        ("cleanup.policy", "delete,compact"),
        ("cleanup.policy", " compact , delete "),
        ("retention.ms", " 5 "),
        ("retention.ms", "-1"),
        ("min.insync.replicas", "3"),
        ("unclean.leader.election.enable", "TRUE"),
        ("compression.type", "zstd"),
        ("compression.gzip.level", "-1"),
        ("min.cleanable.dirty.ratio", "0"),
        ("min.cleanable.dirty.ratio", "5e-1"),
        ("leader.replication.throttled.replicas", "*"),
        ("leader.replication.throttled.replicas", "0:1,1:2"),
        ("follower.replication.throttled.replicas", ""),
        ("flush.messages", "1"),
        ("segment.bytes", "1048576"),
        ("message.timestamp.type", "LogAppendTime"),
    ):
        create(talk, version, creatable(talk.name(), configs={name: value}), validate_only=True)


@case(NEWEST)
def configs_that_contradict_each_other(talk: Talk, version: int) -> None:
    for settings in (
        {"min.compaction.lag.ms": "10", "max.compaction.lag.ms": "5"},
        {"local.retention.ms": "10", "retention.ms": "5"},
        {"local.retention.bytes": "10", "retention.bytes": "5"},
        {"remote.storage.enable": "false", "remote.log.delete.on.disable": "true"},
        {"segment.bytes": "1048576", "max.message.bytes": "2097152"},
    ):
        create(talk, version, creatable(talk.name(), configs=settings), validate_only=True)


@case(NEWEST)
def a_config_twice(talk: Talk, version: int) -> None:
    twice = [("retention.ms", "5"), ("retention.ms", "6")]
    create(talk, version, creatable(talk.name(), configs=twice), validate_only=True)
    create(talk, version, creatable(talk.name(), configs=list(reversed(twice))), validate_only=True)
    create(talk, version, creatable(talk.name(), configs=[*twice, ("retention.ms", None)]), validate_only=True)


@case(NEWEST)
def one_bad_topic_of_three(talk: Talk, version: int) -> None:
    create(talk, version, creatable(talk.name("1")), creatable(talk.name("2"), 0), creatable(talk.name("3")))
    look(talk, talk.name("3"))


@case(NEWEST)
def several_mistakes_in_one(talk: Talk, version: int) -> None:
    create(talk, version, creatable("a b", 0, 0))
    create(talk, version, creatable(talk.name(), 0, 0, configs={"no.such": "1"}))
    create(talk, version, creatable(talk.name(), 0, 0))
    create(talk, version, creatable(talk.name(), 2, 2, assignment={0: []}, configs={"retention.ms": "x"}))


@case(NEWEST)
def internal_topics(talk: Talk, version: int) -> None:
    """They may be made and deleted by hand, but not written to. Those that are in use here would be missed."""
    by_hand = "__share_group_state"
    for name in ("__consumer_offsets", "__transaction_state", by_hand):
        create(talk, version, creatable(name, assignment={0: [1]}))
        talk.wait_for_topic(name)
        talk.ask(metadata(name), 12, blur=() if name == by_hand else ("partitions",))
        talk.ask(produce(9, Topic(name, bytes(16)), batch(b"v")), 9)
        talk.ask(grow((name, 2, None), validate_only=True), 3)
    talk.ask(by_names(by_hand), 5)
    talk.wait_for_topic(by_hand, gone=True)


@case(2, NEWEST)
def timeouts(talk: Talk, version: int) -> None:
    for number, timeout_ms in enumerate((30_000, 0x7FFFFFFF)):
        create(talk, version, creatable(talk.name(str(number))), timeout_ms=timeout_ms, validate_only=True)


# DeleteTopics


def by_names(*names: str, timeout_ms: int = 10_000) -> DeleteTopicsRequest:
    return DeleteTopicsRequest(topic_names=names, timeout_ms=timeout_ms)


def by_both(*topics: tuple[str | None, bytes]) -> DeleteTopicsRequest:
    return DeleteTopicsRequest(
        topics=[DeleteTopicsRequest.DeleteTopicState(name=name, topic_id=id_) for name, id_ in topics],
        timeout_ms=10_000,
    )


@case(1, 2, 3, 4, 5)
def delete(talk: Talk, version: int) -> None:
    topic = talk.create()
    talk.ask(by_names(topic.name), version)
    talk.ask(by_names(topic.name), version)
    talk.wait_for_topic(topic.name, gone=True)
    talk.ask(metadata(topic.name), 12)


@case(6)
def delete_by_name_or_id(talk: Talk, version: int) -> None:
    first, second = talk.create("1"), talk.create("2")
    talk.ask(by_both((first.name, bytes(16)), (None, second.id)), version)
    talk.ask(by_both((first.name, bytes(16)), (None, second.id)), version)


@case(1, 3, 5)
def delete_unknown(talk: Talk, version: int) -> None:
    for name in (talk.name(), "", "a b", "x" * 250, "__cluster_metadata"):
        talk.ask(by_names(name), version)


@case(6)
def delete_unknown_by_id(talk: Talk, version: int) -> None:
    talk.ask(by_both((None, UNKNOWN_ID)), version)
    talk.ask(by_both((talk.name(), bytes(16))), version)
    talk.ask(by_both(("", bytes(16))), version)


@case(6)
def delete_by_both_or_neither(talk: Talk, version: int) -> None:
    topic = talk.create()
    for name, topic_id in ((topic.name, topic.id), (topic.name, UNKNOWN_ID), (None, bytes(16)), ("", topic.id)):
        talk.ask(by_both((name, topic_id)), version)
    talk.ask(by_both((topic.name, bytes(16)), (None, topic.id)), version)
    talk.ask(metadata(topic.name), 12)


@case(1, 5)
def delete_twice_in_one(talk: Talk, version: int) -> None:
    first, second = talk.create("1"), talk.create("2")
    talk.ask(by_names(first.name, second.name, first.name, talk.name("3"), talk.name("3")), version)
    talk.wait_for_topic(second.name, gone=True)
    talk.ask(metadata(first.name), 12)


@case(6)
def delete_twice_in_one_by_id(talk: Talk, version: int) -> None:
    first, second = talk.create("1"), talk.create("2")
    talk.ask(by_both((None, first.id), (None, second.id), (None, first.id)), version)
    talk.ask(by_both((None, UNKNOWN_ID), (None, UNKNOWN_ID)), version)
    talk.ask(metadata(first.name), 12)


@case(1, 6)
def delete_nothing(talk: Talk, version: int) -> None:
    talk.ask(by_names() if version < 6 else by_both(), version)


@case(NEWEST)
def delete_and_create_again(talk: Talk, version: int) -> None:
    topic = talk.create()
    talk.ask(by_names(topic.name), 5)
    create(talk, version, creatable(topic.name))


# CreatePartitions


def grow(
    *topics: tuple[str, int, Sequence[Sequence[int]] | None], validate_only: bool = False
) -> CreatePartitionsRequest:
    outer = CreatePartitionsRequest
    return outer(
        topics=[
            outer.CreatePartitionsTopic(
                name=name,
                count=count,
                assignments=None
                if assigned is None
                else [outer.CreatePartitionsAssignment(broker_ids=ids) for ids in assigned],
            )
            for name, count, assigned in topics
        ],
        validate_only=validate_only,
        timeout_ms=10_000,
    )


@case(0, 1, 2, 3)
def more_partitions(talk: Talk, version: int) -> None:
    topic = talk.create(partitions=2, replicas=[1, 2])
    talk.ask(grow((topic.name, 4, None)), version)
    look(talk, topic.name, 4)


@case(0, 3)
def more_partitions_assigned(talk: Talk, version: int) -> None:
    topic = talk.create(replicas=[1, 2])
    talk.ask(grow((topic.name, 3, [[2, 3], [3, 1]])), version)
    talk.wait_for_topic(topic.name, 3)
    talk.ask(metadata(topic.name), 12)


@case(0, 3)
def more_partitions_counts(talk: Talk, version: int) -> None:
    topic = talk.create(partitions=3)
    for count in (3, 2, 1, 0, -1, -0x80000000):
        talk.ask(grow((topic.name, count, None), validate_only=True), version)


@case(0, 3, difference="UNKNOWN_SERVER_ERROR")
def more_partitions_than_one_request_may_add(talk: Talk, version: int) -> None:
    topic = talk.create()
    talk.ask(grow((topic.name, 10_004, None), validate_only=True), version)


@case(0, 3)
def more_partitions_badly_assigned(talk: Talk, version: int) -> None:
    topic = talk.create(replicas=[1, 2])
    for count, assigned in (
        (2, []),
        (2, [[1, 2], [1, 2]]),
        (3, [[1, 2]]),
        (2, [[1]]),
        (2, [[1, 2, 3]]),
        (2, [[]]),
        (2, [[1, 1]]),
        (2, [[1, 9]]),
        (2, [[9, 8]]),
        (2, [[-1, 1]]),
        (3, [[1, 2], [1]]),
        (3, [[1, 2], []]),
        (1, [[1, 2]]),
    ):
        talk.ask(grow((topic.name, count, assigned), validate_only=True), version)


@case(0, 3)
def more_partitions_of_unknown_topics(talk: Talk, version: int) -> None:
    for name in (talk.name(), "", "a b", "__cluster_metadata"):
        talk.ask(grow((name, 2, None)), version)


@case(0, 3)
def more_partitions_twice(talk: Talk, version: int) -> None:
    first, second = talk.create("1"), talk.create("2")
    talk.ask(grow((first.name, 2, None), (second.name, 2, None), (first.name, 3, None)), version)
    talk.wait_for_topic(second.name, 2)
    talk.ask(metadata(first.name), 12)


@case(0, 3)
def more_partitions_validated_only(talk: Talk, version: int) -> None:
    topic = talk.create()
    talk.ask(grow((topic.name, 2, None), validate_only=True), version)
    talk.ask(grow(), version)
    talk.ask(metadata(topic.name), 12)

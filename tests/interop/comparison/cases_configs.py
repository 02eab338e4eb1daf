"""DescribeConfigs, IncrementalAlterConfigs, AlterConfigs.

Cases that change brokers use settings that nothing else depends on, and take them away again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from comparison.case import case
from comparison.talk import Talk

from barnabas.protocol.messages.alter_configs import AlterConfigsRequest
from barnabas.protocol.messages.describe_configs import DescribeConfigsRequest
from barnabas.protocol.messages.incremental_alter_configs import IncrementalAlterConfigsRequest

UNKNOWN, TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP = 0, 2, 4, 8, 16, 32
SET, DELETE, APPEND, SUBTRACT = 0, 1, 2, 3
Change = tuple[str, int, str | None]


def describe(*resources: tuple[int, str, Sequence[str] | None], **rest: bool) -> DescribeConfigsRequest:
    return DescribeConfigsRequest(
        resources=[
            DescribeConfigsRequest.DescribeConfigsResource(
                resource_type=kind, resource_name=name, configuration_keys=keys
            )
            for kind, name, keys in resources
        ],
        **rest,
    )


def alter(kind: int, name: str, *changes: Change, validate_only: bool = False) -> IncrementalAlterConfigsRequest:
    """Changes of one resource: name, operation, value."""
    outer = IncrementalAlterConfigsRequest
    configs = [outer.AlterableConfig(name=key, config_operation=op, value=value) for key, op, value in changes]
    resource = outer.AlterConfigsResource(resource_type=kind, resource_name=name, configs=configs)
    return outer(resources=[resource], validate_only=validate_only)


def replace(kind: int, name: str, *configs: tuple[str, str | None], validate_only: bool = False) -> AlterConfigsRequest:
    """All that is to be set for one resource."""
    outer = AlterConfigsRequest
    resource = outer.AlterConfigsResource(
        resource_type=kind,
        resource_name=name,
        configs=[outer.AlterableConfig(name=key, value=value) for key, value in configs],
    )
    return outer(resources=[resource], validate_only=validate_only)


def dynamic(talk: Talk, name: str, kind: int = TOPIC) -> dict[str, str]:
    """What is set for the resource itself, by the answer of broker 1."""
    own = 1 if kind == TOPIC else 2 if name else 3
    answer = talk.quietly(describe((kind, name, None), include_synonyms=True), 4)
    return {
        entry.name: synonym.value
        for entry in answer.results[0].configs
        for synonym in entry.synonyms
        if synonym.source == own and synonym.name == entry.name
    }


def settled(talk: Talk, name: str, before: dict[str, str], kind: int = TOPIC) -> dict[str, str]:
    """What is set, once it is no longer `before`; as it is after a while, if nothing changes."""
    deadline = time.monotonic() + 1.0
    while (found := dynamic(talk, name, kind)) == before and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def change(talk: Talk, version: int, topic: str, *changes: Change) -> None:
    """Alter the topic, and note what is set then."""
    before = dynamic(talk, topic)
    answer = talk.ask(alter(TOPIC, topic, *changes), version)
    failed = answer.responses[0].error_code
    talk.note("set", dynamic(talk, topic) if failed else settled(talk, topic, before))


# Describing


@case(1, 2, 3, 4)
def a_topic(talk: Talk, version: int) -> None:
    topic = talk.create(configs={"retention.ms": "77", "cleanup.policy": "compact,delete"})
    talk.ask(describe((TOPIC, topic.name, None)), version)


@case(1, 4)
def a_topic_with_synonyms(talk: Talk, version: int) -> None:
    topic = talk.create(configs={"retention.ms": "77", "max.message.bytes": "1000000"})
    talk.ask(describe((TOPIC, topic.name, None), include_synonyms=True), version)


@case(3, 4)
def a_topic_with_documentation(talk: Talk, version: int) -> None:
    topic = talk.create()
    talk.ask(describe((TOPIC, topic.name, ["retention.ms"]), include_documentation=False), version)


@case(4, difference="DescribeConfigs without documentation")
def documentation(talk: Talk, version: int) -> None:
    topic = talk.create()
    answer = talk.quietly(describe((TOPIC, topic.name, ["retention.ms"]), include_documentation=True), version)
    talk.note("documented", answer.results[0].configs[0].documentation is not None)


@case(1, 4)
def some_keys_of_a_topic(talk: Talk, version: int) -> None:
    topic = talk.create(configs={"retention.ms": "77"})
    for keys in (["retention.ms", "segment.bytes"], ["no.such", "retention.ms"], ["no.such"], [], ["retention.ms"] * 2):
        talk.ask(describe((TOPIC, topic.name, keys)), version)


@case(1, 4)
def unknown_topics(talk: Talk, version: int) -> None:
    for name in ("no-such-topic", "", ".", "a b", "x" * 250):
        talk.ask(describe((TOPIC, name, None)), version)


@case(1, 4)
def other_resources(talk: Talk, version: int) -> None:
    for kind, name in ((UNKNOWN, ""), (1, "x"), (3, "x"), (7, ""), (64, "x"), (127, "x"), (-1, "x"), (-128, "")):
        talk.ask(describe((kind, name, None)), version)


@case(4, difference="Resources of later releases")
def resources_of_later_releases(talk: Talk, version: int) -> None:
    for kind in (CLIENT_METRICS, GROUP):
        talk.ask(describe((kind, "no-such", ["interval.ms", "consumer.session.timeout.ms"])), version)


@case(1, 4)
def several_resources(talk: Talk, version: int) -> None:
    topic = talk.create()
    keys = ["retention.ms", "num.partitions"]
    talk.ask(describe((TOPIC, topic.name, keys), (TOPIC, "no-such", keys), (BROKER, "1", keys)), version)
    talk.ask(describe((TOPIC, topic.name, keys), (TOPIC, topic.name, ["segment.bytes"])), version)
    talk.ask(describe(), version)


STATIC = [
    "auto.create.topics.enable",
    "broker.id",
    "compression.type",
    "default.replication.factor",
    "delete.topic.enable",
    "fetch.max.bytes",
    "inter.broker.protocol.version",
    "log.retention.hours",
    "log.retention.ms",
    "log.segment.bytes",
    "message.max.bytes",
    "min.insync.replicas",
    "node.id",
    "num.partitions",
    "offsets.topic.replication.factor",
    "process.roles",
    "replica.lag.time.max.ms",
    "unclean.leader.election.enable",
]


@case(1, 3, 4)
def a_broker(talk: Talk, version: int) -> None:
    talk.ask(describe((BROKER, "1", STATIC)), version)
    talk.ask(describe((BROKER, "1", STATIC), include_synonyms=True), version)


@case(4)
def every_setting_of_a_broker(talk: Talk, version: int) -> None:
    """But those that differ from cluster to cluster, and Barnabas' own."""
    answer = talk.quietly(describe((BROKER, "1", None), include_synonyms=True), version)
    own = ("barnabas.", "http.", "controller.quorum.", "listeners", "log.dirs", "advertised.listeners")
    for entry in sorted(answer.results[0].configs, key=lambda entry: entry.name):
        if not entry.name.startswith(own):
            synonyms = [(synonym.name, synonym.value, synonym.source) for synonym in entry.synonyms]
            talk.note(entry.name, (entry.value, entry.config_source, entry.is_sensitive, entry.config_type, synonyms))


@case(1, 4, difference="Settings that brokers can change while they run")
def settings_of_threads_and_connections(talk: Talk, version: int) -> None:
    names = ["num.io.threads", "log.cleaner.threads", "max.connections", "ssl.keystore.location"]
    talk.ask(describe((BROKER, "1", names)), version)


@case(1, 4)
def a_broker_from_another(talk: Talk, version: int) -> None:
    talk.ask(describe((BROKER, "1", STATIC)), version, broker=2)
    talk.ask(describe((BROKER, "2", ["node.id"])), version, broker=2)


@case(1, 4)
def brokers_of_odd_names(talk: Talk, version: int) -> None:
    for name in ("", "x", "-1", "99", "1.0", " 1", "+1", "01", "9999999999"):
        talk.ask(describe((BROKER, name, ["log.flush.interval.ms"])), version)


@case(1, 4)
def loggers_of_odd_names(talk: Talk, version: int) -> None:
    for name in ("", "x", "99"):
        talk.ask(describe((BROKER_LOGGER, name, ["root"])), version)


# Altering topics


@case(0, 1)
def set_and_delete(talk: Talk, version: int) -> None:
    topic = talk.create(configs={"retention.ms": "77"})
    change(talk, version, topic.name, ("retention.ms", SET, "5"), ("segment.bytes", SET, "2000000"))
    change(talk, version, topic.name, ("retention.ms", DELETE, None))
    change(talk, version, topic.name, ("segment.bytes", DELETE, "ignored"))


@case(0, 1)
def delete_what_is_not_set(talk: Talk, version: int) -> None:
    topic = talk.create()
    talk.ask(alter(TOPIC, topic.name, ("retention.ms", DELETE, None)), version)
    talk.ask(alter(TOPIC, topic.name, ("no.such.config", DELETE, None)), version)
    talk.ask(alter(TOPIC, topic.name, ("", DELETE, None)), version)


@case(0, 1)
def append_and_subtract(talk: Talk, version: int) -> None:
    topic = talk.create()
    change(talk, version, topic.name, ("cleanup.policy", APPEND, "compact"))
    for operation, value in (
        (APPEND, "compact"),
        (SUBTRACT, "delete"),
        (SUBTRACT, "delete"),
        (APPEND, "delete"),
        (SUBTRACT, "compact,delete"),
    ):
        talk.ask(alter(TOPIC, topic.name, ("cleanup.policy", operation, value)), version)
    time.sleep(0.1)  # until none of this can pass for the last change
    change(talk, version, topic.name, ("cleanup.policy", APPEND, "delete,compact"))


@case(1)
def append_odd_values(talk: Talk, version: int) -> None:
    topic = talk.create(configs={"cleanup.policy": "compact"})
    for operation, value in (
        (APPEND, ""),
        (APPEND, "shred"),
        (APPEND, "compact,compact"),
        (APPEND, " delete"),
        (SUBTRACT, ""),
        (SUBTRACT, "shred"),
        (SUBTRACT, "compact"),
        (APPEND, None),
        (SUBTRACT, None),
    ):
        talk.ask(alter(TOPIC, topic.name, ("cleanup.policy", operation, value)), version)


@case(1)
def append_to_throttled_replicas(talk: Talk, version: int) -> None:
    topic = talk.create()
    change(talk, version, topic.name, ("leader.replication.throttled.replicas", APPEND, "0:1"))
    change(talk, version, topic.name, ("leader.replication.throttled.replicas", APPEND, "0:2,1:1"))
    change(talk, version, topic.name, ("leader.replication.throttled.replicas", SUBTRACT, "0:1"))


@case(0, 1)
def append_to_what_is_no_list(talk: Talk, version: int) -> None:
    topic = talk.create()
    for name in ("retention.ms", "compression.type", "no.such.config"):
        for operation in (APPEND, SUBTRACT):
            talk.ask(alter(TOPIC, topic.name, (name, operation, "1")), version)


@case(0, 1)
def bad_values(talk: Talk, version: int) -> None:
    topic = talk.create()
    for name, value in (
        ("retention.ms", "abc"),
        ("retention.ms", ""),
        ("retention.ms", None),
        ("retention.ms", "-2"),
        ("no.such.config", "1"),
        ("", "1"),
        ("cleanup.policy", "shred"),
        ("min.insync.replicas", "0"),
        ("remote.storage.enable", "true"),
        ("unclean.leader.election.enable", "maybe"),
    ):
        talk.ask(alter(TOPIC, topic.name, (name, SET, value)), version)
    talk.note("set", dynamic(talk, topic.name))


@case(1)
def good_values(talk: Talk, version: int) -> None:
    topic = talk.create()
    for name, value in (
        ("retention.ms", " 9 "),
        ("cleanup.policy", ""),
        ("cleanup.policy", " compact , delete "),
        ("min.insync.replicas", "3"),
        ("unclean.leader.election.enable", "TRUE"),
        ("max.message.bytes", "0"),
        ("compression.type", "lz4"),
        ("compression.lz4.level", "9"),
    ):
        change(talk, version, topic.name, (name, SET, value))


@case(0, 1)
def a_key_twice(talk: Talk, version: int) -> None:
    topic = talk.create()
    talk.ask(alter(TOPIC, topic.name, ("retention.ms", SET, "5"), ("retention.ms", SET, "6")), version)
    talk.ask(alter(TOPIC, topic.name, ("retention.ms", SET, "5"), ("retention.ms", DELETE, None)), version)
    talk.note("set", dynamic(talk, topic.name))


@case(0, 1)
def one_bad_key_of_two(talk: Talk, version: int) -> None:
    topic = talk.create()
    talk.ask(alter(TOPIC, topic.name, ("retention.ms", SET, "5"), ("segment.bytes", SET, "x")), version)
    talk.note("set", dynamic(talk, topic.name))


@case(0, 1)
def contradictions(talk: Talk, version: int) -> None:
    topic = talk.create(configs={"max.compaction.lag.ms": "5"})
    talk.ask(alter(TOPIC, topic.name, ("min.compaction.lag.ms", SET, "6")), version)
    talk.ask(alter(TOPIC, topic.name, ("local.retention.ms", SET, "6"), ("retention.ms", SET, "5")), version)


@case(0, 1)
def nothing_to_change(talk: Talk, version: int) -> None:
    topic = talk.create()
    talk.ask(alter(TOPIC, topic.name), version)
    talk.ask(alter(TOPIC, "no-such-topic"), version)
    talk.ask(IncrementalAlterConfigsRequest(), version)


@case(0, 1)
def topics_that_are_not_there(talk: Talk, version: int) -> None:
    for name in ("no-such-topic", "", ".", "a b", "x" * 250):
        talk.ask(alter(TOPIC, name, ("retention.ms", SET, "5")), version)
    talk.ask(alter(TOPIC, "no-such-topic", ("retention.ms", SET, "x")), version)
    talk.ask(alter(TOPIC, "no-such-topic", ("no.such.config", SET, "x")), version)


@case(0, 1)
def validated_only(talk: Talk, version: int) -> None:
    topic = talk.create()
    talk.ask(alter(TOPIC, topic.name, ("retention.ms", SET, "5"), validate_only=True), version)
    talk.ask(alter(TOPIC, topic.name, ("retention.ms", SET, "x"), validate_only=True), version)
    talk.note("set", dynamic(talk, topic.name))


@case(0, 1)
def a_resource_twice(talk: Talk, version: int) -> None:
    first, second = talk.create("1"), talk.create("2")
    request = alter(TOPIC, first.name, ("retention.ms", SET, "5"))
    for name in (second.name, first.name):
        request.resources.extend(alter(TOPIC, name, ("retention.ms", SET, "6")).resources)
    talk.ask(request, version)
    talk.note("set", dynamic(talk, first.name))


@case(1)
def a_bad_resource_of_two(talk: Talk, version: int) -> None:
    topic = talk.create()
    request = alter(TOPIC, "no-such-topic", ("retention.ms", SET, "5"))
    request.resources.extend(alter(TOPIC, topic.name, ("retention.ms", SET, "6")).resources)
    talk.ask(request, version)
    talk.note("set", settled(talk, topic.name, {}))


@case(0, 1)
def altering_other_resources(talk: Talk, version: int) -> None:
    for kind, name in ((UNKNOWN, ""), (1, "x"), (3, "x"), (64, "x"), (127, "x"), (-1, "x")):
        talk.ask(alter(kind, name, ("retention.ms", SET, "5")), version)


@case(1, difference="Resources of later releases")
def altering_resources_of_later_releases(talk: Talk, version: int) -> None:
    talk.ask(alter(GROUP, talk.name(), ("consumer.session.timeout.ms", SET, "50000"), validate_only=True), version)
    talk.ask(alter(BROKER_LOGGER, "1", ("root", SET, "INFO"), validate_only=True), version)


@case(1)
def the_leader_takes_new_configs(talk: Talk, version: int) -> None:
    from comparison.build import batch, produce

    topic = talk.create()
    change(talk, version, topic.name, ("max.message.bytes", SET, "100"))
    time.sleep(0.2)  # Apache Kafka describes a change a moment before its log has it
    talk.ask(produce(9, topic, batch(b"x" * 100)), 9)
    change(talk, version, topic.name, ("max.message.bytes", DELETE, None), ("compression.type", SET, "zstd"))
    time.sleep(0.2)
    talk.ask(produce(9, topic, batch(b"x" * 100)), 9)


# Altering brokers


def change_broker(talk: Talk, version: int, name: str, *changes: Change) -> None:
    before = dynamic(talk, name, BROKER)
    answer = talk.ask(alter(BROKER, name, *changes), version)
    failed = answer.responses[0].error_code
    talk.note("set", dynamic(talk, name, BROKER) if failed else settled(talk, name, before, BROKER))


@case(0, 1)
def a_brokers_settings(talk: Talk, version: int) -> None:
    change_broker(talk, version, "1", ("log.index.interval.bytes", SET, "5000"))
    talk.ask(describe((BROKER, "1", ["log.index.interval.bytes"]), include_synonyms=True), 4)
    change_broker(talk, version, "1", ("log.index.interval.bytes", DELETE, None))


@case(0, 1)
def settings_of_all_brokers(talk: Talk, version: int) -> None:
    change_broker(talk, version, "", ("log.index.interval.bytes", SET, "6000"))
    talk.ask(describe((BROKER, "1", ["log.index.interval.bytes"]), include_synonyms=True), 4)
    talk.ask(describe((BROKER, "", ["log.index.interval.bytes"]), include_synonyms=True), 4)
    change_broker(talk, version, "", ("log.index.interval.bytes", DELETE, None))


@case(1)
def topics_inherit_settings_of_all_brokers(talk: Talk, version: int) -> None:
    topic = talk.create()
    change_broker(talk, version, "", ("log.flush.interval.messages", SET, "123456"))
    talk.ask(describe((TOPIC, topic.name, ["flush.messages"]), include_synonyms=True), 4)
    change_broker(talk, version, "", ("log.flush.interval.messages", DELETE, None))


@case(0, 1)
def settings_that_need_a_restart(talk: Talk, version: int) -> None:
    for name in ("broker.id", "log.dirs", "num.partitions", "process.roles", "auto.create.topics.enable"):
        for broker in ("1", ""):
            talk.ask(alter(BROKER, broker, (name, SET, "1"), validate_only=True), version)


@case(1)
def bad_values_of_brokers(talk: Talk, version: int) -> None:
    for name, value in (
        ("log.index.interval.bytes", "x"),
        ("log.index.interval.bytes", "-5"),
        ("log.index.interval.bytes", ""),
        ("log.index.interval.bytes", None),
        ("log.retention.ms", "0"),
        ("log.cleanup.policy", "shred"),
        ("min.insync.replicas", "0"),
    ):
        for broker in ("1", ""):
            talk.ask(alter(BROKER, broker, (name, SET, value), validate_only=True), version)


@case(1)
def unknown_settings_of_brokers(talk: Talk, version: int) -> None:
    for broker in ("1", ""):
        talk.ask(alter(BROKER, broker, ("no.such.config", SET, "1"), validate_only=True), version)
        talk.ask(alter(BROKER, broker, ("no.such.config", APPEND, "1"), validate_only=True), version)
        talk.ask(alter(BROKER, broker, ("no.such.config", DELETE, None), validate_only=True), version)


@case(1)
def append_to_settings_of_brokers(talk: Talk, version: int) -> None:
    for name in ("log.cleanup.policy", "log.index.interval.bytes"):
        for operation, value in ((APPEND, "compact"), (SUBTRACT, "delete"), (APPEND, "5")):
            talk.ask(alter(BROKER, "1", (name, operation, value), validate_only=True), version)


@case(0, 1)
def altering_brokers_of_odd_names(talk: Talk, version: int) -> None:
    for name in ("x", "-1", "99", "2", "1.0"):
        talk.ask(alter(BROKER, name, ("log.index.interval.bytes", SET, "5000"), validate_only=True), version)


@case(1)
def min_insync_replicas_of_brokers(talk: Talk, version: int) -> None:
    talk.ask(alter(BROKER, "1", ("min.insync.replicas", SET, "1"), validate_only=True), version)
    talk.ask(alter(BROKER, "", ("min.insync.replicas", DELETE, None), validate_only=True), version)
    talk.ask(alter(BROKER, "", ("min.insync.replicas", SET, "1"), validate_only=True), version)


# AlterConfigs


@case(0, 1, 2)
def replaced(talk: Talk, version: int) -> None:
    topic = talk.create(configs={"retention.ms": "77", "segment.bytes": "2000000"})
    before = dynamic(talk, topic.name)
    talk.ask(replace(TOPIC, topic.name, ("retention.ms", "5")), version)
    talk.note("set", settled(talk, topic.name, before))
    talk.ask(replace(TOPIC, topic.name), version)
    talk.note("set", settled(talk, topic.name, {"retention.ms": "5"}))


@case(0, 2)
def replaced_badly(talk: Talk, version: int) -> None:
    topic = talk.create(configs={"retention.ms": "77"})
    for configs in (
        [("retention.ms", "x")],
        [("retention.ms", None)],
        [("no.such.config", "1")],
        [("retention.ms", "5"), ("retention.ms", "6")],
        [("cleanup.policy", "shred")],
    ):
        talk.ask(replace(TOPIC, topic.name, *configs), version)
    talk.note("set", dynamic(talk, topic.name))


@case(0, 2)
def replaced_for_validation_only(talk: Talk, version: int) -> None:
    topic = talk.create(configs={"retention.ms": "77"})
    talk.ask(replace(TOPIC, topic.name, ("segment.bytes", "2000000"), validate_only=True), version)
    talk.note("set", dynamic(talk, topic.name))


@case(0, 2)
def replaced_for_other_resources(talk: Talk, version: int) -> None:
    requests: list[Any] = [
        replace(kind, name, ("retention.ms", "5"), validate_only=True)
        for kind, name in (
            (TOPIC, "no-such-topic"),
            (TOPIC, ""),
            (TOPIC, "a b"),
            (UNKNOWN, ""),
            (3, "x"),
            (64, "x"),
            (BROKER_LOGGER, "1"),
        )
    ]
    requests += [
        replace(BROKER, name, ("log.index.interval.bytes", "5000"), validate_only=True)
        for name in ("1", "", "2", "99", "x")
    ]
    for request in requests:
        talk.ask(request, version)


@case(0, 2, difference="Requests that Apache Kafka never answers")
def replaced_twice(talk: Talk, version: int) -> None:
    topic = talk.create()
    request = replace(TOPIC, topic.name, ("retention.ms", "5"))
    request.resources.extend(replace(TOPIC, topic.name, ("retention.ms", "6")).resources)
    talk.ask(request, version, patience=1.0)


@case(0, 2)
def replaced_nothing(talk: Talk, version: int) -> None:
    talk.ask(AlterConfigsRequest(), version)

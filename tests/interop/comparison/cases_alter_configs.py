"""IncrementalAlterConfigs and AlterConfigs.

Cases that change brokers use settings that nothing else depends on, and take them away again.
"""

from __future__ import annotations

from typing import Any

from comparison.build import batch, fetch, produce, wanted
from comparison.case import case
from comparison.configuring import (
    APPEND,
    BROKER,
    BROKER_LOGGER,
    DELETE,
    SET,
    SUBTRACT,
    TOPIC,
    UNKNOWN,
    Change,
    alter,
    change,
    describe,
    dynamic,
    replace,
    settled,
)
from comparison.talk import Talk

from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.alter_configs import AlterConfigsRequest
from barnabas.protocol.messages.incremental_alter_configs import IncrementalAlterConfigsRequest
from barnabas.protocol.messages.produce import ProduceResponse


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
    talk.wait_until(lambda: dynamic(talk, topic.name) == {"cleanup.policy": ""})
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
    talk.ask(alter(BROKER_LOGGER, "1", ("root", SET, "INFO"), validate_only=True), version)


@case(1)
def the_leader_takes_new_configs(talk: Talk, version: int) -> None:
    """Apache Kafka describes a change a moment before the leader's log has it, so that only the log can tell."""
    topic = talk.create(configs={"max.message.bytes": "100"})
    request = produce(9, topic, batch(b"x" * 100))

    def is_accepted() -> bool:
        answer: ProduceResponse = talk.quietly(request, 9)
        return answer.responses[0].partition_responses[0].error_code == ErrorCode.NONE

    talk.ask(request, 9)
    change(talk, version, topic.name, ("max.message.bytes", DELETE, None), ("compression.type", SET, "zstd"))
    talk.wait_until(is_accepted)
    talk.ask(request, 9)
    talk.ask(fetch(12, (topic, [wanted(offset=1)])), 12)
    change(talk, version, topic.name, ("max.message.bytes", SET, "100"), ("compression.type", DELETE, None))
    talk.wait_until(lambda: not is_accepted())
    talk.ask(request, 9)


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

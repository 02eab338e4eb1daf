"""DescribeConfigs."""

from __future__ import annotations

from comparison.case import case
from comparison.configuring import BROKER, BROKER_LOGGER, CLIENT_METRICS, TOPIC, UNKNOWN, describe
from comparison.talk import Talk


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
    talk.ask(describe((CLIENT_METRICS, "no-such", ["interval.ms"])), version)


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

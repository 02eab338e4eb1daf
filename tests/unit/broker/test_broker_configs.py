"""Describing and checking the configuration of topics and of the broker."""

from __future__ import annotations

from typing import Any, cast

import pytest

from barnabas.broker.config import replica_config
from barnabas.broker.config_view import ConfigView, dynamic_broker_configs, parse_log_config
from barnabas.broker.handlers.alter_configs import AlterConfigsHandler
from barnabas.broker.handlers.describe_configs import DescribeConfigsHandler
from barnabas.broker.handlers.list_config_resources import ListConfigResourcesHandler
from barnabas.broker.metadata_cache import MetadataCache
from barnabas.metadata.delta import MetadataDelta
from barnabas.metadata.records import ConfigRecord, TopicRecord
from barnabas.metadata.topic_configs import topic_configs
from barnabas.protocol import codec
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.alter_configs import AlterConfigsRequest
from barnabas.protocol.messages.describe_configs import DescribeConfigsRequest, DescribeConfigsResponse
from barnabas.protocol.messages.incremental_alter_configs import IncrementalAlterConfigsRequest
from barnabas.protocol.messages.list_config_resources import ListConfigResourcesRequest
from barnabas.server.definitions import node_definitions
from barnabas.server.settings import Settings
from barnabas.storage.config import LogConfig

TOPIC, BROKER, LOGGER, GROUP = 2, 4, 8, 32
OWN, EVERY_BROKER, STATIC, DEFAULT, TOPIC_SOURCE = 2, 3, 4, 5, 1


class Node:
    def __init__(self, *records: ConfigRecord, **settings: object) -> None:
        self.cache = MetadataCache()
        delta = MetadataDelta(self.cache.image)
        delta.replay(TopicRecord(name="t", topic_id=b"t" * 16))
        for record in records:
            delta.replay(record)
        self.cache.publish(delta.apply(1, 1), delta)
        named = {name.replace("_", "."): value for name, value in settings.items()}
        self.view = ConfigView(Settings.of({"node.id": 7, **named}), 7, lambda: self.cache.image)
        self.handler = DescribeConfigsHandler(self.cache, self.view)

    def result(self, kind: int, name: str, *keys: str) -> DescribeConfigsResponse.DescribeConfigsResult:
        asked = DescribeConfigsRequest.DescribeConfigsResource(
            resource_type=kind, resource_name=name, configuration_keys=keys or None
        )
        answer = self.handler.answer(DescribeConfigsRequest(resources=[asked], include_synonyms=True))
        return codec.decode(DescribeConfigsResponse, 4, codec.encode(answer, 4))[0].results[0]

    def entry(self, kind: int, name: str, key: str) -> DescribeConfigsResponse.DescribeConfigsResourceResult:
        (entry,) = self.result(kind, name, key).configs
        return entry


def setting(kind: int, resource: str, name: str, value: str) -> ConfigRecord:
    return ConfigRecord(resource_type=kind, resource_name=resource, name=name, value=value)


def synonyms(entry: DescribeConfigsResponse.DescribeConfigsResourceResult) -> list[tuple[str, str | None, int]]:
    return [(synonym.name, synonym.value, synonym.source) for synonym in entry.synonyms]


def test_every_key_of_a_topic_with_its_default() -> None:
    result = Node().result(TOPIC, "t")
    assert [entry.name for entry in result.configs] == list(topic_configs())
    assert {entry.config_source for entry in result.configs} == {DEFAULT}
    assert not any(entry.read_only or entry.is_sensitive for entry in result.configs)


def test_a_topics_value_comes_before_all_others() -> None:
    node = Node(
        setting(TOPIC, "t", "max.message.bytes", "1"),
        setting(BROKER, "7", "message.max.bytes", "2"),
        setting(BROKER, "", "message.max.bytes", "3"),
        setting(BROKER, "8", "message.max.bytes", "5"),
        message_max_bytes=4,
    )
    entry = node.entry(TOPIC, "t", "max.message.bytes")
    assert (entry.value, entry.config_source, entry.config_type) == ("1", TOPIC_SOURCE, 3)
    assert synonyms(entry) == [
        ("max.message.bytes", "1", TOPIC_SOURCE),
        ("message.max.bytes", "2", OWN),
        ("message.max.bytes", "3", EVERY_BROKER),
        ("message.max.bytes", "4", STATIC),
        ("message.max.bytes", "1048588", DEFAULT),
    ]
    assert node.view.log_config("t").max_message_bytes == 1
    assert node.view.log_config("other").max_message_bytes == 2


def test_retention_in_hours_is_in_effect_though_no_synonym_tells() -> None:
    entry = Node(log_retention_hours=2).entry(TOPIC, "t", "retention.ms")
    assert (entry.value, entry.config_source, synonyms(entry)) == ("7200000", DEFAULT, [])


def test_negative_hours_are_for_ever() -> None:
    assert Node(log_retention_hours=-1).view.log_config("t").retention_ms == -1


def test_defaults_follow_the_brokers_configuration() -> None:
    node = Node()
    assert node.view.log_config("t").retention_ms == 604_800_000
    delta = MetadataDelta(node.cache.image)
    delta.replay(setting(BROKER, "", "log.retention.ms", "5"))
    node.cache.publish(delta.apply(2, 1), delta)
    assert node.view.log_config("t").retention_ms == 5


def test_a_topics_values_are_shown_as_they_are_understood() -> None:
    node = Node(
        setting(TOPIC, "t", "retention.ms", " 5 "),
        setting(TOPIC, "t", "cleanup.policy", " compact , delete"),
        setting(TOPIC, "t", "preallocate", "TRUE"),
    )
    assert node.entry(TOPIC, "t", "retention.ms").value == "5"
    assert node.entry(TOPIC, "t", "preallocate").value == "true"
    assert synonyms(node.entry(TOPIC, "t", "cleanup.policy"))[0] == ("cleanup.policy", "compact,delete", TOPIC_SOURCE)


def test_unknown_and_illegal_topics() -> None:
    assert Node().result(TOPIC, "none").error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert Node().result(TOPIC, "a/b").error_code == ErrorCode.INVALID_TOPIC_EXCEPTION


def test_a_broker_shows_every_setting_and_no_secret() -> None:
    node = Node(ssl_key_password="s3cret", num_partitions=6)
    result = node.result(BROKER, "7")
    entries = {entry.name: entry for entry in result.configs}
    assert entries.keys() >= node_definitions().keys()
    assert entries["num.partitions"].value == "6"
    assert entries["num.partitions"].config_source == STATIC
    assert entries["num.partitions"].read_only
    assert not entries["log.retention.ms"].read_only
    secret = entries["ssl.key.password"]
    assert (secret.value, secret.is_sensitive, synonyms(secret)) == (
        None,
        True,
        [("ssl.key.password", None, STATIC)],
    )


def test_the_brokers_id_has_two_names() -> None:
    entry = Node().entry(BROKER, "7", "broker.id")
    assert synonyms(entry) == [("broker.id", "7", STATIC), ("broker.id", "-1", DEFAULT)]


def test_the_default_of_all_brokers_shows_what_was_set() -> None:
    node = Node(setting(BROKER, "", "log.retention.ms", "5"))
    result = node.result(BROKER, "")
    assert [(entry.name, entry.value, entry.config_source) for entry in result.configs] == [
        ("log.retention.ms", "5", EVERY_BROKER)
    ]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (BROKER, "8"),
        (BROKER, "x"),
        (BROKER, " 7"),
        (BROKER, "7_"),
        (LOGGER, ""),
        (LOGGER, "8"),
        (16, "m"),
        (32, ""),
        (3, ""),
    ],
)
def test_what_cannot_be_described(kind: int, name: str) -> None:
    assert Node().result(kind, name).error_code == ErrorCode.INVALID_REQUEST


def test_the_logger() -> None:
    (entry,) = Node().result(LOGGER, "7").configs
    assert (entry.name, entry.value, entry.config_source) == ("root", "INFO", 6)


def alter(kind: int, name: str, *configs: tuple[str, int, str | None]) -> IncrementalAlterConfigsRequest:
    return IncrementalAlterConfigsRequest(
        resources=[
            IncrementalAlterConfigsRequest.AlterConfigsResource(
                resource_type=kind,
                resource_name=name,
                configs=[
                    IncrementalAlterConfigsRequest.AlterableConfig(name=key, config_operation=operation, value=value)
                    for key, operation, value in configs
                ],
            )
        ]
    )


def checked(body: Any) -> dict[tuple[int, str], ErrorCode]:
    handler = AlterConfigsHandler(cast("Any", None), Node().view)
    return {key: error.code for key, error in handler.check(body).items()}


@pytest.mark.parametrize(
    ("kind", "name", "config", "error"),
    [
        (BROKER, "8", ("log.retention.ms", 0, "1"), ErrorCode.INVALID_REQUEST),
        (BROKER, "x", ("log.retention.ms", 0, "1"), ErrorCode.INVALID_REQUEST),
        (BROKER, "7", ("log.retention.ms", 0, "0"), ErrorCode.INVALID_REQUEST),
        (BROKER, "7", ("node.id", 0, "1"), ErrorCode.INVALID_REQUEST),
        (BROKER, "", ("log.retention.ms", 0, "no"), ErrorCode.INVALID_REQUEST),
        (BROKER, "", ("log.retention.ms", 2, "1"), ErrorCode.INVALID_CONFIG),
        (BROKER, "", ("unknown.key", 2, "1"), ErrorCode.INVALID_CONFIG),
        (LOGGER, "7", ("root", 0, "DEBUG"), ErrorCode.INVALID_REQUEST),
        (99, "", ("k", 0, "v"), ErrorCode.INVALID_REQUEST),
        (TOPIC, "t", ("retention.ms", 0, None), ErrorCode.INVALID_REQUEST),
        (TOPIC, "t", ("retention.ms", 9, "1"), ErrorCode.INVALID_REQUEST),
    ],
)
def test_what_the_broker_refuses(kind: int, name: str, config: tuple[str, int, str | None], error: ErrorCode) -> None:
    assert checked(alter(kind, name, config)) == {(kind, name): error}


@pytest.mark.parametrize(
    ("kind", "name", "config"),
    [
        (BROKER, "7", ("log.retention.ms", 0, "1")),
        (BROKER, "", ("log.cleanup.policy", 3, "delete")),
        (BROKER, "", ("unknown.key", 0, "1")),
        (BROKER, "", ("log.retention.ms", 1, None)),
        (TOPIC, "t", ("whatever", 1, None)),
    ],
)
def test_what_the_controller_shall_decide(kind: int, name: str, config: tuple[str, int, str | None]) -> None:
    assert checked(alter(kind, name, config)) == {}


def test_a_key_or_a_resource_twice() -> None:
    twice = alter(TOPIC, "t", ("retention.ms", 0, "1"), ("retention.ms", 0, "2"))
    assert checked(twice) == {(TOPIC, "t"): ErrorCode.INVALID_REQUEST}
    resource = AlterConfigsRequest.AlterConfigsResource(resource_type=TOPIC, resource_name="t")
    assert checked(AlterConfigsRequest(resources=[resource, resource])) == {(TOPIC, "t"): ErrorCode.INVALID_REQUEST}


def test_what_requests_may_change_is_what_topics_take_from_brokers() -> None:
    assert "log.retention.ms" in dynamic_broker_configs()
    assert "log.retention.hours" not in dynamic_broker_configs()
    assert dynamic_broker_configs() <= node_definitions().keys()


def test_logs_have_the_defaults_of_topics() -> None:
    defaults = {name: config.default for name, config in topic_configs().items()}
    assert parse_log_config({**defaults, "cleanup.policy": ""}) == LogConfig(cleanup_policy=[])
    assert parse_log_config(defaults).delete


def test_logs_heed_what_the_topic_sets_over_what_brokers_set() -> None:
    node = Node(
        setting(TOPIC, "t", "cleanup.policy", "compact, delete"),
        setting(TOPIC, "t", "message.timestamp.type", "LogAppendTime"),
        setting(TOPIC, "t", "preallocate", "true"),
        log_segment_bytes=5_000_000,
    )
    config = node.view.log_config("t")
    assert (config.compact, config.delete, config.log_append_time) == (True, True, True)
    assert config.segment_bytes == node.view.log_config("other").segment_bytes == 5_000_000


def test_a_node_knows_which_of_the_defaults_of_topics_have_no_effect() -> None:
    settings = Settings.of({"log.segment.bytes": 5_000_000, "log.preallocate": True, "min.insync.replicas": 2})
    ConfigView(settings, 7, lambda: MetadataCache().image)
    assert [given.name for given in settings.unread()] == ["log.preallocate"]


def test_records_are_looked_at_as_the_node_is_told() -> None:
    settings = {"node.id": 7, "barnabas.record.validation": "full"}
    assert replica_config(Settings.of(settings)).full_record_validation
    assert not replica_config(Settings.of({"node.id": 7})).full_record_validation


# -- groups -----------------------------------------------------------------------------------------------------------


def test_a_group_follows_the_brokers_settings_where_it_sets_nothing() -> None:
    node = Node(setting(GROUP, "g", "consumer.session.timeout.ms", "50000"), group_consumer_heartbeat_interval_ms=6000)
    own = node.entry(GROUP, "g", "consumer.session.timeout.ms")
    assert (own.value, own.config_source, own.read_only) == ("50000", 8, False)
    assert synonyms(own) == [
        ("consumer.session.timeout.ms", "50000", 8),
        ("group.consumer.session.timeout.ms", "45000", DEFAULT),
    ]
    followed = node.entry(GROUP, "g", "consumer.heartbeat.interval.ms")
    assert (followed.value, followed.config_source) == ("6000", STATIC)
    alone = node.entry(GROUP, "other", "share.auto.offset.reset")
    assert (alone.value, synonyms(alone)) == ("latest", [("share.auto.offset.reset", "latest", DEFAULT)])


def test_what_has_a_configuration_is_listed_by_type() -> None:
    node = Node(setting(GROUP, "g", "consumer.session.timeout.ms", "50000"))
    handler = ListConfigResourcesHandler(node.cache)

    def listed(*types: int, version: int = 1) -> list[tuple[int, str]] | int:
        response = handler.answer(ListConfigResourcesRequest(resource_types=types), version)
        return response.error_code or [(each.resource_type, each.resource_name) for each in response.config_resources]

    assert listed(GROUP) == [(GROUP, "g")]
    assert listed(TOPIC, GROUP) == [(GROUP, "g"), (TOPIC, "t")]
    assert listed()[0] == (GROUP, "g")
    assert listed(version=0) == []
    assert listed(GROUP, version=0) == ErrorCode.UNSUPPORTED_VERSION
    assert listed(3) == ErrorCode.UNSUPPORTED_VERSION

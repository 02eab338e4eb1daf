"""What a topic and a broker have in force, and where it comes from."""

from __future__ import annotations

import pytest

from barnabas.server.config_view import (
    ConfigLayers,
    ConfigSource,
    ConfigType,
    DescribedConfig,
    describe_broker,
    describe_dynamic_default,
    describe_topic,
    topic_config,
    topic_default,
    topic_defaults,
)
from barnabas.server.definitions import node_definitions, topic_definitions
from barnabas.server.settings import Settings


def layers(given: dict[str, object] | None = None, **dynamic: dict[str, str]) -> ConfigLayers:
    return ConfigLayers(Settings.of(given or {}), **dynamic)


def one(described: list[DescribedConfig], name: str) -> DescribedConfig:
    (found,) = [config for config in described if config.name == name]
    return found


@pytest.mark.parametrize(
    ("given", "retention"),
    [
        ({}, 604_800_000),
        ({"log.retention.hours": 2}, 7_200_000),
        ({"log.retention.hours": 2, "log.retention.minutes": 3}, 180_000),
        ({"log.retention.hours": 2, "log.retention.minutes": 3, "log.retention.ms": 5}, 5),
        ({"log.retention.hours": -1}, -1),
        ({"log.retention.ms": -1, "log.retention.hours": 1}, -1),
    ],
)
def test_finest_unit_wins(given: dict[str, object], retention: int) -> None:
    assert topic_default("retention.ms", layers(given)) == retention


def test_topic_defaults_are_the_brokers_settings_under_other_names() -> None:
    found = topic_defaults(
        layers({"log.segment.bytes": 1048576, "log.roll.hours": 1, "message.max.bytes": 5, "log.flush.interval.ms": 9})
    )
    assert found["segment.bytes"] == 1048576
    assert found["segment.ms"] == 3_600_000
    assert found["max.message.bytes"] == 5
    assert found["flush.ms"] == 9
    assert found["cleanup.policy"] == ["delete"]
    assert found["leader.replication.throttled.replicas"] == []
    assert set(found) == set(topic_definitions())


def test_defaults_without_settings_are_kafkas() -> None:
    for name, value in topic_defaults(layers()).items():
        assert value == topic_definitions()[name].default, name


def test_topics_own_values_stand_above() -> None:
    found = topic_config({"retention.ms": "7", "cleanup.policy": "compact, delete"}, layers({"log.retention.ms": 5}))
    assert found["retention.ms"] == 7
    assert found["cleanup.policy"] == ["compact", "delete"]
    with pytest.raises(ValueError, match="'x' is not a whole number"):
        topic_config({"retention.ms": "x"}, layers())


def test_dynamic_settings_stand_above_the_file() -> None:
    found = layers(
        {"log.retention.ms": 1}, dynamic_default={"log.retention.ms": "2"}, dynamic_broker={"log.retention.ms": "3"}
    )
    assert topic_default("retention.ms", found) == 3
    assert [(s.value, s.source) for s in found.synonyms("log.retention.ms")] == [
        ("3", ConfigSource.DYNAMIC_BROKER_CONFIG),
        ("2", ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG),
        ("1", ConfigSource.STATIC_BROKER_CONFIG),
        ("168", ConfigSource.DEFAULT_CONFIG),
    ]


def test_describe_topic() -> None:
    described = describe_topic({"retention.ms": "7"}, layers({"log.retention.hours": 2, "min.insync.replicas": 2}))
    assert [config.name for config in described] == sorted(topic_definitions())
    retention = one(described, "retention.ms")
    assert (retention.value, retention.source, retention.type) == (
        "7",
        ConfigSource.DYNAMIC_TOPIC_CONFIG,
        ConfigType.LONG,
    )
    assert [(s.name, s.value, s.source.name) for s in retention.synonyms] == [
        ("retention.ms", "7", "DYNAMIC_TOPIC_CONFIG"),
        ("log.retention.hours", "2", "STATIC_BROKER_CONFIG"),
        ("log.retention.hours", "168", "DEFAULT_CONFIG"),
    ]
    replicas = one(described, "min.insync.replicas")
    assert (replicas.value, replicas.source) == ("2", ConfigSource.STATIC_BROKER_CONFIG)
    ratio = one(described, "min.cleanable.dirty.ratio")
    assert (ratio.value, ratio.source, ratio.type) == ("0.5", ConfigSource.DEFAULT_CONFIG, ConfigType.DOUBLE)
    assert one(described, "preallocate").value == "false"
    assert one(described, "cleanup.policy").value == "delete"
    assert not any(config.read_only or config.sensitive for config in described)


def test_describe_broker() -> None:
    described = describe_broker(
        layers({"node.id": 1, "ssl.key.password": "secret"}, dynamic_default={"log.retention.ms": "9"})
    )
    assert [config.name for config in described] == sorted(node_definitions())
    node = one(described, "node.id")
    assert (node.value, node.source, node.read_only) == ("1", ConfigSource.STATIC_BROKER_CONFIG, True)
    password = one(described, "ssl.key.password")
    assert (password.value, password.sensitive) == (None, True)
    assert [synonym.value for synonym in password.synonyms] == [None]
    retention = one(described, "log.retention.ms")
    assert (retention.value, retention.read_only) == ("9", False)
    assert retention.source == ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG
    hours = one(described, "log.retention.hours")
    assert (hours.value, hours.source) == ("168", ConfigSource.DEFAULT_CONFIG)
    limit = one(described, "log.cleaner.io.max.bytes.per.second")
    assert limit.value == "1.7976931348623157E308"


def test_describe_what_was_set_for_all_brokers() -> None:
    described = describe_dynamic_default(layers(dynamic_default={"log.retention.ms": "9", "no.such.thing": "x"}))
    assert [(config.name, config.value, config.sensitive) for config in described] == [
        ("log.retention.ms", "9", False),
        ("no.such.thing", None, True),
    ]


def test_describing_is_not_reading() -> None:
    settings = Settings.of({"num.io.threads": 8, "log.preallocate": "true", "log.segment.bytes": 1048576})
    describe_broker(ConfigLayers(settings))
    topic_defaults(ConfigLayers(settings))
    assert [given.name for given in settings.unread()] == ["log.preallocate", "num.io.threads"]

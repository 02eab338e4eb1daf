"""Names and configuration of topics."""

from __future__ import annotations

import pytest

from barnabas.metadata.topic_configs import (
    BrokerConfigs,
    ConfigSource,
    effective_config,
    effective_value,
    topic_configs,
    validate_topic_configs,
)
from barnabas.metadata.topic_names import reason_invalid
from barnabas.protocol.errors import ErrorCode, WireError

NOTHING = BrokerConfigs({}, {}, {})


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("retention.ms", "abc", "Not a number of type LONG"),
        ("retention.ms", "-2", "Value must be at least -1"),
        ("retention.ms", str(1 << 63), "Not a number of type LONG"),
        ("max.message.bytes", str(1 << 31), "Not a number of type INT"),
        ("preallocate", "yes", "Expected value to be either true or false"),
        ("min.cleanable.dirty.ratio", "1.5", "Value must be no more than 1"),
        ("min.cleanable.dirty.ratio", "x", "Not a number of type DOUBLE"),
        ("cleanup.policy", "burn", "String must be one of: compact, delete"),
        (
            "compression.type",
            "lzma",
            "String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer",
        ),
        ("compression.gzip.level", "0", "Value must be between 1 and 9 or equal to -1"),
        ("compression.zstd.level", "23", "Value must be no more than 22"),
    ],
)
def test_errors_of_values_read_as_in_kafka(name: str, text: str, reason: str) -> None:
    with pytest.raises(WireError) as raised:
        validate_topic_configs({name: text}, NOTHING)
    assert raised.value.code == ErrorCode.INVALID_CONFIG
    assert raised.value.message == f"Invalid value {text} for configuration {name}: {reason}"


def test_unknown_names_and_what_is_not_served_are_refused() -> None:
    with pytest.raises(WireError, match="Unknown topic config name: nonsense"):
        validate_topic_configs({"nonsense": "1"}, NOTHING)
    with pytest.raises(WireError, match="Tiered Storage functionality is disabled in the broker"):
        validate_topic_configs({"remote.storage.enable": "true"}, NOTHING)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cleanup.policy", "compact,delete"),
        ("cleanup.policy", " delete , compact "),
        ("cleanup.policy", ""),
        ("retention.ms", " 5 "),
        ("preallocate", "TRUE"),
        ("compression.gzip.level", "-1"),
        ("min.cleanable.dirty.ratio", "1e-1"),
        ("leader.replication.throttled.replicas", "*"),
        ("leader.replication.throttled.replicas", "0:1,1:2"),
        ("remote.storage.enable", "false"),
    ],
)
def test_what_kafka_takes_is_taken(name: str, text: str) -> None:
    validate_topic_configs({name: text}, NOTHING)


@pytest.mark.parametrize("text", ["0", "*,0:1", "a:b", "0:1,"])
def test_throttled_replicas_have_a_form(text: str) -> None:
    with pytest.raises(WireError, match="must be the literal"):
        validate_topic_configs({"follower.replication.throttled.replicas": text}, NOTHING)


def test_two_values_may_conflict() -> None:
    with pytest.raises(WireError, match=r"min\.compaction\.lag\.ms \(9\) > max\.compaction\.lag\.ms \(8\)"):
        validate_topic_configs({"min.compaction.lag.ms": "9", "max.compaction.lag.ms": "8"}, NOTHING)
    with pytest.raises(WireError, match="conflict topic config setting"):
        validate_topic_configs(
            {"min.compaction.lag.ms": "9"}, BrokerConfigs({}, {}, {"log.cleaner.max.compaction.lag.ms": "8"})
        )


def test_every_default_is_legal() -> None:
    assert len(topic_configs()) == 33
    for definition in topic_configs().values():
        definition.parse(definition.default)


def test_the_nearest_value_is_in_effect() -> None:
    brokers = BrokerConfigs({"log.retention.ms": "2"}, {"log.retention.ms": "3"}, {"log.retention.hours": "4"})
    assert effective_value("retention.ms", {"retention.ms": "1"}, brokers) == 1
    assert effective_value("retention.ms", {}, brokers) == 2
    assert effective_value("retention.ms", {}, BrokerConfigs({}, brokers.default, brokers.static)) == 3
    assert effective_value("retention.ms", {}, BrokerConfigs({}, {}, brokers.static)) == 4 * 3_600_000
    assert effective_value("retention.ms", {}, NOTHING) == 604_800_000


def test_every_place_of_a_value_is_told_with_its_source() -> None:
    effective = effective_config(
        "retention.ms", {"retention.ms": "1"}, BrokerConfigs({}, {"log.retention.minutes": "2"}, {})
    )
    assert (effective.value, effective.source) == ("1", ConfigSource.DYNAMIC_TOPIC_CONFIG)
    assert effective.synonyms == (
        ("retention.ms", "1", ConfigSource.DYNAMIC_TOPIC_CONFIG),
        ("log.retention.minutes", "120000", ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG),
        ("retention.ms", "604800000", ConfigSource.DEFAULT_CONFIG),
    )


@pytest.mark.parametrize("name", ["a", "A.b_c-9", "x" * 249, "...", "__consumer_offsets"])
def test_legal_names(name: str) -> None:
    assert reason_invalid(name) is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "the empty string is not allowed"),
        (".", "'.' is not allowed"),
        ("..", "'..' is not allowed"),
        ("a b", "'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"),
        ("a\n", "'a\n' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"),
        ("ä", "'ä' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"),
    ],
)
def test_illegal_names(name: str, reason: str) -> None:
    assert reason_invalid(name) == f"Topic name is invalid: {reason}"


def test_a_name_may_be_too_long() -> None:
    assert "longer than the max allowed length 249" in str(reason_invalid("x" * 250))

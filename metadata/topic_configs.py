"""The configuration of topics: names, types, legal values, and where the effective value comes from.

The facts are `schema/topic_configs.json`. A value is looked for in this order, and the first that is found is in
effect: set for the topic; set for the broker; set as the default of all brokers; in the node's own properties; the
built-in default. All but the first are found under the names that brokers use (`synonyms`), with a factor where the
unit differs (`log.retention.hours`).

Error texts are those of Kafka, because clients show them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path

from barnabas.protocol.errors import ErrorCode, WireError

Value = bool | int | float | str | list[str]

MIN_INSYNC_REPLICAS = "min.insync.replicas"
UNCLEAN_LEADER_ELECTION_ENABLE = "unclean.leader.election.enable"

_INTEGER_BITS = {"SHORT": 16, "INT": 32, "LONG": 64}
_INTEGER = re.compile(r"[+-]?[0-9]+")
_DOUBLE = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_THROTTLED_REPLICAS = re.compile(r"\*|[0-9]+:[0-9]+")


class ConfigSource(IntEnum):
    """Where a value comes from, numbered as in DescribeConfigs and CreateTopics."""

    DYNAMIC_TOPIC_CONFIG = 1
    DYNAMIC_BROKER_CONFIG = 2
    DYNAMIC_DEFAULT_BROKER_CONFIG = 3
    STATIC_BROKER_CONFIG = 4
    DEFAULT_CONFIG = 5
    DYNAMIC_GROUP_CONFIG = 8


@dataclass(frozen=True, slots=True)
class TopicConfig:
    """One configuration key of topics.

    `synonyms`: the names of brokers for it, each with the factor to the topic's unit.
    """

    name: str
    type: str
    default: str
    min: int | None = None
    max: int | None = None
    also: int | None = None
    choices: tuple[str, ...] = ()
    throttled_replicas: bool = False
    synonyms: tuple[tuple[str, int], ...] = ()

    def parse(self, text: str) -> Value:
        """The value that a text stands for. Raises `WireError` INVALID_CONFIG where the text is not legal."""
        value = self._typed(text.strip())
        if isinstance(value, list):
            self._check_list(value)
        elif isinstance(value, str):
            self._check_choice(value)
        elif not isinstance(value, bool):
            self._check_range(value)
        return value

    def _typed(self, text: str) -> Value:
        if self.type == "BOOLEAN":
            if text.lower() not in ("true", "false"):
                raise self._invalid(text, "Expected value to be either true or false")
            return text.lower() == "true"
        if bits := _INTEGER_BITS.get(self.type):
            if not _INTEGER.fullmatch(text) or not -(1 << bits - 1) <= int(text) < 1 << bits - 1:
                raise self._invalid(text, f"Not a number of type {self.type}")
            return int(text)
        if self.type == "DOUBLE":
            if not _DOUBLE.fullmatch(text):
                raise self._invalid(text, "Not a number of type DOUBLE")
            return float(text)
        if self.type == "LIST":
            return [item.strip() for item in text.split(",")] if text else []
        return text

    def _check_range(self, value: int | float) -> None:
        if self.also is not None:
            if value != self.also and not (self.min or 0) <= value <= (self.max or value):
                raise self._invalid(value, f"Value must be between {self.min} and {self.max} or equal to {self.also}")
            return
        if self.min is not None and value < self.min:
            raise self._invalid(value, f"Value must be at least {self.min}")
        if self.max is not None and value > self.max:
            raise self._invalid(value, f"Value must be no more than {self.max}")

    def _check_choice(self, value: str) -> None:
        if self.choices and value not in self.choices:
            raise self._invalid(value, f"String must be one of: {', '.join(self.choices)}")

    def _check_list(self, values: list[str]) -> None:
        if self.throttled_replicas:
            if not all(_THROTTLED_REPLICAS.fullmatch(value) for value in values) or (len(values) > 1 and "*" in values):
                raise self._invalid(
                    ", ".join(values).join("[]"),
                    f"{self.name} must be the literal '*' or a list of replicas in the following format: "
                    "[partitionId]:[brokerId],[partitionId]:[brokerId],...",
                )
            return
        for value in values:
            self._check_choice(value)

    def _invalid(self, value: object, reason: str) -> WireError:
        return WireError(ErrorCode.INVALID_CONFIG, f"Invalid value {value} for configuration {self.name}: {reason}")


@dataclass(frozen=True, slots=True)
class EffectiveConfig:
    """One key's value in effect, as text, and every place where it is set or has a default (`synonyms`), first the
    one in effect.
    """

    definition: TopicConfig
    value: str
    source: ConfigSource
    synonyms: tuple[tuple[str, str, ConfigSource], ...]
    """Name, value and source; names are those in use at the source."""


@dataclass(frozen=True, slots=True)
class BrokerConfigs:
    """What brokers are configured with, as text under the names of brokers: `own` was set for the broker by requests,
    `default` for all brokers, and `static` stands in the node's own properties."""

    own: Mapping[str, str]
    default: Mapping[str, str]
    static: Mapping[str, str]

    def layers(self) -> Iterable[tuple[Mapping[str, str], ConfigSource]]:
        """The places in the order in which they are looked at."""
        return (
            (self.own, ConfigSource.DYNAMIC_BROKER_CONFIG),
            (self.default, ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG),
            (self.static, ConfigSource.STATIC_BROKER_CONFIG),
        )


@cache
def topic_configs() -> Mapping[str, TopicConfig]:
    """Every configuration key of topics, in the order of names."""
    facts = json.loads((Path(__file__).parent / "schema/topic_configs.json").read_text("utf-8"))
    for fact in facts:
        fact["choices"] = tuple(fact.get("choices", ()))
        fact["synonyms"] = tuple((name, factor) for name, factor in fact.get("synonyms", ()))
    return {fact["name"]: TopicConfig(**fact) for fact in sorted(facts, key=lambda fact: str(fact["name"]))}


def effective_config(name: str, topic: Mapping[str, str], brokers: BrokerConfigs) -> EffectiveConfig:
    """The value in effect of one known key, for a topic for which `topic` was set."""
    definition = topic_configs()[name]
    places = tuple(_places(definition, topic, brokers))
    _, value, source = places[0]
    return EffectiveConfig(definition, value, source, places)


def _places(
    definition: TopicConfig, topic: Mapping[str, str], brokers: BrokerConfigs
) -> Iterator[tuple[str, str, ConfigSource]]:
    if definition.name in topic:
        yield definition.name, topic[definition.name], ConfigSource.DYNAMIC_TOPIC_CONFIG
    for values, source in brokers.layers():
        for synonym, factor in definition.synonyms:
            text = values.get(synonym)
            if text:
                yield synonym, text if factor == 1 else str(max(int(text) * factor, -1)), source
    yield definition.name, definition.default, ConfigSource.DEFAULT_CONFIG


def effective_value(name: str, topic: Mapping[str, str], brokers: BrokerConfigs) -> Value:
    """The parsed value in effect of one known key."""
    definition = topic_configs()[name]
    _, text, _ = next(_places(definition, topic, brokers))
    return definition.parse(text)


def validate_topic_configs(values: Mapping[str, str], brokers: BrokerConfigs) -> None:
    """Raises `WireError` INVALID_CONFIG unless a topic may be configured so.

    What is not in `values` comes from the brokers.
    """
    known = topic_configs()
    for name in values:
        if name not in known:
            raise WireError(ErrorCode.INVALID_CONFIG, f"Unknown topic config name: {name}")
    for name, text in values.items():
        known[name].parse(text)
    lowest = effective_value("min.compaction.lag.ms", values, brokers)
    highest = effective_value("max.compaction.lag.ms", values, brokers)
    if isinstance(lowest, int) and isinstance(highest, int) and lowest > highest:
        raise WireError(
            ErrorCode.INVALID_CONFIG,
            f"conflict topic config setting min.compaction.lag.ms ({lowest}) > max.compaction.lag.ms ({highest})",
        )
    if "remote.storage.enable" in values and values["remote.storage.enable"].strip().lower() == "true":
        raise WireError(
            ErrorCode.INVALID_CONFIG,
            "Tiered Storage functionality is disabled in the broker. "
            "Topic cannot be configured with remote log storage.",
        )

"""How configurations of topics and brokers come about: layers, synonyms, and what DescribeConfigs tells of them.

A topic's configuration is its own value, else the broker's under another name (`segment.bytes` is the broker's
`log.segment.bytes`), else the default. A broker's is what was set dynamically for it, else dynamically for all
brokers, else in its file, else the default; and some settings have several names, the finest unit first
(`log.retention.ms`, `.minutes`, `.hours`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from barnabas.server.definitions import Definition, Value, node_definitions, topic_definitions, value_text
from barnabas.server.settings import Settings


class ConfigSource(IntEnum):
    """Where a value comes from, as DescribeConfigs numbers it."""

    UNKNOWN = 0
    DYNAMIC_TOPIC_CONFIG = 1
    DYNAMIC_BROKER_CONFIG = 2
    DYNAMIC_DEFAULT_BROKER_CONFIG = 3
    STATIC_BROKER_CONFIG = 4
    DEFAULT_CONFIG = 5
    DYNAMIC_BROKER_LOGGER_CONFIG = 6
    CLIENT_METRICS_CONFIG = 7
    GROUP_CONFIG = 8


class ConfigType(IntEnum):
    """The type of a value, as DescribeConfigs numbers it."""

    UNKNOWN = 0
    BOOLEAN = 1
    STRING = 2
    INT = 3
    SHORT = 4
    LONG = 5
    DOUBLE = 6
    LIST = 7
    CLASS = 8
    PASSWORD = 9


_HOUR_MS: Final = 3_600_000
_MINUTE_MS: Final = 60_000

TOPIC_SYNONYMS: Final[Mapping[str, tuple[tuple[str, int], ...]]] = {
    "cleanup.policy": (("log.cleanup.policy", 1),),
    "compression.gzip.level": (("compression.gzip.level", 1),),
    "compression.lz4.level": (("compression.lz4.level", 1),),
    "compression.type": (("compression.type", 1),),
    "compression.zstd.level": (("compression.zstd.level", 1),),
    "delete.retention.ms": (("log.cleaner.delete.retention.ms", 1),),
    "file.delete.delay.ms": (("log.segment.delete.delay.ms", 1),),
    "flush.messages": (("log.flush.interval.messages", 1),),
    "flush.ms": (("log.flush.interval.ms", 1), ("log.flush.scheduler.interval.ms", 1)),
    "index.interval.bytes": (("log.index.interval.bytes", 1),),
    "local.retention.bytes": (("log.local.retention.bytes", 1),),
    "local.retention.ms": (("log.local.retention.ms", 1),),
    "max.compaction.lag.ms": (("log.cleaner.max.compaction.lag.ms", 1),),
    "max.message.bytes": (("message.max.bytes", 1),),
    "message.timestamp.after.max.ms": (("log.message.timestamp.after.max.ms", 1),),
    "message.timestamp.before.max.ms": (("log.message.timestamp.before.max.ms", 1),),
    "message.timestamp.type": (("log.message.timestamp.type", 1),),
    "min.cleanable.dirty.ratio": (("log.cleaner.min.cleanable.ratio", 1),),
    "min.compaction.lag.ms": (("log.cleaner.min.compaction.lag.ms", 1),),
    "min.insync.replicas": (("min.insync.replicas", 1),),
    "preallocate": (("log.preallocate", 1),),
    "retention.bytes": (("log.retention.bytes", 1),),
    "retention.ms": (
        ("log.retention.ms", 1),
        ("log.retention.minutes", _MINUTE_MS),
        ("log.retention.hours", _HOUR_MS),
    ),
    "segment.bytes": (("log.segment.bytes", 1),),
    "segment.index.bytes": (("log.index.size.max.bytes", 1),),
    "segment.jitter.ms": (("log.roll.jitter.ms", 1), ("log.roll.jitter.hours", _HOUR_MS)),
    "segment.ms": (("log.roll.ms", 1), ("log.roll.hours", _HOUR_MS)),
    "unclean.leader.election.enable": (("unclean.leader.election.enable", 1),),
}
"""Topic configuration -> the broker's settings that give its default, in order of precedence, each with its factor."""

# Defaults of topic configurations that nothing acts on yet.
_SHOWN_ONLY: Final = frozenset({"log.local.retention.bytes", "log.local.retention.ms", "log.preallocate"})

_BROKER_SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = {
    name: tuple(name for name, _ in synonyms)
    for synonyms in TOPIC_SYNONYMS.values()
    for name, _ in synonyms
    if len(synonyms) > 1
}

DYNAMIC_BROKER_CONFIGS: Final = frozenset(name for synonyms in TOPIC_SYNONYMS.values() for name, _ in synonyms)
"""Settings of a broker that can be changed while it runs. All others are read only."""


@dataclass(slots=True, frozen=True)
class ConfigLayers:
    """A broker's settings in their layers: its file, and what was set dynamically for all brokers and for it, as
    text.
    """

    settings: Settings
    dynamic_default: Mapping[str, str] = field(default_factory=dict)
    dynamic_broker: Mapping[str, str] = field(default_factory=dict)

    def value(self, name: str) -> Value:
        """The value in force."""
        text = self.dynamic_broker.get(name, self.dynamic_default.get(name))
        if text is not None:
            return node_definitions()[name].parse(text)
        return self.settings.peek(name) if name in _SHOWN_ONLY else self.settings.value(name)

    def synonyms(self, name: str) -> Iterator[Synonym]:
        """Each place that gives this setting a value, under any of its names, the one in force first."""
        names = _BROKER_SYNONYMS.get(name, (name,))
        names = names[names.index(name) :]
        given = self.settings.given
        definitions = node_definitions()
        for source, layer in (
            (ConfigSource.DYNAMIC_BROKER_CONFIG, self.dynamic_broker),
            (ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG, self.dynamic_default),
            (ConfigSource.STATIC_BROKER_CONFIG, {name: given[name].text for name in names if name in given}),
        ):
            for synonym in names:
                if synonym in layer:
                    yield Synonym(synonym, layer[synonym], source)
        for synonym in names:
            if synonym in definitions and definitions[synonym].default is not None:
                yield Synonym(synonym, value_text(definitions[synonym].default), ConfigSource.DEFAULT_CONFIG)


@dataclass(slots=True, frozen=True)
class Synonym:
    """One place that gives a configuration a value; `value` is None for a secret."""

    name: str
    value: str | None
    source: ConfigSource


@dataclass(slots=True, frozen=True)
class DescribedConfig:
    """One configuration as DescribeConfigs shows it."""

    name: str
    value: str | None
    source: ConfigSource
    type: ConfigType
    read_only: bool
    sensitive: bool
    synonyms: tuple[Synonym, ...]


def topic_default(name: str, layers: ConfigLayers) -> Value:
    """What a topic has that does not set the configuration itself."""
    for setting, factor in TOPIC_SYNONYMS.get(name, ()):
        value = layers.value(setting)
        if value is not None:
            if name == "retention.ms" and isinstance(value, int) and value < 0:
                return -1
            return value * factor if factor > 1 and isinstance(value, int) else value
    return topic_definitions()[name].default


def topic_defaults(layers: ConfigLayers) -> dict[str, Value]:
    """Every topic configuration as a topic has it that sets none."""
    return {name: topic_default(name, layers) for name in topic_definitions()}


def topic_config(own: Mapping[str, str], layers: ConfigLayers) -> dict[str, Value]:
    """A topic's configuration in force. ValueError for a value of its own that is not legal."""
    definitions = topic_definitions()
    config = topic_defaults(layers)
    config.update((name, definitions[name].parse(text)) for name, text in own.items() if name in definitions)
    return config


def describe_topic(own: Mapping[str, str], layers: ConfigLayers) -> list[DescribedConfig]:
    """All configurations of a topic whose own are `own`, by name."""
    return [_describe_topic_config(definition, own, layers) for definition in _by_name(topic_definitions())]


def describe_broker(layers: ConfigLayers) -> list[DescribedConfig]:
    """All settings of a broker, by name; those that were set and are nobody's are left out."""
    return [_describe_setting(definition, layers) for definition in _by_name(node_definitions())]


def describe_dynamic_default(layers: ConfigLayers) -> list[DescribedConfig]:
    """What was set dynamically for all brokers, by name."""
    definitions = node_definitions()
    described: list[DescribedConfig] = []
    for name, text in sorted(layers.dynamic_default.items()):
        definition = definitions.get(name, Definition(name, "PASSWORD", None, None))  # unknown: not to be shown
        source = ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG
        synonyms = _masked([Synonym(name, text, source)], definition)
        described.append(_described(definition, text, source, synonyms, read_only=name not in DYNAMIC_BROKER_CONFIGS))
    return described


def _describe_topic_config(definition: Definition, own: Mapping[str, str], layers: ConfigLayers) -> DescribedConfig:
    name = definition.name
    synonyms: list[Synonym] = []
    if name in own:
        synonyms.append(Synonym(name, own[name], ConfigSource.DYNAMIC_TOPIC_CONFIG))
    if name in TOPIC_SYNONYMS:
        synonyms += layers.synonyms(TOPIC_SYNONYMS[name][0][0])
    value = own[name] if name in own else value_text(topic_default(name, layers))
    source = synonyms[0].source if synonyms else ConfigSource.DEFAULT_CONFIG
    return _described(definition, value, source, _masked(synonyms, definition), read_only=False)


def _describe_setting(definition: Definition, layers: ConfigLayers) -> DescribedConfig:
    name = definition.name
    synonyms = list(layers.synonyms(name))
    source = synonyms[0].source if synonyms else ConfigSource.DEFAULT_CONFIG
    own = next((synonym for synonym in synonyms if synonym.name == name), None)
    value = own.value if own is not None else None
    return _described(
        definition, value, source, _masked(synonyms, definition), read_only=name not in DYNAMIC_BROKER_CONFIGS
    )


def _described(
    definition: Definition, value: str | None, source: ConfigSource, synonyms: tuple[Synonym, ...], *, read_only: bool
) -> DescribedConfig:
    shown = None if definition.secret else value
    kind = ConfigType[definition.type]
    return DescribedConfig(definition.name, shown, source, kind, read_only, definition.secret, synonyms)


def _masked(synonyms: list[Synonym], definition: Definition) -> tuple[Synonym, ...]:
    if definition.secret:
        return tuple(Synonym(synonym.name, None, synonym.source) for synonym in synonyms)
    return tuple(synonyms)


def _by_name(definitions: Mapping[str, Definition]) -> Iterator[Definition]:
    for name in sorted(definitions):
        yield definitions[name]

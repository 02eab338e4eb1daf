"""The configuration in effect on this broker: what its file says, under what requests have set since (KIP-226).

A value is looked for, first found first taken: set for the topic; set for this broker; set as the default of all
brokers; in this node's properties; the built-in default. What requests set stands in the image of the cluster.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from typing import Any, Final

from barnabas.metadata.image import MetadataImage
from barnabas.metadata.topic_configs import BrokerConfigs, ConfigSource, effective_config, topic_configs
from barnabas.server.definitions import Definition, node_definitions, value_text
from barnabas.server.settings import Settings
from barnabas.server.static_configs import static_configs
from barnabas.storage.config import LogConfig

_SYNONYMS: Final = (
    ("log.roll.ms", "log.roll.hours"),
    ("log.roll.jitter.ms", "log.roll.jitter.hours"),
    ("log.flush.interval.ms", "log.flush.scheduler.interval.ms"),
    ("log.retention.ms", "log.retention.minutes", "log.retention.hours"),
)
"""Names of one and the same setting of a broker, the one that counts most first."""

_NO_WAY_BACK: Final = frozenset({"log.flush.scheduler.interval.ms"})
"""A synonym of another setting that has none itself."""

_BROKER_ID: Final = re.compile(r"[+-]?[0-9]+")

_LOG_FIELDS: Final = {field.name.replace("_", "."): field.name for field in fields(LogConfig)}
"""The configurations of topics that logs heed, and the fields they have there."""

Synonym = tuple[str, str | None, ConfigSource]
"""A name, its value as text, and where that is set."""


def dynamic_broker_configs() -> frozenset[str]:
    """The settings of brokers that requests may change: those from which topics take what they do not set."""
    return frozenset(config.synonyms[0][0] for config in topic_configs().values() if config.synonyms)


class ConfigView:
    """See the module."""

    def __init__(self, settings: Settings, broker_id: int, image: Callable[[], MetadataImage]) -> None:
        """`image` gives the newest image."""
        self.broker_id: Final = broker_id
        self._settings = settings
        self._image = image
        self._static = static_configs(settings)
        if "node.id" in self._static:
            self._static.setdefault("broker.id", self._static["node.id"])
        self._defaults: tuple[BrokerConfigs, LogConfig] | None = None

    def broker_configs(self) -> BrokerConfigs:
        """What is set for this broker, for all brokers, and in the node's properties."""
        configs = self._image().configs
        return BrokerConfigs(configs.of_broker(self.broker_id), configs.of_all_brokers(), self._static)

    def log_config(self, topic: str) -> LogConfig:
        """The configuration of a topic's logs on this broker."""
        values = self._image().configs.of_topic(topic)
        defaults = self._log_defaults()
        return parse_log_config(values, defaults) if values else defaults

    def topic_default(self, name: str) -> str:
        """The text in effect of a topic's configuration where the topic itself sets nothing."""
        return effective_config(name, {}, self.broker_configs()).value

    def _log_defaults(self) -> LogConfig:
        """The configuration of a topic that sets nothing; worked out anew when a broker's configuration changes."""
        brokers = self.broker_configs()
        if self._defaults is None or self._defaults[0] != brokers:
            texts = {name: effective_config(name, {}, brokers).value for name in topic_configs()}
            self._defaults = (brokers, parse_log_config(texts))
        return self._defaults[1]

    def broker_value(self, name: str) -> str | None:
        """The text in effect of a setting of this broker; None where there is none."""
        for values, _ in self.broker_configs().layers():
            if name in values:
                return values[name]
        definition = node_definitions().get(name)
        if definition is None:
            return None
        return _default_text(definition)

    def broker_synonyms(self, name: str) -> list[Synonym]:
        """Where a setting of this broker has a value, the place in effect first, as DescribeConfigs tells it.

        What comes first under another name of the setting is left out, as Kafka leaves it out.
        """
        found = list(self._places(name))
        while found and found[0][0] != name:
            found.pop(0)
        return found

    def _places(self, name: str) -> Iterator[Synonym]:
        groups = () if name in _NO_WAY_BACK else _SYNONYMS
        names = next((group for group in groups if name in group), (name,))
        for values, source in self.broker_configs().layers():
            for synonym in names:
                if synonym in values:
                    yield synonym, values[synonym], source
        definitions = node_definitions()
        for synonym in names:
            definition = definitions.get(synonym)
            if definition is not None and definition.default is not None:
                yield synonym, _default_text(definition), ConfigSource.DEFAULT_CONFIG

    def broker_names(self) -> Iterator[str]:
        """Every setting of a node that is known or set."""
        definitions = node_definitions()
        yield from definitions
        yield from (name for name in self._static if name not in definitions)


def parse_log_config(values: Mapping[str, str], defaults: LogConfig = LogConfig()) -> LogConfig:  # noqa: B008 - frozen
    """The configuration of the logs of a topic that sets `values`; those that logs do not heed are skipped."""
    known = topic_configs()
    changes: dict[str, Any] = {
        field: known[name].parse(values[name]) for name, field in _LOG_FIELDS.items() if name in values
    }
    return replace(defaults, **changes)


def parse_broker_id(name: str) -> int | None:
    """The broker that a resource of a request names; None for what is no number, as Java reads them."""
    return int(name) if _BROKER_ID.fullmatch(name) else None


def _default_text(definition: Definition) -> str | None:
    text = value_text(definition.default)
    return text.removeprefix("class ") if text is not None and definition.type == "CLASS" else text


def is_secret(name: str) -> bool:
    """Whether a broker's setting must not be shown; what nobody knows may hold anything."""
    definition = node_definitions().get(name)
    return definition is None or definition.secret

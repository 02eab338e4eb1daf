"""DescribeConfigs (v1–v4): the configuration in effect of topics, groups and this broker, and where each value is from.

v3 brought types and documentation. There is no documentation to give: Kafka's own applies. Of a broker's loggers there
is one, `root`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Final

from barnabas.broker.config_view import ConfigView, Synonym, dynamic_broker_configs, is_secret, parse_broker_id
from barnabas.broker.metadata_cache import MetadataCache
from barnabas.metadata.group_configs import GroupConfig, group_configs
from barnabas.metadata.records import ResourceType
from barnabas.metadata.topic_configs import ConfigSource, TopicConfig, topic_configs
from barnabas.metadata.topic_names import reason_invalid
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.describe_configs import DescribeConfigsRequest, DescribeConfigsResponse
from barnabas.server.definitions import node_definitions, value_text
from barnabas.server.dispatch import Request

_Entry = DescribeConfigsResponse.DescribeConfigsResourceResult

DYNAMIC_BROKER_LOGGER_CONFIG: Final = 6
ROOT_LOGGER: Final = "root"


class ConfigType(IntEnum):
    """Types of values on the wire."""

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


class DescribeConfigsHandler:
    """Answers from the newest image and the node's own settings."""

    def __init__(self, cache: MetadataCache, view: ConfigView) -> None:
        self._cache = cache
        self._view = view

    def handle(self, request: Request[DescribeConfigsRequest]) -> None:
        request.reply(self.answer(request.body))

    def answer(self, body: DescribeConfigsRequest) -> DescribeConfigsResponse:
        return DescribeConfigsResponse(
            results=[self._result(resource, body.include_synonyms) for resource in body.resources]
        )

    def _result(
        self, resource: DescribeConfigsRequest.DescribeConfigsResource, synonyms: bool
    ) -> DescribeConfigsResponse.DescribeConfigsResult:
        result = DescribeConfigsResponse.DescribeConfigsResult(
            resource_type=resource.resource_type, resource_name=resource.resource_name
        )
        wanted = frozenset(resource.configuration_keys or ())
        try:
            result.configs = [
                entry for entry in self._entries(resource, synonyms) if not wanted or entry.name in wanted
            ]
        except WireError as error:
            result.error_code = error.code
            result.error_message = error.message
        return result

    def _entries(
        self, resource: DescribeConfigsRequest.DescribeConfigsResource, synonyms: bool
    ) -> Iterable[DescribeConfigsResponse.DescribeConfigsResourceResult]:
        name = resource.resource_name
        match resource.resource_type:
            case ResourceType.TOPIC:
                return self._topic(name, synonyms)
            case ResourceType.BROKER:
                return self._broker(name, synonyms)
            case ResourceType.BROKER_LOGGER:
                return self._loggers(name)
            case ResourceType.GROUP:
                return self._group(name, synonyms)
            case other:
                raise WireError(ErrorCode.INVALID_REQUEST, f"Unsupported resource type: {other}")

    def _topic(self, name: str, synonyms: bool) -> list[_Entry]:
        reason = reason_invalid(name)
        if reason is not None:
            raise WireError(ErrorCode.INVALID_TOPIC_EXCEPTION, reason)
        if name not in self._cache.image.topics.ids:
            raise WireError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "")
        values = self._cache.image.configs.of_topic(name)
        return [self._topic_entry(config, values.get(config.name), synonyms) for config in topic_configs().values()]

    def _topic_entry(self, config: TopicConfig, own: str | None, synonyms: bool) -> _Entry:
        places = self._view.broker_synonyms(config.synonyms[0][0]) if config.synonyms else []
        if own is not None:
            value = value_text(config.parse(own)) or ""
            places.insert(0, (config.name, value, ConfigSource.DYNAMIC_TOPIC_CONFIG))
        else:
            value = self._view.topic_default(config.name)
        return _entry(config.name, value, places, synonyms, read_only=False, config_type=ConfigType[config.type])

    def _group(self, name: str, synonyms: bool) -> list[_Entry]:
        """A group need not exist to be configured."""
        if not name:
            raise WireError(ErrorCode.INVALID_REQUEST, "Group name must not be empty")
        values = self._cache.image.configs.of(ResourceType.GROUP, name)
        return [self._group_entry(config, values.get(config.name), synonyms) for config in group_configs().values()]

    def _group_entry(self, config: GroupConfig, own: str | None, synonyms: bool) -> _Entry:
        if config.synonym is None:
            places: list[Synonym] = [(config.name, config.default, ConfigSource.DEFAULT_CONFIG)]
        else:
            places = self._view.broker_synonyms(config.synonym)
        if own is not None:
            places.insert(0, (config.name, value_text(config.parse(own)), ConfigSource.DYNAMIC_GROUP_CONFIG))
        value = places[0][1]
        return _entry(config.name, value, places, synonyms, read_only=False, config_type=ConfigType[config.type])

    def _broker(self, name: str, synonyms: bool) -> list[_Entry]:
        if name == "":
            return [
                self._default_entry(key, text, synonyms)
                for key, text in sorted(self._view.broker_configs().default.items())
            ]
        if _broker_id(name) != self._view.broker_id:
            raise WireError(
                ErrorCode.INVALID_REQUEST,
                f"Unexpected broker id, expected {self._view.broker_id} or empty string, but received {name}",
            )
        return [
            _broker_entry(key, self._view.broker_value(key), self._view.broker_synonyms(key), synonyms)
            for key in self._view.broker_names()
        ]

    def _default_entry(self, name: str, text: str, synonyms: bool) -> _Entry:
        places: list[Synonym] = [(name, text, ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG)]
        return _broker_entry(name, text, places, synonyms)

    def _loggers(self, name: str) -> list[_Entry]:
        if name == "":
            raise WireError(ErrorCode.INVALID_REQUEST, "Broker id must not be empty")
        if _broker_id(name) != self._view.broker_id:
            raise WireError(
                ErrorCode.INVALID_REQUEST,
                f"Unexpected broker id, expected {self._view.broker_id} but received {name}",
            )
        level = self._view.broker_value("barnabas.log.level")
        return [
            _Entry(
                name=ROOT_LOGGER,
                value=level.upper() if level is not None else None,
                config_source=DYNAMIC_BROKER_LOGGER_CONFIG,
                read_only=True,
                documentation=None,
            )
        ]


def _broker_entry(name: str, text: str | None, places: list[Synonym], synonyms: bool) -> _Entry:
    definition = node_definitions().get(name)
    config_type = ConfigType.UNKNOWN if definition is None else ConfigType[definition.type]
    read_only = name not in dynamic_broker_configs()
    return _entry(name, text, places, synonyms, read_only, config_type, secret=is_secret(name))


def _entry(
    name: str,
    value: str | None,
    places: list[Synonym],
    synonyms: bool,
    read_only: bool,
    config_type: ConfigType,
    *,
    secret: bool = False,
) -> _Entry:
    return _Entry(
        name=name,
        value=None if secret else value,
        read_only=read_only,
        config_source=places[0][2] if places else ConfigSource.DEFAULT_CONFIG,
        is_sensitive=secret,
        synonyms=[
            DescribeConfigsResponse.DescribeConfigsSynonym(name=synonym, value=None if secret else text, source=source)
            for synonym, text, source in places
        ]
        if synonyms
        else (),
        config_type=config_type,
        documentation=None,
    )


def _broker_id(name: str) -> int:
    broker_id = parse_broker_id(name)
    if broker_id is None:
        raise WireError(ErrorCode.INVALID_REQUEST, f"Broker id must be an integer, but it is: {name}")
    return broker_id

"""DescribeConfigs, API key 32. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct


class DescribeConfigsRequest(RequestMessage):
    """DescribeConfigsRequest: versions 1 to 4, flexible from 4."""

    __slots__ = ("resources", "include_synonyms", "include_documentation")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("resources", "[]DescribeConfigsResource", (0, 32767), None, None, -1, (), False, True),
        ("include_synonyms", "bool", (1, 32767), None, None, -1, False, False, True),
        ("include_documentation", "bool", (3, 32767), None, None, -1, False, False, True),
    )
    NAME: ClassVar[str] = "DescribeConfigsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 4)
    FLEXIBLE_FROM: ClassVar[int | None] = 4
    API_KEY: ClassVar[ApiKey] = ApiKey.DESCRIBE_CONFIGS

    class DescribeConfigsResource(Struct):
        """A struct of DescribeConfigsRequest."""

        __slots__ = ("resource_type", "resource_name", "configuration_keys")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("resource_type", "int8", (0, 32767), None, None, -1, 0, False, True),
            ("resource_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("configuration_keys", "[]string", (0, 32767), (0, 32767), None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            resource_type: int = 0,
            resource_name: str = "",
            configuration_keys: Iterable[str] | None = (),
        ) -> None:
            self.resource_type: int = resource_type
            self.resource_name: str = resource_name
            self.configuration_keys: list[str] | None = None if configuration_keys is None else list(configuration_keys)

    def __init__(
        self,
        *,
        resources: Iterable[DescribeConfigsRequest.DescribeConfigsResource] = (),
        include_synonyms: bool = False,
        include_documentation: bool = False,
    ) -> None:
        self.resources: list[DescribeConfigsRequest.DescribeConfigsResource] = list(resources)
        self.include_synonyms: bool = include_synonyms
        self.include_documentation: bool = include_documentation


class DescribeConfigsResponse(ResponseMessage):
    """DescribeConfigsResponse: versions 1 to 4, flexible from 4."""

    __slots__ = ("throttle_time_ms", "results")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("results", "[]DescribeConfigsResult", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DescribeConfigsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 4)
    FLEXIBLE_FROM: ClassVar[int | None] = 4
    API_KEY: ClassVar[ApiKey] = ApiKey.DESCRIBE_CONFIGS

    class DescribeConfigsSynonym(Struct):
        """A struct of DescribeConfigsResponse."""

        __slots__ = ("name", "value", "source")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (1, 32767), None, None, -1, "", False, True),
            ("value", "string", (1, 32767), (0, 32767), None, -1, "", False, True),
            ("source", "int8", (1, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            value: str | None = "",
            source: int = 0,
        ) -> None:
            self.name: str = name
            self.value: str | None = value
            self.source: int = source

    class DescribeConfigsResourceResult(Struct):
        """A struct of DescribeConfigsResponse."""

        __slots__ = (
            "name",
            "value",
            "read_only",
            "config_source",
            "is_sensitive",
            "synonyms",
            "config_type",
            "documentation",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("value", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
            ("read_only", "bool", (0, 32767), None, None, -1, False, False, True),
            ("config_source", "int8", (1, 32767), None, None, -1, -1, True, True),
            ("is_sensitive", "bool", (0, 32767), None, None, -1, False, False, True),
            ("synonyms", "[]DescribeConfigsSynonym", (1, 32767), None, None, -1, (), True, True),
            ("config_type", "int8", (3, 32767), None, None, -1, 0, True, True),
            ("documentation", "string", (3, 32767), (0, 32767), None, -1, "", True, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            value: str | None = "",
            read_only: bool = False,
            config_source: int = -1,
            is_sensitive: bool = False,
            synonyms: Iterable[DescribeConfigsResponse.DescribeConfigsSynonym] = (),
            config_type: int = 0,
            documentation: str | None = "",
        ) -> None:
            self.name: str = name
            self.value: str | None = value
            self.read_only: bool = read_only
            self.config_source: int = config_source
            self.is_sensitive: bool = is_sensitive
            self.synonyms: list[DescribeConfigsResponse.DescribeConfigsSynonym] = list(synonyms)
            self.config_type: int = config_type
            self.documentation: str | None = documentation

    class DescribeConfigsResult(Struct):
        """A struct of DescribeConfigsResponse."""

        __slots__ = ("error_code", "error_message", "resource_type", "resource_name", "configs")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
            ("resource_type", "int8", (0, 32767), None, None, -1, 0, False, True),
            ("resource_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("configs", "[]DescribeConfigsResourceResult", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            error_code: int = 0,
            error_message: str | None = "",
            resource_type: int = 0,
            resource_name: str = "",
            configs: Iterable[DescribeConfigsResponse.DescribeConfigsResourceResult] = (),
        ) -> None:
            self.error_code: int = error_code
            self.error_message: str | None = error_message
            self.resource_type: int = resource_type
            self.resource_name: str = resource_name
            self.configs: list[DescribeConfigsResponse.DescribeConfigsResourceResult] = list(configs)

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        results: Iterable[DescribeConfigsResponse.DescribeConfigsResult] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.results: list[DescribeConfigsResponse.DescribeConfigsResult] = list(results)

"""IncrementalAlterConfigs, API key 44. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct


class IncrementalAlterConfigsRequest(RequestMessage):
    """IncrementalAlterConfigsRequest: versions 0 to 1, flexible from 1."""

    __slots__ = ("resources", "validate_only")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("resources", "[]AlterConfigsResource", (0, 32767), None, None, -1, (), False, True),
        ("validate_only", "bool", (0, 32767), None, None, -1, False, False, True),
    )
    NAME: ClassVar[str] = "IncrementalAlterConfigsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 1
    API_KEY: ClassVar[ApiKey] = ApiKey.INCREMENTAL_ALTER_CONFIGS

    class AlterableConfig(Struct):
        """A struct of IncrementalAlterConfigsRequest."""

        __slots__ = ("name", "config_operation", "value")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("config_operation", "int8", (0, 32767), None, None, -1, 0, False, True),
            ("value", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            config_operation: int = 0,
            value: str | None = "",
        ) -> None:
            self.name: str = name
            self.config_operation: int = config_operation
            self.value: str | None = value

    class AlterConfigsResource(Struct):
        """A struct of IncrementalAlterConfigsRequest."""

        __slots__ = ("resource_type", "resource_name", "configs")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("resource_type", "int8", (0, 32767), None, None, -1, 0, False, True),
            ("resource_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("configs", "[]AlterableConfig", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            resource_type: int = 0,
            resource_name: str = "",
            configs: Iterable[IncrementalAlterConfigsRequest.AlterableConfig] = (),
        ) -> None:
            self.resource_type: int = resource_type
            self.resource_name: str = resource_name
            self.configs: list[IncrementalAlterConfigsRequest.AlterableConfig] = list(configs)

    def __init__(
        self,
        *,
        resources: Iterable[IncrementalAlterConfigsRequest.AlterConfigsResource] = (),
        validate_only: bool = False,
    ) -> None:
        self.resources: list[IncrementalAlterConfigsRequest.AlterConfigsResource] = list(resources)
        self.validate_only: bool = validate_only


class IncrementalAlterConfigsResponse(ResponseMessage):
    """IncrementalAlterConfigsResponse: versions 0 to 1, flexible from 1."""

    __slots__ = ("throttle_time_ms", "responses")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("responses", "[]AlterConfigsResourceResponse", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "IncrementalAlterConfigsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 1
    API_KEY: ClassVar[ApiKey] = ApiKey.INCREMENTAL_ALTER_CONFIGS

    class AlterConfigsResourceResponse(Struct):
        """A struct of IncrementalAlterConfigsResponse."""

        __slots__ = ("error_code", "error_message", "resource_type", "resource_name")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
            ("resource_type", "int8", (0, 32767), None, None, -1, 0, False, True),
            ("resource_name", "string", (0, 32767), None, None, -1, "", False, True),
        )

        def __init__(
            self,
            *,
            error_code: int = 0,
            error_message: str | None = "",
            resource_type: int = 0,
            resource_name: str = "",
        ) -> None:
            self.error_code: int = error_code
            self.error_message: str | None = error_message
            self.resource_type: int = resource_type
            self.resource_name: str = resource_name

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        responses: Iterable[IncrementalAlterConfigsResponse.AlterConfigsResourceResponse] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.responses: list[IncrementalAlterConfigsResponse.AlterConfigsResourceResponse] = list(responses)

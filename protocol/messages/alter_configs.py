"""AlterConfigs, API key 33. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct


class AlterConfigsRequest(RequestMessage):
    """AlterConfigsRequest: versions 0 to 2, flexible from 2."""

    __slots__ = ("resources", "validate_only")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("resources", "[]AlterConfigsResource", (0, 32767), None, None, -1, (), False, True),
        ("validate_only", "bool", (0, 32767), None, None, -1, False, False, True),
    )
    NAME: ClassVar[str] = "AlterConfigsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.ALTER_CONFIGS

    class AlterableConfig(Struct):
        """A struct of AlterConfigsRequest."""

        __slots__ = ("name", "value")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("value", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            value: str | None = "",
        ) -> None:
            self.name: str = name
            self.value: str | None = value

    class AlterConfigsResource(Struct):
        """A struct of AlterConfigsRequest."""

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
            configs: Iterable[AlterConfigsRequest.AlterableConfig] = (),
        ) -> None:
            self.resource_type: int = resource_type
            self.resource_name: str = resource_name
            self.configs: list[AlterConfigsRequest.AlterableConfig] = list(configs)

    def __init__(
        self,
        *,
        resources: Iterable[AlterConfigsRequest.AlterConfigsResource] = (),
        validate_only: bool = False,
    ) -> None:
        self.resources: list[AlterConfigsRequest.AlterConfigsResource] = list(resources)
        self.validate_only: bool = validate_only


class AlterConfigsResponse(ResponseMessage):
    """AlterConfigsResponse: versions 0 to 2, flexible from 2."""

    __slots__ = ("throttle_time_ms", "responses")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("responses", "[]AlterConfigsResourceResponse", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "AlterConfigsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.ALTER_CONFIGS

    class AlterConfigsResourceResponse(Struct):
        """A struct of AlterConfigsResponse."""

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
        responses: Iterable[AlterConfigsResponse.AlterConfigsResourceResponse] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.responses: list[AlterConfigsResponse.AlterConfigsResourceResponse] = list(responses)

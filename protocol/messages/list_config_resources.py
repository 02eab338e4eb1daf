"""ListConfigResources, API key 74. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct


class ListConfigResourcesRequest(RequestMessage):
    """ListConfigResourcesRequest: versions 0 to 1, flexible from 0."""

    __slots__ = ("resource_types",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("resource_types", "[]int8", (1, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "ListConfigResourcesRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.LIST_CONFIG_RESOURCES

    def __init__(
        self,
        *,
        resource_types: Iterable[int] = (),
    ) -> None:
        self.resource_types: list[int] = list(resource_types)


class ListConfigResourcesResponse(ResponseMessage):
    """ListConfigResourcesResponse: versions 0 to 1, flexible from 0."""

    __slots__ = ("throttle_time_ms", "error_code", "config_resources")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("config_resources", "[]ConfigResource", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "ListConfigResourcesResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.LIST_CONFIG_RESOURCES

    class ConfigResource(Struct):
        """A struct of ListConfigResourcesResponse."""

        __slots__ = ("resource_name", "resource_type")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("resource_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("resource_type", "int8", (1, 32767), None, None, -1, 16, True, True),
        )

        def __init__(
            self,
            *,
            resource_name: str = "",
            resource_type: int = 16,
        ) -> None:
            self.resource_name: str = resource_name
            self.resource_type: int = resource_type

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        config_resources: Iterable[ListConfigResourcesResponse.ConfigResource] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.config_resources: list[ListConfigResourcesResponse.ConfigResource] = list(config_resources)

"""DeleteAcls, API key 31. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct


class DeleteAclsRequest(RequestMessage):
    """DeleteAclsRequest: versions 1 to 3, flexible from 2."""

    __slots__ = ("filters",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("filters", "[]DeleteAclsFilter", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DeleteAclsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 3)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.DELETE_ACLS

    class DeleteAclsFilter(Struct):
        """A struct of DeleteAclsRequest."""

        __slots__ = (
            "resource_type_filter",
            "resource_name_filter",
            "pattern_type_filter",
            "principal_filter",
            "host_filter",
            "operation",
            "permission_type",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("resource_type_filter", "int8", (0, 32767), None, None, -1, 0, False, True),
            ("resource_name_filter", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
            ("pattern_type_filter", "int8", (1, 32767), None, None, -1, 3, False, True),
            ("principal_filter", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
            ("host_filter", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
            ("operation", "int8", (0, 32767), None, None, -1, 0, False, True),
            ("permission_type", "int8", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            resource_type_filter: int = 0,
            resource_name_filter: str | None = "",
            pattern_type_filter: int = 3,
            principal_filter: str | None = "",
            host_filter: str | None = "",
            operation: int = 0,
            permission_type: int = 0,
        ) -> None:
            self.resource_type_filter: int = resource_type_filter
            self.resource_name_filter: str | None = resource_name_filter
            self.pattern_type_filter: int = pattern_type_filter
            self.principal_filter: str | None = principal_filter
            self.host_filter: str | None = host_filter
            self.operation: int = operation
            self.permission_type: int = permission_type

    def __init__(
        self,
        *,
        filters: Iterable[DeleteAclsRequest.DeleteAclsFilter] = (),
    ) -> None:
        self.filters: list[DeleteAclsRequest.DeleteAclsFilter] = list(filters)


class DeleteAclsResponse(ResponseMessage):
    """DeleteAclsResponse: versions 1 to 3, flexible from 2."""

    __slots__ = ("throttle_time_ms", "filter_results")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("filter_results", "[]DeleteAclsFilterResult", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DeleteAclsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 3)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.DELETE_ACLS

    class DeleteAclsMatchingAcl(Struct):
        """A struct of DeleteAclsResponse."""

        __slots__ = (
            "error_code",
            "error_message",
            "resource_type",
            "resource_name",
            "pattern_type",
            "principal",
            "host",
            "operation",
            "permission_type",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
            ("resource_type", "int8", (0, 32767), None, None, -1, 0, False, True),
            ("resource_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("pattern_type", "int8", (1, 32767), None, None, -1, 3, False, True),
            ("principal", "string", (0, 32767), None, None, -1, "", False, True),
            ("host", "string", (0, 32767), None, None, -1, "", False, True),
            ("operation", "int8", (0, 32767), None, None, -1, 0, False, True),
            ("permission_type", "int8", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            error_code: int = 0,
            error_message: str | None = "",
            resource_type: int = 0,
            resource_name: str = "",
            pattern_type: int = 3,
            principal: str = "",
            host: str = "",
            operation: int = 0,
            permission_type: int = 0,
        ) -> None:
            self.error_code: int = error_code
            self.error_message: str | None = error_message
            self.resource_type: int = resource_type
            self.resource_name: str = resource_name
            self.pattern_type: int = pattern_type
            self.principal: str = principal
            self.host: str = host
            self.operation: int = operation
            self.permission_type: int = permission_type

    class DeleteAclsFilterResult(Struct):
        """A struct of DeleteAclsResponse."""

        __slots__ = ("error_code", "error_message", "matching_acls")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
            ("matching_acls", "[]DeleteAclsMatchingAcl", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            error_code: int = 0,
            error_message: str | None = "",
            matching_acls: Iterable[DeleteAclsResponse.DeleteAclsMatchingAcl] = (),
        ) -> None:
            self.error_code: int = error_code
            self.error_message: str | None = error_message
            self.matching_acls: list[DeleteAclsResponse.DeleteAclsMatchingAcl] = list(matching_acls)

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        filter_results: Iterable[DeleteAclsResponse.DeleteAclsFilterResult] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.filter_results: list[DeleteAclsResponse.DeleteAclsFilterResult] = list(filter_results)

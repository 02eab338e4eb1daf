"""DescribeAcls, API key 29. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct


class DescribeAclsRequest(RequestMessage):
    """DescribeAclsRequest: versions 1 to 3, flexible from 2."""

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
    NAME: ClassVar[str] = "DescribeAclsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 3)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.DESCRIBE_ACLS

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


class DescribeAclsResponse(ResponseMessage):
    """DescribeAclsResponse: versions 1 to 3, flexible from 2."""

    __slots__ = ("throttle_time_ms", "error_code", "error_message", "resources")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("error_message", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        ("resources", "[]DescribeAclsResource", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DescribeAclsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 3)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.DESCRIBE_ACLS

    class AclDescription(Struct):
        """A struct of DescribeAclsResponse."""

        __slots__ = ("principal", "host", "operation", "permission_type")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("principal", "string", (0, 32767), None, None, -1, "", False, True),
            ("host", "string", (0, 32767), None, None, -1, "", False, True),
            ("operation", "int8", (0, 32767), None, None, -1, 0, False, True),
            ("permission_type", "int8", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            principal: str = "",
            host: str = "",
            operation: int = 0,
            permission_type: int = 0,
        ) -> None:
            self.principal: str = principal
            self.host: str = host
            self.operation: int = operation
            self.permission_type: int = permission_type

    class DescribeAclsResource(Struct):
        """A struct of DescribeAclsResponse."""

        __slots__ = ("resource_type", "resource_name", "pattern_type", "acls")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("resource_type", "int8", (0, 32767), None, None, -1, 0, False, True),
            ("resource_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("pattern_type", "int8", (1, 32767), None, None, -1, 3, False, True),
            ("acls", "[]AclDescription", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            resource_type: int = 0,
            resource_name: str = "",
            pattern_type: int = 3,
            acls: Iterable[DescribeAclsResponse.AclDescription] = (),
        ) -> None:
            self.resource_type: int = resource_type
            self.resource_name: str = resource_name
            self.pattern_type: int = pattern_type
            self.acls: list[DescribeAclsResponse.AclDescription] = list(acls)

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        error_message: str | None = "",
        resources: Iterable[DescribeAclsResponse.DescribeAclsResource] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.error_message: str | None = error_message
        self.resources: list[DescribeAclsResponse.DescribeAclsResource] = list(resources)

"""CreateAcls, API key 30. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct


class CreateAclsRequest(RequestMessage):
    """CreateAclsRequest: versions 1 to 3, flexible from 2."""

    __slots__ = ("creations",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("creations", "[]AclCreation", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "CreateAclsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 3)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.CREATE_ACLS

    class AclCreation(Struct):
        """A struct of CreateAclsRequest."""

        __slots__ = (
            "resource_type",
            "resource_name",
            "resource_pattern_type",
            "principal",
            "host",
            "operation",
            "permission_type",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("resource_type", "int8", (0, 32767), None, None, -1, 0, False, True),
            ("resource_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("resource_pattern_type", "int8", (1, 32767), None, None, -1, 3, False, True),
            ("principal", "string", (0, 32767), None, None, -1, "", False, True),
            ("host", "string", (0, 32767), None, None, -1, "", False, True),
            ("operation", "int8", (0, 32767), None, None, -1, 0, False, True),
            ("permission_type", "int8", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            resource_type: int = 0,
            resource_name: str = "",
            resource_pattern_type: int = 3,
            principal: str = "",
            host: str = "",
            operation: int = 0,
            permission_type: int = 0,
        ) -> None:
            self.resource_type: int = resource_type
            self.resource_name: str = resource_name
            self.resource_pattern_type: int = resource_pattern_type
            self.principal: str = principal
            self.host: str = host
            self.operation: int = operation
            self.permission_type: int = permission_type

    def __init__(
        self,
        *,
        creations: Iterable[CreateAclsRequest.AclCreation] = (),
    ) -> None:
        self.creations: list[CreateAclsRequest.AclCreation] = list(creations)


class CreateAclsResponse(ResponseMessage):
    """CreateAclsResponse: versions 1 to 3, flexible from 2."""

    __slots__ = ("throttle_time_ms", "results")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("results", "[]AclCreationResult", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "CreateAclsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 3)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.CREATE_ACLS

    class AclCreationResult(Struct):
        """A struct of CreateAclsResponse."""

        __slots__ = ("error_code", "error_message")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        )

        def __init__(
            self,
            *,
            error_code: int = 0,
            error_message: str | None = "",
        ) -> None:
            self.error_code: int = error_code
            self.error_message: str | None = error_message

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        results: Iterable[CreateAclsResponse.AclCreationResult] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.results: list[CreateAclsResponse.AclCreationResult] = list(results)

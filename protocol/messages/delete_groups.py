"""DeleteGroups, API key 42. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct


class DeleteGroupsRequest(RequestMessage):
    """DeleteGroupsRequest: versions 0 to 2, flexible from 2."""

    __slots__ = ("groups_names",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("groups_names", "[]string", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DeleteGroupsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.DELETE_GROUPS

    def __init__(
        self,
        *,
        groups_names: Iterable[str] = (),
    ) -> None:
        self.groups_names: list[str] = list(groups_names)


class DeleteGroupsResponse(ResponseMessage):
    """DeleteGroupsResponse: versions 0 to 2, flexible from 2."""

    __slots__ = ("throttle_time_ms", "results")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("results", "[]DeletableGroupResult", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DeleteGroupsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 2
    API_KEY: ClassVar[ApiKey] = ApiKey.DELETE_GROUPS

    class DeletableGroupResult(Struct):
        """A struct of DeleteGroupsResponse."""

        __slots__ = ("group_id", "error_code")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("group_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            group_id: str = "",
            error_code: int = 0,
        ) -> None:
            self.group_id: str = group_id
            self.error_code: int = error_code

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        results: Iterable[DeleteGroupsResponse.DeletableGroupResult] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.results: list[DeleteGroupsResponse.DeletableGroupResult] = list(results)

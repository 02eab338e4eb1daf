"""ListGroups, API key 16. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct


class ListGroupsRequest(RequestMessage):
    """ListGroupsRequest: versions 0 to 5, flexible from 3."""

    __slots__ = ("states_filter", "types_filter")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("states_filter", "[]string", (4, 32767), None, None, -1, (), False, True),
        ("types_filter", "[]string", (5, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "ListGroupsRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 5)
    FLEXIBLE_FROM: ClassVar[int | None] = 3
    API_KEY: ClassVar[ApiKey] = ApiKey.LIST_GROUPS

    def __init__(
        self,
        *,
        states_filter: Iterable[str] = (),
        types_filter: Iterable[str] = (),
    ) -> None:
        self.states_filter: list[str] = list(states_filter)
        self.types_filter: list[str] = list(types_filter)


class ListGroupsResponse(ResponseMessage):
    """ListGroupsResponse: versions 0 to 5, flexible from 3."""

    __slots__ = ("throttle_time_ms", "error_code", "groups")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (1, 32767), None, None, -1, 0, True, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("groups", "[]ListedGroup", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "ListGroupsResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 5)
    FLEXIBLE_FROM: ClassVar[int | None] = 3
    API_KEY: ClassVar[ApiKey] = ApiKey.LIST_GROUPS

    class ListedGroup(Struct):
        """A struct of ListGroupsResponse."""

        __slots__ = ("group_id", "protocol_type", "group_state", "group_type")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("group_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("protocol_type", "string", (0, 32767), None, None, -1, "", False, True),
            ("group_state", "string", (4, 32767), None, None, -1, "", True, True),
            ("group_type", "string", (5, 32767), None, None, -1, "", True, True),
        )

        def __init__(
            self,
            *,
            group_id: str = "",
            protocol_type: str = "",
            group_state: str = "",
            group_type: str = "",
        ) -> None:
            self.group_id: str = group_id
            self.protocol_type: str = protocol_type
            self.group_state: str = group_state
            self.group_type: str = group_type

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        groups: Iterable[ListGroupsResponse.ListedGroup] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.groups: list[ListGroupsResponse.ListedGroup] = list(groups)

"""DescribeClientQuotas, API key 48. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct


class DescribeClientQuotasRequest(RequestMessage):
    """DescribeClientQuotasRequest: versions 0 to 1, flexible from 1."""

    __slots__ = ("components", "strict")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("components", "[]ComponentData", (0, 32767), None, None, -1, (), False, True),
        ("strict", "bool", (0, 32767), None, None, -1, False, False, True),
    )
    NAME: ClassVar[str] = "DescribeClientQuotasRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 1
    API_KEY: ClassVar[ApiKey] = ApiKey.DESCRIBE_CLIENT_QUOTAS

    class ComponentData(Struct):
        """A struct of DescribeClientQuotasRequest."""

        __slots__ = ("entity_type", "match_type", "match")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("entity_type", "string", (0, 32767), None, None, -1, "", False, True),
            ("match_type", "int8", (0, 32767), None, None, -1, 0, False, True),
            ("match", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        )

        def __init__(
            self,
            *,
            entity_type: str = "",
            match_type: int = 0,
            match: str | None = "",
        ) -> None:
            self.entity_type: str = entity_type
            self.match_type: int = match_type
            self.match: str | None = match

    def __init__(
        self,
        *,
        components: Iterable[DescribeClientQuotasRequest.ComponentData] = (),
        strict: bool = False,
    ) -> None:
        self.components: list[DescribeClientQuotasRequest.ComponentData] = list(components)
        self.strict: bool = strict


class DescribeClientQuotasResponse(ResponseMessage):
    """DescribeClientQuotasResponse: versions 0 to 1, flexible from 1."""

    __slots__ = ("throttle_time_ms", "error_code", "error_message", "entries")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("error_message", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        ("entries", "[]EntryData", (0, 32767), (0, 32767), None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "DescribeClientQuotasResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 1
    API_KEY: ClassVar[ApiKey] = ApiKey.DESCRIBE_CLIENT_QUOTAS

    class EntityData(Struct):
        """A struct of DescribeClientQuotasResponse."""

        __slots__ = ("entity_type", "entity_name")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("entity_type", "string", (0, 32767), None, None, -1, "", False, True),
            ("entity_name", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
        )

        def __init__(
            self,
            *,
            entity_type: str = "",
            entity_name: str | None = "",
        ) -> None:
            self.entity_type: str = entity_type
            self.entity_name: str | None = entity_name

    class ValueData(Struct):
        """A struct of DescribeClientQuotasResponse."""

        __slots__ = ("key", "value")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("key", "string", (0, 32767), None, None, -1, "", False, True),
            ("value", "float64", (0, 32767), None, None, -1, 0.0, False, True),
        )

        def __init__(
            self,
            *,
            key: str = "",
            value: float = 0.0,
        ) -> None:
            self.key: str = key
            self.value: float = value

    class EntryData(Struct):
        """A struct of DescribeClientQuotasResponse."""

        __slots__ = ("entity", "values")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("entity", "[]EntityData", (0, 32767), None, None, -1, (), False, True),
            ("values", "[]ValueData", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            entity: Iterable[DescribeClientQuotasResponse.EntityData] = (),
            values: Iterable[DescribeClientQuotasResponse.ValueData] = (),
        ) -> None:
            self.entity: list[DescribeClientQuotasResponse.EntityData] = list(entity)
            self.values: list[DescribeClientQuotasResponse.ValueData] = list(values)

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        error_message: str | None = "",
        entries: Iterable[DescribeClientQuotasResponse.EntryData] | None = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.error_message: str | None = error_message
        self.entries: list[DescribeClientQuotasResponse.EntryData] | None = None if entries is None else list(entries)

"""AlterClientQuotas, API key 49. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct


class AlterClientQuotasRequest(RequestMessage):
    """AlterClientQuotasRequest: versions 0 to 1, flexible from 1."""

    __slots__ = ("entries", "validate_only")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("entries", "[]EntryData", (0, 32767), None, None, -1, (), False, True),
        ("validate_only", "bool", (0, 32767), None, None, -1, False, False, True),
    )
    NAME: ClassVar[str] = "AlterClientQuotasRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 1
    API_KEY: ClassVar[ApiKey] = ApiKey.ALTER_CLIENT_QUOTAS

    class EntityData(Struct):
        """A struct of AlterClientQuotasRequest."""

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

    class OpData(Struct):
        """A struct of AlterClientQuotasRequest."""

        __slots__ = ("key", "value", "remove")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("key", "string", (0, 32767), None, None, -1, "", False, True),
            ("value", "float64", (0, 32767), None, None, -1, 0.0, False, True),
            ("remove", "bool", (0, 32767), None, None, -1, False, False, True),
        )

        def __init__(
            self,
            *,
            key: str = "",
            value: float = 0.0,
            remove: bool = False,
        ) -> None:
            self.key: str = key
            self.value: float = value
            self.remove: bool = remove

    class EntryData(Struct):
        """A struct of AlterClientQuotasRequest."""

        __slots__ = ("entity", "ops")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("entity", "[]EntityData", (0, 32767), None, None, -1, (), False, True),
            ("ops", "[]OpData", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            entity: Iterable[AlterClientQuotasRequest.EntityData] = (),
            ops: Iterable[AlterClientQuotasRequest.OpData] = (),
        ) -> None:
            self.entity: list[AlterClientQuotasRequest.EntityData] = list(entity)
            self.ops: list[AlterClientQuotasRequest.OpData] = list(ops)

    def __init__(
        self,
        *,
        entries: Iterable[AlterClientQuotasRequest.EntryData] = (),
        validate_only: bool = False,
    ) -> None:
        self.entries: list[AlterClientQuotasRequest.EntryData] = list(entries)
        self.validate_only: bool = validate_only


class AlterClientQuotasResponse(ResponseMessage):
    """AlterClientQuotasResponse: versions 0 to 1, flexible from 1."""

    __slots__ = ("throttle_time_ms", "entries")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("entries", "[]EntryData", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "AlterClientQuotasResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 1
    API_KEY: ClassVar[ApiKey] = ApiKey.ALTER_CLIENT_QUOTAS

    class EntityData(Struct):
        """A struct of AlterClientQuotasResponse."""

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

    class EntryData(Struct):
        """A struct of AlterClientQuotasResponse."""

        __slots__ = ("error_code", "error_message", "entity")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (0, 32767), (0, 32767), None, -1, "", False, True),
            ("entity", "[]EntityData", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            error_code: int = 0,
            error_message: str | None = "",
            entity: Iterable[AlterClientQuotasResponse.EntityData] = (),
        ) -> None:
            self.error_code: int = error_code
            self.error_message: str | None = error_message
            self.entity: list[AlterClientQuotasResponse.EntityData] = list(entity)

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        entries: Iterable[AlterClientQuotasResponse.EntryData] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.entries: list[AlterClientQuotasResponse.EntryData] = list(entries)

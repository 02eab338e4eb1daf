"""DefaultPrincipalData. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message


class DefaultPrincipalData(Message):
    """DefaultPrincipalData: version 0, flexible from 0."""

    __slots__ = ("type", "name", "token_authenticated")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("type", "string", (0, 32767), None, None, -1, "", False, True),
        ("name", "string", (0, 32767), None, None, -1, "", False, True),
        ("token_authenticated", "bool", (0, 32767), None, None, -1, False, False, True),
    )
    NAME: ClassVar[str] = "DefaultPrincipalData"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0

    def __init__(
        self,
        *,
        type: str = "",
        name: str = "",
        token_authenticated: bool = False,
    ) -> None:
        self.type: str = type
        self.name: str = name
        self.token_authenticated: bool = token_authenticated

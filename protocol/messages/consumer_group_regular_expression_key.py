"""ConsumerGroupRegularExpressionKey. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message


class ConsumerGroupRegularExpressionKey(Message):
    """ConsumerGroupRegularExpressionKey: version 0, never flexible."""

    __slots__ = ("group_id", "regular_expression")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("group_id", "string", (0, 0), None, None, -1, "", False, True),
        ("regular_expression", "string", (0, 0), None, None, -1, "", False, True),
    )
    NAME: ClassVar[str] = "ConsumerGroupRegularExpressionKey"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = None

    def __init__(
        self,
        *,
        group_id: str = "",
        regular_expression: str = "",
    ) -> None:
        self.group_id: str = group_id
        self.regular_expression: str = regular_expression

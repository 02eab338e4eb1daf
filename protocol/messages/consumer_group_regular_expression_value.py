"""ConsumerGroupRegularExpressionValue. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message


class ConsumerGroupRegularExpressionValue(Message):
    """ConsumerGroupRegularExpressionValue: version 0, flexible from 0."""

    __slots__ = ("topics", "version", "timestamp")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("topics", "[]string", (0, 32767), None, None, -1, (), False, True),
        ("version", "int64", (0, 32767), None, None, -1, 0, False, True),
        ("timestamp", "int64", (0, 32767), None, None, -1, 0, False, True),
    )
    NAME: ClassVar[str] = "ConsumerGroupRegularExpressionValue"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0

    def __init__(
        self,
        *,
        topics: Iterable[str] = (),
        version: int = 0,
        timestamp: int = 0,
    ) -> None:
        self.topics: list[str] = list(topics)
        self.version: int = version
        self.timestamp: int = timestamp

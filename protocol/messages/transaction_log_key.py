"""TransactionLogKey. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message


class TransactionLogKey(Message):
    """TransactionLogKey: version 0, never flexible."""

    __slots__ = ("transactional_id",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("transactional_id", "string", (0, 0), None, None, -1, "", False, True),
    )
    NAME: ClassVar[str] = "TransactionLogKey"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = None

    def __init__(
        self,
        *,
        transactional_id: str = "",
    ) -> None:
        self.transactional_id: str = transactional_id

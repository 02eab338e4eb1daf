"""EndTxnMarker. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message


class EndTxnMarker(Message):
    """EndTxnMarker: version 0, never flexible."""

    __slots__ = ("coordinator_epoch",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("coordinator_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
    )
    NAME: ClassVar[str] = "EndTxnMarker"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = None

    def __init__(
        self,
        *,
        coordinator_epoch: int = 0,
    ) -> None:
        self.coordinator_epoch: int = coordinator_epoch

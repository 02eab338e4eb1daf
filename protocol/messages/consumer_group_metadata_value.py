"""ConsumerGroupMetadataValue. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message


class ConsumerGroupMetadataValue(Message):
    """ConsumerGroupMetadataValue: version 0, flexible from 0."""

    __slots__ = ("epoch", "metadata_hash")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("metadata_hash", "int64", (0, 32767), None, (0, 32767), 0, 0, False, True),
    )
    NAME: ClassVar[str] = "ConsumerGroupMetadataValue"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0

    def __init__(
        self,
        *,
        epoch: int = 0,
        metadata_hash: int = 0,
    ) -> None:
        self.epoch: int = epoch
        self.metadata_hash: int = metadata_hash

"""StreamsGroupTargetAssignmentMetadataValue. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message


class StreamsGroupTargetAssignmentMetadataValue(Message):
    """StreamsGroupTargetAssignmentMetadataValue: version 0, flexible from 0."""

    __slots__ = ("assignment_epoch", "assignment_timestamp")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("assignment_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("assignment_timestamp", "int64", (0, 32767), None, (0, 32767), 0, 0, True, True),
    )
    NAME: ClassVar[str] = "StreamsGroupTargetAssignmentMetadataValue"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0

    def __init__(
        self,
        *,
        assignment_epoch: int = 0,
        assignment_timestamp: int = 0,
    ) -> None:
        self.assignment_epoch: int = assignment_epoch
        self.assignment_timestamp: int = assignment_timestamp

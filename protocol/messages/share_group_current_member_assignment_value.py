"""ShareGroupCurrentMemberAssignmentValue. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class ShareGroupCurrentMemberAssignmentValue(Message):
    """ShareGroupCurrentMemberAssignmentValue: version 0, flexible from 0."""

    __slots__ = ("member_epoch", "previous_member_epoch", "state", "assigned_partitions")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("member_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("previous_member_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("state", "int8", (0, 32767), None, None, -1, 0, False, True),
        ("assigned_partitions", "[]TopicPartitions", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "ShareGroupCurrentMemberAssignmentValue"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0

    class TopicPartitions(Struct):
        """A struct of ShareGroupCurrentMemberAssignmentValue."""

        __slots__ = ("topic_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("partitions", "[]int32", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[int] = (),
        ) -> None:
            self.topic_id: bytes = topic_id
            self.partitions: list[int] = list(partitions)

    def __init__(
        self,
        *,
        member_epoch: int = 0,
        previous_member_epoch: int = 0,
        state: int = 0,
        assigned_partitions: Iterable[ShareGroupCurrentMemberAssignmentValue.TopicPartitions] = (),
    ) -> None:
        self.member_epoch: int = member_epoch
        self.previous_member_epoch: int = previous_member_epoch
        self.state: int = state
        self.assigned_partitions: list[ShareGroupCurrentMemberAssignmentValue.TopicPartitions] = (
            list(assigned_partitions)
        )

"""ConsumerGroupCurrentMemberAssignmentValue. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class ConsumerGroupCurrentMemberAssignmentValue(Message):
    """ConsumerGroupCurrentMemberAssignmentValue: version 0, flexible from 0."""

    __slots__ = (
        "member_epoch",
        "previous_member_epoch",
        "state",
        "assigned_partitions",
        "partitions_pending_revocation",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("member_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("previous_member_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("state", "int8", (0, 32767), None, None, -1, 0, False, True),
        ("assigned_partitions", "[]TopicPartitions", (0, 32767), None, None, -1, (), False, True),
        ("partitions_pending_revocation", "[]TopicPartitions", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "ConsumerGroupCurrentMemberAssignmentValue"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0

    class TopicPartitions(Struct):
        """A struct of ConsumerGroupCurrentMemberAssignmentValue."""

        __slots__ = ("topic_id", "partitions", "assignment_epochs")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("partitions", "[]int32", (0, 32767), None, None, -1, (), False, True),
            ("assignment_epochs", "[]int32", (0, 32767), (0, 32767), (0, 32767), 0, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[int] = (),
            assignment_epochs: Iterable[int] | None = (),
        ) -> None:
            self.topic_id: bytes = topic_id
            self.partitions: list[int] = list(partitions)
            self.assignment_epochs: list[int] | None = None if assignment_epochs is None else list(assignment_epochs)

    def __init__(
        self,
        *,
        member_epoch: int = 0,
        previous_member_epoch: int = 0,
        state: int = 0,
        assigned_partitions: Iterable[ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions] = (),
        partitions_pending_revocation: Iterable[ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions] = (),
    ) -> None:
        self.member_epoch: int = member_epoch
        self.previous_member_epoch: int = previous_member_epoch
        self.state: int = state
        self.assigned_partitions: list[ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions] = (
            list(assigned_partitions)
        )
        self.partitions_pending_revocation: list[ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions] = (
            list(partitions_pending_revocation)
        )

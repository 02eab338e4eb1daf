"""ConsumerGroupTargetAssignmentMemberValue. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class ConsumerGroupTargetAssignmentMemberValue(Message):
    """ConsumerGroupTargetAssignmentMemberValue: version 0, flexible from 0."""

    __slots__ = ("topic_partitions",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("topic_partitions", "[]TopicPartition", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "ConsumerGroupTargetAssignmentMemberValue"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0

    class TopicPartition(Struct):
        """A struct of ConsumerGroupTargetAssignmentMemberValue."""

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
        topic_partitions: Iterable[ConsumerGroupTargetAssignmentMemberValue.TopicPartition] = (),
    ) -> None:
        self.topic_partitions: list[ConsumerGroupTargetAssignmentMemberValue.TopicPartition] = list(topic_partitions)

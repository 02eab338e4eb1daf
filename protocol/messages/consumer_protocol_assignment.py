"""ConsumerProtocolAssignment. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message, Struct
from barnabas.protocol.types import Part


class ConsumerProtocolAssignment(Message):
    """ConsumerProtocolAssignment: versions 0 to 3, never flexible."""

    __slots__ = ("assigned_partitions", "user_data")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("assigned_partitions", "[]TopicPartition", (0, 32767), None, None, -1, (), False, True),
        ("user_data", "bytes", (0, 32767), (0, 32767), None, -1, None, False, True),
    )
    NAME: ClassVar[str] = "ConsumerProtocolAssignment"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 3)
    FLEXIBLE_FROM: ClassVar[int | None] = None

    class TopicPartition(Struct):
        """A struct of ConsumerProtocolAssignment."""

        __slots__ = ("topic", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]int32", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic: str = "",
            partitions: Iterable[int] = (),
        ) -> None:
            self.topic: str = topic
            self.partitions: list[int] = list(partitions)

    def __init__(
        self,
        *,
        assigned_partitions: Iterable[ConsumerProtocolAssignment.TopicPartition] = (),
        user_data: bytes | None = None,
    ) -> None:
        self.assigned_partitions: list[ConsumerProtocolAssignment.TopicPartition] = list(assigned_partitions)
        self.user_data: bytes | None = user_data

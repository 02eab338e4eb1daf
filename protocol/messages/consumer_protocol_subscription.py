"""ConsumerProtocolSubscription. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message, Struct
from barnabas.protocol.types import Part


class ConsumerProtocolSubscription(Message):
    """ConsumerProtocolSubscription: versions 0 to 3, never flexible."""

    __slots__ = ("topics", "user_data", "owned_partitions", "generation_id", "rack_id")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("topics", "[]string", (0, 32767), None, None, -1, (), False, True),
        ("user_data", "bytes", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("owned_partitions", "[]TopicPartition", (1, 32767), None, None, -1, (), True, True),
        ("generation_id", "int32", (2, 32767), None, None, -1, -1, True, True),
        ("rack_id", "string", (3, 32767), (3, 32767), None, -1, None, True, True),
    )
    NAME: ClassVar[str] = "ConsumerProtocolSubscription"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 3)
    FLEXIBLE_FROM: ClassVar[int | None] = None

    class TopicPartition(Struct):
        """A struct of ConsumerProtocolSubscription."""

        __slots__ = ("topic", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic", "string", (1, 32767), None, None, -1, "", False, True),
            ("partitions", "[]int32", (1, 32767), None, None, -1, (), False, True),
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
        topics: Iterable[str] = (),
        user_data: bytes | None = None,
        owned_partitions: Iterable[ConsumerProtocolSubscription.TopicPartition] = (),
        generation_id: int = -1,
        rack_id: str | None = None,
    ) -> None:
        self.topics: list[str] = list(topics)
        self.user_data: bytes | None = user_data
        self.owned_partitions: list[ConsumerProtocolSubscription.TopicPartition] = list(owned_partitions)
        self.generation_id: int = generation_id
        self.rack_id: str | None = rack_id

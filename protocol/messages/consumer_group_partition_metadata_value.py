"""ConsumerGroupPartitionMetadataValue. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class ConsumerGroupPartitionMetadataValue(Message):
    """ConsumerGroupPartitionMetadataValue: version 0, flexible from 0."""

    __slots__ = ("topics",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("topics", "[]TopicMetadata", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "ConsumerGroupPartitionMetadataValue"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0

    class PartitionMetadata(Struct):
        """A struct of ConsumerGroupPartitionMetadataValue."""

        __slots__ = ("partition", "racks")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("racks", "[]string", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            partition: int = 0,
            racks: Iterable[str] = (),
        ) -> None:
            self.partition: int = partition
            self.racks: list[str] = list(racks)

    class TopicMetadata(Struct):
        """A struct of ConsumerGroupPartitionMetadataValue."""

        __slots__ = ("topic_id", "topic_name", "num_partitions", "partition_metadata")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("topic_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("num_partitions", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("partition_metadata", "[]PartitionMetadata", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_id: bytes = ZERO_UUID,
            topic_name: str = "",
            num_partitions: int = 0,
            partition_metadata: Iterable[ConsumerGroupPartitionMetadataValue.PartitionMetadata] = (),
        ) -> None:
            self.topic_id: bytes = topic_id
            self.topic_name: str = topic_name
            self.num_partitions: int = num_partitions
            self.partition_metadata: list[ConsumerGroupPartitionMetadataValue.PartitionMetadata] = (
                list(partition_metadata)
            )

    def __init__(
        self,
        *,
        topics: Iterable[ConsumerGroupPartitionMetadataValue.TopicMetadata] = (),
    ) -> None:
        self.topics: list[ConsumerGroupPartitionMetadataValue.TopicMetadata] = list(topics)

"""ShareGroupStatePartitionMetadataValue. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class ShareGroupStatePartitionMetadataValue(Message):
    """ShareGroupStatePartitionMetadataValue: version 0, flexible from 0."""

    __slots__ = ("initializing_topics", "initialized_topics", "deleting_topics")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("initializing_topics", "[]TopicPartitionsInfo", (0, 32767), None, None, -1, (), False, True),
        ("initialized_topics", "[]TopicPartitionsInfo", (0, 32767), None, None, -1, (), False, True),
        ("deleting_topics", "[]TopicInfo", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "ShareGroupStatePartitionMetadataValue"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0

    class TopicPartitionsInfo(Struct):
        """A struct of ShareGroupStatePartitionMetadataValue."""

        __slots__ = ("topic_id", "topic_name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("topic_name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]int32", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_id: bytes = ZERO_UUID,
            topic_name: str = "",
            partitions: Iterable[int] = (),
        ) -> None:
            self.topic_id: bytes = topic_id
            self.topic_name: str = topic_name
            self.partitions: list[int] = list(partitions)

    class TopicInfo(Struct):
        """A struct of ShareGroupStatePartitionMetadataValue."""

        __slots__ = ("topic_id", "topic_name")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_id", "uuid", (0, 32767), None, None, -1, ZERO_UUID, False, True),
            ("topic_name", "string", (0, 32767), None, None, -1, "", False, True),
        )

        def __init__(
            self,
            *,
            topic_id: bytes = ZERO_UUID,
            topic_name: str = "",
        ) -> None:
            self.topic_id: bytes = topic_id
            self.topic_name: str = topic_name

    def __init__(
        self,
        *,
        initializing_topics: Iterable[ShareGroupStatePartitionMetadataValue.TopicPartitionsInfo] = (),
        initialized_topics: Iterable[ShareGroupStatePartitionMetadataValue.TopicPartitionsInfo] = (),
        deleting_topics: Iterable[ShareGroupStatePartitionMetadataValue.TopicInfo] = (),
    ) -> None:
        self.initializing_topics: list[ShareGroupStatePartitionMetadataValue.TopicPartitionsInfo] = (
            list(initializing_topics)
        )
        self.initialized_topics: list[ShareGroupStatePartitionMetadataValue.TopicPartitionsInfo] = (
            list(initialized_topics)
        )
        self.deleting_topics: list[ShareGroupStatePartitionMetadataValue.TopicInfo] = list(deleting_topics)

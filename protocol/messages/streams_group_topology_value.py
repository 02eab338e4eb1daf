"""StreamsGroupTopologyValue. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message, Struct


class StreamsGroupTopologyValue(Message):
    """StreamsGroupTopologyValue: version 0, flexible from 0."""

    __slots__ = ("epoch", "subtopologies")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("subtopologies", "[]Subtopology", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "StreamsGroupTopologyValue"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0

    class TopicConfig(Struct):
        """A struct of StreamsGroupTopologyValue."""

        __slots__ = ("key", "value")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("key", "string", (0, 32767), None, None, -1, "", False, True),
            ("value", "string", (0, 32767), None, None, -1, "", False, True),
        )

        def __init__(
            self,
            *,
            key: str = "",
            value: str = "",
        ) -> None:
            self.key: str = key
            self.value: str = value

    class TopicInfo(Struct):
        """A struct of StreamsGroupTopologyValue."""

        __slots__ = ("name", "partitions", "replication_factor", "topic_configs")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("replication_factor", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("topic_configs", "[]TopicConfig", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            partitions: int = 0,
            replication_factor: int = 0,
            topic_configs: Iterable[StreamsGroupTopologyValue.TopicConfig] = (),
        ) -> None:
            self.name: str = name
            self.partitions: int = partitions
            self.replication_factor: int = replication_factor
            self.topic_configs: list[StreamsGroupTopologyValue.TopicConfig] = list(topic_configs)

    class CopartitionGroup(Struct):
        """A struct of StreamsGroupTopologyValue."""

        __slots__ = ("source_topics", "source_topic_regex", "repartition_source_topics")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("source_topics", "[]int16", (0, 32767), None, None, -1, (), False, True),
            ("source_topic_regex", "[]int16", (0, 32767), None, None, -1, (), False, True),
            ("repartition_source_topics", "[]int16", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            source_topics: Iterable[int] = (),
            source_topic_regex: Iterable[int] = (),
            repartition_source_topics: Iterable[int] = (),
        ) -> None:
            self.source_topics: list[int] = list(source_topics)
            self.source_topic_regex: list[int] = list(source_topic_regex)
            self.repartition_source_topics: list[int] = list(repartition_source_topics)

    class Subtopology(Struct):
        """A struct of StreamsGroupTopologyValue."""

        __slots__ = (
            "subtopology_id",
            "source_topics",
            "source_topic_regex",
            "state_changelog_topics",
            "repartition_sink_topics",
            "repartition_source_topics",
            "copartition_groups",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("subtopology_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("source_topics", "[]string", (0, 32767), None, None, -1, (), False, True),
            ("source_topic_regex", "[]string", (0, 32767), None, None, -1, (), False, True),
            ("state_changelog_topics", "[]TopicInfo", (0, 32767), None, None, -1, (), False, True),
            ("repartition_sink_topics", "[]string", (0, 32767), None, None, -1, (), False, True),
            ("repartition_source_topics", "[]TopicInfo", (0, 32767), None, None, -1, (), False, True),
            ("copartition_groups", "[]CopartitionGroup", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            subtopology_id: str = "",
            source_topics: Iterable[str] = (),
            source_topic_regex: Iterable[str] = (),
            state_changelog_topics: Iterable[StreamsGroupTopologyValue.TopicInfo] = (),
            repartition_sink_topics: Iterable[str] = (),
            repartition_source_topics: Iterable[StreamsGroupTopologyValue.TopicInfo] = (),
            copartition_groups: Iterable[StreamsGroupTopologyValue.CopartitionGroup] = (),
        ) -> None:
            self.subtopology_id: str = subtopology_id
            self.source_topics: list[str] = list(source_topics)
            self.source_topic_regex: list[str] = list(source_topic_regex)
            self.state_changelog_topics: list[StreamsGroupTopologyValue.TopicInfo] = list(state_changelog_topics)
            self.repartition_sink_topics: list[str] = list(repartition_sink_topics)
            self.repartition_source_topics: list[StreamsGroupTopologyValue.TopicInfo] = list(repartition_source_topics)
            self.copartition_groups: list[StreamsGroupTopologyValue.CopartitionGroup] = list(copartition_groups)

    def __init__(
        self,
        *,
        epoch: int = 0,
        subtopologies: Iterable[StreamsGroupTopologyValue.Subtopology] = (),
    ) -> None:
        self.epoch: int = epoch
        self.subtopologies: list[StreamsGroupTopologyValue.Subtopology] = list(subtopologies)

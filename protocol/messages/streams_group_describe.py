"""StreamsGroupDescribe, API key 89. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct


class StreamsGroupDescribeRequest(RequestMessage):
    """StreamsGroupDescribeRequest: version 0, flexible from 0."""

    __slots__ = ("group_ids", "include_authorized_operations")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("group_ids", "[]string", (0, 32767), None, None, -1, (), False, True),
        ("include_authorized_operations", "bool", (0, 32767), None, None, -1, False, False, True),
    )
    NAME: ClassVar[str] = "StreamsGroupDescribeRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.STREAMS_GROUP_DESCRIBE

    def __init__(
        self,
        *,
        group_ids: Iterable[str] = (),
        include_authorized_operations: bool = False,
    ) -> None:
        self.group_ids: list[str] = list(group_ids)
        self.include_authorized_operations: bool = include_authorized_operations


class StreamsGroupDescribeResponse(ResponseMessage):
    """StreamsGroupDescribeResponse: version 0, flexible from 0."""

    __slots__ = ("throttle_time_ms", "groups")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("groups", "[]DescribedGroup", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "StreamsGroupDescribeResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.STREAMS_GROUP_DESCRIBE

    class KeyValue(Struct):
        """A struct of StreamsGroupDescribeResponse."""

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
        """A struct of StreamsGroupDescribeResponse."""

        __slots__ = ("name", "partitions", "replication_factor", "topic_configs")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("replication_factor", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("topic_configs", "[]KeyValue", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            partitions: int = 0,
            replication_factor: int = 0,
            topic_configs: Iterable[StreamsGroupDescribeResponse.KeyValue] = (),
        ) -> None:
            self.name: str = name
            self.partitions: int = partitions
            self.replication_factor: int = replication_factor
            self.topic_configs: list[StreamsGroupDescribeResponse.KeyValue] = list(topic_configs)

    class Subtopology(Struct):
        """A struct of StreamsGroupDescribeResponse."""

        __slots__ = (
            "subtopology_id",
            "source_topics",
            "repartition_sink_topics",
            "state_changelog_topics",
            "repartition_source_topics",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("subtopology_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("source_topics", "[]string", (0, 32767), None, None, -1, (), False, True),
            ("repartition_sink_topics", "[]string", (0, 32767), None, None, -1, (), False, True),
            ("state_changelog_topics", "[]TopicInfo", (0, 32767), None, None, -1, (), False, True),
            ("repartition_source_topics", "[]TopicInfo", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            subtopology_id: str = "",
            source_topics: Iterable[str] = (),
            repartition_sink_topics: Iterable[str] = (),
            state_changelog_topics: Iterable[StreamsGroupDescribeResponse.TopicInfo] = (),
            repartition_source_topics: Iterable[StreamsGroupDescribeResponse.TopicInfo] = (),
        ) -> None:
            self.subtopology_id: str = subtopology_id
            self.source_topics: list[str] = list(source_topics)
            self.repartition_sink_topics: list[str] = list(repartition_sink_topics)
            self.state_changelog_topics: list[StreamsGroupDescribeResponse.TopicInfo] = list(state_changelog_topics)
            self.repartition_source_topics: list[StreamsGroupDescribeResponse.TopicInfo] = (
                list(repartition_source_topics)
            )

    class Topology(Struct):
        """A struct of StreamsGroupDescribeResponse."""

        __slots__ = ("epoch", "subtopologies")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("subtopologies", "[]Subtopology", (0, 32767), (0, 32767), None, -1, None, False, True),
        )

        def __init__(
            self,
            *,
            epoch: int = 0,
            subtopologies: Iterable[StreamsGroupDescribeResponse.Subtopology] | None = None,
        ) -> None:
            self.epoch: int = epoch
            self.subtopologies: list[StreamsGroupDescribeResponse.Subtopology] | None = (
                None if subtopologies is None else list(subtopologies)
            )

    class Endpoint(Struct):
        """A struct of StreamsGroupDescribeResponse."""

        __slots__ = ("host", "port")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("host", "string", (0, 32767), None, None, -1, "", False, True),
            ("port", "uint16", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            host: str = "",
            port: int = 0,
        ) -> None:
            self.host: str = host
            self.port: int = port

    class TaskOffset(Struct):
        """A struct of StreamsGroupDescribeResponse."""

        __slots__ = ("subtopology_id", "partition", "offset")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("subtopology_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("partition", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("offset", "int64", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            subtopology_id: str = "",
            partition: int = 0,
            offset: int = 0,
        ) -> None:
            self.subtopology_id: str = subtopology_id
            self.partition: int = partition
            self.offset: int = offset

    class TaskIds(Struct):
        """A struct of StreamsGroupDescribeResponse."""

        __slots__ = ("subtopology_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("subtopology_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]int32", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            subtopology_id: str = "",
            partitions: Iterable[int] = (),
        ) -> None:
            self.subtopology_id: str = subtopology_id
            self.partitions: list[int] = list(partitions)

    class Assignment(Struct):
        """A struct of StreamsGroupDescribeResponse."""

        __slots__ = ("active_tasks", "standby_tasks", "warmup_tasks")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("active_tasks", "[]TaskIds", (0, 32767), None, None, -1, (), False, True),
            ("standby_tasks", "[]TaskIds", (0, 32767), None, None, -1, (), False, True),
            ("warmup_tasks", "[]TaskIds", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            active_tasks: Iterable[StreamsGroupDescribeResponse.TaskIds] = (),
            standby_tasks: Iterable[StreamsGroupDescribeResponse.TaskIds] = (),
            warmup_tasks: Iterable[StreamsGroupDescribeResponse.TaskIds] = (),
        ) -> None:
            self.active_tasks: list[StreamsGroupDescribeResponse.TaskIds] = list(active_tasks)
            self.standby_tasks: list[StreamsGroupDescribeResponse.TaskIds] = list(standby_tasks)
            self.warmup_tasks: list[StreamsGroupDescribeResponse.TaskIds] = list(warmup_tasks)

    class Member(Struct):
        """A struct of StreamsGroupDescribeResponse."""

        __slots__ = (
            "member_id",
            "member_epoch",
            "instance_id",
            "rack_id",
            "client_id",
            "client_host",
            "topology_epoch",
            "process_id",
            "user_endpoint",
            "client_tags",
            "task_offsets",
            "task_end_offsets",
            "assignment",
            "target_assignment",
            "is_classic",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("member_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("member_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("instance_id", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
            ("rack_id", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
            ("client_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("client_host", "string", (0, 32767), None, None, -1, "", False, True),
            ("topology_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("process_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("user_endpoint", "Endpoint", (0, 32767), (0, 32767), None, -1, None, False, True),
            ("client_tags", "[]KeyValue", (0, 32767), None, None, -1, (), False, True),
            ("task_offsets", "[]TaskOffset", (0, 32767), None, None, -1, (), False, True),
            ("task_end_offsets", "[]TaskOffset", (0, 32767), None, None, -1, (), False, True),
            ("assignment", "Assignment", (0, 32767), None, None, -1, (), False, True),
            ("target_assignment", "Assignment", (0, 32767), None, None, -1, (), False, True),
            ("is_classic", "bool", (0, 32767), None, None, -1, False, False, True),
        )

        def __init__(
            self,
            *,
            member_id: str = "",
            member_epoch: int = 0,
            instance_id: str | None = None,
            rack_id: str | None = None,
            client_id: str = "",
            client_host: str = "",
            topology_epoch: int = 0,
            process_id: str = "",
            user_endpoint: StreamsGroupDescribeResponse.Endpoint | None = None,
            client_tags: Iterable[StreamsGroupDescribeResponse.KeyValue] = (),
            task_offsets: Iterable[StreamsGroupDescribeResponse.TaskOffset] = (),
            task_end_offsets: Iterable[StreamsGroupDescribeResponse.TaskOffset] = (),
            assignment: StreamsGroupDescribeResponse.Assignment | None = None,
            target_assignment: StreamsGroupDescribeResponse.Assignment | None = None,
            is_classic: bool = False,
        ) -> None:
            self.member_id: str = member_id
            self.member_epoch: int = member_epoch
            self.instance_id: str | None = instance_id
            self.rack_id: str | None = rack_id
            self.client_id: str = client_id
            self.client_host: str = client_host
            self.topology_epoch: int = topology_epoch
            self.process_id: str = process_id
            self.user_endpoint: StreamsGroupDescribeResponse.Endpoint | None = user_endpoint
            self.client_tags: list[StreamsGroupDescribeResponse.KeyValue] = list(client_tags)
            self.task_offsets: list[StreamsGroupDescribeResponse.TaskOffset] = list(task_offsets)
            self.task_end_offsets: list[StreamsGroupDescribeResponse.TaskOffset] = list(task_end_offsets)
            self.assignment: StreamsGroupDescribeResponse.Assignment = (
                StreamsGroupDescribeResponse.Assignment() if assignment is None else assignment
            )
            self.target_assignment: StreamsGroupDescribeResponse.Assignment = (
                StreamsGroupDescribeResponse.Assignment() if target_assignment is None else target_assignment
            )
            self.is_classic: bool = is_classic

    class DescribedGroup(Struct):
        """A struct of StreamsGroupDescribeResponse."""

        __slots__ = (
            "error_code",
            "error_message",
            "group_id",
            "group_state",
            "group_epoch",
            "assignment_epoch",
            "topology",
            "members",
            "authorized_operations",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("error_message", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
            ("group_id", "string", (0, 32767), None, None, -1, "", False, True),
            ("group_state", "string", (0, 32767), None, None, -1, "", False, True),
            ("group_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("assignment_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("topology", "Topology", (0, 32767), (0, 32767), None, -1, None, False, True),
            ("members", "[]Member", (0, 32767), None, None, -1, (), False, True),
            ("authorized_operations", "int32", (0, 32767), None, None, -1, -2147483648, False, True),
        )

        def __init__(
            self,
            *,
            error_code: int = 0,
            error_message: str | None = None,
            group_id: str = "",
            group_state: str = "",
            group_epoch: int = 0,
            assignment_epoch: int = 0,
            topology: StreamsGroupDescribeResponse.Topology | None = None,
            members: Iterable[StreamsGroupDescribeResponse.Member] = (),
            authorized_operations: int = -2147483648,
        ) -> None:
            self.error_code: int = error_code
            self.error_message: str | None = error_message
            self.group_id: str = group_id
            self.group_state: str = group_state
            self.group_epoch: int = group_epoch
            self.assignment_epoch: int = assignment_epoch
            self.topology: StreamsGroupDescribeResponse.Topology | None = topology
            self.members: list[StreamsGroupDescribeResponse.Member] = list(members)
            self.authorized_operations: int = authorized_operations

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        groups: Iterable[StreamsGroupDescribeResponse.DescribedGroup] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.groups: list[StreamsGroupDescribeResponse.DescribedGroup] = list(groups)

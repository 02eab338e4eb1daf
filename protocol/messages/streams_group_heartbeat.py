"""StreamsGroupHeartbeat, API key 88. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part


class StreamsGroupHeartbeatRequest(RequestMessage):
    """StreamsGroupHeartbeatRequest: version 0, flexible from 0."""

    __slots__ = (
        "group_id",
        "member_id",
        "member_epoch",
        "endpoint_information_epoch",
        "instance_id",
        "rack_id",
        "rebalance_timeout_ms",
        "topology",
        "active_tasks",
        "standby_tasks",
        "warmup_tasks",
        "process_id",
        "user_endpoint",
        "client_tags",
        "task_offsets",
        "task_end_offsets",
        "shutdown_application",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("group_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("member_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("member_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("endpoint_information_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("instance_id", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("rack_id", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("rebalance_timeout_ms", "int32", (0, 32767), None, None, -1, -1, False, True),
        ("topology", "Topology", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("active_tasks", "[]TaskIds", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("standby_tasks", "[]TaskIds", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("warmup_tasks", "[]TaskIds", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("process_id", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("user_endpoint", "Endpoint", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("client_tags", "[]KeyValue", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("task_offsets", "[]TaskOffset", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("task_end_offsets", "[]TaskOffset", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("shutdown_application", "bool", (0, 32767), None, None, -1, False, False, True),
    )
    NAME: ClassVar[str] = "StreamsGroupHeartbeatRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.STREAMS_GROUP_HEARTBEAT

    class KeyValue(Struct):
        """A struct of StreamsGroupHeartbeatRequest."""

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
        """A struct of StreamsGroupHeartbeatRequest."""

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
            topic_configs: Iterable[StreamsGroupHeartbeatRequest.KeyValue] = (),
        ) -> None:
            self.name: str = name
            self.partitions: int = partitions
            self.replication_factor: int = replication_factor
            self.topic_configs: list[StreamsGroupHeartbeatRequest.KeyValue] = list(topic_configs)

    class CopartitionGroup(Struct):
        """A struct of StreamsGroupHeartbeatRequest."""

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
        """A struct of StreamsGroupHeartbeatRequest."""

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
            state_changelog_topics: Iterable[StreamsGroupHeartbeatRequest.TopicInfo] = (),
            repartition_sink_topics: Iterable[str] = (),
            repartition_source_topics: Iterable[StreamsGroupHeartbeatRequest.TopicInfo] = (),
            copartition_groups: Iterable[StreamsGroupHeartbeatRequest.CopartitionGroup] = (),
        ) -> None:
            self.subtopology_id: str = subtopology_id
            self.source_topics: list[str] = list(source_topics)
            self.source_topic_regex: list[str] = list(source_topic_regex)
            self.state_changelog_topics: list[StreamsGroupHeartbeatRequest.TopicInfo] = list(state_changelog_topics)
            self.repartition_sink_topics: list[str] = list(repartition_sink_topics)
            self.repartition_source_topics: list[StreamsGroupHeartbeatRequest.TopicInfo] = (
                list(repartition_source_topics)
            )
            self.copartition_groups: list[StreamsGroupHeartbeatRequest.CopartitionGroup] = list(copartition_groups)

    class Topology(Struct):
        """A struct of StreamsGroupHeartbeatRequest."""

        __slots__ = ("epoch", "subtopologies")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("subtopologies", "[]Subtopology", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            epoch: int = 0,
            subtopologies: Iterable[StreamsGroupHeartbeatRequest.Subtopology] = (),
        ) -> None:
            self.epoch: int = epoch
            self.subtopologies: list[StreamsGroupHeartbeatRequest.Subtopology] = list(subtopologies)

    class TaskIds(Struct):
        """A struct of StreamsGroupHeartbeatRequest."""

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

    class Endpoint(Struct):
        """A struct of StreamsGroupHeartbeatRequest."""

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
        """A struct of StreamsGroupHeartbeatRequest."""

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

    def __init__(
        self,
        *,
        group_id: str = "",
        member_id: str = "",
        member_epoch: int = 0,
        endpoint_information_epoch: int = 0,
        instance_id: str | None = None,
        rack_id: str | None = None,
        rebalance_timeout_ms: int = -1,
        topology: StreamsGroupHeartbeatRequest.Topology | None = None,
        active_tasks: Iterable[StreamsGroupHeartbeatRequest.TaskIds] | None = None,
        standby_tasks: Iterable[StreamsGroupHeartbeatRequest.TaskIds] | None = None,
        warmup_tasks: Iterable[StreamsGroupHeartbeatRequest.TaskIds] | None = None,
        process_id: str | None = None,
        user_endpoint: StreamsGroupHeartbeatRequest.Endpoint | None = None,
        client_tags: Iterable[StreamsGroupHeartbeatRequest.KeyValue] | None = None,
        task_offsets: Iterable[StreamsGroupHeartbeatRequest.TaskOffset] | None = None,
        task_end_offsets: Iterable[StreamsGroupHeartbeatRequest.TaskOffset] | None = None,
        shutdown_application: bool = False,
    ) -> None:
        self.group_id: str = group_id
        self.member_id: str = member_id
        self.member_epoch: int = member_epoch
        self.endpoint_information_epoch: int = endpoint_information_epoch
        self.instance_id: str | None = instance_id
        self.rack_id: str | None = rack_id
        self.rebalance_timeout_ms: int = rebalance_timeout_ms
        self.topology: StreamsGroupHeartbeatRequest.Topology | None = topology
        self.active_tasks: list[StreamsGroupHeartbeatRequest.TaskIds] | None = (
            None if active_tasks is None else list(active_tasks)
        )
        self.standby_tasks: list[StreamsGroupHeartbeatRequest.TaskIds] | None = (
            None if standby_tasks is None else list(standby_tasks)
        )
        self.warmup_tasks: list[StreamsGroupHeartbeatRequest.TaskIds] | None = (
            None if warmup_tasks is None else list(warmup_tasks)
        )
        self.process_id: str | None = process_id
        self.user_endpoint: StreamsGroupHeartbeatRequest.Endpoint | None = user_endpoint
        self.client_tags: list[StreamsGroupHeartbeatRequest.KeyValue] | None = (
            None if client_tags is None else list(client_tags)
        )
        self.task_offsets: list[StreamsGroupHeartbeatRequest.TaskOffset] | None = (
            None if task_offsets is None else list(task_offsets)
        )
        self.task_end_offsets: list[StreamsGroupHeartbeatRequest.TaskOffset] | None = (
            None if task_end_offsets is None else list(task_end_offsets)
        )
        self.shutdown_application: bool = shutdown_application


class StreamsGroupHeartbeatResponse(ResponseMessage):
    """StreamsGroupHeartbeatResponse: version 0, flexible from 0."""

    __slots__ = (
        "throttle_time_ms",
        "error_code",
        "error_message",
        "member_id",
        "member_epoch",
        "heartbeat_interval_ms",
        "acceptable_recovery_lag",
        "task_offset_interval_ms",
        "status",
        "active_tasks",
        "standby_tasks",
        "warmup_tasks",
        "endpoint_information_epoch",
        "partitions_by_user_endpoint",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("error_message", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("member_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("member_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("heartbeat_interval_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("acceptable_recovery_lag", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("task_offset_interval_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("status", "[]Status", (0, 32767), (0, 32767), None, -1, (), False, True),
        ("active_tasks", "[]TaskIds", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("standby_tasks", "[]TaskIds", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("warmup_tasks", "[]TaskIds", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("endpoint_information_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("partitions_by_user_endpoint", "[]EndpointToPartitions", (0, 32767), (0, 32767), None, -1, None, False, True),
    )
    NAME: ClassVar[str] = "StreamsGroupHeartbeatResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 0)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.STREAMS_GROUP_HEARTBEAT

    class Status(Struct):
        """A struct of StreamsGroupHeartbeatResponse."""

        __slots__ = ("status_code", "status_detail")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("status_code", "int8", (0, 32767), None, None, -1, 0, False, True),
            ("status_detail", "string", (0, 32767), None, None, -1, "", False, True),
        )

        def __init__(
            self,
            *,
            status_code: int = 0,
            status_detail: str = "",
        ) -> None:
            self.status_code: int = status_code
            self.status_detail: str = status_detail

    class TaskIds(Struct):
        """A struct of StreamsGroupHeartbeatResponse."""

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

    class Endpoint(Struct):
        """A struct of StreamsGroupHeartbeatResponse."""

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

    class TopicPartition(Struct):
        """A struct of StreamsGroupHeartbeatResponse."""

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

    class EndpointToPartitions(Struct):
        """A struct of StreamsGroupHeartbeatResponse."""

        __slots__ = ("user_endpoint", "active_partitions", "standby_partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("user_endpoint", "Endpoint", (0, 32767), None, None, -1, (), False, True),
            ("active_partitions", "[]TopicPartition", (0, 32767), None, None, -1, (), False, True),
            ("standby_partitions", "[]TopicPartition", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            user_endpoint: StreamsGroupHeartbeatResponse.Endpoint | None = None,
            active_partitions: Iterable[StreamsGroupHeartbeatResponse.TopicPartition] = (),
            standby_partitions: Iterable[StreamsGroupHeartbeatResponse.TopicPartition] = (),
        ) -> None:
            self.user_endpoint: StreamsGroupHeartbeatResponse.Endpoint = (
                StreamsGroupHeartbeatResponse.Endpoint() if user_endpoint is None else user_endpoint
            )
            self.active_partitions: list[StreamsGroupHeartbeatResponse.TopicPartition] = list(active_partitions)
            self.standby_partitions: list[StreamsGroupHeartbeatResponse.TopicPartition] = list(standby_partitions)

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        error_message: str | None = None,
        member_id: str = "",
        member_epoch: int = 0,
        heartbeat_interval_ms: int = 0,
        acceptable_recovery_lag: int = 0,
        task_offset_interval_ms: int = 0,
        status: Iterable[StreamsGroupHeartbeatResponse.Status] | None = (),
        active_tasks: Iterable[StreamsGroupHeartbeatResponse.TaskIds] | None = None,
        standby_tasks: Iterable[StreamsGroupHeartbeatResponse.TaskIds] | None = None,
        warmup_tasks: Iterable[StreamsGroupHeartbeatResponse.TaskIds] | None = None,
        endpoint_information_epoch: int = 0,
        partitions_by_user_endpoint: Iterable[StreamsGroupHeartbeatResponse.EndpointToPartitions] | None = None,
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.error_message: str | None = error_message
        self.member_id: str = member_id
        self.member_epoch: int = member_epoch
        self.heartbeat_interval_ms: int = heartbeat_interval_ms
        self.acceptable_recovery_lag: int = acceptable_recovery_lag
        self.task_offset_interval_ms: int = task_offset_interval_ms
        self.status: list[StreamsGroupHeartbeatResponse.Status] | None = None if status is None else list(status)
        self.active_tasks: list[StreamsGroupHeartbeatResponse.TaskIds] | None = (
            None if active_tasks is None else list(active_tasks)
        )
        self.standby_tasks: list[StreamsGroupHeartbeatResponse.TaskIds] | None = (
            None if standby_tasks is None else list(standby_tasks)
        )
        self.warmup_tasks: list[StreamsGroupHeartbeatResponse.TaskIds] | None = (
            None if warmup_tasks is None else list(warmup_tasks)
        )
        self.endpoint_information_epoch: int = endpoint_information_epoch
        self.partitions_by_user_endpoint: list[StreamsGroupHeartbeatResponse.EndpointToPartitions] | None = (
            None if partitions_by_user_endpoint is None else list(partitions_by_user_endpoint)
        )

"""Produce, API key 0. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class ProduceRequest(RequestMessage):
    """ProduceRequest: versions 3 to 13, flexible from 9."""

    __slots__ = ("transactional_id", "acks", "timeout_ms", "topic_data")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("transactional_id", "string", (3, 32767), (3, 32767), None, -1, None, False, True),
        ("acks", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("timeout_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("topic_data", "[]TopicProduceData", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "ProduceRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (3, 13)
    FLEXIBLE_FROM: ClassVar[int | None] = 9
    API_KEY: ClassVar[ApiKey] = ApiKey.PRODUCE

    class PartitionProduceData(Struct):
        """A struct of ProduceRequest."""

        __slots__ = ("index", "records")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("records", "records", (0, 32767), (0, 32767), None, -1, None, False, True),
        )

        def __init__(
            self,
            *,
            index: int = 0,
            records: Part | None = None,
        ) -> None:
            self.index: int = index
            self.records: memoryview | None = records  # type: ignore[assignment]  # decoded it is a memoryview; any part can be sent

    class TopicProduceData(Struct):
        """A struct of ProduceRequest."""

        __slots__ = ("name", "topic_id", "partition_data")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 12), None, None, -1, "", True, True),
            ("topic_id", "uuid", (13, 32767), None, None, -1, ZERO_UUID, True, True),
            ("partition_data", "[]PartitionProduceData", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            topic_id: bytes = ZERO_UUID,
            partition_data: Iterable[ProduceRequest.PartitionProduceData] = (),
        ) -> None:
            self.name: str = name
            self.topic_id: bytes = topic_id
            self.partition_data: list[ProduceRequest.PartitionProduceData] = list(partition_data)

    def __init__(
        self,
        *,
        transactional_id: str | None = None,
        acks: int = 0,
        timeout_ms: int = 0,
        topic_data: Iterable[ProduceRequest.TopicProduceData] = (),
    ) -> None:
        self.transactional_id: str | None = transactional_id
        self.acks: int = acks
        self.timeout_ms: int = timeout_ms
        self.topic_data: list[ProduceRequest.TopicProduceData] = list(topic_data)


class ProduceResponse(ResponseMessage):
    """ProduceResponse: versions 3 to 13, flexible from 9."""

    __slots__ = ("responses", "throttle_time_ms", "node_endpoints")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("responses", "[]TopicProduceResponse", (0, 32767), None, None, -1, (), False, True),
        ("throttle_time_ms", "int32", (1, 32767), None, None, -1, 0, True, True),
        ("node_endpoints", "[]NodeEndpoint", (10, 32767), None, (10, 32767), 0, (), False, True),
    )
    NAME: ClassVar[str] = "ProduceResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (3, 13)
    FLEXIBLE_FROM: ClassVar[int | None] = 9
    API_KEY: ClassVar[ApiKey] = ApiKey.PRODUCE

    class BatchIndexAndErrorMessage(Struct):
        """A struct of ProduceResponse."""

        __slots__ = ("batch_index", "batch_index_error_message")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("batch_index", "int32", (8, 32767), None, None, -1, 0, False, True),
            ("batch_index_error_message", "string", (8, 32767), (8, 32767), None, -1, None, False, True),
        )

        def __init__(
            self,
            *,
            batch_index: int = 0,
            batch_index_error_message: str | None = None,
        ) -> None:
            self.batch_index: int = batch_index
            self.batch_index_error_message: str | None = batch_index_error_message

    class LeaderIdAndEpoch(Struct):
        """A struct of ProduceResponse."""

        __slots__ = ("leader_id", "leader_epoch")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("leader_id", "int32", (10, 32767), None, None, -1, -1, False, True),
            ("leader_epoch", "int32", (10, 32767), None, None, -1, -1, False, True),
        )

        def __init__(
            self,
            *,
            leader_id: int = -1,
            leader_epoch: int = -1,
        ) -> None:
            self.leader_id: int = leader_id
            self.leader_epoch: int = leader_epoch

    class PartitionProduceResponse(Struct):
        """A struct of ProduceResponse."""

        __slots__ = (
            "index",
            "error_code",
            "base_offset",
            "log_append_time_ms",
            "log_start_offset",
            "record_errors",
            "error_message",
            "current_leader",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("base_offset", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("log_append_time_ms", "int64", (2, 32767), None, None, -1, -1, True, True),
            ("log_start_offset", "int64", (5, 32767), None, None, -1, -1, True, True),
            ("record_errors", "[]BatchIndexAndErrorMessage", (8, 32767), None, None, -1, (), True, True),
            ("error_message", "string", (8, 32767), (8, 32767), None, -1, None, True, True),
            ("current_leader", "LeaderIdAndEpoch", (10, 32767), None, (10, 32767), 0, (), False, True),
        )

        def __init__(
            self,
            *,
            index: int = 0,
            error_code: int = 0,
            base_offset: int = 0,
            log_append_time_ms: int = -1,
            log_start_offset: int = -1,
            record_errors: Iterable[ProduceResponse.BatchIndexAndErrorMessage] = (),
            error_message: str | None = None,
            current_leader: ProduceResponse.LeaderIdAndEpoch | None = None,
        ) -> None:
            self.index: int = index
            self.error_code: int = error_code
            self.base_offset: int = base_offset
            self.log_append_time_ms: int = log_append_time_ms
            self.log_start_offset: int = log_start_offset
            self.record_errors: list[ProduceResponse.BatchIndexAndErrorMessage] = list(record_errors)
            self.error_message: str | None = error_message
            self.current_leader: ProduceResponse.LeaderIdAndEpoch = (
                ProduceResponse.LeaderIdAndEpoch() if current_leader is None else current_leader
            )

    class TopicProduceResponse(Struct):
        """A struct of ProduceResponse."""

        __slots__ = ("name", "topic_id", "partition_responses")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 12), None, None, -1, "", True, True),
            ("topic_id", "uuid", (13, 32767), None, None, -1, ZERO_UUID, True, True),
            ("partition_responses", "[]PartitionProduceResponse", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            topic_id: bytes = ZERO_UUID,
            partition_responses: Iterable[ProduceResponse.PartitionProduceResponse] = (),
        ) -> None:
            self.name: str = name
            self.topic_id: bytes = topic_id
            self.partition_responses: list[ProduceResponse.PartitionProduceResponse] = list(partition_responses)

    class NodeEndpoint(Struct):
        """A struct of ProduceResponse."""

        __slots__ = ("node_id", "host", "port", "rack")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("node_id", "int32", (10, 32767), None, None, -1, 0, False, True),
            ("host", "string", (10, 32767), None, None, -1, "", False, True),
            ("port", "int32", (10, 32767), None, None, -1, 0, False, True),
            ("rack", "string", (10, 32767), (10, 32767), None, -1, None, False, True),
        )

        def __init__(
            self,
            *,
            node_id: int = 0,
            host: str = "",
            port: int = 0,
            rack: str | None = None,
        ) -> None:
            self.node_id: int = node_id
            self.host: str = host
            self.port: int = port
            self.rack: str | None = rack

    def __init__(
        self,
        *,
        responses: Iterable[ProduceResponse.TopicProduceResponse] = (),
        throttle_time_ms: int = 0,
        node_endpoints: Iterable[ProduceResponse.NodeEndpoint] = (),
    ) -> None:
        self.responses: list[ProduceResponse.TopicProduceResponse] = list(responses)
        self.throttle_time_ms: int = throttle_time_ms
        self.node_endpoints: list[ProduceResponse.NodeEndpoint] = list(node_endpoints)

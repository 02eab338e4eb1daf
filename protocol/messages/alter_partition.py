"""AlterPartition, API key 56. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part, ZERO_UUID


class AlterPartitionRequest(RequestMessage):
    """AlterPartitionRequest: versions 2 to 3, flexible from 0."""

    __slots__ = ("broker_id", "broker_epoch", "topics")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("broker_id", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("broker_epoch", "int64", (0, 32767), None, None, -1, -1, False, True),
        ("topics", "[]TopicData", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "AlterPartitionRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (2, 3)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.ALTER_PARTITION

    class BrokerState(Struct):
        """A struct of AlterPartitionRequest."""

        __slots__ = ("broker_id", "broker_epoch")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("broker_id", "int32", (3, 32767), None, None, -1, 0, False, True),
            ("broker_epoch", "int64", (3, 32767), None, None, -1, -1, False, True),
        )

        def __init__(
            self,
            *,
            broker_id: int = 0,
            broker_epoch: int = -1,
        ) -> None:
            self.broker_id: int = broker_id
            self.broker_epoch: int = broker_epoch

    class PartitionData(Struct):
        """A struct of AlterPartitionRequest."""

        __slots__ = (
            "partition_index",
            "leader_epoch",
            "new_isr",
            "new_isr_with_epochs",
            "leader_recovery_state",
            "partition_epoch",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("leader_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("new_isr", "[]int32", (0, 2), None, None, -1, (), False, True),
            ("new_isr_with_epochs", "[]BrokerState", (3, 32767), None, None, -1, (), False, True),
            ("leader_recovery_state", "int8", (1, 32767), None, None, -1, 0, False, True),
            ("partition_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            leader_epoch: int = 0,
            new_isr: Iterable[int] = (),
            new_isr_with_epochs: Iterable[AlterPartitionRequest.BrokerState] = (),
            leader_recovery_state: int = 0,
            partition_epoch: int = 0,
        ) -> None:
            self.partition_index: int = partition_index
            self.leader_epoch: int = leader_epoch
            self.new_isr: list[int] = list(new_isr)
            self.new_isr_with_epochs: list[AlterPartitionRequest.BrokerState] = list(new_isr_with_epochs)
            self.leader_recovery_state: int = leader_recovery_state
            self.partition_epoch: int = partition_epoch

    class TopicData(Struct):
        """A struct of AlterPartitionRequest."""

        __slots__ = ("topic_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_id", "uuid", (2, 32767), None, None, -1, ZERO_UUID, True, True),
            ("partitions", "[]PartitionData", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[AlterPartitionRequest.PartitionData] = (),
        ) -> None:
            self.topic_id: bytes = topic_id
            self.partitions: list[AlterPartitionRequest.PartitionData] = list(partitions)

    def __init__(
        self,
        *,
        broker_id: int = 0,
        broker_epoch: int = -1,
        topics: Iterable[AlterPartitionRequest.TopicData] = (),
    ) -> None:
        self.broker_id: int = broker_id
        self.broker_epoch: int = broker_epoch
        self.topics: list[AlterPartitionRequest.TopicData] = list(topics)


class AlterPartitionResponse(ResponseMessage):
    """AlterPartitionResponse: versions 2 to 3, flexible from 0."""

    __slots__ = ("throttle_time_ms", "error_code", "topics")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("topics", "[]TopicData", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "AlterPartitionResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (2, 3)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.ALTER_PARTITION

    class PartitionData(Struct):
        """A struct of AlterPartitionResponse."""

        __slots__ = (
            "partition_index",
            "error_code",
            "leader_id",
            "leader_epoch",
            "isr",
            "leader_recovery_state",
            "partition_epoch",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("leader_id", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("leader_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("isr", "[]int32", (0, 32767), None, None, -1, (), False, True),
            ("leader_recovery_state", "int8", (1, 32767), None, None, -1, 0, True, True),
            ("partition_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            error_code: int = 0,
            leader_id: int = 0,
            leader_epoch: int = 0,
            isr: Iterable[int] = (),
            leader_recovery_state: int = 0,
            partition_epoch: int = 0,
        ) -> None:
            self.partition_index: int = partition_index
            self.error_code: int = error_code
            self.leader_id: int = leader_id
            self.leader_epoch: int = leader_epoch
            self.isr: list[int] = list(isr)
            self.leader_recovery_state: int = leader_recovery_state
            self.partition_epoch: int = partition_epoch

    class TopicData(Struct):
        """A struct of AlterPartitionResponse."""

        __slots__ = ("topic_id", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic_id", "uuid", (2, 32767), None, None, -1, ZERO_UUID, True, True),
            ("partitions", "[]PartitionData", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic_id: bytes = ZERO_UUID,
            partitions: Iterable[AlterPartitionResponse.PartitionData] = (),
        ) -> None:
            self.topic_id: bytes = topic_id
            self.partitions: list[AlterPartitionResponse.PartitionData] = list(partitions)

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        topics: Iterable[AlterPartitionResponse.TopicData] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.topics: list[AlterPartitionResponse.TopicData] = list(topics)

"""TransactionLogValue. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.message import FieldFacts, Message, Struct
from barnabas.protocol.types import Part


class TransactionLogValue(Message):
    """TransactionLogValue: versions 0 to 1, flexible from 1."""

    __slots__ = (
        "producer_id",
        "previous_producer_id",
        "next_producer_id",
        "producer_epoch",
        "next_producer_epoch",
        "transaction_timeout_ms",
        "transaction_status",
        "transaction_partitions",
        "transaction_last_update_timestamp_ms",
        "transaction_start_timestamp_ms",
        "client_transaction_version",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("producer_id", "int64", (0, 32767), None, None, -1, 0, False, True),
        ("previous_producer_id", "int64", (1, 32767), None, (1, 32767), 0, -1, False, True),
        ("next_producer_id", "int64", (1, 32767), None, (1, 32767), 1, -1, False, True),
        ("producer_epoch", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("next_producer_epoch", "int16", (1, 32767), None, (1, 32767), 3, -1, False, True),
        ("transaction_timeout_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("transaction_status", "int8", (0, 32767), None, None, -1, 0, False, True),
        ("transaction_partitions", "[]PartitionsSchema", (0, 32767), (0, 32767), None, -1, (), False, True),
        ("transaction_last_update_timestamp_ms", "int64", (0, 32767), None, None, -1, 0, False, True),
        ("transaction_start_timestamp_ms", "int64", (0, 32767), None, None, -1, 0, False, True),
        ("client_transaction_version", "int16", (1, 32767), None, (1, 32767), 2, 0, False, True),
    )
    NAME: ClassVar[str] = "TransactionLogValue"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 1)
    FLEXIBLE_FROM: ClassVar[int | None] = 1

    class PartitionsSchema(Struct):
        """A struct of TransactionLogValue."""

        __slots__ = ("topic", "partition_ids")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("topic", "string", (0, 32767), None, None, -1, "", False, True),
            ("partition_ids", "[]int32", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            topic: str = "",
            partition_ids: Iterable[int] = (),
        ) -> None:
            self.topic: str = topic
            self.partition_ids: list[int] = list(partition_ids)

    def __init__(
        self,
        *,
        producer_id: int = 0,
        previous_producer_id: int = -1,
        next_producer_id: int = -1,
        producer_epoch: int = 0,
        next_producer_epoch: int = -1,
        transaction_timeout_ms: int = 0,
        transaction_status: int = 0,
        transaction_partitions: Iterable[TransactionLogValue.PartitionsSchema] | None = (),
        transaction_last_update_timestamp_ms: int = 0,
        transaction_start_timestamp_ms: int = 0,
        client_transaction_version: int = 0,
    ) -> None:
        self.producer_id: int = producer_id
        self.previous_producer_id: int = previous_producer_id
        self.next_producer_id: int = next_producer_id
        self.producer_epoch: int = producer_epoch
        self.next_producer_epoch: int = next_producer_epoch
        self.transaction_timeout_ms: int = transaction_timeout_ms
        self.transaction_status: int = transaction_status
        self.transaction_partitions: list[TransactionLogValue.PartitionsSchema] | None = (
            None if transaction_partitions is None else list(transaction_partitions)
        )
        self.transaction_last_update_timestamp_ms: int = transaction_last_update_timestamp_ms
        self.transaction_start_timestamp_ms: int = transaction_start_timestamp_ms
        self.client_transaction_version: int = client_transaction_version

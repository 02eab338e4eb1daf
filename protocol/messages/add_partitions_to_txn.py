"""AddPartitionsToTxn, API key 24. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part


class AddPartitionsToTxnRequest(RequestMessage):
    """AddPartitionsToTxnRequest: versions 0 to 5, flexible from 3."""

    __slots__ = (
        "transactions",
        "v3_and_below_transactional_id",
        "v3_and_below_producer_id",
        "v3_and_below_producer_epoch",
        "v3_and_below_topics",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("transactions", "[]AddPartitionsToTxnTransaction", (4, 32767), None, None, -1, (), False, True),
        ("v3_and_below_transactional_id", "string", (0, 3), None, None, -1, "", False, True),
        ("v3_and_below_producer_id", "int64", (0, 3), None, None, -1, 0, False, True),
        ("v3_and_below_producer_epoch", "int16", (0, 3), None, None, -1, 0, False, True),
        ("v3_and_below_topics", "[]AddPartitionsToTxnTopic", (0, 3), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "AddPartitionsToTxnRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 5)
    FLEXIBLE_FROM: ClassVar[int | None] = 3
    API_KEY: ClassVar[ApiKey] = ApiKey.ADD_PARTITIONS_TO_TXN

    class AddPartitionsToTxnTopic(Struct):
        """A struct of AddPartitionsToTxnRequest."""

        __slots__ = ("name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]int32", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            partitions: Iterable[int] = (),
        ) -> None:
            self.name: str = name
            self.partitions: list[int] = list(partitions)

    class AddPartitionsToTxnTransaction(Struct):
        """A struct of AddPartitionsToTxnRequest."""

        __slots__ = ("transactional_id", "producer_id", "producer_epoch", "verify_only", "topics")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("transactional_id", "string", (4, 32767), None, None, -1, "", False, True),
            ("producer_id", "int64", (4, 32767), None, None, -1, 0, False, True),
            ("producer_epoch", "int16", (4, 32767), None, None, -1, 0, False, True),
            ("verify_only", "bool", (4, 32767), None, None, -1, False, False, True),
            ("topics", "[]AddPartitionsToTxnTopic", (4, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            transactional_id: str = "",
            producer_id: int = 0,
            producer_epoch: int = 0,
            verify_only: bool = False,
            topics: Iterable[AddPartitionsToTxnRequest.AddPartitionsToTxnTopic] = (),
        ) -> None:
            self.transactional_id: str = transactional_id
            self.producer_id: int = producer_id
            self.producer_epoch: int = producer_epoch
            self.verify_only: bool = verify_only
            self.topics: list[AddPartitionsToTxnRequest.AddPartitionsToTxnTopic] = list(topics)

    def __init__(
        self,
        *,
        transactions: Iterable[AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction] = (),
        v3_and_below_transactional_id: str = "",
        v3_and_below_producer_id: int = 0,
        v3_and_below_producer_epoch: int = 0,
        v3_and_below_topics: Iterable[AddPartitionsToTxnRequest.AddPartitionsToTxnTopic] = (),
    ) -> None:
        self.transactions: list[AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction] = list(transactions)
        self.v3_and_below_transactional_id: str = v3_and_below_transactional_id
        self.v3_and_below_producer_id: int = v3_and_below_producer_id
        self.v3_and_below_producer_epoch: int = v3_and_below_producer_epoch
        self.v3_and_below_topics: list[AddPartitionsToTxnRequest.AddPartitionsToTxnTopic] = list(v3_and_below_topics)


class AddPartitionsToTxnResponse(ResponseMessage):
    """AddPartitionsToTxnResponse: versions 0 to 5, flexible from 3."""

    __slots__ = ("throttle_time_ms", "error_code", "results_by_transaction", "results_by_topic_v3_and_below")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (4, 32767), None, None, -1, 0, True, True),
        ("results_by_transaction", "[]AddPartitionsToTxnResult", (4, 32767), None, None, -1, (), False, True),
        ("results_by_topic_v3_and_below", "[]AddPartitionsToTxnTopicResult", (0, 3), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "AddPartitionsToTxnResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 5)
    FLEXIBLE_FROM: ClassVar[int | None] = 3
    API_KEY: ClassVar[ApiKey] = ApiKey.ADD_PARTITIONS_TO_TXN

    class AddPartitionsToTxnPartitionResult(Struct):
        """A struct of AddPartitionsToTxnResponse."""

        __slots__ = ("partition_index", "partition_error_code")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("partition_error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            partition_error_code: int = 0,
        ) -> None:
            self.partition_index: int = partition_index
            self.partition_error_code: int = partition_error_code

    class AddPartitionsToTxnTopicResult(Struct):
        """A struct of AddPartitionsToTxnResponse."""

        __slots__ = ("name", "results_by_partition")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("results_by_partition", "[]AddPartitionsToTxnPartitionResult", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            results_by_partition: Iterable[AddPartitionsToTxnResponse.AddPartitionsToTxnPartitionResult] = (),
        ) -> None:
            self.name: str = name
            self.results_by_partition: list[AddPartitionsToTxnResponse.AddPartitionsToTxnPartitionResult] = (
                list(results_by_partition)
            )

    class AddPartitionsToTxnResult(Struct):
        """A struct of AddPartitionsToTxnResponse."""

        __slots__ = ("transactional_id", "topic_results")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("transactional_id", "string", (4, 32767), None, None, -1, "", False, True),
            ("topic_results", "[]AddPartitionsToTxnTopicResult", (4, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            transactional_id: str = "",
            topic_results: Iterable[AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult] = (),
        ) -> None:
            self.transactional_id: str = transactional_id
            self.topic_results: list[AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult] = list(topic_results)

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        results_by_transaction: Iterable[AddPartitionsToTxnResponse.AddPartitionsToTxnResult] = (),
        results_by_topic_v3_and_below: Iterable[AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult] = (),
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.results_by_transaction: list[AddPartitionsToTxnResponse.AddPartitionsToTxnResult] = (
            list(results_by_transaction)
        )
        self.results_by_topic_v3_and_below: list[AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult] = (
            list(results_by_topic_v3_and_below)
        )

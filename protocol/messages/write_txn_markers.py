"""WriteTxnMarkers, API key 27. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct
from barnabas.protocol.types import Part


class WriteTxnMarkersRequest(RequestMessage):
    """WriteTxnMarkersRequest: versions 1 to 2, flexible from 1."""

    __slots__ = ("markers",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("markers", "[]WritableTxnMarker", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "WriteTxnMarkersRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 1
    API_KEY: ClassVar[ApiKey] = ApiKey.WRITE_TXN_MARKERS

    class WritableTxnMarkerTopic(Struct):
        """A struct of WriteTxnMarkersRequest."""

        __slots__ = ("name", "partition_indexes")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partition_indexes", "[]int32", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            partition_indexes: Iterable[int] = (),
        ) -> None:
            self.name: str = name
            self.partition_indexes: list[int] = list(partition_indexes)

    class WritableTxnMarker(Struct):
        """A struct of WriteTxnMarkersRequest."""

        __slots__ = (
            "producer_id",
            "producer_epoch",
            "transaction_result",
            "topics",
            "coordinator_epoch",
            "transaction_version",
        )
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("producer_id", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("producer_epoch", "int16", (0, 32767), None, None, -1, 0, False, True),
            ("transaction_result", "bool", (0, 32767), None, None, -1, False, False, True),
            ("topics", "[]WritableTxnMarkerTopic", (0, 32767), None, None, -1, (), False, True),
            ("coordinator_epoch", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("transaction_version", "int8", (2, 32767), None, None, -1, 0, True, True),
        )

        def __init__(
            self,
            *,
            producer_id: int = 0,
            producer_epoch: int = 0,
            transaction_result: bool = False,
            topics: Iterable[WriteTxnMarkersRequest.WritableTxnMarkerTopic] = (),
            coordinator_epoch: int = 0,
            transaction_version: int = 0,
        ) -> None:
            self.producer_id: int = producer_id
            self.producer_epoch: int = producer_epoch
            self.transaction_result: bool = transaction_result
            self.topics: list[WriteTxnMarkersRequest.WritableTxnMarkerTopic] = list(topics)
            self.coordinator_epoch: int = coordinator_epoch
            self.transaction_version: int = transaction_version

    def __init__(
        self,
        *,
        markers: Iterable[WriteTxnMarkersRequest.WritableTxnMarker] = (),
    ) -> None:
        self.markers: list[WriteTxnMarkersRequest.WritableTxnMarker] = list(markers)


class WriteTxnMarkersResponse(ResponseMessage):
    """WriteTxnMarkersResponse: versions 1 to 2, flexible from 1."""

    __slots__ = ("markers",)
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("markers", "[]WritableTxnMarkerResult", (0, 32767), None, None, -1, (), False, True),
    )
    NAME: ClassVar[str] = "WriteTxnMarkersResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (1, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 1
    API_KEY: ClassVar[ApiKey] = ApiKey.WRITE_TXN_MARKERS

    class WritableTxnMarkerPartitionResult(Struct):
        """A struct of WriteTxnMarkersResponse."""

        __slots__ = ("partition_index", "error_code")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("partition_index", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        )

        def __init__(
            self,
            *,
            partition_index: int = 0,
            error_code: int = 0,
        ) -> None:
            self.partition_index: int = partition_index
            self.error_code: int = error_code

    class WritableTxnMarkerTopicResult(Struct):
        """A struct of WriteTxnMarkersResponse."""

        __slots__ = ("name", "partitions")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("name", "string", (0, 32767), None, None, -1, "", False, True),
            ("partitions", "[]WritableTxnMarkerPartitionResult", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            name: str = "",
            partitions: Iterable[WriteTxnMarkersResponse.WritableTxnMarkerPartitionResult] = (),
        ) -> None:
            self.name: str = name
            self.partitions: list[WriteTxnMarkersResponse.WritableTxnMarkerPartitionResult] = list(partitions)

    class WritableTxnMarkerResult(Struct):
        """A struct of WriteTxnMarkersResponse."""

        __slots__ = ("producer_id", "topics")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("producer_id", "int64", (0, 32767), None, None, -1, 0, False, True),
            ("topics", "[]WritableTxnMarkerTopicResult", (0, 32767), None, None, -1, (), False, True),
        )

        def __init__(
            self,
            *,
            producer_id: int = 0,
            topics: Iterable[WriteTxnMarkersResponse.WritableTxnMarkerTopicResult] = (),
        ) -> None:
            self.producer_id: int = producer_id
            self.topics: list[WriteTxnMarkersResponse.WritableTxnMarkerTopicResult] = list(topics)

    def __init__(
        self,
        *,
        markers: Iterable[WriteTxnMarkersResponse.WritableTxnMarkerResult] = (),
    ) -> None:
        self.markers: list[WriteTxnMarkersResponse.WritableTxnMarkerResult] = list(markers)

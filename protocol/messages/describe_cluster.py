"""DescribeCluster, API key 60. Written by barnabas.protocol.generate: do not edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.message import FieldFacts, RequestMessage, ResponseMessage, Struct


class DescribeClusterRequest(RequestMessage):
    """DescribeClusterRequest: versions 0 to 2, flexible from 0."""

    __slots__ = ("include_cluster_authorized_operations", "endpoint_type", "include_fenced_brokers")
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("include_cluster_authorized_operations", "bool", (0, 32767), None, None, -1, False, False, True),
        ("endpoint_type", "int8", (1, 32767), None, None, -1, 1, False, True),
        ("include_fenced_brokers", "bool", (2, 32767), None, None, -1, False, False, True),
    )
    NAME: ClassVar[str] = "DescribeClusterRequest"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.DESCRIBE_CLUSTER

    def __init__(
        self,
        *,
        include_cluster_authorized_operations: bool = False,
        endpoint_type: int = 1,
        include_fenced_brokers: bool = False,
    ) -> None:
        self.include_cluster_authorized_operations: bool = include_cluster_authorized_operations
        self.endpoint_type: int = endpoint_type
        self.include_fenced_brokers: bool = include_fenced_brokers


class DescribeClusterResponse(ResponseMessage):
    """DescribeClusterResponse: versions 0 to 2, flexible from 0."""

    __slots__ = (
        "throttle_time_ms",
        "error_code",
        "error_message",
        "endpoint_type",
        "cluster_id",
        "controller_id",
        "brokers",
        "cluster_authorized_operations",
    )
    FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
        ("throttle_time_ms", "int32", (0, 32767), None, None, -1, 0, False, True),
        ("error_code", "int16", (0, 32767), None, None, -1, 0, False, True),
        ("error_message", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
        ("endpoint_type", "int8", (1, 32767), None, None, -1, 1, False, True),
        ("cluster_id", "string", (0, 32767), None, None, -1, "", False, True),
        ("controller_id", "int32", (0, 32767), None, None, -1, -1, False, True),
        ("brokers", "[]DescribeClusterBroker", (0, 32767), None, None, -1, (), False, True),
        ("cluster_authorized_operations", "int32", (0, 32767), None, None, -1, -2147483648, False, True),
    )
    NAME: ClassVar[str] = "DescribeClusterResponse"
    VERSIONS: ClassVar[tuple[int, int]] = (0, 2)
    FLEXIBLE_FROM: ClassVar[int | None] = 0
    API_KEY: ClassVar[ApiKey] = ApiKey.DESCRIBE_CLUSTER

    class DescribeClusterBroker(Struct):
        """A struct of DescribeClusterResponse."""

        __slots__ = ("broker_id", "host", "port", "rack", "is_fenced")
        FIELDS: ClassVar[tuple[FieldFacts, ...]] = (
            ("broker_id", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("host", "string", (0, 32767), None, None, -1, "", False, True),
            ("port", "int32", (0, 32767), None, None, -1, 0, False, True),
            ("rack", "string", (0, 32767), (0, 32767), None, -1, None, False, True),
            ("is_fenced", "bool", (2, 32767), None, None, -1, False, False, True),
        )

        def __init__(
            self,
            *,
            broker_id: int = 0,
            host: str = "",
            port: int = 0,
            rack: str | None = None,
            is_fenced: bool = False,
        ) -> None:
            self.broker_id: int = broker_id
            self.host: str = host
            self.port: int = port
            self.rack: str | None = rack
            self.is_fenced: bool = is_fenced

    def __init__(
        self,
        *,
        throttle_time_ms: int = 0,
        error_code: int = 0,
        error_message: str | None = None,
        endpoint_type: int = 1,
        cluster_id: str = "",
        controller_id: int = -1,
        brokers: Iterable[DescribeClusterResponse.DescribeClusterBroker] = (),
        cluster_authorized_operations: int = -2147483648,
    ) -> None:
        self.throttle_time_ms: int = throttle_time_ms
        self.error_code: int = error_code
        self.error_message: str | None = error_message
        self.endpoint_type: int = endpoint_type
        self.cluster_id: str = cluster_id
        self.controller_id: int = controller_id
        self.brokers: list[DescribeClusterResponse.DescribeClusterBroker] = list(brokers)
        self.cluster_authorized_operations: int = cluster_authorized_operations

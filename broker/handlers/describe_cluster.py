"""DescribeCluster (v0–v2): the live brokers and a controller to talk to.

v1: the client says what kind of endpoint it means (KIP-919). v2: fenced brokers on demand.
"""

from __future__ import annotations

import random

from barnabas.broker.authorized_operations import NOT_ASKED, ON_CLUSTER
from barnabas.broker.listener_view import NO_NODE
from barnabas.broker.metadata_cache import MetadataCache
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.describe_cluster import DescribeClusterRequest, DescribeClusterResponse
from barnabas.server.dispatch import Request

BROKER_ENDPOINT = 1
CONTROLLER_ENDPOINT = 2


class DescribeClusterHandler:
    """Answers from the newest image."""

    def __init__(self, cache: MetadataCache, cluster_id: str, rng: random.Random) -> None:
        self._cache = cache
        self._cluster_id = cluster_id
        self._rng = rng

    def handle(self, request: Request[DescribeClusterRequest]) -> None:
        request.reply(self.answer(request.body, request.version, request.connection.listener))

    def answer(self, body: DescribeClusterRequest, version: int, listener: str) -> DescribeClusterResponse:
        if body.endpoint_type == CONTROLLER_ENDPOINT:
            return DescribeClusterResponse(
                error_code=ErrorCode.MISMATCHED_ENDPOINT_TYPE,
                error_message="This is a broker's endpoint; the request was meant for a controller's",
            )
        if body.endpoint_type != BROKER_ENDPOINT:
            return DescribeClusterResponse(
                error_code=ErrorCode.UNSUPPORTED_ENDPOINT_TYPE,
                error_message=f"Unsupported endpoint type {body.endpoint_type}",
            )
        view = self._cache.view(listener)
        nodes = view.all_nodes if body.include_fenced_brokers else view.nodes
        controller_id = view.controller_id(self._rng)
        return DescribeClusterResponse(
            endpoint_type=BROKER_ENDPOINT,
            cluster_id=self._cluster_id,
            controller_id=controller_id if view.live_node(controller_id) is not None else NO_NODE,
            brokers=[
                DescribeClusterResponse.DescribeClusterBroker(
                    broker_id=node.id,
                    host=node.host,
                    port=node.port,
                    rack=node.rack,
                    is_fenced=node.fenced and version >= 2,
                )
                for node in nodes
            ],
            cluster_authorized_operations=ON_CLUSTER if body.include_cluster_authorized_operations else NOT_ASKED,
        )

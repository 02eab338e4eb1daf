"""The controller's APIs on its listener: what the core decides, the same forwarded by brokers, and DescribeCluster.

Brokers forward what administrators ask of them in an Envelope (KIP-590): the client's request as it came, header and
all, whose answer goes back the same way. What is not for administrators is not taken out of an envelope.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from barnabas.controller.controller import HANDLERS
from barnabas.controller.driver import ControllerDriver
from barnabas.protocol import codec, framing
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode, RemoteProtocolError
from barnabas.protocol.message import Message, RequestMessage, ResponseMessage
from barnabas.protocol.messages.broker_heartbeat import BrokerHeartbeatRequest, BrokerHeartbeatResponse
from barnabas.protocol.messages.describe_cluster import DescribeClusterRequest, DescribeClusterResponse
from barnabas.protocol.messages.describe_quorum import DescribeQuorumRequest, DescribeQuorumResponse
from barnabas.protocol.messages.envelope import EnvelopeRequest, EnvelopeResponse
from barnabas.protocol.types import Part
from barnabas.server.dispatch import ApiTable, Request

if TYPE_CHECKING:
    from barnabas.server.connection import Connection

FORWARDED: Final = frozenset(
    {
        ApiKey.ALTER_CONFIGS,
        ApiKey.CREATE_PARTITIONS,
        ApiKey.CREATE_TOPICS,
        ApiKey.DELETE_TOPICS,
        ApiKey.DESCRIBE_QUORUM,
        ApiKey.ELECT_LEADERS,
        ApiKey.INCREMENTAL_ALTER_CONFIGS,
        ApiKey.UNREGISTER_BROKER,
        ApiKey.UPDATE_FEATURES,
    }
)
"""What brokers may forward for their clients."""

_BROKER_ENDPOINT: Final = 1
_CONTROLLER_ENDPOINT: Final = 2
_LENGTH_BYTES: Final = 4
_HEARTBEAT_WITHOUT_CORDONED_DIRECTORIES: Final = 1
_ALL_CLUSTER_OPERATIONS: Final = sum(1 << operation for operation in (5, 7, 8, 9, 10, 11, 12))
_NOT_ASKED: Final = -(1 << 31)


class ControllerRequests:
    """Handlers for the controller's listener.

    `leader_id` gives the active controller, -1 where none is known; `describe_quorum` answers a request of a version.
    """

    def __init__(
        self,
        driver: ControllerDriver,
        leader_id: Callable[[], int],
        describe_quorum: Callable[[DescribeQuorumRequest, int], DescribeQuorumResponse],
    ) -> None:
        self._driver = driver
        self._leader_id = leader_id
        self._describe_quorum = describe_quorum
        self._heartbeats: dict[int, tuple[Connection, int]] = {}
        """The connection that carries a broker's heartbeats, and the broker's epoch, by broker id."""

    def register(self, table: ApiTable) -> None:
        """Adds the controller's APIs to the table."""
        for api_key in HANDLERS:
            if api_key != ApiKey.BROKER_HEARTBEAT:
                table.register(api_key, self._handle)
        table.register(
            ApiKey.BROKER_HEARTBEAT, self._handle_heartbeat, max_version=_HEARTBEAT_WITHOUT_CORDONED_DIRECTORIES
        )
        table.register(ApiKey.ENVELOPE, self._handle_envelope)
        table.register(ApiKey.DESCRIBE_CLUSTER, self._handle_describe_cluster, min_version=1)
        self._table = table

    def _handle(self, request: Request[RequestMessage]) -> None:
        self._driver.submit(request.body, request.version, request.reply)

    # -- heartbeats --------------------------------------------------------------------------------------------------

    def _handle_heartbeat(self, request: Request[BrokerHeartbeatRequest]) -> None:
        body = request.body

        def reply(response: ResponseMessage) -> None:
            if isinstance(response, BrokerHeartbeatResponse) and response.error_code == ErrorCode.NONE:
                self._carries_heartbeats(request.connection, body.broker_id, body.broker_epoch)
            request.reply(response)

        self._driver.submit(body, request.version, reply)

    def _carries_heartbeats(self, connection: Connection, broker_id: int, broker_epoch: int) -> None:
        known = self._heartbeats.get(broker_id)
        self._heartbeats[broker_id] = (connection, broker_epoch)
        if known is None or known[0] is not connection:
            connection.on_close(partial(self._heartbeats_end, broker_id))

    def _heartbeats_end(self, broker_id: int, connection: Connection) -> None:
        carrier, broker_epoch = self._heartbeats.get(broker_id, (None, -1))
        if carrier is connection:
            del self._heartbeats[broker_id]
            self._driver.heartbeat_connection_closed(broker_id, broker_epoch)

    # -- envelopes ---------------------------------------------------------------------------------------------------

    def _handle_envelope(self, request: Request[EnvelopeRequest]) -> None:
        try:
            header, offset = framing.decode_request_header(request.body.request_data)
            api = self._table.find(header.api_key) if header.api_key in FORWARDED else None
            if api is None:
                request.reply(EnvelopeResponse(error_code=ErrorCode.INVALID_REQUEST))
                return
            if not api.min_version <= header.api_version <= api.max_version:
                request.reply(EnvelopeResponse(error_code=ErrorCode.UNSUPPORTED_VERSION))
                return
            body, _ = codec.decode(api.request_class, header.api_version, request.body.request_data, offset)
        except RemoteProtocolError:
            request.reply(EnvelopeResponse(error_code=ErrorCode.INVALID_REQUEST))
            return
        assert isinstance(body, RequestMessage)
        if not self._driver.active:
            request.reply(EnvelopeResponse(error_code=ErrorCode.NOT_CONTROLLER))
            return

        def reply(response: Message) -> None:
            assert isinstance(response, ResponseMessage)
            frame = framing.encode_response(header.correlation_id, response, header.api_version)
            request.reply(EnvelopeResponse(response_data=_without_length(frame)))

        if isinstance(body, DescribeQuorumRequest):
            reply(self._describe_quorum(body, header.api_version))
        else:
            self._driver.submit(body, header.api_version, reply)

    # -- DescribeCluster -----------------------------------------------------------------------------------------------

    def _handle_describe_cluster(self, request: Request[DescribeClusterRequest]) -> None:
        """v1 added the kind of endpoint: here only controllers are described (KIP-919)."""
        body = request.body
        if body.endpoint_type != _CONTROLLER_ENDPOINT:
            mismatched = body.endpoint_type == _BROKER_ENDPOINT
            code = ErrorCode.MISMATCHED_ENDPOINT_TYPE if mismatched else ErrorCode.UNSUPPORTED_ENDPOINT_TYPE
            request.reply(DescribeClusterResponse(error_code=code, error_message=code.text))
            return
        controller = self._driver.controller
        response = DescribeClusterResponse(
            endpoint_type=_CONTROLLER_ENDPOINT,
            cluster_id=controller.state.config.cluster_id,
            controller_id=self._leader_id(),
            cluster_authorized_operations=(
                _ALL_CLUSTER_OPERATIONS if body.include_cluster_authorized_operations else _NOT_ASKED
            ),
        )
        for _, registration in sorted(controller.committed_image.cluster.controllers.items()):
            endpoint = registration.endpoints.get(request.connection.listener)
            if endpoint is not None:
                response.brokers.append(
                    DescribeClusterResponse.DescribeClusterBroker(
                        broker_id=registration.id, host=endpoint.host, port=endpoint.port
                    )
                )
        request.reply(response)


def _without_length(parts: list[Part]) -> bytes:
    frame = b"".join(bytes(part) for part in parts if isinstance(part, bytes | bytearray | memoryview))
    return frame[_LENGTH_BYTES:]

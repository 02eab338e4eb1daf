"""Requests to other brokers: a connection to each, made when it is needed, and made anew when it was lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import trio

from barnabas.client.connection import ClientConnection, ConnectionLost, connect
from barnabas.protocol.errors import WireError

if TYPE_CHECKING:
    from barnabas.broker.controller_channel import NodeAddress
    from barnabas.net.transport import Network
    from barnabas.protocol.message import RequestMessage, ResponseMessage

CONNECT_TIMEOUT: Final = 10.0


class PeerUnavailable(Exception):
    """The broker did not answer; whether it did what it was asked is not known."""


class PeerChannels:
    """See the module's text. Requests to one broker are pipelined, so that they arrive in the order of sending."""

    def __init__(
        self,
        network: Network,
        nursery: trio.Nursery,
        address_of: Callable[[int], NodeAddress | None],
        *,
        client_id: str,
        request_timeout: float,
        connect_timeout: float = CONNECT_TIMEOUT,
    ) -> None:
        """`nursery` holds the connections' readers. Times in seconds."""
        self._network = network
        self._nursery = nursery
        self._address_of = address_of
        self._client_id = client_id
        self._request_timeout = request_timeout
        self._connect_timeout = connect_timeout
        self._connections: dict[int, tuple[NodeAddress, ClientConnection]] = {}
        self._connecting: dict[int, trio.Lock] = {}

    async def request(self, broker_id: int, message: RequestMessage, version: int | None = None) -> ResponseMessage:
        """The broker's answer. Raises PeerUnavailable."""
        try:
            connection = await self._connected(broker_id)
            return await connection.request(message, version)
        except (ConnectionLost, WireError) as error:
            raise PeerUnavailable(f"broker {broker_id}: {error}") from None

    async def _connected(self, broker_id: int) -> ClientConnection:
        async with self._connecting.setdefault(broker_id, trio.Lock()):
            address = self._address_of(broker_id)
            if address is None:
                raise PeerUnavailable(f"broker {broker_id} is not known to be alive")
            known = self._connections.get(broker_id)
            if known is not None:
                if known[0] == address and not known[1].closed:
                    return known[1]
                known[1].close()
                del self._connections[broker_id]
            connection = await connect(
                self._network,
                address.host,
                address.port,
                self._client_id,
                nursery=self._nursery,
                request_timeout=self._request_timeout,
                connect_timeout=self._connect_timeout,
            )
            self._connections[broker_id] = (address, connection)
            return connection

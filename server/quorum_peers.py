"""The connections of one member of the quorum to the others.

There are two to each: fetches wait at the leader until there is news, and a connection answers in the order of its
requests, so votes have a connection of their own. Names are resolved at each connect, and nothing is remembered of a
connection that failed: the core says when to try again.
"""

from __future__ import annotations

from collections.abc import Callable

import trio

from barnabas.client.connection import ClientConnection, ConnectionLost, RequestTimedOut, connect
from barnabas.net.transport import Network
from barnabas.protocol.errors import LocalProtocolError
from barnabas.protocol.message import RequestMessage, ResponseMessage
from barnabas.raft.messages import FetchRequest
from barnabas.raft.ready import Message
from barnabas.server.logging import get_logger

log = get_logger(__name__)

_Place = tuple[str, int, bool]
"""Host, port, and whether it is for fetches."""


class Peers:
    """Sends the core's messages and says what came of each, once."""

    def __init__(
        self,
        network: Network,
        nursery: trio.Nursery,
        *,
        client_id: str,
        request_timeout: float,
        answered: Callable[[int, ResponseMessage], None],
        failed: Callable[[int, bool], None],
        closed: Callable[[int], None],
    ) -> None:
        """`answered(correlation, response)` and `failed(correlation, unreachable)` end a message; `closed(node id)`
        tells that the connection for fetches to that node broke (-1: its id is not known)."""
        self._network = network
        self._nursery = nursery
        self._client_id = client_id
        self._timeout = request_timeout
        self._answered = answered
        self._failed = failed
        self._closed = closed
        self._connections: dict[_Place, ClientConnection] = {}
        self._node_ids: dict[_Place, int] = {}
        self._troubles: dict[_Place, str] = {}

    def send(self, message: Message, request: RequestMessage) -> None:
        """Starts sending `request`, which is `message` for the wire."""
        self._nursery.start_soon(self._exchange, message, request)

    def close(self) -> None:
        """Closes all connections."""
        for connection in self._connections.values():
            connection.close()

    async def _exchange(self, message: Message, request: RequestMessage) -> None:
        place = (message.to.host, message.to.port, isinstance(message.request, FetchRequest))
        try:
            # One limit for all: a connect to a host that swallows packets must come to an end, too.
            with trio.fail_after(self._timeout):
                connection = await self._connected(place, message.peer_id)
                response = await connection.request(request)
        except (trio.TooSlowError, RequestTimedOut):
            if (hanging := self._connections.get(place)) is not None:
                hanging.close("no answer in time")
            self._note(place, f"no answer within {self._timeout:g} s")
            self._failed(message.correlation, False)
        except (ConnectionLost, LocalProtocolError) as error:
            # LocalProtocolError: the peer serves no version in which this can be said.
            self._note(place, str(error))
            self._failed(message.correlation, isinstance(error, ConnectionLost))
        else:
            self._note(place, None)
            self._answered(message.correlation, response)

    async def _connected(self, place: _Place, peer_id: int) -> ClientConnection:
        self._node_ids[place] = peer_id
        connection = self._connections.get(place)
        if connection is not None and not connection.closed:
            return connection
        host, port, for_fetches = place
        connection = await connect(
            self._network, host, port, self._client_id, nursery=self._nursery, request_timeout=self._timeout
        )
        other = self._connections.get(place)
        if other is not None and not other.closed:
            connection.close("another one was made meanwhile")
            return other
        self._connections[place] = connection
        if for_fetches:
            connection.on_close(lambda _: self._closed(self._node_ids[place]))
        return connection

    def _note(self, place: _Place, trouble: str | None) -> None:
        """Logs what is wrong with a peer when it changes, and not at every attempt."""
        if self._troubles.get(place) != trouble:
            if trouble is None:
                log.info("quorum peer answers again", host=place[0], port=place[1])
                del self._troubles[place]
            else:
                log.info("quorum peer does not answer", host=place[0], port=place[1], reason=trouble)
                self._troubles[place] = trouble

"""Requests to the active controller, whichever node that is.

The channel keeps one connection to the leader of the metadata quorum and sends over it as many requests at a time as
there are. What fails because the controller moved, is away, or says that it is one no longer, is sent again after a
pause, until an answer is final or the time is over. So a caller sees an answer of the active controller, or
`ControllerUnavailable`.

A request may therefore reach controllers twice. Those sent here bear that: AlterPartition carries epochs, a block of
producer ids that nobody got is lost without harm, and a forwarded creation meets its own topic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import trio

from barnabas.client.connection import ClientConnection, ConnectionLost, connect
from barnabas.net.transport import Network
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.message import RequestMessage, ResponseMessage

MIN_BACKOFF: Final = 0.02
MAX_BACKOFF: Final = 0.5


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """Where a node listens for this broker."""

    id: int
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.id} ({self.host}:{self.port})"


Locate: TypeAlias = Callable[[], NodeAddress | None]
"""The active controller as far as is known now; None during an election."""


class ControllerUnavailable(Exception):
    """No active controller answered within the time; the text says what went wrong last."""


class ControllerChannel:
    """See the module. May be used by any number of tasks of one event loop."""

    def __init__(
        self,
        network: Network,
        locate: Locate,
        nursery: trio.Nursery,
        *,
        client_id: str,
        request_timeout: float,
        retry_timeout: float = 60.0,
        connect_timeout: float = 10.0,
    ) -> None:
        """`nursery` holds the connection's reader.

        Times in seconds: of one attempt to be answered, of all attempts together, of one attempt to connect.
        """
        self._network = network
        self._locate = locate
        self._nursery = nursery
        self._client_id = client_id
        self._request_timeout = request_timeout
        self._retry_timeout = retry_timeout
        self._connect_timeout = connect_timeout
        self._connection: ClientConnection | None = None
        self._connected_to: NodeAddress | None = None
        self._connecting = trio.Lock()
        self._leader_moved = trio.Event()

    async def send(
        self,
        message: RequestMessage,
        version: int | None = None,
        *,
        is_final: Callable[[ResponseMessage], bool] = lambda response: True,
    ) -> ResponseMessage:
        """The active controller's answer. `is_final` says False where one is to be asked again."""
        last_reason = "no controller is known to be active"
        backoff = MIN_BACKOFF
        with trio.move_on_after(self._retry_timeout):
            while True:
                try:
                    connection = await self._connected()
                    if connection is not None:
                        response = await connection.request(message, version)
                        if _error(response) is not ErrorCode.NOT_CONTROLLER and is_final(response):
                            return response
                        last_reason = f"{self._connected_to} is not the active controller any more"
                except (ConnectionLost, WireError) as error:
                    last_reason = str(error)
                with trio.move_on_after(backoff):
                    await self._leader_moved.wait()
                backoff = min(backoff * 2, MAX_BACKOFF)
        raise ControllerUnavailable(last_reason)

    def leader_moved(self) -> None:
        """Another node may be the active controller now: what waits for the old one is sent to the new one."""
        leader = self._locate()
        if leader is not None and leader != self._connected_to:
            self.close()
            self._leader_moved.set()
            self._leader_moved = trio.Event()

    def close(self) -> None:
        """Close the connection; the next request makes a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._connected_to = None

    async def _connected(self) -> ClientConnection | None:
        """The connection to the active controller; None when nobody is known to be it."""
        async with self._connecting:
            leader = self._locate()
            if leader is None:
                return None
            if self._connection is not None and not self._connection.closed and self._connected_to == leader:
                return self._connection
            self.close()
            self._connection = await connect(
                self._network,
                leader.host,
                leader.port,
                self._client_id,
                nursery=self._nursery,
                request_timeout=self._request_timeout,
                connect_timeout=self._connect_timeout,
            )
            self._connected_to = leader
            return self._connection


def _error(response: ResponseMessage) -> ErrorCode:
    """The error of the answer as a whole, where its API has one."""
    return ErrorCode.of(getattr(response, "error_code", 0))

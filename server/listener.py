"""All listeners of a process: accepting, the limits on how many, and the orderly end."""

from __future__ import annotations

import socket
from collections import Counter
from dataclasses import replace
from math import inf
from typing import Final

import trio

from barnabas.net.transport import Listener, Network, Transport
from barnabas.server.connection import Connection, ConnectionContext, ConnectionLimits
from barnabas.server.dispatch import ApiTable
from barnabas.server.endpoints import Endpoint, advertised_listeners, listeners
from barnabas.server.failure import NodeFailure
from barnabas.server.logging import get_logger
from barnabas.server.metrics import ServerStatistics
from barnabas.server.settings import Settings, SettingsError
from barnabas.server.timers import Timers

log = get_logger(__name__)

_ACCEPT_RETRY: Final = 0.1


class CannotListen(NodeFailure):
    """A listener could not be bound; the text is a line for people."""


class Server:
    """Serves an `ApiTable` on every listener of the settings.

    `bind`, then `serve` in a nursery; `stop` from anywhere ends it. Ports of 0 are known after `bind`.
    """

    def __init__(
        self,
        network: Network,
        settings: Settings,
        table: ApiTable,
        timers: Timers,
        statistics: ServerStatistics | None = None,
    ) -> None:
        """SettingsError when the listeners cannot be served."""
        self.table: Final = table
        self.statistics: Final = statistics or ServerStatistics()
        self.endpoints: list[Endpoint] = listeners(settings)
        """Where it listens; after `bind` with the ports that were bound."""
        self.advertised: list[Endpoint] = []
        """What is told to others; known after `bind`."""
        self.connections: Final[dict[Connection, None]] = {}
        self._network = network
        self._settings = settings
        self._timers = timers
        self._limits = ConnectionLimits(
            max_request_bytes=settings.int("socket.request.max.bytes"),
            max_idle=_idle_seconds(settings),
        )
        self._room: Final = _Room(settings)
        self._listeners: list[Listener] = []
        self._draining = False
        self._closed_one: Final = trio.lowlevel.ParkingLot()  # wakes when a connection has closed
        self._stopped: Final = trio.Event()

    async def bind(self) -> None:
        """Listen on every endpoint, before anybody is accepted. CannotListen says which one is taken."""
        backlog = self._settings.int("socket.listen.backlog.size")
        for index, endpoint in enumerate(self.endpoints):
            try:
                listener = await self._network.listen(endpoint.host, endpoint.port, backlog=backlog)
            except OSError as error:
                self.close()
                raise CannotListen(f"cannot listen on {endpoint}: {error.strerror or error}") from None
            self._listeners.append(listener)
            self.endpoints[index] = replace(endpoint, port=listener.port)
        ports = {endpoint.name: endpoint.port for endpoint in self.endpoints}
        nameless = any(not endpoint.host for endpoint in self.endpoints)
        host_name = await trio.to_thread.run_sync(socket.getfqdn) if nameless else ""
        self.advertised = advertised_listeners(self._settings, ports, host_name)

    async def serve(self) -> None:
        """Accept and serve until `stop`; when this is cancelled, all connections close at once."""
        try:
            async with trio.open_nursery() as nursery:
                for endpoint, listener in zip(self.endpoints, self._listeners, strict=True):
                    context = ConnectionContext(
                        endpoint.name, self.table, self._timers, nursery, self.statistics, self._limits
                    )
                    nursery.start_soon(self._accept, listener, context)
                await self._stopped.wait()
                nursery.cancel_scope.cancel()
        finally:
            self.close()

    async def stop(self, grace: float) -> None:
        """Accept and read no more; give open requests `grace` seconds to be answered, then close everything."""
        self._draining = True
        self.close()
        for connection in list(self.connections):
            connection.drain()
        with trio.move_on_after(grace):
            while self.connections:
                await self._closed_one.park()
        self._stopped.set()

    def close(self) -> None:
        """Listen no more. Connections stay."""
        for listener in self._listeners:
            listener.close()

    async def _accept(self, listener: Listener, context: ConnectionContext) -> None:
        failed = False
        while True:
            while self._room.full:
                await self._closed_one.park()
            try:
                transport = await listener.accept()
            except OSError as error:
                if self._draining:
                    return
                if not failed:  # out of file descriptors, say: once, not a line each time
                    log.error("cannot accept connections", listener=context.listener, reason=str(error))
                failed = True
                await trio.sleep(_ACCEPT_RETRY)
                continue
            failed = False
            self._admit(transport, context)

    def _admit(self, transport: Transport, context: ConnectionContext) -> None:
        host = host_of(transport.peer)
        if not self._room.take(host):
            self.statistics.refused += 1
            log.warning("connection refused", reason="max.connections.per.ip", peer=transport.peer)
            transport.close()
            return
        self.statistics.accepted += 1
        self.statistics.open += 1
        context.nursery.start_soon(self._serve_one, transport, host, context)

    async def _serve_one(self, transport: Transport, host: str, context: ConnectionContext) -> None:
        connection = Connection(transport, context)
        self.connections[connection] = None
        try:
            await connection.run()
        finally:
            del self.connections[connection]
            self._room.give_back(host)
            self.statistics.open -= 1
            self._closed_one.unpark_all()


class _Room:
    """How many connections there may be: at all (more wait to be accepted), and from one host (more are closed at
    once).
    """

    def __init__(self, settings: Settings) -> None:
        self._max = settings.int("max.connections")
        self._max_per_host = settings.int("max.connections.per.ip")
        self._overrides = _per_host_overrides(settings)
        self._taken: Counter[str] = Counter()
        self._total = 0

    @property
    def full(self) -> bool:
        return self._total >= self._max

    def take(self, host: str) -> bool:
        if self._taken[host] >= self._overrides.get(host, self._max_per_host):
            return False
        self._taken[host] += 1
        self._total += 1
        return True

    def give_back(self, host: str) -> None:
        self._total -= 1
        self._taken[host] -= 1
        if not self._taken[host]:
            del self._taken[host]


def host_of(peer: str) -> str:
    """The host of a transport's peer, without brackets."""
    return peer.rpartition(":")[0].strip("[]")


def _idle_seconds(settings: Settings) -> float:
    """Kafka takes a negative connections.max.idle.ms for never."""
    milliseconds = settings.int("connections.max.idle.ms")
    return milliseconds / 1000 if milliseconds >= 0 else inf


def _per_host_overrides(settings: Settings) -> dict[str, int]:
    name = "max.connections.per.ip.overrides"
    found: dict[str, int] = {}
    for entry in filter(None, (part.strip() for part in settings.str(name).split(","))):
        host, _, count = entry.rpartition(":")
        if not host or not count.isascii() or not count.isdigit():
            raise SettingsError([f"{settings.place(name)}: {name}: {entry!r} is not address:count"])
        found[host.strip("[]")] = int(count)
    return found

"""A client's shared view of a cluster, and its connections: one to each broker that it talks to.

When no known broker answers, the client begins again with the bootstrap addresses (KIP-899).
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Final, Self, cast

import trio

from barnabas.client.connection import ClientConnection, ConnectionLost, connect
from barnabas.client.errors import ConfigurationError, NoBrokersAvailable, TimedOut
from barnabas.client.metadata import ClusterView, Node
from barnabas.net.transport import Network, TcpNetwork
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.message import RequestMessage, ResponseMessage
from barnabas.protocol.messages.metadata import MetadataRequest, MetadataResponse

_BACKOFF_FIRST: Final = 0.05
_BACKOFF_MAX: Final = 1.0
_METADATA_MAX: Final = 12  # TopicId alone names a topic from v13 on in some brokers' eyes; v12 has all that is used here


class Backoff:
    """Waits that double up to a bound, with jitter, until a deadline (trio's clock, seconds)."""

    def __init__(self, rng: random.Random, timeout: float, what: str) -> None:
        self._rng, self._what, self._timeout = rng, what, timeout
        self._deadline = trio.current_time() + timeout
        self._next = _BACKOFF_FIRST

    async def wait(self, why: object) -> None:
        """Wait before the next attempt; TimedOut when there is no time for one, with `why` the last one failed."""
        pause = self._next * self._rng.uniform(0.8, 1.2)
        self._next = min(self._next * 2, _BACKOFF_MAX)
        if trio.current_time() + pause > self._deadline:
            raise TimedOut(f"{self._what}: given up after {self._timeout:g} s; last: {why}")
        await trio.sleep(pause)


class Cluster:
    """Brokers, leaders and connections; shared by what one client does. `async with Cluster(...)`."""

    def __init__(
        self,
        bootstrap: str,
        *,
        client_id: str = "barnabas",
        request_timeout: float = 30.0,
        network: Network | None = None,
        rng: random.Random | None = None,
    ) -> None:
        """`bootstrap`: host:port, several separated by commas. `request_timeout` in seconds, also of retries."""
        self.bootstrap: Final = parse_bootstrap(bootstrap)
        self.view: Final = ClusterView()
        self.request_timeout: Final = request_timeout
        self.rng: Final = rng or random.Random()
        self._client_id = client_id
        self._network: Network = network or TcpNetwork()
        self._connections: dict[tuple[str, int], ClientConnection] = {}
        self._locks: dict[tuple[str, int], trio.Lock] = {}
        self._manager = _nursery()
        self._nursery: trio.Nursery | None = None

    async def __aenter__(self) -> Self:
        self._nursery = await self._manager.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self._manager.__aexit__(kind, error, tb)

    def backoff(self, what: str) -> Backoff:
        """Waits between the attempts of one operation."""
        return Backoff(self.rng, self.request_timeout, what)

    async def connection(self, host: str, port: int) -> ClientConnection:
        """The connection to that address, made if there is none. ConnectionLost says why it cannot be."""
        key = (host, port)
        async with self._locks.setdefault(key, trio.Lock()):
            known = self._connections.get(key)
            if known is not None and not known.closed:
                return known
            if self._nursery is None:
                raise ConnectionLost(f"{host}:{port}", "the client is not open; use `async with`")
            made = await connect(
                self._network,
                host,
                port,
                self._client_id,
                nursery=self._nursery,
                request_timeout=self.request_timeout,
            )
            self._connections[key] = made
            return made

    async def to(self, node: Node) -> ClientConnection:
        """The connection to a broker."""
        return await self.connection(node.host, node.port)

    async def any_connection(self) -> ClientConnection:
        """A connection to some broker: an open one, else a known broker's, else a bootstrap address'."""
        for (host, port), known in self._connections.items():
            if not known.closed and any((node.host, node.port) == (host, port) for node in self.view.nodes.values()):
                return known
        nodes = list(self.view.nodes.values())
        self.rng.shuffle(nodes)
        addresses = list(dict.fromkeys([*((node.host, node.port) for node in nodes), *self.bootstrap]))
        attempts: list[tuple[str, str]] = []
        for host, port in addresses:
            try:
                return await self.connection(host, port)
            except ConnectionLost as error:
                attempts.append((error.address, error.why))
        raise NoBrokersAvailable(attempts)

    async def ask(self, message: RequestMessage, version: int | None = None) -> ResponseMessage:
        """Ask any broker, trying again while connections fail, until the request timeout has passed."""
        backoff = self.backoff(message.NAME)
        while True:
            try:
                connection = await self.any_connection()
                return await connection.request(message, version)
            except (ConnectionLost, NoBrokersAvailable) as error:
                await backoff.wait(error)

    async def refresh(self, topics: Iterable[str] | None = (), *, create: bool = False) -> ClusterView:
        """Ask for fresh metadata: of these topics (None: all); the view that is returned is this cluster's own."""
        wanted = None if topics is None else [MetadataRequest.MetadataRequestTopic(name=name) for name in topics]
        message = MetadataRequest(topics=wanted, allow_auto_topic_creation=create)
        self.view.update(cast(MetadataResponse, await self.ask(message, await self._metadata_version())))
        return self.view

    async def _metadata_version(self) -> int | None:
        backoff = self.backoff("Metadata")
        while True:
            try:
                versions = (await self.any_connection()).versions_of(MetadataRequest.API_KEY)
                return None if versions is None else min(_METADATA_MAX, versions[1])
            except NoBrokersAvailable as error:
                await backoff.wait(error)

    async def leader(self, topic: str, partition: int) -> Node:
        """The partition's leader, asked for until there is one. TimedOut when there is none in time."""
        backoff = self.backoff(f"the leader of {topic}-{partition}")
        while (node := self.view.leader(topic, partition)) is None:
            view = (await self.refresh([topic])).topics.get(topic)
            if self.view.leader(topic, partition) is None:
                await backoff.wait(_why_no_leader(view.error if view else None, view is not None and partition in view.partitions))
        return node


@asynccontextmanager
async def _nursery() -> AsyncIterator[trio.Nursery]:
    """A nursery for connections that ends with the block: closing never waits for the other side."""
    async with trio.open_nursery(strict_exception_groups=False) as nursery:
        try:
            yield nursery
        finally:
            nursery.cancel_scope.cancel()


def _why_no_leader(error: ErrorCode | None, exists: bool) -> str:
    if error:
        return f"{error.name}: {error.text}"
    return "it has no leader" if exists else "there is no such partition"


def parse_bootstrap(text: str) -> Sequence[tuple[str, int]]:
    """host:port pairs from a comma-separated list. ConfigurationError names the entry that is none."""
    addresses: list[tuple[str, int]] = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        host, colon, port = entry.rpartition(":")
        if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise ConfigurationError(f"bootstrap address {entry!r} is not host:port")
        addresses.append((host.strip("[]"), int(port)))
    if not addresses:
        raise ConfigurationError("bootstrap is empty; give at least one host:port")
    return addresses

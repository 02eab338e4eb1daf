"""A client's shared view of a cluster, and its connections: one to each broker that it talks to.

When no known broker answers, the client begins again with the bootstrap addresses (KIP-899), and also when a broker
tells it to (KIP-1102). Errors of connections stay inside: what waits for an answer tries again until its time is over.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TypeVar, Unpack

import trio

from barnabas.client.background import Background
from barnabas.client.connection import CannotConnect, ClientConnection, ConnectionLost, connect
from barnabas.client.errors import BrokerError, ClientClosed, ConfigurationError, NoBrokersAvailable, TimedOut, check
from barnabas.client.metadata import ClusterView, Node, TopicView
from barnabas.client.retries import retry_pause
from barnabas.client.security import SecuritySettings, security_of
from barnabas.net.addresses import host_port_text, parse_host_port
from barnabas.net.transport import Network, TcpNetwork
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.message import RequestMessage, ResponseMessage
from barnabas.protocol.messages.metadata import MetadataRequest, MetadataResponse

if TYPE_CHECKING:
    import ssl

M = TypeVar("M", bound=ResponseMessage)
Address = tuple[str, int]

_CONNECT_TIMEOUT: Final = 10.0
_ANSWER_PATIENCE: Final = 5.0
"""Seconds after which another broker is asked for metadata: this one may hang."""
_TOPIC_PATIENCE: Final = 5.0
"""Seconds for a new topic to become known to the broker that is asked."""
_LAST_VERSION_WITH_NAMES: Final = 12
"""Of Produce and of Fetch; from the next on topics have nothing but ids there."""


class Backoff:
    """The waits between the attempts of one operation, until a deadline (trio's clock, seconds)."""

    def __init__(self, jitter: Callable[[], float], timeout: float, what: str) -> None:
        """`jitter` gives numbers from 0 to 1."""
        self._jitter, self._what, self._timeout = jitter, what, timeout
        self._deadline: Final = trio.current_time() + timeout
        self._attempts = 0

    @property
    def remaining(self) -> float:
        """Seconds until the deadline, never less than a millisecond."""
        return max(self._deadline - trio.current_time(), 0.001)

    async def wait(self, why: object) -> None:
        """Wait before the next attempt; TimedOut when there is no time for one, with `why` the last one failed."""
        pause = retry_pause(self._attempts, self._jitter())
        self._attempts += 1
        if pause > self._deadline - trio.current_time():
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
        metadata_max_age: float = 300.0,
        network: Network | None = None,
        rng: random.Random | None = None,
        **security: Unpack[SecuritySettings],
    ) -> None:
        """`bootstrap`: host:port, several separated by commas. `request_timeout` in seconds, also of retries.

        What is known of a topic is asked for again after `metadata_max_age` seconds. `security`: see SecuritySettings.
        """
        self.bootstrap: Final = parse_bootstrap(bootstrap)
        self.view: Final = ClusterView()
        self.request_timeout: Final = request_timeout
        self.rng: Final = rng or random.Random()
        self._client_id: Final = client_id
        self.metadata_max_age: Final = metadata_max_age
        secured = security_of(security)
        network = network or TcpNetwork()
        self._network: Final[Network] = network if secured.tls is None else _encrypted(network, secured.tls)
        self._credentials: Final = secured.credentials
        self._connections: Final[dict[tuple[Address, str], ClientConnection]] = {}
        self._purposes = 0
        self._connecting: Final[dict[tuple[Address, str], trio.Lock]] = {}
        self._asking: Final[dict[str, trio.Lock]] = {}
        self._learnt_at: Final[dict[str, float]] = {}
        self._stack: Final = AsyncExitStack()
        self._nursery: trio.Nursery | None = None

    async def __aenter__(self) -> Self:
        self._nursery = await self._stack.enter_async_context(Background())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> bool | None:
        self._nursery = None
        return await self._stack.__aexit__(kind, error, tb)

    def backoff(self, what: str) -> Backoff:
        """Waits between the attempts of one operation."""
        return Backoff(self.rng.random, self.request_timeout, what)

    # -- connections and requests --------------------------------------------------------------------------------

    async def to(self, node: Node, *, purpose: str = "") -> ClientConnection:
        """The connection to a broker, made if there is none. ConnectionLost says why it cannot be.

        What must not wait for the answers to other requests has a connection for its own `purpose`.
        """
        return await self._connection((node.host, node.port), purpose)

    def connected(self, node: Node, *, purpose: str = "") -> ClientConnection | None:
        """The connection to a broker for this purpose, if there is one."""
        return self._connections.get(((node.host, node.port), purpose))

    def own_purpose(self, what: str) -> str:
        """A purpose that nobody else has, for connections of one's own."""
        self._purposes += 1
        return f"{what} {self._purposes}"

    async def request(
        self,
        connection: ClientConnection,
        message: RequestMessage,
        answer: type[M],
        version: int | None = None,
        *,
        request_timeout: float | None = None,
    ) -> M:
        """Ask over this connection, within `request_timeout` seconds.

        ConnectionLost when it is lost, BrokerError when the broker is too old or too new for the request.
        """
        try:
            response = await connection.request(message, version, request_timeout=request_timeout)
        except WireError as error:
            raise BrokerError(error.code, connection.address, error.message) from None
        assert isinstance(response, answer)
        return response

    async def ask(
        self, message: RequestMessage, answer: type[M], *, broker: int | None = None, patience: float = float("inf")
    ) -> M:
        """Ask any broker, or the one with that id; again while connections fail, until the request timeout.

        After `patience` seconds without an answer another broker is asked.
        """
        backoff = self.backoff(message.NAME)
        avoid: set[Address] = set()
        while True:
            try:
                with trio.move_on_after(patience):
                    address, connection = await self._connection_for(broker, avoid)
                    avoid.add(address)
                    return await self.request(connection, message, answer, request_timeout=backoff.remaining)
                why: object = f"no answer within {patience:g} s"
            except (ConnectionLost, NoBrokersAvailable) as error:
                why = error
            if broker is not None:
                self.view.forget_nodes(broker)  # it may have moved, or gone
            await backoff.wait(why)

    async def _connection_for(self, broker: int | None, avoid: set[Address]) -> tuple[Address, ClientConnection]:
        if broker is None:
            return await self._any_connection(avoid)
        node = self.view.nodes.get(broker) or (await self.refresh()).nodes.get(broker)
        if node is None:
            raise BrokerError(
                ErrorCode.BROKER_NOT_AVAILABLE, f"broker {broker}", "The cluster has no such live broker."
            )
        return (node.host, node.port), await self.to(node)

    async def _any_connection(self, avoid: set[Address]) -> tuple[Address, ClientConnection]:
        attempts: list[tuple[str, str]] = []
        for address in self._candidates(avoid):
            try:
                return address, await self._connection(address)
            except ConnectionLost as error:
                attempts.append((error.address, error.why))
        raise NoBrokersAvailable(attempts)

    def _candidates(self, avoid: set[Address]) -> list[Address]:
        """Known brokers, first those who will answer soonest, and then the bootstrap addresses."""
        known = [(node.host, node.port) for node in self.view.nodes.values()]
        self.rng.shuffle(known)
        known.sort(key=self._load)
        return sorted(dict.fromkeys([*known, *self.bootstrap]), key=lambda address: address in avoid)

    def _load(self, address: Address) -> float:
        """Answers come in the order of requests: better a new connection than one on which something waits."""
        connection = self._connections.get((address, ""))
        return 0.5 if connection is None else connection.in_flight

    async def _connection(self, address: Address, purpose: str = "") -> ClientConnection:
        key = (address, purpose)
        async with self._connecting.setdefault(key, trio.Lock()):
            known = self._connections.get(key)
            if known is not None and not known.closed:
                if trio.current_time() < known.fresh_until:
                    return known
                known.retire()
            made = self._connections[key] = await self._connect(address)
            made.on_close(lambda closed: self._forget_connection(key, closed))
            return made

    async def _connect(self, address: Address) -> ClientConnection:
        host, port = address
        if self._nursery is None:
            raise ClientClosed("the client is not open: use it inside its `async with` block")
        try:
            with trio.fail_after(_CONNECT_TIMEOUT):
                return await connect(
                    self._network,
                    host,
                    port,
                    self._client_id,
                    nursery=self._nursery,
                    request_timeout=self.request_timeout,
                    credentials=self._credentials,
                )
        except trio.TooSlowError:
            raise CannotConnect(host_port_text(host, port), f"no answer in {_CONNECT_TIMEOUT:g} s") from None

    def _forget_connection(self, key: tuple[Address, str], closed: ClientConnection) -> None:
        if self._connections.get(key) is closed:
            del self._connections[key]
            if not self._connecting[key].locked():
                del self._connecting[key]

    # -- metadata ------------------------------------------------------------------------------------------------

    async def refresh(self, topics: Iterable[str] | None = (), *, create: bool = False) -> ClusterView:
        """Ask for fresh metadata: of these topics (None: all); the view that is returned is this cluster's own."""
        wanted = (
            None if topics is None else [MetadataRequest.MetadataRequestTopic(name=name) for name in sorted(topics)]
        )
        message = MetadataRequest(topics=wanted, allow_auto_topic_creation=create)
        response = await self.ask(message, MetadataResponse, patience=_ANSWER_PATIENCE)
        if response.error_code == ErrorCode.REBOOTSTRAP_REQUIRED:
            self._begin_again()
            response = await self.ask(message, MetadataResponse, patience=_ANSWER_PATIENCE)
        check(response.error_code, "metadata")
        self.view.update(response, every_topic=topics is None)
        now = trio.current_time()
        self._learnt_at.update((topic.name, now) for topic in response.topics if topic.name is not None)
        return self.view

    def _begin_again(self) -> None:
        self.view.forget_nodes()
        for connection in list(self._connections.values()):
            connection.close("a broker told us to begin again with the bootstrap addresses")

    async def topic(self, name: str, *, create: bool = False) -> TopicView:
        """What is known of a topic; asked for when that is nothing or too old. BrokerError if there is none.

        `create`: let the cluster create it, if it is configured so.
        """
        if (known := self.known_topic(name, trio.current_time())) is not None:
            return known
        async with self._asking.setdefault(name, trio.Lock()):
            return self.known_topic(name, trio.current_time()) or await self._ask_for_topic(name, create)

    def known_topic(self, name: str, now: float) -> TopicView | None:
        """What is known of a topic without asking; None if that is nothing or too old."""
        known = self.view.topics.get(name)
        if (
            known is None
            or known.error
            or not known.partitions
            or now - self._learnt_at.get(name, 0.0) > self.metadata_max_age
        ):
            return None
        return known

    async def _ask_for_topic(self, name: str, create: bool) -> TopicView:
        backoff = Backoff(self.rng.random, min(_TOPIC_PATIENCE, self.request_timeout), f"topic {name}")
        while True:
            topic = (await self.refresh([name], create=create)).topics.get(name)
            if topic is not None and not topic.error and topic.partitions:
                return topic
            code = (topic.error if topic is not None else 0) or ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
            error = BrokerError(code, f"topic {name}")
            if not error.retriable:
                raise error
            try:
                await backoff.wait(error)
            except TimedOut:
                raise error from None

    async def check_partition(self, topic: str, partition: int) -> None:
        """BrokerError UNKNOWN_TOPIC_OR_PARTITION unless the topic has that partition."""
        if partition in (await self.topic(topic)).partitions:
            return
        view = (await self.refresh([topic])).topics.get(topic)
        if view is None or partition not in view.partitions:
            count = len(view.partitions) if view is not None else 0
            text = f"The topic has {count} partitions, numbered from 0."
            raise BrokerError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"{topic}-{partition}", text)

    async def leader(self, topic: str, partition: int) -> Node:
        """The partition's leader, asked for until there is one. TimedOut when there is none in time."""
        if (node := self.view.leader(topic, partition)) is not None:
            return node
        await self.check_partition(topic, partition)
        backoff = self.backoff(f"the leader of {topic}-{partition}")
        while (node := self.view.leader(topic, partition)) is None:
            await self.refresh([topic])
            if self.view.leader(topic, partition) is None:
                found = self.view.partition(topic, partition)
                code = (found.error if found is not None else 0) or ErrorCode.LEADER_NOT_AVAILABLE
                await backoff.wait(BrokerError(code, f"{topic}-{partition}"))
        return node


def _encrypted(network: Network, context: ssl.SSLContext) -> Network:
    from barnabas.net.tls import TlsNetwork  # it imports OpenSSL, which those without TLS have no use for

    return TlsNetwork(network, context)


def version_with_names(connection: ClientConnection, api_key: ApiKey) -> int:
    """The version of Produce or Fetch for topics whose ids are not known."""
    served = connection.versions_of(api_key)
    return min(_LAST_VERSION_WITH_NAMES, served[1] if served is not None else _LAST_VERSION_WITH_NAMES)


def parse_bootstrap(text: str) -> Sequence[Address]:
    """host:port pairs from a comma-separated list. ConfigurationError names the entry that is none."""
    addresses: list[Address] = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        try:
            host, port = parse_host_port(entry)
        except ValueError as error:
            raise ConfigurationError(f"bootstrap address {error}") from None
        if not host or not port:
            raise ConfigurationError(f"bootstrap address {entry!r} is not host:port")
        addresses.append((host, port))
    if not addresses:
        raise ConfigurationError("bootstrap is empty; give at least one host:port")
    return addresses

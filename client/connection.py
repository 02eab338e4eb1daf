"""A connection to one node: requests out, responses back, pipelined.

The shell around `ConnectionCore`. One task reads; a request is sent by the task that makes it, without another, as
long as the socket takes it. When the connection ends, for whatever reason, every open request raises ConnectionLost;
there is no reconnecting here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, cast

import trio

from barnabas.client.connection_core import ConnectionCore, OpenRequest
from barnabas.client.errors import AuthenticationFailed
from barnabas.net.addresses import host_port_text
from barnabas.net.frames import FrameReader, FrameTooLarge
from barnabas.net.send_queue import SendQueue
from barnabas.net.transport import Network, TlsError, Transport
from barnabas.protocol.api_keys import API_VERSIONS, ApiKey
from barnabas.protocol.errors import ErrorCode, RemoteProtocolError
from barnabas.protocol.message import RequestMessage, ResponseMessage
from barnabas.protocol.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse
from barnabas.protocol.types import Part

if TYPE_CHECKING:
    from barnabas.client.sasl import Credentials

DEFAULT_REQUEST_TIMEOUT: Final = 30.0
DEFAULT_CONNECT_TIMEOUT: Final = 10.0
_MAX_FRAME_BYTES: Final = 0x7FFFFFFF
_BEFORE_YIELD: Final = 64
_SOFTWARE_NAME: Final = "barnabas"
_HTTP: Final = int.from_bytes(b"HTTP", "big")
_HUNG_UP: Final = "the node closed the connection"
_HUNG_UP_AT_ONCE: Final = f"{_HUNG_UP} without any answer: it may want another security_protocol on this port"
_RETIRED: Final = "its time was over"
_MAX_VERSIONS_BYTES: Final = 1 << 20
"""No answer to ApiVersions is larger. What is says that the other end speaks another protocol."""


class ConnectionLost(Exception):
    """There is no connection, or there is none any more: to whom, and why."""

    def __init__(self, address: str, why: str) -> None:
        super().__init__(f"{address}: {why}")
        self.address: Final = address
        self.why: Final = why


class CannotConnect(ConnectionLost):
    """The connection could not be made."""


class RequestTimedOut(ConnectionLost):
    """A request was not answered in time; the connection has been closed, because its node hangs or is gone."""


class Reply:
    """A request that has been sent. `await reply.wait()` gives its response; once, by one task."""

    __slots__ = ("_result", "_task", "request")

    def __init__(self, request: OpenRequest) -> None:
        self.request: Final = request
        self._task: trio.lowlevel.Task | None = None
        self._result: ResponseMessage | ConnectionLost | None = None

    async def wait(self) -> ResponseMessage:
        """The response. ConnectionLost when the connection ends first, RequestTimedOut when the deadline passes.

        Cancelling does not harm the connection: the response is dropped when it comes.
        """
        if self._result is None:
            self._task = trio.lowlevel.current_task()
            await trio.lowlevel.wait_task_rescheduled(self._abandon)
        else:
            await trio.lowlevel.checkpoint()
        result = self._result
        assert result is not None
        if isinstance(result, ConnectionLost):
            raise result
        return result

    def finish(self, result: ResponseMessage | ConnectionLost) -> None:
        """For the connection: how it ended."""
        self._result = result
        if self._task is not None:
            trio.lowlevel.reschedule(self._task)
            self._task = None

    def _abandon(self, _: object) -> trio.lowlevel.Abort:
        self._task = None
        return trio.lowlevel.Abort.SUCCEEDED


class ClientConnection:
    """See the module's text. Made by `connect`."""

    def __init__(
        self,
        transport: Transport,
        nursery: trio.Nursery,
        *,
        client_id: str,
        request_timeout: float = DEFAULT_REQUEST_TIMEOUT,
        max_response_bytes: int = _MAX_FRAME_BYTES,
    ) -> None:
        """`nursery` holds the reader and, while the socket is full, a writer; when it is cancelled the connection
        closes.
        """
        self.address: Final = transport.peer
        """The node's `host:port`."""
        self.features: dict[str, int] = {}
        """The cluster's finalized feature levels by name, once the node has been asked for its versions (KIP-584)."""
        self.closed = False
        self.close_reason: str | None = None
        self.fresh_until = float("inf")
        """From then on (trio's clock) it is to be retired: the node will not know us much longer."""
        self._retired = False
        self._answered = False
        self.request_timeout = request_timeout
        self._core = ConnectionCore(client_id)
        self._frames = FrameReader(max_response_bytes)
        self._transport = transport
        self._nursery = nursery
        self._queue = SendQueue()
        self._replies: dict[OpenRequest, Reply] = {}
        self._writing = False
        self._sent = 0  # bytes
        self._some_sent = trio.Event()
        self._deadline = trio.CancelScope()
        self._close_hooks: list[Callable[[ClientConnection], None]] = []
        nursery.start_soon(self._read)

    @property
    def in_flight(self) -> int:
        """The number of requests that wait for a response."""
        return self._core.in_flight

    def versions_of(self, api_key: ApiKey) -> tuple[int, int] | None:
        """The lowest and highest version of an API that the node serves; None: none, or it was not asked."""
        return self._core.versions_of(api_key)

    async def request(
        self, message: RequestMessage, version: int | None = None, *, request_timeout: float | None = None
    ) -> ResponseMessage:
        """Send a request and wait for its response; many tasks may do so at a time. `request_timeout` in seconds.

        Without a version, the highest that both sides know. Raises ConnectionLost, RequestTimedOut, and WireError
        UNSUPPORTED_VERSION. The error codes in the response are the caller's to look at.
        """
        return await self.send(message, version, request_timeout=request_timeout).wait()

    def send(
        self, message: RequestMessage, version: int | None = None, *, request_timeout: float | None = None
    ) -> Reply:
        """Send a request now, in the order of calls, and wait for its response later, or never."""
        self._check_open()
        deadline = trio.current_time() + (self.request_timeout if request_timeout is None else request_timeout)
        opened, parts = self._core.send(message, version, deadline)
        reply = self._replies[opened] = Reply(opened)
        if deadline < self._deadline.deadline:
            self._deadline.deadline = deadline
        self._write(parts)
        return reply

    def send_unanswered(self, message: RequestMessage, version: int | None = None) -> None:
        """Send a request that gets no response: Produce with acks=0."""
        self._check_open()
        _, parts = self._core.send(message, version, float("inf"), answered=False)
        self._write(parts)

    async def wait_sent(self) -> None:
        """Wait until the socket has taken all that was sent: the only sign of life there is without answers.

        ConnectionLost when it never will; RequestTimedOut when it has not within the request timeout.
        """
        end = self._sent + self._queue.size
        with trio.move_on_after(self.request_timeout) as patience:
            while self._sent < end and not self.closed:
                await self._some_sent.wait()
        if self._sent >= end:
            return
        if patience.cancelled_caught:
            error = RequestTimedOut(self.address, "the node reads nothing of what is sent to it")
            self._end(error)
            raise error
        self._check_open()

    def on_close(self, hook: Callable[[ClientConnection], None]) -> None:
        """Call `hook(self)` once when the connection has closed; at once when it is closed already. It must not
        raise.
        """
        if self.closed:
            hook(self)
        else:
            self._close_hooks.append(hook)

    def retire(self) -> None:
        """Close as soon as all is sent and what is open has been answered; another connection takes over."""
        self._retired = True
        self._close_if_retired()

    def close(self, why: str = "closed by us") -> None:
        """Close at once; open requests raise ConnectionLost. May be called again."""
        self._end(ConnectionLost(self.address, why))

    async def negotiate(self) -> None:
        """Ask the node which versions it serves (ApiVersions), so that `request` can choose."""
        most, self._frames.max_bytes = self._frames.max_bytes, min(_MAX_VERSIONS_BYTES, self._frames.max_bytes)
        version = API_VERSIONS[ApiKey.API_VERSIONS].max_stable
        message = ApiVersionsRequest(client_software_name=_SOFTWARE_NAME, client_software_version="1")
        response = cast(ApiVersionsResponse, await self.request(message, version))
        if response.error_code == ErrorCode.UNSUPPORTED_VERSION:
            highest = max(
                (api.max_version for api in response.api_keys if api.api_key == ApiKey.API_VERSIONS), default=0
            )
            response = cast(ApiVersionsResponse, await self.request(message, min(version, highest)))
        if response.error_code:
            self.close(f"ApiVersions failed: {ErrorCode.of(response.error_code).name}")
            self._check_open()
        self._core.set_versions((api.api_key, api.min_version, api.max_version) for api in response.api_keys)
        self._frames.max_bytes = most
        self.features = {feature.name: feature.max_version_level for feature in response.finalized_features}

    # -- in ------------------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        try:
            while not self.closed:
                # Requests only ever bring the deadline forward; when it comes, it is the time to look for the next one.
                with trio.CancelScope(deadline=self._core.next_deadline()) as self._deadline:
                    await self._receive()
                if late := self._core.overdue(trio.current_time()):
                    self._end(RequestTimedOut(self.address, f"{late} was not answered in time"))
        except FrameTooLarge as error:
            self._end(ConnectionLost(self.address, _other_protocol(error.size) or str(error)))
        except RemoteProtocolError as error:
            self._end(ConnectionLost(self.address, str(error)))
        except OSError as error:
            self._end(ConnectionLost(self.address, error.strerror or str(error)))
        finally:
            self.close("its nursery ended")

    async def _receive(self) -> None:
        frames, transport, core, replies = self._frames, self._transport, self._core, self._replies
        received = 0
        while not self.closed:
            if frames.frames:
                request, response = core.receive(frames.frames.popleft())
                self._answered = True
                replies.pop(request).finish(response)
                if self._retired:
                    self._close_if_retired()
                received += 1
                if received >= _BEFORE_YIELD:
                    received = 0
                    await trio.lowlevel.checkpoint()
                continue
            try:
                count = frames.receive_nowait(transport)
            except BlockingIOError:
                received = 0
                await transport.wait_readable()
                continue
            if not count:
                raise RemoteProtocolError(_HUNG_UP if self._answered else _HUNG_UP_AT_ONCE)

    # -- out -----------------------------------------------------------------------------------------------------

    def _write(self, parts: list[Part]) -> None:
        self._queue.extend(parts)
        if self._writing:
            return
        try:
            self._send_some()
        except OSError as error:
            self._end(ConnectionLost(self.address, error.strerror or str(error)))
            return
        if self._queue.size:
            self._writing = True
            self._nursery.start_soon(self._write_rest)

    def _send_some(self) -> None:
        """Send until nothing is left or the socket is full."""
        queue = self._queue
        while queue.size:
            parts = queue.head()
            count = self._transport.send_nowait(parts)
            queue.sent(count)
            self._sent += count
            if count < sum(map(len, parts)):
                return

    async def _write_rest(self) -> None:
        try:
            while self._queue.size and not self.closed:
                await self._transport.wait_writable()
                self._send_some()
                self._tell_sent()
        except OSError as error:
            self._end(ConnectionLost(self.address, error.strerror or str(error)))
        finally:
            self._writing = False
            self._tell_sent()
        if self._retired:
            self._close_if_retired()

    def _tell_sent(self) -> None:
        self._some_sent.set()
        self._some_sent = trio.Event()

    # -- the end -------------------------------------------------------------------------------------------------

    def _check_open(self) -> None:
        if self.closed:
            raise ConnectionLost(self.address, self.close_reason or "closed")

    def _close_if_retired(self) -> None:
        if not self._replies and not self._queue.size:
            self.close(_RETIRED)

    def _end(self, error: ConnectionLost) -> None:
        if self.closed:
            return
        self.closed = True
        self.close_reason = error.why
        self._transport.close()
        self._queue.clear()
        self._deadline.cancel()
        self._core.lose()
        replies, self._replies = self._replies, {}
        for reply in replies.values():
            reply.finish(type(error)(error.address, error.why))
        for hook in self._close_hooks:
            hook(self)
        self._close_hooks.clear()


async def connect(
    network: Network,
    host: str,
    port: int,
    client_id: str,
    *,
    nursery: trio.Nursery,
    request_timeout: float = DEFAULT_REQUEST_TIMEOUT,
    connect_timeout: float = DEFAULT_CONNECT_TIMEOUT,
    negotiate: bool = True,
    max_response_bytes: int = _MAX_FRAME_BYTES,
    credentials: Credentials | None = None,
) -> ClientConnection:
    """Connect to a node and, unless told otherwise, ask for its versions; with credentials, authenticate.

    Times in seconds. CannotConnect says why not; AuthenticationFailed, if there is no trust.
    """
    address = host_port_text(host, port)
    try:
        with trio.fail_after(connect_timeout):
            transport = await network.connect(host, port)
    except trio.TooSlowError:
        raise CannotConnect(address, f"no answer in {connect_timeout:g} s") from None
    except TlsError as error:
        raise AuthenticationFailed(str(error)) from None
    except OSError as error:
        raise CannotConnect(address, (error.strerror or str(error)).removeprefix(f"{address}: ")) from None
    connection = ClientConnection(
        transport,
        nursery,
        client_id=client_id,
        request_timeout=request_timeout,
        max_response_bytes=max_response_bytes,
    )
    try:
        if negotiate:
            await connection.negotiate()
        if credentials is not None:
            from barnabas.client.authentication import authenticate

            await authenticate(connection, credentials)
    except BaseException:
        connection.close()
        raise
    return connection


def _other_protocol(size: int) -> str | None:
    """Whether the length of a frame is the beginning of something else, and what to do then."""
    if size >> 8 in (0x150300, 0x150301, 0x150302, 0x150303):  # an alert
        return "it speaks TLS on this port: security_protocol is SSL or SASL_SSL there"
    if size == _HTTP:
        return "it speaks HTTP on this port, not Kafka's protocol"
    return None

"""The node's HTTP endpoints, for people and probes: `/metrics`, `/health/live`, `/health/ready`, `/status`.

A small HTTP/1.1 server on h11: GET and HEAD only, bounded headers, a bounded time for each request, a bounded number
of connections.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import h11
import trio

from barnabas.net.addresses import host_port_text, parse_host_port
from barnabas.net.send_queue import SendQueue
from barnabas.net.transport import Listener, Network, Transport
from barnabas.server.failure import NodeFailure
from barnabas.server.logging import get_logger
from barnabas.server.metrics import Metrics

log = get_logger(__name__)

_MAX_HEADER_BYTES: Final = 16 * 1024
_MAX_CONNECTIONS: Final = 64
_REQUEST_SECONDS: Final = 30.0
_ACCEPT_RETRY: Final = 0.1
_TEXT: Final = "text/plain; charset=utf-8"
_JSON: Final = "application/json"
_PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(slots=True, frozen=True)
class Answer:
    """A response's status, type and body."""

    status: int
    content_type: str
    body: bytes


Page = Callable[[], Answer]


def node_pages(
    metrics: Metrics, missing: Callable[[], Sequence[str]], status: Callable[[], Mapping[str, object]]
) -> dict[str, Page]:
    """The pages of a node.

    `missing` names what the node still waits for, nothing when it is ready; `status` is for `/status`.
    """

    def ready() -> Answer:
        lacks = list(missing())
        return json_answer(503 if lacks else 200, {"ready": not lacks, "missing": lacks})

    return {
        "/metrics": lambda: Answer(200, _PROMETHEUS, metrics.render()),
        "/health/live": lambda: json_answer(200, {"live": True}),
        "/health/ready": ready,
        "/status": lambda: json_answer(200, status()),
    }


def json_answer(status: int, content: Mapping[str, object]) -> Answer:
    return Answer(status, _JSON, json.dumps(content).encode() + b"\n")


class HttpServer:
    """Serves pages at `host:port`. `bind`, then `serve` until cancelled."""

    def __init__(self, network: Network, address: str, pages: Mapping[str, Page]) -> None:
        """NodeFailure when the address is not host:port."""
        try:
            self.host, self.port = parse_host_port(address)
        except ValueError as error:
            raise NodeFailure(f"http.listener: {error}") from None
        self._network = network
        self._pages = pages
        self._listener: Listener | None = None
        self._open = 0

    async def bind(self) -> None:
        """Listen; `port` is then the one that was bound. NodeFailure when it is taken."""
        try:
            self._listener = await self._network.listen(self.host, self.port)
        except OSError as error:
            reason = error.strerror or error
            raise NodeFailure(
                f"cannot listen on {host_port_text(self.host, self.port)} (http.listener): {reason}"
            ) from None
        self.port = self._listener.port

    async def serve(self) -> None:
        """Serve until cancelled."""
        assert self._listener is not None, "bind first"
        try:
            async with trio.open_nursery() as nursery:
                while True:
                    try:
                        transport = await self._listener.accept()
                    except OSError as error:
                        log.error("cannot accept HTTP connections", reason=str(error))
                        await trio.sleep(_ACCEPT_RETRY)
                        continue
                    if self._open >= _MAX_CONNECTIONS:
                        transport.close()
                    else:
                        self._open += 1
                        nursery.start_soon(self._serve_one, transport)
        finally:
            self._listener.close()

    async def _serve_one(self, transport: Transport) -> None:
        try:
            await _HttpConnection(transport, self._pages).run()
        except OSError:
            pass  # the client has gone: nobody is left to tell
        finally:
            self._open -= 1
            transport.close()


class _HttpConnection:
    """One client's requests, one after another."""

    def __init__(self, transport: Transport, pages: Mapping[str, Page]) -> None:
        self._transport = transport
        self._pages = pages
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEADER_BYTES)
        self._buffer = memoryview(bytearray(4096))

    async def run(self) -> None:
        more = True
        while more:
            more = False
            with trio.move_on_after(_REQUEST_SECONDS):  # for the request to come, and for its response to go
                more = await self._serve_one()

    async def _serve_one(self) -> bool:
        """Receive and answer a request; whether another may follow on this connection."""
        try:
            request = await self._receive()
            if request is None:
                return False
            # A body is nothing that we want: whoever sends one is answered and then closed.
            close = not isinstance(self._h11.next_event(), h11.EndOfMessage)
            await self._send(self._page(request), head_only=request.method == b"HEAD", close=close)
        except h11.RemoteProtocolError as error:
            if self._h11.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                answer = Answer(error.error_status_hint, _TEXT, f"{error}\n".encode())
                await self._send(answer, head_only=False, close=True)
            return False
        if self._h11.our_state is not h11.DONE or self._h11.their_state is not h11.DONE:
            return False
        self._h11.start_next_cycle()
        return True

    async def _receive(self) -> h11.Request | None:
        """The next request; None when the client has closed."""
        while True:
            event = self._h11.next_event()
            if isinstance(event, h11.Request):
                return event
            if event is h11.NEED_DATA:
                count = await self._transport.recv_into(self._buffer)
                self._h11.receive_data(bytes(self._buffer[:count]))
            elif isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
                return None

    def _page(self, request: h11.Request) -> Answer:
        path = request.target.partition(b"?")[0].decode("ascii", "replace")
        page = self._pages.get(path)
        if page is None:
            return Answer(404, _TEXT, f"not found; there are {', '.join(sorted(self._pages))}\n".encode())
        if request.method not in (b"GET", b"HEAD"):
            return Answer(405, _TEXT, b"only GET and HEAD\n")
        try:
            return page()
        except Exception:
            log.exception("page failed", path=path)
            return Answer(500, _TEXT, b"this page failed; the log says why\n")

    async def _send(self, answer: Answer, *, head_only: bool, close: bool) -> None:
        headers = [("Content-Type", answer.content_type), ("Content-Length", str(len(answer.body)))]
        if answer.status == 405:
            headers.append(("Allow", "GET, HEAD"))
        if close:
            headers.append(("Connection", "close"))
        queue = SendQueue()
        reason = HTTPStatus(answer.status).phrase
        head = h11.Response(status_code=answer.status, headers=headers, reason=reason)
        queue.extend([self._h11.send(head) or b""])
        if not head_only:
            queue.extend([self._h11.send(h11.Data(data=answer.body)) or b""])
        queue.extend([self._h11.send(h11.EndOfMessage()) or b""])
        while queue.size:
            queue.sent(self._transport.send_nowait(queue.head()))
            if queue.size:
                await self._transport.wait_writable()

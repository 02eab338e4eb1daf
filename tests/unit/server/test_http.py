"""The HTTP endpoints, and clients that mean no good."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import trio
import trio.testing

from barnabas.net.memory import MemoryNetwork
from barnabas.net.transport import Transport
from barnabas.server.endpoints import http_address
from barnabas.server.failure import NodeFailure
from barnabas.server.http import Answer, HttpServer, Page, json_answer, node_pages
from barnabas.server.metrics import Metrics
from barnabas.server.settings import Settings

PAGES: dict[str, Page] = {
    "/ok": lambda: Answer(200, "text/plain", b"fine\n"),
    "/big": lambda: Answer(200, "text/plain", b"x" * 1_000_000),
    "/broken": lambda: json_answer(200, {"x": 1 / 0}),
}


class Web:
    """A server with `PAGES`, and a client of it."""

    def __init__(self, network: MemoryNetwork, server: HttpServer) -> None:
        self.network = network
        self.server = server

    async def connect(self) -> Transport:
        return await self.network.connect("127.0.0.1", self.server.port)

    async def get(self, head: bytes) -> bytes:
        """Send and read to the end; the server must close."""
        client = await self.connect()
        client.send_nowait([head])
        return await read_all(client)


async def read_all(client: Transport) -> bytes:
    received, view = bytearray(), memoryview(bytearray(65536))
    while count := await client.recv_into(view):
        received += view[:count]
    return bytes(received)


@pytest.fixture
async def web(nursery: trio.Nursery) -> Web:
    network = MemoryNetwork()
    server = HttpServer(network, "127.0.0.1:0", PAGES)
    await server.bind()
    nursery.start_soon(server.serve)
    return Web(network, server)


def request(target: str, method: str = "GET", *headers: str) -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: x", "Connection: close", *headers, "", ""]).encode()


def head_and_body(data: bytes) -> tuple[bytes, bytes]:
    head, _, body = data.partition(b"\r\n\r\n")
    return head, body


async def test_get(web: Web) -> None:
    head, body = head_and_body(await web.get(request("/ok?x=1")))
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Length: 5" in head
    assert body == b"fine\n"


async def test_head(web: Web) -> None:
    head, body = head_and_body(await web.get(request("/ok", "HEAD")))
    assert b"Content-Length: 5" in head
    assert body == b""


async def test_large_page_to_a_slow_client(web: Web) -> None:
    _, body = head_and_body(await web.get(request("/big")))
    assert len(body) == 1_000_000


async def test_keep_alive_and_pipelined(web: Web) -> None:
    client = await web.connect()
    one = b"GET /ok HTTP/1.1\r\nHost: x\r\n\r\n"
    client.send_nowait([one + one + request("/ok")])
    assert (await read_all(client)).count(b"fine\n") == 3


async def test_byte_by_byte(web: Web) -> None:
    client = await web.connect()
    for byte in request("/ok"):
        client.send_nowait([bytes([byte])])
        await trio.testing.wait_all_tasks_blocked()
    assert (await read_all(client)).endswith(b"fine\n")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (request("/nothing"), b"404 Not Found"),
        (request("/"), b"404 Not Found"),
        (request("/ok", "POST", "Content-Length: 0"), b"405 Method Not Allowed"),
        (request("/ok", "POST", "Content-Length: 1000000000"), b"405 Method Not Allowed"),
        (request("/ok", "DELETE"), b"405 Method Not Allowed"),
        (request("/broken"), b"500 Internal Server Error"),
        (b"GET /ok HTTP/1.1\r\n\r\n", b"400 Bad Request"),
        (b"\x16\x03\x01 hello\r\n\r\n", b"400 Bad Request"),
        (request("/ok", "GET", "X: " + "x" * 40_000), b"431 Request Header Fields Too Large"),
        (b"GET /" + b"x" * 40_000, b"431 Request Header Fields Too Large"),
    ],
)
async def test_what_is_not_served(web: Web, events: list[dict[str, object]], data: bytes, status: bytes) -> None:
    answer = await web.get(data)
    assert answer.startswith(b"HTTP/1.1 " + status)
    if status.startswith(b"405"):
        assert b"Allow: GET, HEAD" in answer
    assert [event["event"] for event in events] == (["page failed"] if status.startswith(b"500") else [])


async def test_body_of_a_get_ends_the_connection(web: Web) -> None:
    client = await web.connect()
    client.send_nowait([b"GET /ok HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"])
    assert b"Connection: close" in await read_all(client)


async def test_half_a_request_is_given_30_seconds(web: Web, autojump_clock: trio.testing.MockClock) -> None:
    client = await web.connect()
    client.send_nowait([b"GET / HTTP/1.1\r\n"])
    for _ in range(29):
        await trio.sleep(1)
        client.send_nowait([b"X: y\r\n"])
    await trio.sleep(2)
    with pytest.raises(BrokenPipeError):
        client.send_nowait([b"X: y\r\n"])


async def test_client_that_does_not_read_is_given_30_seconds(web: Web, autojump_clock: trio.testing.MockClock) -> None:
    client = await web.connect()
    client.send_nowait([request("/big")])
    start = trio.current_time()
    await trio.sleep(31)
    assert len(await read_all(client)) < 100_000
    assert trio.current_time() - start == pytest.approx(31)


async def test_at_most_64_connections(web: Web) -> None:
    clients = [await web.connect() for _ in range(64)]
    await trio.testing.wait_all_tasks_blocked()
    assert await read_all(await web.connect()) == b""
    clients[0].close()
    await trio.testing.wait_all_tasks_blocked()
    assert (await web.get(request("/ok"))).endswith(b"fine\n")


async def test_client_that_resets(web: Web) -> None:
    client = await web.connect()
    client.send_nowait([request("/big")])
    await trio.testing.wait_all_tasks_blocked()
    client.abort()  # type: ignore[attr-defined]
    assert (await web.get(request("/ok"))).endswith(b"fine\n")


async def test_port_in_use(web: Web) -> None:
    with pytest.raises(NodeFailure, match=r"cannot listen on 127.0.0.1:\d+ \(http.listener\): Address already in use"):
        await HttpServer(web.network, f"127.0.0.1:{web.server.port}", {}).bind()


def test_address() -> None:
    assert http_address(Settings()) == "127.0.0.1:0"
    assert http_address(Settings.of({"http.listener": "none"})) is None
    with pytest.raises(NodeFailure, match="is not host:port"):
        HttpServer(MemoryNetwork(), "nonsense", {})


@pytest.mark.parametrize(
    ("missing", "status", "content"),
    [([], 200, {"ready": True, "missing": []}), (["a leader"], 503, {"ready": False, "missing": ["a leader"]})],
)
def test_ready(missing: list[str], status: int, content: object) -> None:
    pages: dict[str, Callable[[], Answer]] = node_pages(Metrics(), lambda: missing, lambda: {"id": 1})
    ready = pages["/health/ready"]()
    assert (ready.status, json.loads(ready.body)) == (status, content)
    assert pages["/health/live"]().status == 200
    assert json.loads(pages["/status"]().body) == {"id": 1}
    assert pages["/metrics"]().status == 200

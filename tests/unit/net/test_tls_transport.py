"""A transport with TLS keeps the rules of every transport, and says what is wrong where there is no trust."""

from __future__ import annotations

import random
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio

from barnabas.net.memory import MemoryNetwork, memory_pair
from barnabas.net.tls import TlsNetwork, TlsTransport
from barnabas.net.transport import TcpNetwork, TlsError, Transport
from barnabas.protocol.types import FileSlice, Part
from tls import HOST, TlsMemoryNetwork, authority, client_context, server_context

Connect = Callable[[MemoryNetwork, ssl.SSLContext], Awaitable[Transport]]


def pair(capacity: int = 64 * 1024) -> tuple[TlsTransport, TlsTransport]:
    """A client and a server before their handshake."""
    near, far = memory_pair(capacity=capacity)
    client = TlsTransport(near, client_context(), HOST)
    return client, TlsTransport(far, server_context(), None, server_side=True)


async def encrypted_pair() -> tuple[TlsTransport, TlsTransport]:
    client, server = pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.handshake)
        nursery.start_soon(server.handshake)
    return client, server


async def send_all(transport: Transport, data: bytes) -> None:
    """As a send queue does it: what was not taken is offered again."""
    while data:
        rest = [memoryview(data)[:100], memoryview(data)[100:50_000], memoryview(data)[50_000:]]
        taken = transport.send_nowait([part for part in rest if part])
        data = data[taken:]
        if data:
            await transport.wait_writable()


async def receive_all(transport: Transport, size: int, at_once: int = 16 * 1024) -> bytes:
    """As a frame reader does it: after a short read nothing is asked for before the transport is readable again."""
    received, view = b"", memoryview(bytearray(at_once))
    while len(received) < size:
        try:
            count = transport.recv_into_nowait(view)
        except BlockingIOError:
            count = 0
        else:
            assert count
        received += view[:count]
        if count < at_once and len(received) < size:
            await transport.wait_readable()
    return received


@pytest.mark.parametrize("capacity", [100, 64 * 1024])
@pytest.mark.parametrize("size", [1, 16 * 1024, 300_000])
async def test_all_bytes_arrive_in_order(size: int, capacity: int) -> None:
    client, server = pair(capacity)
    data = random.Random(size).randbytes(size)
    received: dict[str, bytes] = {}

    async def use(name: str, transport: TlsTransport, mine: bytes, at_once: int) -> None:
        await transport.handshake()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(send_all, transport, mine)
            received[name] = await receive_all(transport, size, at_once)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(use, "client", client, data, 7001)
        nursery.start_soon(use, "server", server, data[::-1], 16 * 1024)
    assert received == {"server": data, "client": data[::-1]}


async def test_parts_of_files_are_sent(tmp_path: Path) -> None:
    client, server = await encrypted_pair()
    path = tmp_path / "segment"
    path.write_bytes(bytes(range(256)) * 100)
    with path.open("rb") as file:
        parts: list[Part] = [b"head", FileSlice(file.fileno(), 10, 20_000), b"tail"]
        assert client.send_nowait(parts) == 20_008
    expected = b"head" + path.read_bytes()[10:20_010] + b"tail"
    assert await receive_all(server, len(expected)) == expected


async def test_a_goodbye_is_the_end_of_the_stream() -> None:
    client, server = await encrypted_pair()
    client.send_nowait([b"last"])
    client.close()
    assert await receive_all(server, 4) == b"last"
    assert await server.recv_into(memoryview(bytearray(10))) == 0
    with pytest.raises(OSError):
        client.send_nowait([b"more"])


async def test_what_is_no_tls_in_the_middle_is_an_error() -> None:
    client, server = await encrypted_pair()
    server.below.send_nowait([b"GET / HTTP/1.1"])
    with pytest.raises(TlsError):
        await receive_all(client, 1)


# Where there is no trust


@pytest.fixture
def connect(nursery: trio.Nursery) -> Connect:
    """Connects to a listener of the network, which serves whoever gets through."""

    async def connect(network: MemoryNetwork, context: ssl.SSLContext) -> Transport:
        listener = await network.listen(HOST, 9093)
        nursery.start_soon(listener.accept)
        return await TlsNetwork(network, context).connect(HOST, 9093)

    return connect


async def test_a_certificate_of_an_authority_that_is_not_trusted(connect: Connect) -> None:
    with pytest.raises(TlsError, match=r"127.0.0.1:9093: its certificate is not trusted: .*ssl_cafile"):
        await connect(TlsMemoryNetwork(), ssl.create_default_context())


async def test_a_certificate_for_another_name(connect: Connect) -> None:
    network = TlsMemoryNetwork(server_context("elsewhere.example"))
    with pytest.raises(TlsError, match=r"for somebody else: .*ssl_check_hostname"):
        await connect(network, client_context())


async def test_a_server_that_wants_a_certificate_of_ours(connect: Connect) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # later, the server's refusal comes after our handshake
    context.verify_mode = ssl.CERT_REQUIRED
    authority().issue_cert(HOST).configure_cert(context)
    with pytest.raises(OSError, match="ssl_certfile"):
        await connect(TlsMemoryNetwork(context), client_context())


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [(b"HTTP/1.1 400 Bad Request\r\n\r\n", "not TLS: security_protocol"), (b"", "hung up during the TLS handshake")],
)
async def test_a_port_without_tls(answer: bytes, complaint: str) -> None:
    network = MemoryNetwork()
    listener = await network.listen(HOST, 9093)

    async def serve() -> None:
        transport = await listener.accept()
        await transport.recv_into(memoryview(bytearray(1000)))
        transport.send_nowait([answer])
        transport.close()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)
        with pytest.raises(OSError, match=complaint):
            await TlsNetwork(network, client_context()).connect(HOST, 9093)


async def test_on_sockets(nursery: trio.Nursery) -> None:
    listener = await TcpNetwork().listen(HOST, 0)

    async def serve() -> None:
        server = TlsTransport(await listener.accept(), server_context(), None, server_side=True)
        await server.handshake()
        await send_all(server, await receive_all(server, 2_000_000))
        server.close()

    nursery.start_soon(serve)
    client = await TlsNetwork(TcpNetwork(), client_context()).connect(HOST, listener.port)
    data = random.Random(1).randbytes(2_000_000)
    async with trio.open_nursery() as senders:
        senders.start_soon(send_all, client, data)
        assert await receive_all(client, len(data)) == data
    client.close()
    listener.close()

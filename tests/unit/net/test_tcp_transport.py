"""TCP: buffers and file ranges leave whole and in order, full sockets are told from lost ones."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from barnabas.net.send_queue import SendQueue
from barnabas.net.transport import TcpNetwork, Transport
from barnabas.protocol.types import FileSlice, Part


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Transport, Transport]]:
    network = TcpNetwork()
    listener = await network.listen("127.0.0.1", 0)
    near = await network.connect("127.0.0.1", listener.port)
    far = await listener.accept()
    try:
        yield near, far
    finally:
        for end in (near, far, listener):
            end.close()


async def send_all(transport: Transport, parts: list[Part]) -> None:
    queue = SendQueue()
    queue.extend(parts)
    while queue.size:
        taken = transport.send_nowait(queue.head())
        queue.sent(taken)
        if not taken:
            await transport.wait_writable()
    transport.close()


async def receive_all(transport: Transport) -> bytes:
    received, view = bytearray(), memoryview(bytearray(100_000))
    while count := await transport.recv_into(view):
        received += view[:count]
    return bytes(received)


async def exchange(near: Transport, far: Transport, parts: list[Part]) -> bytes:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send_all, near, parts)
        return await receive_all(far)


async def test_names() -> None:
    async with connected() as (near, far):
        assert near.peer == f"127.0.0.1:{far.local[1]}"
        assert far.peer == f"127.0.0.1:{near.local[1]}"


async def test_nothing_there_is_blocking_and_not_the_end() -> None:
    async with connected() as (near, _):
        with pytest.raises(BlockingIOError):
            near.recv_into_nowait(memoryview(bytearray(1)))


async def test_more_parts_than_one_system_call_takes() -> None:
    parts: list[Part] = [bytes([i % 251]) * (i % 7) for i in range(5000)]
    async with connected() as (near, far):
        assert await exchange(near, far, parts) == b"".join(parts)  # type: ignore[arg-type]


async def test_files_between_buffers(tmp_path: Path) -> None:
    path = tmp_path / "segment"
    data = os.urandom(3_000_000)
    path.write_bytes(data)
    with path.open("rb") as file:
        fd = file.fileno()
        parts = [b"head", FileSlice(fd, 10, 2_500_000), b"mid", bytearray(b"dle"), FileSlice(fd, 0, 5), b"tail"]
        async with connected() as (near, far):
            got = await exchange(near, far, parts)
    assert got == b"head" + data[10:2_500_010] + b"middle" + data[:5] + b"tail"


async def test_files_without_sendfile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("barnabas.net.transport._HAS_SENDFILE", False)
    path = tmp_path / "segment"
    path.write_bytes(data := os.urandom(700_000))
    with path.open("rb") as file:
        async with connected() as (near, far):
            assert await exchange(near, far, [FileSlice(file.fileno(), 1, 699_999)]) == data[1:]


async def test_file_that_was_cut_meanwhile_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "segment"
    path.write_bytes(b"short")
    with path.open("rb") as file:
        async with connected() as (near, _):
            with pytest.raises(OSError, match="the file ends 5 bytes before"):
                near.send_nowait([b"head", FileSlice(file.fileno(), 0, 10)])


async def test_full_socket_takes_nothing_until_it_is_read() -> None:
    async with connected() as (near, far):
        block = bytes(1 << 20)
        taken = 0
        while count := near.send_nowait([block]):
            taken += count
        with trio.move_on_after(0.01) as scope:
            await near.wait_writable()
        assert scope.cancelled_caught
        async with trio.open_nursery() as nursery:
            nursery.start_soon(near.wait_writable)
            view, read = memoryview(bytearray(1 << 20)), 0
            while read < taken:
                read += await far.recv_into(view)
        assert near.send_nowait([b"more"]) == 4


async def test_closing_wakes_who_waits() -> None:
    async with connected() as (near, _):
        with pytest.RaisesGroup(ConnectionAbortedError):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(near.wait_readable)
                await trio.testing.wait_all_tasks_blocked()
                near.close()
        near.close()
        with pytest.raises(OSError):
            near.recv_into_nowait(memoryview(bytearray(1)))
        with pytest.raises(OSError):
            near.send_nowait([b"x"])
        with pytest.raises(ConnectionAbortedError):
            await near.wait_writable()


async def test_reset_is_an_os_error() -> None:
    network = TcpNetwork()
    listener = await network.listen("127.0.0.1", 0)
    with socket.create_connection(("127.0.0.1", listener.port)) as client:
        transport = await listener.accept()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    with pytest.raises(ConnectionResetError):
        await transport.recv_into(memoryview(bytearray(1)))
    transport.close()
    listener.close()


async def test_refused_names_every_address_tried() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(ConnectionRefusedError, match=f"127.0.0.1:{port}: Connection refused"):
            await TcpNetwork().connect("127.0.0.1", port)


async def test_port_in_use() -> None:
    network = TcpNetwork()
    listener = await network.listen("127.0.0.1", 0)
    with pytest.raises(OSError) as raised:
        await network.listen("127.0.0.1", listener.port)
    assert raised.value.errno == errno.EADDRINUSE
    listener.close()


async def test_closing_a_listener_wakes_who_accepts() -> None:
    listener = await TcpNetwork().listen("", 0)
    with pytest.RaisesGroup(ConnectionAbortedError):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(listener.accept)
            await trio.testing.wait_all_tasks_blocked()
            listener.close()
    with pytest.raises(OSError):
        await listener.accept()


async def test_unknown_host() -> None:
    with pytest.raises(OSError, match="cannot resolve"):
        await TcpNetwork().connect("no.such.host.invalid", 9092)

"""A network inside the process: the same `Transport` and `Network`, without sockets, for tests and the simulation.

Works on trio's clock, so a MockClock makes its latencies take no time. Bytes arrive whole and in order after the
latency; a connection holds at most `capacity` bytes that are not yet read, so that senders meet a full socket as they
do in the world.
"""

from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Sequence
from typing import Final

import trio

from barnabas.net.transport import Listener, Transport, address_text
from barnabas.protocol.types import FileSlice, Part

_CAPACITY: Final = 64 * 1024
_FIRST_PORT: Final = 32768


class _Pipe:
    """One direction: chunks with the time at which each is there. `wakes` holds who waits for a change."""

    __slots__ = ("broken", "capacity", "chunks", "ended_at", "latency", "size", "wakes")

    def __init__(self, latency: float, capacity: int) -> None:
        self.latency = latency
        self.capacity: Final = capacity
        self.chunks: deque[tuple[float, memoryview]] = deque()
        self.size = 0
        self.ended_at: float | None = None  # when the reader sees the end
        self.broken = False
        self.wakes: Final = trio.lowlevel.ParkingLot()

    def write(self, data: memoryview) -> int:
        count = min(len(data), self.capacity - self.size)
        if count:
            self.chunks.append((trio.current_time() + self.latency, memoryview(bytes(data[:count]))))
            self.size += count
            self.wakes.unpark_all()
        return count

    def read_into(self, view: memoryview) -> int:
        now, filled = trio.current_time(), 0
        while self.chunks and filled < len(view) and self.chunks[0][0] <= now:
            arrived, chunk = self.chunks.popleft()
            count = min(len(chunk), len(view) - filled)
            view[filled : filled + count] = chunk[:count]
            filled += count
            if count < len(chunk):
                self.chunks.appendleft((arrived, chunk[count:]))
        self.size -= filled
        if filled:
            self.wakes.unpark_all()
        return filled

    def readable_at(self) -> float:
        """When a read will not block, as far as is known now."""
        if self.broken:
            return 0.0
        if self.chunks:
            return self.chunks[0][0]
        return float("inf") if self.ended_at is None else self.ended_at

    def end(self) -> None:
        if self.ended_at is None:
            self.ended_at = trio.current_time() + self.latency
        self.wakes.unpark_all()

    def break_off(self) -> None:
        self.broken = True
        self.chunks.clear()
        self.size = 0
        self.wakes.unpark_all()


class MemoryTransport:
    """One end of a connection in memory."""

    __slots__ = ("_closed", "_incoming", "_outgoing", "local", "peer")

    def __init__(self, incoming: _Pipe, outgoing: _Pipe, local: tuple[str, int], peer: tuple[str, int]) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._closed = False
        self.local: tuple[str, int] = local
        self.peer: str = address_text(peer)

    def recv_into_nowait(self, view: memoryview) -> int:
        self._check(self._incoming)
        if count := self._incoming.read_into(view):
            return count
        if self._incoming.readable_at() > trio.current_time():
            raise BlockingIOError(errno.EAGAIN, "nothing has arrived")
        return 0

    async def recv_into(self, view: memoryview) -> int:
        while True:
            try:
                return self.recv_into_nowait(view)
            except BlockingIOError:
                await self.wait_readable()

    def send_nowait(self, parts: Sequence[Part]) -> int:
        self._check(self._outgoing)
        if self._outgoing.ended_at is not None:
            raise BrokenPipeError(errno.EPIPE, "the other side has closed")
        taken = 0
        for part in parts:
            data = _read(part) if isinstance(part, FileSlice) else memoryview(part)
            count = self._outgoing.write(data)
            taken += count
            if count < len(data):
                break
        return taken

    async def wait_readable(self) -> None:
        await trio.lowlevel.checkpoint()
        while not self._closed and (due := self._incoming.readable_at()) > trio.current_time():
            with trio.move_on_at(due):
                await self._incoming.wakes.park()
        self._check(self._incoming)

    async def wait_writable(self) -> None:
        await trio.lowlevel.checkpoint()
        pipe = self._outgoing
        while not self._closed and not pipe.broken and pipe.ended_at is None and pipe.size >= pipe.capacity:
            await pipe.wakes.park()
        self._check(pipe)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._outgoing.end()
        self._incoming.end()
        self._incoming.wakes.unpark_all()

    def abort(self) -> None:
        """Lose the connection: both sides get ConnectionResetError, and what was on its way is gone."""
        self._incoming.break_off()
        self._outgoing.break_off()

    def _check(self, pipe: _Pipe) -> None:
        if self._closed:
            raise ConnectionAbortedError(errno.ECONNABORTED, "the connection was closed on this side")
        if pipe.broken:
            raise ConnectionResetError(errno.ECONNRESET, "the connection was lost")


class MemoryListener:
    """Accepts connections in memory."""

    __slots__ = ("_network", "_waiting", "host", "port")

    def __init__(self, network: MemoryNetwork, host: str, port: int) -> None:
        self.host: Final = host
        self.port: int = port
        self._network = network
        send, receive = trio.open_memory_channel[MemoryTransport](1024)
        self._waiting: Final = (send, receive)

    async def accept(self) -> Transport:
        try:
            return await self._waiting[1].receive()
        except (trio.ClosedResourceError, trio.EndOfChannel):
            raise ConnectionAbortedError(errno.ECONNABORTED, "the listener was closed") from None

    def offer(self, transport: MemoryTransport) -> None:
        self._waiting[0].send_nowait(transport)

    def close(self) -> None:
        self._network.forget(self)
        self._waiting[0].close()
        self._waiting[1].close()


class MemoryNetwork:
    """The network as seen from one host. `at` gives the same network as seen from another."""

    def __init__(self, host: str = "127.0.0.1", *, latency: float = 0.0, capacity: int = _CAPACITY) -> None:
        self.host: Final = host
        self.latency = latency
        """Seconds from one end to the other, for connections made from this host from now on."""
        self.capacity: Final = capacity
        self._listeners: dict[tuple[str, int], MemoryListener] = {}
        self._ports = [_FIRST_PORT]

    def at(self, host: str) -> MemoryNetwork:
        other = MemoryNetwork(host, latency=self.latency, capacity=self.capacity)
        other._listeners, other._ports = self._listeners, self._ports
        return other

    async def connect(self, host: str, port: int) -> Transport:
        await trio.sleep(self.latency)
        listener = self._listeners.get((host, port)) or self._listeners.get(("", port))
        if listener is None:
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"nobody listens on {host}:{port}")
        ours, theirs = memory_pair(self.latency, self.capacity, left=(self.host, self._free_port()), right=(host, port))
        try:
            listener.offer(theirs)
        except trio.WouldBlock:
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"{host}:{port} accepts nobody") from None
        return ours

    async def listen(self, host: str, port: int, *, backlog: int = 50) -> Listener:
        await trio.lowlevel.checkpoint()
        port = port or self._free_port()
        if (host, port) in self._listeners:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        listener = self._listeners[host, port] = MemoryListener(self, host, port)
        return listener

    def forget(self, listener: MemoryListener) -> None:
        self._listeners.pop((listener.host, listener.port), None)

    def _free_port(self) -> int:
        self._ports[0] += 1
        return self._ports[0]


def memory_pair(
    latency: float = 0.0,
    capacity: int = _CAPACITY,
    *,
    left: tuple[str, int] = ("left", 1),
    right: tuple[str, int] = ("right", 2),
) -> tuple[MemoryTransport, MemoryTransport]:
    """The two ends of a connection. `latency` in seconds, `capacity` in bytes for each direction."""
    there, back = _Pipe(latency, capacity), _Pipe(latency, capacity)
    return MemoryTransport(back, there, left, right), MemoryTransport(there, back, right, left)


def _read(part: FileSlice) -> memoryview:
    data = os.pread(part.fd, part.size, part.offset)
    if len(data) < part.size:
        raise OSError(errno.EIO, f"the file ends {part.size - len(data)} bytes before the range that is being sent")
    return memoryview(data)

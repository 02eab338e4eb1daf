"""A network inside the process: the same `Transport` and `Network`, without sockets, for tests and the simulation.

Works on trio's clock, so a MockClock makes its latencies take no time. Bytes arrive whole and in order after the
latency; a connection holds at most `capacity` bytes that are not yet read, so that senders meet a full socket as they
do in the world.

What goes wrong in a network is asked for here, and never happens by itself:
- `Route.cut`: nothing arrives any more from one host at another, until `Route.heal`. Connections live on, and what was
  sent meanwhile arrives afterwards, as if TCP had sent it again;
- `MemoryTransport.abort`: a connection is lost, with what was on its way;
- `MemoryTransport.lose_here`: the same on one side, and the other one is not told: the connection is half open;
- `MemoryTransport.clog`: nothing arrives here any more on this connection, until `unclog`; what is sent from here does;
- `MemoryNetwork.redirect`: a name means another host, for connections that are made from now on;
- `MemoryNetwork.die`: the process that uses the network has ended, and the kernel closes what it had;
- `MemoryNetwork.reset`: the host has come back and knows nothing of the connections that it had.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, TypeAlias

import trio

from barnabas.net.addresses import host_port_text
from barnabas.net.memory_routes import Alarm, Pipe, Route, TrioAlarm
from barnabas.net.transport import Listener, Transport
from barnabas.protocol.types import FileSlice, Part

Address: TypeAlias = tuple[str, int]

_CAPACITY: Final = 64 * 1024
_FIRST_PORT: Final = 32768
_PRUNE_ABOVE: Final = 64


class MemoryTransport:
    """One end of a connection in memory."""

    __slots__ = ("_closed", "_incoming", "_lost", "_outgoing", "local", "peer")

    def __init__(self, incoming: Pipe, outgoing: Pipe, local: Address, peer: Address) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._closed = False
        self._lost = False
        self.local: Address = local
        self.peer: str = host_port_text(*peer)

    @property
    def is_done(self) -> bool:
        """Whether nothing can happen to this connection any more."""
        return self._incoming.is_done and self._outgoing.is_done

    @property
    def is_closed(self) -> bool:
        """Whether this side has closed it, or lost it."""
        return self._closed or self._lost or self._incoming.broken

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
        if self._outgoing.is_deaf and self._incoming.readable_at() <= trio.current_time():
            raise BrokenPipeError(errno.EPIPE, "the other side has closed")
        return self._outgoing.write(_joined(parts, self._outgoing.capacity))

    async def wait_readable(self) -> None:
        pipe, waited = self._incoming, False
        while not (self._closed or self._lost) and (due := pipe.readable_at()) > trio.current_time():
            waited = True
            await pipe.alarm.wait(due)
        if not waited:
            await trio.lowlevel.checkpoint()
        self._check(pipe)

    async def wait_writable(self) -> None:
        await trio.lowlevel.checkpoint()
        pipe = self._outgoing
        while not (self._closed or self._lost or pipe.broken or pipe.is_deaf) and pipe.size >= pipe.capacity:
            await pipe.wakes.park()
        self._check(pipe)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if not self._lost:
            self._outgoing.end()
        self._incoming.go_deaf()

    def abort(self) -> None:
        """Lose the connection: both sides get ConnectionResetError, and what was on its way is gone."""
        self._incoming.break_off()
        self._outgoing.break_off()

    def lose_here(self) -> None:
        """This side gets ConnectionResetError. The other one is not told: what it sends goes nowhere."""
        self._lost = True
        self._incoming.go_deaf()
        self._outgoing.wake_all()

    def clog(self) -> None:
        """Nothing arrives here any more that is not there yet."""
        self._incoming.is_clogged = True
        self._incoming.hold()

    def unclog(self) -> None:
        """What was held up sets out anew, unless the route is cut."""
        self._incoming.is_clogged = False
        self._incoming.send_again()

    def _check(self, pipe: Pipe) -> None:
        if self._closed:
            raise ConnectionAbortedError(errno.ECONNABORTED, "the connection was closed on this side")
        if pipe.broken or self._lost:
            raise ConnectionResetError(errno.ECONNRESET, "the connection was lost")


class MemoryListener:
    """Accepts connections in memory."""

    __slots__ = ("_waiting", "host", "network", "port")

    def __init__(self, network: MemoryNetwork, host: str, port: int) -> None:
        self.host: Final = host
        self.port: int = port
        self.network: Final = network
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
        """Connections that nobody has accepted yet close with it."""
        self.network.forget(self)
        send, receive = self._waiting
        with suppress(trio.WouldBlock, trio.ClosedResourceError):
            while True:
                receive.receive_nowait().close()
        send.close()
        receive.close()


Latency: TypeAlias = Callable[[str, str], float]
Observer: TypeAlias = Callable[[Address, Address, memoryview], None]


class _Wires:
    """What the views of one network have in common."""

    def __init__(self, latency: Latency | None, observe: Observer | None, alarm: Callable[[], Alarm]) -> None:
        self.alarm: Final = alarm
        self.latency: Final = latency
        self.observe: Final = observe
        self.listeners: Final[dict[Address, MemoryListener]] = {}
        self.routes: Final[dict[tuple[str, str], Route]] = {}
        self.names: Final[dict[str, tuple[str, list[MemoryTransport]]]] = {}
        self.last_port = _FIRST_PORT


class MemoryNetwork:
    """The network as one process on one host has it. `at` gives the same network to another one."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        *,
        latency: float = 0.0,
        capacity: int = _CAPACITY,
        latency_of: Latency | None = None,
        observe: Observer | None = None,
        alarm: Callable[[], Alarm] = TrioAlarm,
    ) -> None:
        """`capacity` in bytes for each direction of a connection.

        `latency_of(source, target)` gives the seconds that the next bytes take between two hosts, where `latency` is
        not enough. `observe(source, target, data)` sees everything that is sent. `alarm()` makes an alarm; a clock may
        have cheaper ones than trio's cancel scopes.
        """
        self.host: Final = host
        self.latency = latency
        """Seconds from one end to the other."""
        self.capacity: Final = capacity
        self._wires = _Wires(latency_of, observe, alarm)
        self._transports: list[MemoryTransport] = []
        self._is_dead = False

    def at(self, host: str) -> MemoryNetwork:
        other = MemoryNetwork(host, latency=self.latency, capacity=self.capacity)
        other._wires = self._wires
        return other

    def route(self, source: str, target: str) -> Route:
        """The way between two hosts, in this direction."""
        route = self._wires.routes.get((source, target))
        if route is None:
            latency = self._wires.latency
            drawn = (lambda: self.latency) if latency is None else lambda: latency(source, target)
            route = self._wires.routes[source, target] = Route(drawn)
        return route

    def redirect(self, name: str, host: str | None) -> None:
        """From now on the name means this host, whoever asks; None: the one that is called so.

        The connections that were made by another meaning are lost: there is another machine at that address now.
        """
        for transport in self._wires.names.pop(name, (name, []))[1]:
            transport.abort()
        if host is not None:
            self._wires.names[name] = (host, [])

    async def connect(self, host: str, port: int) -> Transport:
        name, meaning = host, self._wires.names.get(host)
        host = name if meaning is None else meaning[0]
        there, back = self.route(self.host, host), self.route(host, self.host)
        await there.cross()
        self._check_alive()
        if self._wires.names.get(name) is not meaning:
            raise ConnectionResetError(errno.ECONNRESET, f"{name} means another host by now")
        listener = self._wires.listeners.get((host, port)) or self._wires.listeners.get(("", port))
        if listener is None:
            await back.cross()
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"nobody listens on {host}:{port}")
        near, far = (self.host, self._free_port()), (host, port)
        wires = self._wires
        ours, theirs = _pair(there, back, self.capacity, near, far, wires.observe, wires.alarm)
        try:
            listener.offer(theirs)
        except trio.WouldBlock:
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"{host}:{port} accepts nobody") from None
        listener.network.keep(theirs)
        self.keep(ours)
        if meaning is not None:
            meaning[1].append(ours)
        try:
            await back.cross()
            self._check_alive()
        except BaseException:
            ours.close()
            raise
        return ours

    async def listen(self, host: str, port: int, *, backlog: int = 50) -> Listener:
        await trio.lowlevel.checkpoint()
        self._check_alive()
        port = port or self._free_port()
        if (host, port) in self._wires.listeners:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        listener = self._wires.listeners[host, port] = MemoryListener(self, host, port)
        return listener

    @property
    def transports(self) -> list[MemoryTransport]:
        """The ends on this host of connections on which something can still happen."""
        self._transports = [each for each in self._transports if not each.is_done]
        return self._transports

    def die(self) -> None:
        """The process has ended: its listeners and connections close, and it makes no new ones."""
        self._is_dead = True
        for listener in [each for each in self._wires.listeners.values() if each.network is self]:
            listener.close()
        for transport in self.transports:
            transport.close()

    def reset(self) -> None:
        """The host knows nothing of its connections any more, and says so to whoever is at their other ends."""
        for transport in self.transports:
            transport.abort()

    def keep(self, transport: MemoryTransport) -> None:
        if len(self._transports) > _PRUNE_ABOVE:
            self._transports = self.transports
        self._transports.append(transport)

    def forget(self, listener: MemoryListener) -> None:
        if self._wires.listeners.get((listener.host, listener.port)) is listener:
            del self._wires.listeners[listener.host, listener.port]

    def _check_alive(self) -> None:
        if self._is_dead:
            raise ConnectionAbortedError(errno.ECONNABORTED, "the process has ended")

    def _free_port(self) -> int:
        self._wires.last_port += 1
        return self._wires.last_port


def memory_pair(
    latency: float = 0.0,
    capacity: int = _CAPACITY,
    *,
    left: Address = ("left", 1),
    right: Address = ("right", 2),
) -> tuple[MemoryTransport, MemoryTransport]:
    """The two ends of a connection. `latency` in seconds, `capacity` in bytes for each direction."""
    return _pair(Route(lambda: latency), Route(lambda: latency), capacity, left, right)


def _pair(
    there: Route,
    back: Route,
    capacity: int,
    left: Address,
    right: Address,
    observe: Observer | None = None,
    alarm: Callable[[], Alarm] = TrioAlarm,
) -> tuple[MemoryTransport, MemoryTransport]:
    def observer(source: Address, target: Address) -> Callable[[memoryview], None] | None:
        return None if observe is None else partial(observe, source, target)

    out = Pipe(there, capacity, alarm(), observer(left, right))
    into = Pipe(back, capacity, alarm(), observer(right, left))
    return MemoryTransport(into, out, left, right), MemoryTransport(out, into, right, left)


def _joined(parts: Sequence[Part], enough: int) -> memoryview:
    """The parts as one piece, as far as the first `enough` bytes need them."""
    if len(parts) == 1:
        return _bytes_of(parts[0])
    joined = bytearray()
    for part in parts:
        joined += _bytes_of(part)
        if len(joined) >= enough:
            break
    return memoryview(joined)


def _bytes_of(part: Part) -> memoryview:
    if not isinstance(part, FileSlice):
        return memoryview(part)
    data = os.pread(part.fd, part.size, part.offset)
    if len(data) < part.size:
        raise OSError(errno.EIO, f"the file ends {part.size - len(data)} bytes before the range that is being sent")
    return memoryview(data)

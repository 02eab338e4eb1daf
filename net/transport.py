"""A connection's two ends: bytes in by `recv_into`, bytes and file ranges out by `send_nowait`, never a copy.

The calls ending in `_nowait` never wait and never checkpoint: whoever calls them decides when to let other tasks run.
Every failure of a connection, also its being closed here, is an `OSError`; nothing else is raised.

A `Network` makes transports. `TcpNetwork` is the real one; `net.memory` and the simulation have others.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Sequence
from typing import Any, Final, Protocol, cast

import trio

from barnabas.net.addresses import host_port_text
from barnabas.protocol.types import FileSlice, Part

_IOV_MAX: Final = 1024 if not hasattr(os, "sysconf") else min(1024, max(16, os.sysconf("SC_IOV_MAX")))
_MSG_MORE: Final[int] = getattr(socket, "MSG_MORE", 0)
_HAS_SENDFILE: Final = hasattr(os, "sendfile")
_PREAD_BYTES: Final = 256 * 1024


class FileRest(FileSlice):
    """What is left of a file's slice after some of it was sent; keeps the slice, and with it the file, alive."""

    __slots__ = ("source",)

    def __init__(self, source: FileSlice, skip: int) -> None:
        super().__init__(source.fd, source.offset + skip, source.size - skip)
        self.source = source


class TlsError(OSError):
    """There is no trust, or what came was not TLS; the text says what to do. To try again does not help."""


class Transport(Protocol):
    """One connected, ordered stream of bytes."""

    @property
    def peer(self) -> str:
        """The other end as `host:port`, for people."""
        ...

    @property
    def local(self) -> tuple[str, int]:
        """This end's address and port."""
        ...

    def recv_into_nowait(self, view: memoryview) -> int:
        """Fill the beginning of `view`; the number of bytes, 0 at the end of the stream. BlockingIOError when nothing
        is there.
        """
        ...

    async def recv_into(self, view: memoryview) -> int:
        """Like `recv_into_nowait`, but wait when nothing is there. No checkpoint when something is."""
        ...

    def send_nowait(self, parts: Sequence[Part]) -> int:
        """Send what fits now, from the first part on; the number of bytes taken, 0 when the socket's buffer is full."""
        ...

    async def wait_readable(self) -> None: ...
    async def wait_writable(self) -> None: ...

    def close(self) -> None:
        """Close at once; whoever waits gets an OSError. May be called again."""
        ...


class Listener(Protocol):
    """Where connections come in."""

    @property
    def port(self) -> int:
        """The port that was bound, also when 0 was asked for."""
        ...

    async def accept(self) -> Transport: ...

    def close(self) -> None:
        """Stop listening; a task in `accept` gets an OSError."""
        ...


class Network(Protocol):
    """Makes connections. The only way that client and server reach each other."""

    async def connect(self, host: str, port: int) -> Transport:
        """Connect, trying each address that `host` resolves to now.

        OSError when none answers; no timeout of its own.
        """
        ...

    async def listen(self, host: str, port: int, *, backlog: int = 50) -> Listener:
        """Listen on `host` ("" = every interface) and `port` (0 = any that is free)."""
        ...


def rest_of(part: Part, skip: int) -> Part:
    """The part without its first `skip` bytes, without copying."""
    if isinstance(part, FileSlice):
        return FileRest(part, skip)
    return memoryview(part)[skip:]


class SocketTransport:
    """A connected, non-blocking TCP socket."""

    __slots__ = ("_socket", "local", "peer")

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._socket = sock
        self.peer: str = address_text(sock.getpeername())
        name = sock.getsockname()
        self.local: tuple[str, int] = (name[0], name[1])

    def recv_into_nowait(self, view: memoryview) -> int:
        return self._socket.recv_into(view)

    async def recv_into(self, view: memoryview) -> int:
        while True:
            try:
                return self._socket.recv_into(view)
            except BlockingIOError:
                await self.wait_readable()

    def send_nowait(self, parts: Sequence[Part]) -> int:
        taken = 0
        index, count = 0, len(parts)
        while index < count:
            start = index
            while index < count and index - start < _IOV_MAX and not isinstance(parts[index], FileSlice):
                index += 1
            if index > start:
                run = cast("Sequence[bytes]", parts if index - start == count else parts[start:index])
                size, sent = sum(map(len, run)), self._send_buffers(run, more=index < count)
            else:
                file = cast(FileSlice, parts[index])
                size, sent = file.size, self._send_file(file)
                index += 1
            taken += sent
            if sent < size:
                break
        return taken

    def _send_buffers(self, run: Sequence[bytes], *, more: bool) -> int:
        try:
            if len(run) == 1:
                return self._socket.send(run[0], _MSG_MORE if more else 0)
            return self._socket.sendmsg(run, (), _MSG_MORE if more else 0)
        except BlockingIOError:
            return 0

    def _send_file(self, file: FileSlice) -> int:
        sent = 0
        while sent < file.size:
            try:
                count = self._send_some_of(file.fd, file.offset + sent, file.size - sent)
            except BlockingIOError:
                break
            if count == 0:
                raise OSError(errno.EIO, f"the file ends {file.size - sent} bytes before the range that is being sent")
            sent += count
        return sent

    def _send_some_of(self, fd: int, position: int, size: int) -> int:
        if _HAS_SENDFILE:
            return os.sendfile(self._socket.fileno(), fd, position, size)
        data = os.pread(fd, min(size, _PREAD_BYTES), position)
        return self._socket.send(data) if data else 0

    async def wait_readable(self) -> None:
        try:
            await trio.lowlevel.wait_readable(self._socket)
        except (trio.ClosedResourceError, ValueError):
            raise _closed_here() from None

    async def wait_writable(self) -> None:
        try:
            await trio.lowlevel.wait_writable(self._socket)
        except (trio.ClosedResourceError, ValueError):
            raise _closed_here() from None

    def close(self) -> None:
        if self._socket.fileno() != -1:
            trio.lowlevel.notify_closing(self._socket)
            self._socket.close()


class SocketListener:
    """A listening, non-blocking TCP socket."""

    __slots__ = ("_socket", "port")

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._socket = sock
        self.port: int = sock.getsockname()[1]

    async def accept(self) -> SocketTransport:
        await trio.lowlevel.checkpoint()  # a flood of connections must not keep everybody else from running
        while True:
            try:
                sock, _ = self._socket.accept()
            except BlockingIOError:
                await self._wait()
                continue
            except ConnectionAbortedError:
                if self._socket.fileno() == -1:
                    raise
                continue
            try:
                return SocketTransport(sock)
            except OSError:  # reset between the handshake and now
                sock.close()

    async def _wait(self) -> None:
        try:
            await trio.lowlevel.wait_readable(self._socket)
        except (trio.ClosedResourceError, ValueError):
            raise _closed_here() from None

    def close(self) -> None:
        if self._socket.fileno() != -1:
            trio.lowlevel.notify_closing(self._socket)
            self._socket.close()


class TcpNetwork:
    """The machine's own network. Names are resolved anew at every `connect`."""

    async def connect(self, host: str, port: int) -> Transport:
        errors: list[str] = []
        for family, kind, proto, address in await _resolve(host, port):
            sock = socket.socket(family, kind, proto)
            try:
                await _connect(sock, address)
                return SocketTransport(sock)
            except OSError as error:
                sock.close()
                errors.append(f"{address_text(address)}: {error.strerror or error}")
            except BaseException:
                sock.close()
                raise
        raise ConnectionRefusedError(errno.ECONNREFUSED, "; ".join(errors))

    async def listen(self, host: str, port: int, *, backlog: int = 50) -> Listener:
        family, kind, proto, address = (await _resolve(host, port, passive=True))[0]
        sock = socket.socket(family, kind, proto)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6 and host == "":
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            sock.bind(address)
            sock.listen(backlog)
            return SocketListener(sock)
        except BaseException:
            sock.close()
            raise


def address_text(address: Any) -> str:
    """A socket's address as `host:port`."""
    return host_port_text(address[0], address[1])


async def _connect(sock: socket.socket, address: Any) -> None:
    sock.setblocking(False)
    code = sock.connect_ex(address)
    if code in (errno.EINPROGRESS, errno.EWOULDBLOCK):
        await trio.lowlevel.wait_writable(sock)
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))


async def _resolve(host: str, port: int, *, passive: bool = False) -> list[tuple[int, int, int, Any]]:
    """The addresses of a host, in the resolver's order; numeric hosts and "" cost no thread. OSError when there are
    none.
    """
    if passive and host == "":
        if socket.has_dualstack_ipv6():
            return [(socket.AF_INET6, socket.SOCK_STREAM, 0, ("::", port))]
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, ("0.0.0.0", port))]
    flags = socket.AI_PASSIVE if passive else 0
    name = host.encode() if host.isascii() else host  # as bytes, the codec for international names is not imported
    try:
        found = await trio.socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=flags)
    except socket.gaierror as error:
        raise OSError(errno.EHOSTUNREACH, f"cannot resolve {host!r}: {error.strerror}") from None
    return [(family, kind, proto, address) for family, kind, proto, _, address in found]


def _closed_here() -> OSError:
    return ConnectionAbortedError(errno.ECONNABORTED, "the connection was closed on this side")

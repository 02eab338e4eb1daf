"""Speaks TLS on a port for a server that does not."""

from __future__ import annotations

from contextlib import suppress

import trio

from barnabas.net.tls import TlsTransport
from barnabas.net.transport import Listener, TcpNetwork, Transport
from tls import HOST, server_context

_CHUNK = 64 * 1024


async def serve(listener: Listener, port: int) -> None:
    """Carry what comes to the listener to a port of this machine, and back, until cancelled."""
    async with trio.open_nursery() as nursery:
        while True:
            nursery.start_soon(_carry, await listener.accept(), port)


async def _carry(near: Transport, port: int) -> None:
    client = TlsTransport(near, server_context(), None, server_side=True)
    with suppress(OSError):
        await client.handshake()
        server = await TcpNetwork().connect(HOST, port)
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_pump, client, server, nursery)
                nursery.start_soon(_pump, server, client, nursery)
        finally:
            server.close()
    client.close()


async def _pump(source: Transport, target: Transport, nursery: trio.Nursery) -> None:
    buffer = memoryview(bytearray(_CHUNK))
    with suppress(OSError):
        while count := await source.recv_into(buffer):
            left = buffer[:count]
            while left:
                left = left[target.send_nowait([left]) :]
                if left:
                    await target.wait_writable()
    nursery.cancel_scope.cancel()

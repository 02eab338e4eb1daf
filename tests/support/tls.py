"""TLS for tests: an authority of their own, and brokers that listen with it."""

from __future__ import annotations

import ssl
from functools import cache

import trustme

from barnabas.net.memory import MemoryNetwork
from barnabas.net.tls import TlsTransport
from barnabas.net.transport import Listener, Transport

HOST = "127.0.0.1"


@cache
def authority() -> trustme.CA:
    """Who signs the certificates of tests; one for a whole run, for its making takes a while."""
    return trustme.CA()


@cache
def server_context(*names: str) -> ssl.SSLContext:
    """Of a server with a certificate for these names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert(*(names or (HOST,))).configure_cert(context)
    return context


def client_context() -> ssl.SSLContext:
    """Of a client that trusts the authority."""
    context = ssl.create_default_context()
    authority().configure_trust(context)
    return context


class _TlsListener:
    def __init__(self, below: Listener, context: ssl.SSLContext) -> None:
        self._below, self._context = below, context
        self.port = below.port

    async def accept(self) -> Transport:
        """Handshakes that fail are none of its business; one after the other is enough for tests."""
        while True:
            transport = TlsTransport(await self._below.accept(), self._context, None, server_side=True)
            try:
                await transport.handshake()
            except OSError:
                transport.close()
            else:
                return transport

    def close(self) -> None:
        self._below.close()


class TlsMemoryNetwork(MemoryNetwork):
    """A network in memory whose listeners speak TLS; connections are as the client makes them."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__()
        self.context = context or server_context()

    async def listen(self, host: str, port: int, *, backlog: int = 50) -> Listener:
        return _TlsListener(await super().listen(host, port, backlog=backlog), self.context)

"""TLS over any transport: the same `Transport` and `Network`, encrypted. For clients; nodes do not listen with it yet.

An `ssl.SSLObject` between two buffers does the cryptography; the transport below carries what it makes and feeds it
what comes. Two rules of `Transport` decide how:
- Whoever reads fewer bytes than asked for may wait for the socket. So a read goes on until the buffer is full or the
  transport below has nothing more: nothing that has come may stay in the SSL object.
- Bytes that `send_nowait` counts as taken are gone. A piece that was encrypted but does not fit into the socket is not
  counted: its owner keeps it and offers it again, and then it is known and not encrypted twice.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from barnabas.net.addresses import host_port_text
from barnabas.net.transport import Listener, Network, TlsError, Transport
from barnabas.protocol.types import FileSlice, Part

_PIECE: Final = 16 * 1024
"""The most that one TLS record holds."""
_READ_BYTES: Final = 64 * 1024


class TlsTransport:
    """One connection whose bytes are encrypted, once there was a `handshake`; `TlsNetwork.connect` sees to that."""

    __slots__ = ("_incoming", "_outgoing", "_promised", "_read", "_ssl", "_unsent", "below", "local", "peer")

    def __init__(
        self, below: Transport, context: ssl.SSLContext, server_name: str | None, *, server_side: bool = False
    ) -> None:
        self.peer: str = below.peer
        self.local: tuple[str, int] = below.local
        self.below: Final = below
        """What carries the encrypted bytes."""
        self._incoming: Final = ssl.MemoryBIO()
        self._outgoing: Final = ssl.MemoryBIO()
        self._ssl: Final = context.wrap_bio(self._incoming, self._outgoing, server_side, server_name)
        self._unsent = memoryview(b"")  # encrypted, and not yet taken by the transport below
        self._promised = 0  # so many bytes are in it that `send_nowait` has not counted
        self._read: Final = memoryview(bytearray(_READ_BYTES))

    async def handshake(self) -> None:
        """TlsError says why there is no trust, or no TLS at the other end; OSError if it hangs up."""
        while True:
            try:
                self._ssl.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                count = await self.below.recv_into(self._read)
                if not count:
                    raise ConnectionAbortedError(_HUNG_UP) from None
                self._incoming.write(self._read[:count])
            except ssl.SSLError as error:
                self._flush_nowait()  # the alert that tells the other end
                raise TlsError(_reason(error)) from None
            else:
                await self._flush()
                return

    # -- in ------------------------------------------------------------------------------------------------------

    def recv_into_nowait(self, view: memoryview) -> int:
        filled = 0
        while filled < len(view):
            try:
                count = self._ssl.read(len(view) - filled, view[filled:])
            except ssl.SSLWantReadError:
                try:
                    self._receive()
                except BlockingIOError:
                    if filled:
                        break
                    raise
                continue
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):  # with a goodbye, and without: frames tell if one is cut
                break
            except ssl.SSLError as error:
                raise TlsError(_reason(error)) from None
            if not count:
                break
            filled += int(count)
        return filled

    def _receive(self) -> None:
        count = self.below.recv_into_nowait(self._read)
        if count:
            self._incoming.write(self._read[:count])
        else:
            self._incoming.write_eof()

    async def recv_into(self, view: memoryview) -> int:
        while True:
            try:
                return self.recv_into_nowait(view)
            except BlockingIOError:
                await self.wait_readable()

    # -- out -----------------------------------------------------------------------------------------------------

    def send_nowait(self, parts: Sequence[Part]) -> int:
        if not self._flush_nowait():
            return 0
        skip, self._promised = self._promised, 0
        taken = skip
        for part in parts:
            length = len(part)
            while skip < length:
                piece = _piece(part, skip)
                try:
                    self._ssl.write(piece)
                except ssl.SSLError as error:
                    raise TlsError(_reason(error)) from None
                if not self._flush_nowait():
                    self._promised = len(piece)
                    return taken
                skip += len(piece)
                taken += len(piece)
            skip -= length
        return taken

    def _flush_nowait(self) -> bool:
        """Hand down what is encrypted; whether all of it was taken."""
        if self._outgoing.pending:
            self._unsent = memoryview(b"".join((self._unsent, self._outgoing.read())))
        if self._unsent:
            self._unsent = self._unsent[self.below.send_nowait([self._unsent]) :]
        return not self._unsent

    async def _flush(self) -> None:
        while not self._flush_nowait():
            await self.below.wait_writable()

    async def wait_readable(self) -> None:
        await self.below.wait_readable()

    async def wait_writable(self) -> None:
        await self.below.wait_writable()

    def close(self) -> None:
        with suppress(ValueError, OSError):  # to say goodbye is a courtesy; nobody waits for the other end's
            with suppress(ssl.SSLWantReadError):
                self._ssl.unwrap()
            self._flush_nowait()
        self.below.close()


class TlsNetwork:
    """A network all of whose connections are encrypted."""

    def __init__(self, below: Network, context: ssl.SSLContext) -> None:
        self.below: Final = below
        self._context: Final = context

    async def connect(self, host: str, port: int) -> Transport:
        """As the network below, with the handshake. TlsError where it fails."""
        below = await self.below.connect(host, port)
        try:
            transport = TlsTransport(below, self._context, host)
            await transport.handshake()
        except TlsError as error:
            below.close()
            raise TlsError(f"{host_port_text(host, port)}: {error}") from None
        except BaseException:
            below.close()
            raise
        return transport

    async def listen(self, host: str, port: int, *, backlog: int = 50) -> Listener:
        """Nothing listens with TLS yet."""
        raise NotImplementedError("a node's listeners have no TLS")


_HUNG_UP: Final = (
    "it hung up during the TLS handshake: does it speak TLS on this port? If not, security_protocol is PLAINTEXT or "
    "SASL_PLAINTEXT; if it does, it may want a certificate of ours (ssl_certfile)"
)


def _piece(part: Part, skip: int) -> bytes | memoryview:
    if isinstance(part, FileSlice):
        return os.pread(part.fd, min(_PIECE, part.size - skip), part.offset + skip)
    return memoryview(part)[skip : skip + _PIECE]


def _reason(error: ssl.SSLError) -> str:
    """What went wrong, and what helps."""
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message
        if error.verify_code in (62, 64):  # the name, or the address, is another
            return f"its certificate is for somebody else: {why}; use a name that is in it, or ssl_check_hostname=False"
        return f"its certificate is not trusted: {why}; give the authority that signed it as ssl_cafile"
    reason = error.reason or str(error)
    if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "UNEXPECTED_MESSAGE"):
        return "it answered with something that is not TLS: security_protocol may have to be PLAINTEXT there"
    text = reason.lower().replace("_", " ")
    if "alert" in text or "certificate required" in text:
        return f"it refused the TLS connection: {text}; it may not trust our certificate (ssl_certfile) or want one"
    return f"TLS failed: {text}"

"""A server on a network in memory, and a client that sees frames."""

from __future__ import annotations

import struct
from typing import Any

import trio

from barnabas.net.memory import MemoryNetwork, MemoryTransport
from barnabas.protocol import codec, framing
from barnabas.protocol.message import RequestMessage, ResponseMessage
from barnabas.protocol.messages import response_class
from barnabas.server.dispatch import ApiTable
from barnabas.server.listener import Server
from barnabas.server.settings import Settings
from barnabas.server.timers import Timers


class RawClient:
    """Sends bytes, receives frames; knows nothing of their order."""

    def __init__(self, transport: MemoryTransport) -> None:
        self.transport = transport
        self._received = bytearray()

    async def send(self, data: bytes) -> None:
        while data:
            taken = self.transport.send_nowait([data])
            data = data[taken:]
            if data:
                await self.transport.wait_writable()

    async def send_request(self, message: RequestMessage, version: int, correlation_id: int = 1) -> None:
        parts = framing.encode_request(correlation_id, "test", message, version)
        await self.send(b"".join(parts))  # type: ignore[arg-type]

    async def receive(self) -> bytes | None:
        """The next frame, or None at the end of the stream."""
        while len(self._received) < 4 or len(self._received) < 4 + struct.unpack_from(">i", self._received)[0]:
            view = memoryview(bytearray(65536))
            try:
                count = await self.transport.recv_into(view)
            except ConnectionResetError:
                return None
            if not count:
                return None
            self._received += view[:count]
        size = struct.unpack_from(">i", self._received)[0]
        frame = bytes(self._received[4 : 4 + size])
        del self._received[: 4 + size]
        return frame

    async def receive_response(self, api_key: int, version: int) -> tuple[int, Any]:
        """The next frame's correlation id and message."""
        frame = await self.receive()
        assert frame is not None, "the server closed the connection"
        correlation_id, offset = framing.decode_response_header(api_key, version, frame)
        message, end = codec.decode(response_class(api_key), version, frame, offset)
        assert end == len(frame)
        return correlation_id, message

    async def request(self, message: RequestMessage, version: int, correlation_id: int = 1) -> ResponseMessage:
        await self.send_request(message, version, correlation_id)
        got, response = await self.receive_response(message.API_KEY, version)
        assert got == correlation_id
        return response


class ServerHarness:
    """Starts a `Server` for a table, and connects clients to it."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.network = MemoryNetwork()
        self.timers = Timers()
        self.table = ApiTable()
        self.server: Server
        self._nursery = nursery

    async def start(self, **settings: object) -> None:
        given: dict[str, object] = {"listeners": ["PLAINTEXT://127.0.0.1:9092"]}
        given.update({name.replace("_", "."): value for name, value in settings.items()})
        self.server = Server(self.network, Settings.of(given), self.table, self.timers)
        await self.server.bind()
        self._nursery.start_soon(self.timers.run)
        self._nursery.start_soon(self.server.serve)

    async def connect(self, host: str = "127.0.0.1") -> RawClient:
        transport = await self.network.at(host).connect("127.0.0.1", self.server.endpoints[0].port)
        assert isinstance(transport, MemoryTransport)
        return RawClient(transport)

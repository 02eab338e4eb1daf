"""One client's connection: frames in, requests to their handlers, replies out in order.

The shell around `FrameReader` and `Pipeline`. One task reads; a reply is sent from wherever `Request.reply` is
called, without a task, as long as the socket takes it; only what it does not take is left to a writer task that lives
until the queue is empty. A client that does not read its replies, or sends half a frame, holds its own connection up
and nobody else's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from typing import TYPE_CHECKING, Final

import trio

from barnabas.net.frames import FrameReader
from barnabas.net.transport import Transport
from barnabas.protocol import codec, framing
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import RemoteProtocolError
from barnabas.protocol.types import Part
from barnabas.server.dispatch import Api, ApiTable, Request
from barnabas.server.logging import get_logger
from barnabas.server.metrics import ServerStatistics
from barnabas.server.pipeline import MAX_BYTES, MAX_IN_FLIGHT, Pipeline, Slot
from barnabas.server.timers import Timer, Timers

if TYPE_CHECKING:
    from barnabas.protocol.message import ResponseMessage

log = get_logger(__name__)

_BEFORE_YIELD_REQUESTS: Final = 32
_BEFORE_YIELD_BYTES: Final = 4 * 1024 * 1024
_KEY_AND_VERSION: Final = Struct(">hhi")


@dataclass(slots=True, frozen=True)
class ConnectionLimits:
    """Bounds of one connection. Sizes in bytes, times in seconds."""

    max_request_bytes: int = 100 * 1024 * 1024
    max_idle: float = 600.0
    max_in_flight: int = MAX_IN_FLIGHT
    max_queued_bytes: int = MAX_BYTES


@dataclass(slots=True, frozen=True, eq=False)
class ConnectionContext:
    """What all connections of a listener share. `nursery` holds their writers and asynchronous handlers."""

    listener: str
    table: ApiTable
    timers: Timers
    nursery: trio.Nursery
    statistics: ServerStatistics
    limits: ConnectionLimits = ConnectionLimits()


class Connection:
    """See the module's text. `run` serves it; everything else may be called from any task of the event loop."""

    __slots__ = (
        "_active_at",
        "_close_hooks",
        "_context",
        "_draining",
        "_frames",
        "_idle_timer",
        "_paused",
        "_pipeline",
        "_reading",
        "_transport",
        "_writing",
        "close_reason",
        "closed",
        "listener",
        "peer",
        "software",
    )

    def __init__(self, transport: Transport, context: ConnectionContext) -> None:
        self.listener: Final = context.listener
        """The listener's name, as in `listeners`."""
        self.peer: Final = transport.peer
        """The client's `host:port`."""
        self.software = ""
        """The client's name and version, once it has told them by ApiVersions."""
        self.closed = False
        self.close_reason: str | None = None
        limits = context.limits
        self._context = context
        self._transport = transport
        self._frames = FrameReader(limits.max_request_bytes)
        self._pipeline = Pipeline(limits.max_in_flight, limits.max_queued_bytes)
        self._close_hooks: list[Callable[[Connection], None]] = []
        self._active_at = trio.current_time()
        self._idle_timer: Timer = context.timers.call_at(self._active_at + limits.max_idle, self._check_idle)
        self._paused: trio.Event | None = None  # set when the reader may go on
        self._reading = trio.CancelScope()
        self._draining = False
        self._writing = False

    def on_close(self, hook: Callable[[Connection], None]) -> None:
        """Call `hook(self)` once when the connection has closed, for whatever reason; at once when it is closed
        already.
        """
        if self.closed:
            hook(self)
        else:
            self._close_hooks.append(hook)

    # -- in ------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Serve until either side closes. Raises nothing but cancellation."""
        try:
            await self._read_and_finish()
        except OSError as error:
            self._lost(error)
        except Exception:
            log.exception("connection failed", peer=self.peer)
            self._context.statistics.handler_failures += 1
            self._close("connection failed", cause=False)
        finally:
            self._close("the server stops", cause=False)

    async def _read_and_finish(self) -> None:
        try:
            with self._reading:
                await self._read()
        except RemoteProtocolError as error:
            # What came before it is answered, as if requests were taken one after another.
            await self._finish()
            self.close(str(error))
        else:
            await self._finish()

    def drain(self) -> None:
        """Begin no more requests; those begun are answered, then the connection closes."""
        self._reading.cancel()

    async def _read(self) -> None:
        frames, transport = self._frames, self._transport
        requests = size = 0
        while not self.closed:
            if requests >= _BEFORE_YIELD_REQUESTS or size >= _BEFORE_YIELD_BYTES:
                requests = size = 0
                await trio.lowlevel.checkpoint()
            if not self._pipeline.may_read:
                await self._wait_for_room()
                continue
            if frames.frames:
                frame = frames.frames.popleft()
                requests += 1
                self._handle(frame)
                continue
            try:
                count = frames.receive_nowait(transport)
            except BlockingIOError:
                requests = size = 0
                await transport.wait_readable()
                continue
            self._active_at = trio.current_time()
            size += count
            if not count:
                if frames.partial:
                    self.close("the client closed in the middle of a request")
                self._close("closed by the client", cause=False)

    def _handle(self, frame: memoryview) -> None:
        """Decode one request and give it to its handler.

        RemoteProtocolError when it cannot be decoded or is not served.
        """
        if len(frame) < _KEY_AND_VERSION.size:
            raise RemoteProtocolError(f"a request of {len(frame)} bytes, too short for a header")
        api_key, version, correlation_id = _KEY_AND_VERSION.unpack_from(frame)
        api = self._context.table.find(api_key)
        if api is None:
            raise RemoteProtocolError(f"a request of API {api_key}, which is not served")
        if not api.min_version <= version <= api.max_version:
            if api_key == ApiKey.API_VERSIONS:
                self._handle_unknown_api_versions(correlation_id, len(frame))
                return
            raise RemoteProtocolError(
                f"{api.name} v{version}, which is not served (only v{api.min_version} to v{api.max_version})"
            )
        header, offset = framing.decode_request_header(frame)
        body, _ = codec.decode(api.request_class, version, frame, offset)
        request: Request = Request(header, body, self, api, self._active_at, len(frame))
        api.statistics.bytes_in += len(frame)
        self._pipeline.open(request)
        if api.is_async:
            self._context.nursery.start_soon(self._run_handler, api, request)
            return
        try:
            api.handler(request)
        except Exception:
            log.exception("handler failed", request=repr(request))
            self._failed(request)

    async def _run_handler(self, api: Api, request: Request) -> None:
        try:
            await api.handler(request)
        except Exception:
            log.exception("handler failed", request=repr(request))
            self._failed(request)

    def _failed(self, request: Request) -> None:
        self._context.statistics.handler_failures += 1
        self._close(f"{request.api.name} could not be handled", cause=True)

    def _handle_unknown_api_versions(self, correlation_id: int, size: int) -> None:
        slot = Slot(size)
        self._pipeline.open(slot)
        self._complete(slot, framing.encode_response(correlation_id, self._context.table.unknown_api_versions(), 0))

    # -- out -----------------------------------------------------------------------------------------------------

    def reply(self, request: Request, message: ResponseMessage | None, version: int) -> None:
        """See `Request.reply`."""
        if self.closed:
            return
        parts: list[Part] = []
        if message is not None:
            try:
                parts = framing.encode_response(request.header.correlation_id, message, version)
            except Exception:
                log.exception("a reply could not be encoded", request=repr(request))
                self._failed(request)
                return
        self._complete(request, parts)
        statistics = request.api.statistics
        statistics.bytes_out += request.size
        statistics.latency.observe(trio.current_time() - request.received_at)

    def _complete(self, slot: Slot, parts: list[Part]) -> None:
        if self._pipeline.complete(slot, parts) and not self._writing:
            try:
                self._send()
            except OSError as error:
                self._lost(error)
                return
            if self._pipeline.queue.size:
                self._writing = True
                self._context.nursery.start_soon(self._write)
        self._maybe_resume()

    def _send(self) -> None:
        """Send until nothing is left or the socket is full."""
        pipeline = self._pipeline
        queue = pipeline.queue
        while queue.size:
            parts = queue.head()
            count = self._transport.send_nowait(parts)
            pipeline.sent(count)
            self._active_at = trio.current_time()
            if count < sum(map(len, parts)):
                return

    async def _write(self) -> None:
        try:
            while self._pipeline.queue.size and not self.closed:
                await self._transport.wait_writable()
                self._send()
                self._maybe_resume()
        except OSError as error:
            self._lost(error)
        finally:
            self._writing = False

    async def _wait_for_room(self) -> None:
        self._paused = trio.Event()
        await self._paused.wait()
        self._paused = None

    def _maybe_resume(self) -> None:
        if self._paused is not None and (self._pipeline.idle if self._draining else self._pipeline.may_read):
            self._paused.set()

    async def _finish(self) -> None:
        """The reader was told to drain: wait until the last reply is out."""
        self._draining = True
        while not self._pipeline.idle and not self.closed:
            await self._wait_for_room()

    # -- the end -------------------------------------------------------------------------------------------------

    def close(self, reason: str) -> None:
        """Close at once because of what the client sent or did; one line in the log says why. May be called again."""
        self._close(reason, cause=True)

    def _lost(self, error: OSError) -> None:
        self._close(f"connection lost: {error.strerror or error}", cause=False)

    def _check_idle(self) -> None:
        now, max_idle = trio.current_time(), self._context.limits.max_idle
        waits_for_us = not self._pipeline.idle and self._pipeline.queue.size == 0
        if self._active_at + max_idle <= now and not waits_for_us:
            self._close(f"idle for {max_idle:g} s", cause=False)
        else:
            due = now if waits_for_us else self._active_at
            self._idle_timer = self._context.timers.call_at(due + max_idle, self._check_idle)

    def _close(self, reason: str, *, cause: bool) -> None:
        if self.closed:
            return
        self.closed = True
        self.close_reason = reason
        if cause:
            self._context.statistics.closed_for_cause += 1
            log.warning(
                "connection closed", reason=reason, peer=self.peer, software=self.software, listener=self.listener
            )
        self._transport.close()
        self._idle_timer.cancel()
        self._pipeline.queue.clear()
        if self._paused is not None:
            self._paused.set()
        self._reading.cancel()
        for hook in self._close_hooks:
            try:
                hook(self)
            except Exception:
                log.exception("close hook failed", peer=self.peer)
        self._close_hooks.clear()

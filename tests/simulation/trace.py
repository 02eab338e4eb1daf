"""What happened in a run: for people line by line, and for comparing runs as one hash."""

from __future__ import annotations

import hashlib
import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

import structlog
import trio

from barnabas.net.memory import Address
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import RemoteProtocolError
from barnabas.protocol.framing import decode_request_header

_SIZE_BYTES = 4


class Trace:
    """Notes every piece of bytes that is sent, every line that a node logs, and what the simulation does and sees.

    With `out` each is written as a line: the simulated second, who, what.
    """

    def __init__(self, out: TextIO | None = None) -> None:
        self._hash = hashlib.sha256()
        self._out = out
        self._frames: dict[tuple[Address, Address], bytearray] = {}
        self._asked: dict[tuple[Address, Address, int], str] = {}
        self._names: dict[tuple[Address, Address], str] = {}
        self.events = 0
        self.schedule: list[str] = []
        """The lines that tell of faults."""

    @property
    def digest(self) -> str:
        """Of all that was noted so far."""
        return self._hash.hexdigest()[:16]

    def note(self, who: str, what: str) -> None:
        self.events += 1
        line = f"{trio.current_time():11.6f}  {who:<12} {what}"
        self._hash.update(line.encode())
        if who == "nemesis":
            self.schedule.append(line)
        if self._out is not None:
            print(line, file=self._out)

    def sent(self, source: Address, target: Address, data: memoryview) -> None:
        """An observer of the network."""
        self.events += 1
        name = self._names.get((source, target))
        if name is None:
            name = self._names[source, target] = f"{source} {target}"
        self._hash.update(f"{trio.current_time()!r} {name} {len(data)} {zlib.crc32(data)}".encode())
        if self._out is not None:
            self._write_frames(source, target, data)

    def _write_frames(self, source: Address, target: Address, data: memoryview) -> None:
        """Whole frames as lines. A request goes to a port that was agreed on: it is lower than the callers'."""
        gathered = self._frames.setdefault((source, target), bytearray())
        gathered += data
        while len(gathered) >= _SIZE_BYTES:
            size = int.from_bytes(gathered[:_SIZE_BYTES], "big")
            if len(gathered) < _SIZE_BYTES + size:
                return
            frame = memoryview(bytes(gathered[_SIZE_BYTES : _SIZE_BYTES + size]))
            del gathered[: _SIZE_BYTES + size]
            try:
                text = (self._request if target[1] < source[1] else self._answer)(source, target, frame)
            except RemoteProtocolError as error:
                text = f"nonsense ({error})"
            print(
                f"{trio.current_time():11.6f}  {source[0]:<12} -> {target[0]:<12} {text} {size} bytes", file=self._out
            )

    def _request(self, source: Address, target: Address, frame: memoryview) -> str:
        header, _ = decode_request_header(frame)
        name = ApiKey(header.api_key).name
        self._asked[target, source, header.correlation_id] = name
        return f"{name} v{header.api_version} #{header.correlation_id}"

    def _answer(self, source: Address, target: Address, frame: memoryview) -> str:
        correlation = int.from_bytes(frame[:4], "big")
        return f"answer to {self._asked.pop((source, target, correlation), '?')} #{correlation}"

    # Logs

    @contextmanager
    def takes_logs(self) -> Iterator[None]:
        """All nodes log here meanwhile."""
        before = structlog.get_config() if structlog.is_configured() else None
        structlog.configure(
            processors=[structlog.contextvars.merge_contextvars, self._logged],
            wrapper_class=structlog.make_filtering_bound_logger(20),
            logger_factory=lambda *_: _Nowhere(),
            cache_logger_on_first_use=False,
        )
        try:
            yield
        finally:
            structlog.reset_defaults()
            if before is not None:
                structlog.configure(**before)

    def _logged(self, _: Any, level: str, event: Mapping[str, Any]) -> str:
        rest = " ".join(f"{key}={value}" for key, value in event.items() if key not in ("event", "node"))
        self.note(str(event.get("node", "?")), f"{level}: {event['event']} {rest}".rstrip())
        raise structlog.DropEvent


class _Nowhere:
    def msg(self, *_: Any, **__: Any) -> None: ...

    debug = info = warning = error = critical = exception = msg


def to_standard_output() -> Trace:
    """A trace for reading."""
    return Trace(sys.stdout)

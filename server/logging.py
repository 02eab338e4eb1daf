"""How a node writes its log: structlog events, one line each, as JSON or for people, to standard error or a file.

Every module gets its logger by `structlog.get_logger(__name__)`. A node in a process of its own calls `set_up`; one
that is embedded in somebody's program leaves the program's structlog alone and calls `set_up_embedded`. Nothing on a
hot path logs.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import Any, Final, TextIO

import structlog

from barnabas.server.failure import NodeFailure
from barnabas.server.settings import Settings

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class LineWriter:
    """Writes each event as one line at once.

    A log that cannot be written must not stop the node: lines are then dropped.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.dropped = 0
        """The number of lines that could not be written."""

    def msg(self, line: str) -> None:
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError):  # ValueError: it was closed
            self.dropped += 1

    def close(self) -> None:
        """Close the file, if it is one of its own. Later events are dropped."""
        if self._stream is not sys.stderr:
            self._stream.close()

    log = debug = info = warning = warn = error = critical = exception = fatal = msg


def set_up(settings: Settings, **bound: object) -> LineWriter:
    """Send all events where the settings say; each carries `bound` (node=1, role="broker"). For a node's own process.

    NodeFailure when the log cannot be opened. Returns what the process closes at its end.
    """
    path = settings.optional_str("barnabas.log.file")
    stream = sys.stderr if path is None else _open(path)
    writer = LineWriter(stream)
    if settings.str("barnabas.log.format") == "json":
        renderers: Sequence[Any] = (structlog.processors.format_exc_info, structlog.processors.JSONRenderer())
    else:
        console = structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
        )
        renderers = (console,)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            *renderers,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[settings.str("barnabas.log.level")]),
        logger_factory=_Factory(writer),
        cache_logger_on_first_use=False,
    )
    bind(**bound)
    return writer


def set_up_embedded() -> None:
    """Send all events to the standard library's logger `barnabas`, unless the program has set structlog up for
    itself.
    """
    if structlog.is_configured():
        return
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=_Factory(logging.getLogger("barnabas")),
        cache_logger_on_first_use=False,
    )


def bind(**bound: object) -> None:
    """Let every event of this task, and of the tasks it starts from now on, carry these."""
    structlog.contextvars.bind_contextvars(**bound)


class _Factory:
    """Gives every logger the same output."""

    def __init__(self, output: object) -> None:
        self._output = output

    def __call__(self, *_: object) -> object:
        return self._output


def _open(path: str) -> TextIO:
    try:
        return open(path, "a", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise NodeFailure(f"cannot write the log to {path}: {error.strerror}") from None

"""How a node writes its log: structlog events, one line each, as JSON or for people, to standard error or a file.

Every module gets its logger by `get_logger(__name__)`. A node in a process of its own calls `set_up`; one that is
embedded in somebody's program leaves the program's structlog alone and calls `set_up_embedded`. Nothing on a hot path
logs.

structlog is imported late: it takes 75 ms, a quarter of what `embedded()` takes, whose events mostly nobody sees.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import Any, Final, TextIO

from barnabas.server.failure import NodeFailure
from barnabas.server.settings import Settings

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_PROGRAMS_LOGGER: Final = logging.getLogger("barnabas")
_embedded = False


class Logger:
    """Hands events to structlog: a text that does not vary, and values by name."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def debug(self, event: str, **values: Any) -> None:
        self._log("debug", event, values)

    def info(self, event: str, **values: Any) -> None:
        self._log("info", event, values)

    def warning(self, event: str, **values: Any) -> None:
        self._log("warning", event, values)

    def error(self, event: str, **values: Any) -> None:
        self._log("error", event, values)

    def critical(self, event: str, **values: Any) -> None:
        self._log("critical", event, values)

    def exception(self, event: str, **values: Any) -> None:
        """An error, with the traceback of the exception that is handled now."""
        self._log("error", event, {"exc_info": True, **values})

    def _log(self, level: str, event: str, values: dict[str, Any]) -> None:
        if _embedded and not _is_seen(_LEVELS[level]):
            return
        import structlog

        if _embedded and not structlog.is_configured():
            _configure_embedded()
        getattr(structlog.get_logger(self._name), level)(event, **values)


def get_logger(name: str) -> Logger:
    """A module's logger."""
    return Logger(name)


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
    global _embedded
    _embedded = False
    load_structlog()
    import structlog

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
    structlog.contextvars.bind_contextvars(**bound)
    return writer


def load_structlog() -> None:
    """Import structlog, for a process of our own.

    It would import rich, if that is there, for tracebacks that our logs never have: 40 ms and 5 MB in each process.
    """
    if "structlog" in sys.modules or "rich" in sys.modules:
        return
    sys.modules["rich"] = None  # type: ignore[assignment] # how the import system is told that there is none
    try:
        import structlog  # noqa: F401
    finally:
        del sys.modules["rich"]


def set_up_embedded() -> None:
    """Send all events to the standard library's logger `barnabas`, unless the program has set structlog up for
    itself.
    """
    global _embedded
    _embedded = True


def _is_seen(level: int) -> bool:
    """Whether an event of a node that is embedded goes anywhere: to the program's structlog or to its logging."""
    return "structlog" in sys.modules or _PROGRAMS_LOGGER.isEnabledFor(level)


def _configure_embedded() -> None:
    import structlog

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=_Factory(_PROGRAMS_LOGGER),
        cache_logger_on_first_use=False,
    )


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

"""The frame of a node's own process: signals, logging, probes, and an exit code that tells how it ended.

0: stopped as asked. 1: the node could not start or go on; one line on standard error says why, or the log has a
traceback if it was a bug. 2: the settings have mistakes, a line for each.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Final, TypeVar

import trio

from barnabas.server import logging
from barnabas.server.failure import NodeFailure, cause_of
from barnabas.server.metrics import Metrics
from barnabas.server.probes import CollectorPauses, LoopDelay, add_probe_metrics, freeze_collector
from barnabas.server.settings import Settings, SettingsError

log = logging.get_logger(__name__)

E = TypeVar("E", bound=BaseException)

EXIT_STOPPED: Final = 0
EXIT_FAILED: Final = 1
EXIT_SETTINGS: Final = 2


class StopRequest:
    """Somebody wants the node to stop; `reason` says who. The node watches it and ends its main function."""

    def __init__(self) -> None:
        self._event = trio.Event()
        self.reason = ""

    @property
    def requested(self) -> bool:
        return self._event.is_set()

    def request(self, reason: str) -> None:
        """Ask for an orderly stop. Asking again changes nothing."""
        if not self._event.is_set():
            self.reason = reason
            self._event.set()

    async def wait(self) -> None:
        await self._event.wait()


class NodeProcess:
    """What the frame gives to a node's main function."""

    def __init__(self, settings: Settings) -> None:
        self.settings: Final = settings
        self.stop: Final = StopRequest()
        self.metrics: Final = Metrics()

    def started(self) -> None:
        """The node is up: freeze the garbage collector, and say which settings have no effect on it."""
        freeze_collector()
        for given in self.settings.unread():
            log.warning("setting has no effect on this node", setting=given.name, place=given.place)


def run_process(main: Callable[[NodeProcess], Awaitable[None]], settings: Settings, **bound: object) -> int:
    """Run a node until it ends or a signal stops it; the exit code. `bound` is in each event of its log.

    SIGTERM and SIGINT ask for an orderly stop; a second one ends the process at once. `main` must return soon after
    `process.stop` is requested.
    """
    try:
        writer = logging.set_up(settings, **bound)
    except NodeFailure as error:
        return report(error)
    for reason in settings.ignored:
        log.warning("variable ignored", reason=reason)
    try:
        trio.run(_run, main, settings)
    except BaseException as error:  # noqa: BLE001 - the process ends here, and `report` tells why
        return report(error, log_is_apart=settings.optional_str("barnabas.log.file") is not None)
    finally:
        writer.close()
    return EXIT_STOPPED


def report(error: BaseException, *, log_is_apart: bool = False) -> int:
    """Tell standard error what ended a process, and give the exit code for it. For errors of any kind, also in groups.

    `log_is_apart`: the log is not standard error, and gets an event as well.
    """
    if settings_error := _first(error, SettingsError):
        print(*settings_error.mistakes, sep="\n", file=sys.stderr)
        return EXIT_SETTINGS
    if failure := _first(error, NodeFailure):
        if log_is_apart:
            log.error("node failed", reason=str(failure))
        print(failure, file=sys.stderr)
        return EXIT_FAILED
    if _first(error, KeyboardInterrupt):
        return 128 + signal.SIGINT
    log.critical("node crashed", exc_info=error)
    print(f"crashed: {cause_of(error)!r}; the log has the traceback", file=sys.stderr)
    return EXIT_FAILED


async def _run(main: Callable[[NodeProcess], Awaitable[None]], settings: Settings) -> None:
    process, delay = NodeProcess(settings), LoopDelay()
    with CollectorPauses() as pauses:
        add_probe_metrics(process.metrics, delay, pauses)
        async with trio.open_nursery() as nursery:
            await nursery.start(_watch_signals, process.stop)
            nursery.start_soon(delay.run)
            await main(process)
            nursery.cancel_scope.cancel()
    log.info("node stopped", reason=process.stop.reason)


async def _watch_signals(stop: StopRequest, task_status: trio.TaskStatus[None]) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for number in signals:
            name = signal.Signals(number).name
            if stop.requested:
                raise NodeFailure(f"{name} again: ended before the stop was complete")
            log.info("stopping", reason=name)
            stop.request(name)


def _first(error: BaseException, kind: type[E]) -> E | None:
    return next((leaf for leaf in _leaves(error) if isinstance(leaf, kind)), None)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error

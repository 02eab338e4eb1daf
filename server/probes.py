"""What a process knows about its own health: how late its event loop is, how long the garbage collector stops it."""

from __future__ import annotations

import gc
import time
from typing import Final

import trio

from barnabas.server.metrics import Histogram, Metrics

_PERIOD: Final = 0.5


class LoopDelay:
    """Measures how much later than asked for a task runs, twice a second."""

    def __init__(self) -> None:
        self.delays: Final = Histogram()
        self.last = 0.0
        """The last delay, in seconds."""

    async def run(self) -> None:
        """Measure for ever."""
        while True:
            due = trio.current_time() + _PERIOD
            await trio.sleep_until(due)
            self.last = max(0.0, trio.current_time() - due)
            self.delays.observe(self.last)


class CollectorPauses:
    """Measures each run of Python's garbage collector while it is entered as a context manager."""

    def __init__(self) -> None:
        self.pauses: Final = Histogram()
        self._began = 0.0

    def __enter__(self) -> CollectorPauses:
        gc.callbacks.append(self._observe)
        return self

    def __exit__(self, *_: object) -> None:
        gc.callbacks.remove(self._observe)

    def _observe(self, phase: str, _: object) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        else:
            self.pauses.observe(time.perf_counter() - self._began)


def freeze_collector() -> None:
    """Take all that exists now out of the garbage collector's sight, and let it look at the rest less often.

    Called once a process has started: what lives then lives as long as the process, and need not be visited again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def add_probe_metrics(metrics: Metrics, delay: LoopDelay, pauses: CollectorPauses) -> None:
    """Event loop delay and collector pauses."""
    metrics.histogram(
        "barnabas_event_loop_delay_seconds", "How late the event loop runs what is due", lambda: {(): delay.delays}
    )
    metrics.histogram(
        "barnabas_gc_pause_seconds", "How long the garbage collector stopped the process", lambda: {(): pauses.pauses}
    )

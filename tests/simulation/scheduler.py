"""Runs trio so that everything follows from the seed: its clock jumps to the next deadline, and it shuffles the tasks
that can run by random numbers of ours.

trio has no public way to do the second (python-trio/trio#890): two private names are set, and checked first, so that
another version of trio that has them no more is noticed here.
"""

from __future__ import annotations

import gc
import math
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from heapq import heappop, heappush
from typing import Any, Final

import trio
from trio._core import _run as trio_core

_LONG: Final = 3600.0
_OBJECTS_BETWEEN_COLLECTIONS: Final = 50_000
_ROUNDS_BETWEEN_LOOKS: Final = 100


class _FewLooks:
    """trio's look at sockets. A simulation has none, and Ctrl-C can wait for a hundred rounds of the event loop."""

    def __init__(self, looks: Any) -> None:
        self._looks = looks
        self._rounds = 0

    def get_events(self, timeout: float) -> Any:
        self._rounds += 1
        return self._looks.get_events(timeout) if timeout or self._rounds % _ROUNDS_BETWEEN_LOOKS == 0 else ()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._looks, name)


class JumpingClock(trio.abc.Clock):
    """Begins at 0, and jumps when trio asks how long to sleep, which it does when no task can run.

    As trio's MockClock, which takes twice as many rounds of the event loop.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._alarms: list[tuple[float, int, Alarm]] = []
        self._number = 0

    def start_clock(self) -> None:
        context: Any = trio_core.GLOBAL_RUN_CONTEXT
        context.runner.io_manager = _FewLooks(context.runner.io_manager)

    def current_time(self) -> float:
        return self._now

    def deadline_to_sleep_time(self, deadline: float) -> float:
        alarms = self._alarms
        while alarms and not alarms[0][2].rings_at(alarms[0][0]):
            heappop(alarms)
        if alarms:
            deadline = min(deadline, alarms[0][0])
        if deadline == math.inf:
            return _LONG
        now = self._now = max(self._now, deadline)
        while alarms and alarms[0][0] <= now:
            due, _, alarm = heappop(alarms)
            if alarm.rings_at(due):
                alarm.ring()
        return 0.0

    def set(self, due: float, alarm: Alarm) -> None:
        """It rings when no task can run any more before `due`."""
        self._number += 1
        heappush(self._alarms, (due, self._number, alarm))


class Alarm:
    """For one task, on this clock: as a cancel scope with a deadline, at a fifth of the price."""

    __slots__ = ("_clock", "_task", "_until")

    def __init__(self, clock: JumpingClock) -> None:
        self._clock = clock
        self._task: trio.lowlevel.Task | None = None
        self._until = math.inf

    async def wait(self, until: float) -> None:
        """Until that time, or until `ring`; infinite for ever."""
        self._task, self._until = trio.lowlevel.current_task(), until
        if until != math.inf:
            self._clock.set(until, self)
        await trio.lowlevel.wait_task_rescheduled(self._abort)

    async def sleep(self, seconds: float) -> None:
        """Whatever is cancelled meanwhile."""
        self._task, self._until = trio.lowlevel.current_task(), self._clock.current_time() + seconds
        self._clock.set(self._until, self)
        await trio.lowlevel.wait_task_rescheduled(lambda _: trio.lowlevel.Abort.FAILED)

    def bring_forward(self, until: float) -> None:
        """Who waits until later waits until then only."""
        if self._task is not None and until < self._until:
            self._until = until
            self._clock.set(until, self)

    def ring(self) -> None:
        """Wake who waits, if anybody does."""
        if self._task is not None:
            trio.lowlevel.reschedule(self._task)
            self._task = None

    def rings_at(self, due: float) -> bool:
        """Whether somebody waits until then, and not until another time by now."""
        return self._task is not None and self._until == due

    def _abort(self, _: object) -> trio.lowlevel.Abort:
        self._task = None
        return trio.lowlevel.Abort.SUCCEEDED


def alarm() -> Alarm:
    """One on the clock of the run that this is called in."""
    clock = trio.lowlevel.current_clock()
    assert isinstance(clock, JumpingClock)
    return Alarm(clock)


def check_private_names() -> None:
    """That trio still is as we need it."""
    assert isinstance(getattr(trio_core, "_r", None), random.Random), f"trio {trio.__version__} has no _run._r"
    assert isinstance(getattr(trio_core, "_ALLOW_DETERMINISTIC_SCHEDULING", None), bool), (
        f"trio {trio.__version__} has no _run._ALLOW_DETERMINISTIC_SCHEDULING"
    )


def run(seed: int, main: Callable[[], Awaitable[Any]]) -> Any:
    """What `main` returns, in a run that is the same for the same seed. Time begins at 0."""
    check_private_names()
    shuffle, before = trio_core._r, trio_core._r.getstate()
    was_deterministic = trio_core._ALLOW_DETERMINISTIC_SCHEDULING
    shuffle.seed(seed)
    trio_core._ALLOW_DETERMINISTIC_SCHEDULING = True
    try:
        with rare_collections():
            return trio.run(main, clock=JumpingClock())
    finally:
        trio_core._ALLOW_DETERMINISTIC_SCHEDULING = was_deterministic
        shuffle.setstate(before)


@contextmanager
def rare_collections() -> Iterator[None]:
    """Cyclic garbage is looked for seldom meanwhile, and not among what was there before: 7 % of the time."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()

"""Work that must not hold up the event loop, and work that is to be done after what is being done now.

`Background` is what the replica manager sees. `EventLoopBackground` does it on trio: one task that is woken when
there is something to do soon, and a task for each piece of work in a thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

import trio

from barnabas.server.environment import Threads, in_thread
from barnabas.storage.disk import StorageError


class Background(Protocol):
    """Where slow and deferred work goes. Calls come back on the event loop."""

    def soon(self, call: Callable[[], None]) -> None:
        """Call once the tasks that can run now have run:

        What several of them ask for meanwhile is then done together.
        """
        ...

    def in_thread(
        self, work: Callable[[], object], then: Callable[[], None], failed: Callable[[StorageError], None]
    ) -> None:
        """Run `work` in a thread, then call `then`, or `failed` if it raised a StorageError."""
        ...


class EventLoopBackground:
    """Background work on trio; `nursery` holds a task for each piece of work in a thread."""

    def __init__(self, nursery: trio.Nursery, threads: Threads = in_thread, *, at_once: int = 8) -> None:
        self._nursery = nursery
        self._threads = threads
        self._limiter = trio.CapacityLimiter(at_once)
        self._calls: deque[Callable[[], None]] = deque()
        self._parked: trio.lowlevel.Task | None = None

    def soon(self, call: Callable[[], None]) -> None:
        self._calls.append(call)
        if self._parked is not None:
            trio.lowlevel.reschedule(self._parked)
            self._parked = None

    def in_thread(
        self, work: Callable[[], object], then: Callable[[], None], failed: Callable[[StorageError], None]
    ) -> None:
        self._nursery.start_soon(self._work, work, then, failed)

    async def run(self) -> None:
        """Make the calls asked for by `soon`, for ever. An exception in one is a bug and ends it."""
        calls = self._calls
        while True:
            while calls:
                calls.popleft()()
            self._parked = trio.lowlevel.current_task()
            await trio.lowlevel.wait_task_rescheduled(self._abort)

    def _abort(self, _: object) -> trio.lowlevel.Abort:
        self._parked = None
        return trio.lowlevel.Abort.SUCCEEDED

    async def _work(
        self, work: Callable[[], object], then: Callable[[], None], failed: Callable[[StorageError], None]
    ) -> None:
        try:
            async with self._limiter:
                await self._threads(work)
        except StorageError as error:
            failed(error)
        else:
            then()

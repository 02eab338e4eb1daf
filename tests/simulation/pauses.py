"""Processes that stand still and go on, as if stopped by a signal or a hypervisor.

Everything runs in one event loop, so a process is stopped by keeping its tasks from running: each task that trio
schedules is taken out of its queue again while the host that it belongs to is paused. What arrives meanwhile waits in
sockets, and all timers that ran out go off when the process goes on, as in the world.

trio has no public way to do this: besides an instrument, the queue of its runner is used, and checked at each use.
"""

from __future__ import annotations

from collections import deque
from contextvars import ContextVar
from typing import Any

import trio
from trio._core import _run as trio_core

HOST: ContextVar[str] = ContextVar("host", default="")
"""The simulated host on which a task runs; tasks inherit it."""


class Pauses(trio.abc.Instrument):
    """Which hosts stand still."""

    def __init__(self) -> None:
        self._held: dict[str, list[Any]] = {}

    def is_paused(self, host: str) -> bool:
        return host in self._held

    def pause(self, host: str) -> None:
        """No task of this host runs any more, until `resume`; but one that was about to run takes its step."""
        if not self._held:
            trio.lowlevel.add_instrument(self)
        if host not in self._held:
            queue = _queue()
            self._held[host] = [task for task in queue if task.context.get(HOST) == host]
            for task in self._held[host]:
                queue.remove(task)

    def resume(self, host: str) -> None:
        """The host goes on, if it stood still."""
        if host in self._held:
            _queue().extend(self._held.pop(host))
            if not self._held:
                trio.lowlevel.remove_instrument(self)

    def task_scheduled(self, task: Any) -> None:
        """For trio: the task has just been put into the queue."""
        held = self._held.get(task.context.get(HOST))
        if held is not None:
            last = _queue().pop()
            assert last is task, f"trio {trio.__version__} does not put a task at its queue's end"
            held.append(task)


def _queue() -> deque[Any]:
    context: Any = trio_core.GLOBAL_RUN_CONTEXT
    queue = context.runner.runq
    assert isinstance(queue, deque), f"trio {trio.__version__} has another queue"
    return queue

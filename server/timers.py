"""Calls at a time: one heap and one task, however many timers there are. Setting and cancelling cost no task switch."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Final

import trio

_COMPACT_ABOVE: Final = 256


class Timer:
    """A call that is due at `deadline`, in seconds of trio's clock."""

    __slots__ = ("_number", "_timers", "call", "deadline")

    def __init__(self, deadline: float, number: int, call: Callable[[], None], timers: Timers) -> None:
        self.deadline: Final = deadline
        self.call: Callable[[], None] | None = call
        self._number = number
        self._timers = timers

    def cancel(self) -> None:
        """Do not call. Nothing happens when it was called or cancelled before."""
        if self.call is not None:
            self.call = None
            self._timers._forget_one()

    @property
    def pending(self) -> bool:
        return self.call is not None

    def __lt__(self, other: Timer) -> bool:
        return (self.deadline, self._number) < (other.deadline, other._number)


class Timers:
    """All timers of a process. `run` must be running for them to be called; those due at one time are called in
    the order of setting.

    An exception in a call ends `run`: it is a bug, and the process must not go on without its timers.
    """

    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._cancelled = 0
        self._number = 0
        self._sleep: trio.CancelScope | None = None

    def __len__(self) -> int:
        """The number of timers that are still to be called."""
        return len(self._heap) - self._cancelled

    def call_at(self, deadline: float, call: Callable[[], None]) -> Timer:
        """Call at `deadline` (trio.current_time()'s seconds), or as soon as possible when that is past."""
        self._number += 1
        timer = Timer(deadline, self._number, call, self)
        heappush(self._heap, timer)
        if self._sleep is not None and deadline < self._sleep.deadline:
            self._sleep.deadline = deadline
        return timer

    async def run(self) -> None:
        """Call what is due, for ever."""
        while True:
            self._call_due(trio.current_time())
            with trio.CancelScope(deadline=self._next_deadline()) as self._sleep:
                await trio.sleep_forever()
            self._sleep = None

    def _call_due(self, now: float) -> None:
        heap = self._heap
        while heap and (heap[0].deadline <= now or heap[0].call is None):
            timer = heappop(heap)
            call, timer.call = timer.call, None
            if call is None:
                self._cancelled -= 1
            else:
                call()

    def _next_deadline(self) -> float:
        return self._heap[0].deadline if self._heap else float("inf")

    def _forget_one(self) -> None:
        """Cancelled timers stay in the heap until most of it is theirs: waiting fetches cancel nearly all that they
        set.
        """
        self._cancelled += 1
        if self._cancelled > _COMPACT_ABOVE and self._cancelled * 2 > len(self._heap):
            self._heap[:] = [
                timer for timer in self._heap if timer.call is not None
            ]  # in place: `_call_due` may be at it
            heapify(self._heap)
            self._cancelled = 0

"""Requests that wait with a limit on their time: acks=all produces and fetches without enough data.

Almost all of them end early, because what they wait for happens, so ending early must be cheap. Requests of one kind
come with few different time limits (a client's configuration), and those with the same limit run out in the order in
which they came. So there is a queue for each limit: to join is an append, to end early is to be marked. What is
marked is dropped once it is at the head, or, behind a head that stays, when the queue has doubled. There is one timer
for each queue, set to its head's time, rather than one for each request.

A pure core: `Purgatory` says when it wants to be called (`next_deadline`) and who has run out (`expire`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from barnabas.server.timers import Timer

_SWEEP_ABOVE: Final = 1024


class Waiting(Protocol):
    """A request in the purgatory."""

    done: bool
    deadline: float

    def expire(self) -> None:
        """Its time is up: answer with what there is. Called once, and only while not `done`."""
        ...


class _Queue:
    """Those with one limit, first come first."""

    __slots__ = ("sweep_above", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[Waiting] = deque()
        self.sweep_above = _SWEEP_ABOVE

    def add(self, waiting: Waiting) -> None:
        if len(self.waiting) >= self.sweep_above:
            self.waiting = deque(other for other in self.waiting if not other.done)
            self.sweep_above = max(_SWEEP_ABOVE, 2 * len(self.waiting))
        self.waiting.append(waiting)

    def head(self) -> Waiting | None:
        """The first that still waits; those before it are dropped."""
        waiting = self.waiting
        while waiting:
            if not waiting[0].done:
                return waiting[0]
            waiting.popleft()
        return None


class Purgatory:
    """Waiting requests by their time limit. Times are seconds."""

    __slots__ = ("_queues",)

    def __init__(self) -> None:
        self._queues: dict[float, _Queue] = {}

    def __len__(self) -> int:
        """How many wait; it counts them, so it is for metrics and tests."""
        return sum(not waiting.done for queue in self._queues.values() for waiting in queue.waiting)

    def add(self, waiting: Waiting, limit: float, now: float) -> bool:
        """Let a request wait for `limit` seconds from now.

        Whether it is the first of this limit, so that a timer must be set.
        """
        waiting.deadline = now + limit
        queue = self._queues.get(limit)
        is_new = queue is None
        if queue is None:
            queue = self._queues[limit] = _Queue()
        queue.add(waiting)
        return is_new

    def next_deadline(self, limit: float) -> float | None:
        """When the first of this limit runs out; None when nobody is left, and the queue is gone."""
        queue = self._queues.get(limit)
        head = queue.head() if queue is not None else None
        if head is None:
            self._queues.pop(limit, None)
            return None
        return head.deadline

    def expire(self, limit: float, now: float) -> list[Waiting]:
        """Take out those of this limit whose time is up, first come first."""
        queue, expired = self._queues.get(limit), []
        while queue is not None and (head := queue.head()) is not None and head.deadline <= now:
            expired.append(queue.waiting.popleft())
        return expired


class TimerSource(Protocol):
    """`barnabas.server.timers.Timers`."""

    def call_at(self, deadline: float, call: Callable[[], None]) -> Timer: ...


class TimedPurgatory:
    """The purgatory with its timers."""

    __slots__ = ("_clock", "_purgatory", "_timers")

    def __init__(self, timers: TimerSource, clock: Callable[[], float]) -> None:
        self._timers: Final = timers
        self._clock: Final = clock
        self._purgatory = Purgatory()

    def __len__(self) -> int:
        return len(self._purgatory)

    def add(self, waiting: Waiting, limit: float) -> None:
        """Let a request wait for `limit` seconds from now; its `expire` is called then, unless it is `done`."""
        if self._purgatory.add(waiting, limit, self._clock()):
            self._set_timer(limit)

    def _set_timer(self, limit: float) -> None:
        deadline = self._purgatory.next_deadline(limit)
        if deadline is not None:
            self._timers.call_at(deadline, lambda: self._run(limit))

    def _run(self, limit: float) -> None:
        for waiting in self._purgatory.expire(limit, self._clock()):
            if not waiting.done:  # the one before it may have ended it
                waiting.expire()
        self._set_timer(limit)

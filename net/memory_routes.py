"""One way from a host to another, in memory, and one direction of a connection on it: when bytes are there, if ever.

Apart from `memory.py` only for its length; nobody else imports this.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

import trio

NEVER: Final = float("inf")
_PRUNE_ABOVE: Final = 64


class Alarm(Protocol):
    """Wakes the one task that reads what comes in one direction of a connection. Times are trio's."""

    async def wait(self, until: float) -> None:
        """Until that time, or until `ring`; infinite for ever."""

    def bring_forward(self, until: float) -> None:
        """Who waits until later waits until then only."""

    def ring(self) -> None:
        """Wake who waits, if anybody does."""


class TrioAlarm:
    """Works on any clock of trio's."""

    __slots__ = ("_scope",)

    def __init__(self) -> None:
        self._scope = trio.CancelScope()

    async def wait(self, until: float) -> None:
        with trio.CancelScope(deadline=until) as self._scope:
            await trio.sleep_forever()

    def bring_forward(self, until: float) -> None:
        self._scope.deadline = min(self._scope.deadline, until)

    def ring(self) -> None:
        self._scope.cancel()


class Route:
    """The way from one host to another, of all connections there: how long bytes take, and whether they arrive."""

    __slots__ = ("_healed", "_latency", "_pipes", "is_cut")

    def __init__(self, latency: Callable[[], float]) -> None:
        """`latency` gives the seconds that the next bytes take."""
        self._latency = latency
        self._pipes: dict[Pipe, None] = {}
        self._healed = trio.lowlevel.ParkingLot()
        self.is_cut = False

    def add(self, pipe: Pipe) -> None:
        if len(self._pipes) > _PRUNE_ABOVE:
            self._pipes = {each: None for each in self._pipes if not each.is_done}
        self._pipes[pipe] = None

    def arrival(self) -> float:
        """When something that leaves now is there; infinite while the route is cut."""
        return NEVER if self.is_cut else trio.current_time() + self._latency()

    async def cross(self) -> None:
        """Wait as long as something that leaves now is on its way."""
        while (due := self.arrival()) == NEVER:
            await self._healed.park()
        await trio.sleep_until(due)

    def cut(self) -> None:
        """Nothing that is on its way arrives, nor anything that is sent from now on."""
        self.is_cut = True
        for pipe in self._pipes:
            pipe.hold()

    def heal(self) -> None:
        """What was held up sets out anew."""
        if self.is_cut:
            self.is_cut = False
            self._healed.unpark_all()
            for pipe in self._pipes:
                pipe.send_again()


class Pipe:
    """One direction: chunks with the time at which each is there. `wakes` holds who waits for room, `alarm` wakes the
    one task that reads when something is there.
    """

    __slots__ = (
        "alarm",
        "broken",
        "capacity",
        "chunks",
        "ended_at",
        "is_clogged",
        "is_deaf",
        "observe",
        "route",
        "size",
        "wakes",
    )

    def __init__(
        self, route: Route, capacity: int, alarm: Alarm, observe: Callable[[memoryview], None] | None = None
    ) -> None:
        self.route: Final = route
        self.capacity: Final = capacity
        self.observe: Final = observe
        self.chunks: deque[tuple[float, memoryview]] = deque()
        self.size = 0
        self.ended_at: float | None = None  # when the reader sees the end
        self.is_clogged = False
        self.is_deaf = False  # the reader has closed: what is sent goes nowhere
        self.broken = False
        self.wakes: Final = trio.lowlevel.ParkingLot()
        self.alarm: Final = alarm
        route.add(self)

    @property
    def is_done(self) -> bool:
        return self.broken or self.is_deaf or (self.ended_at is not None and self.ended_at < trio.current_time())

    def write(self, data: memoryview) -> int:
        count = len(data) if self.is_deaf else min(len(data), self.capacity - self.size)
        if count and not self.is_deaf:
            taken = memoryview(bytes(data[:count]))
            if self.observe is not None:
                self.observe(taken)
            self.chunks.append((self._arrival(), taken))
            self.size += count
            self.alarm.bring_forward(self.chunks[0][0])
        return count

    def _arrival(self) -> float:
        """Not before what was sent before."""
        return max(self._crossed(), self.chunks[-1][0]) if self.chunks else self._crossed()

    def _crossed(self) -> float:
        return NEVER if self.is_clogged else self.route.arrival()

    def read_into(self, view: memoryview) -> int:
        if not self.chunks:
            return 0
        now, filled = trio.current_time(), 0
        while self.chunks and filled < len(view) and self.chunks[0][0] <= now:
            arrived, chunk = self.chunks.popleft()
            count = min(len(chunk), len(view) - filled)
            view[filled : filled + count] = chunk[:count]
            filled += count
            if count < len(chunk):
                self.chunks.appendleft((arrived, chunk[count:]))
        self.size -= filled
        if filled:
            self.wakes.unpark_all()
        return filled

    def readable_at(self) -> float:
        """When a read will not block, as far as is known now."""
        if self.broken:
            return 0.0
        if self.chunks:
            return self.chunks[0][0]
        return NEVER if self.ended_at is None else self.ended_at

    def end(self) -> None:
        if self.ended_at is None:
            self.ended_at = self._arrival()
        self.wake_all()

    def wake_all(self) -> None:
        """Who waits looks again."""
        self.wakes.unpark_all()
        self.alarm.ring()

    def go_deaf(self) -> None:
        self.is_deaf = True
        self.chunks.clear()
        self.size = 0
        self.wake_all()

    def hold(self) -> None:
        """The route is cut, or this way clogged: what is not there yet will not be."""
        now = trio.current_time()
        self.chunks = deque((due if due <= now else NEVER, chunk) for due, chunk in self.chunks)
        if self.ended_at is not None and self.ended_at > now:
            self.ended_at = NEVER

    def send_again(self) -> None:
        """The route is healed, or this way unclogged."""
        due = 0.0
        for _ in range(len(self.chunks)):
            arrives, chunk = self.chunks.popleft()
            due = max(due, self._crossed() if arrives == NEVER else arrives)
            self.chunks.append((due, chunk))
        if self.ended_at == NEVER:
            self.ended_at = max(due, self._crossed())
        self.wake_all()

    def break_off(self) -> None:
        self.broken = True
        self.chunks.clear()
        self.size = 0
        self.wake_all()

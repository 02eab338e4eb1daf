"""One shard of a coordinator: one partition of its topic, led by this broker in one leader epoch.

A shard is born with a new machine when its broker becomes the partition's leader, lives for that one leader epoch, and
is thrown away, machine and all, when the epoch ends, the replica goes, or an invariant breaks:

    LOADING   the log is read from its start and replayed; then it waits until all that was loaded is committed
    ACTIVE    requests are decided: decide, append, replay, reply
    CLOSED    whoever waited has been told that the coordinator is elsewhere; nothing brings it back

What it keeps true: it decides nothing before it knows all that was decided in earlier epochs; it appends in its own
epoch only, so that a coordinator which does not know yet that it was replaced can do no harm; each waiter of a decision
is answered once, with success only when the decision's records are committed.

- A decision is replayed when it is appended, and answered when the high watermark has passed it. Who waits longer than
  the write timeout is told that the coordinator is not available; the records may still be committed.
- A request may be parked in the machine (a join waits for other members): then another decision answers it.
- What is due by time is a decision as well: one timer is kept at the machine's next deadline, or earlier.
- An exception that is no `WireError` is a broken invariant: it is logged, the shard closes, and its owner loads another
  one. The broker goes on.

Callbacks of one call may lead to another (an answer lets a request of another API go on); only commits that happen in
the middle of an append are put off to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from barnabas.broker.coordinator.answers import Decision, Waiter, as_coordinator_error
from barnabas.broker.coordinator.records import CoordinatorRecord
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.server.logging import get_logger
from barnabas.server.runtime import Log, Machine, Runtime

if TYPE_CHECKING:
    from barnabas.broker.coordinator.answers import Answer
    from barnabas.broker.purgatory import TimedPurgatory, TimerSource
    from barnabas.server.timers import Timer

log = get_logger(__name__)

_RETRY_SECONDS: Final = 0.5
"""After a decision that was due by time could not be written."""
_DUE_AT_ONCE: Final = 100
"""Decisions in a row that are due by time, before others get their turn."""
_TURN_SECONDS: Final = 0.001


class CoordinatorMachine(Machine[CoordinatorRecord], Protocol):
    """What a shard asks of its machine. Times are seconds of the monotonic clock, `now_ms` is the wall clock in ms."""

    def next_deadline(self) -> float | None:
        """When something is due, seconds; None if nothing is. Asked after each decision: it must be cheap."""
        ...

    def handle_deadline(self, now: float, now_ms: int) -> Decision:
        """Decide what is due by now. Asked again until nothing is due."""
        ...

    def loaded(self, now: float, now_ms: int) -> None:
        """All records are replayed, and requests may come."""
        ...

    def closed(self) -> list[Waiter]:
        """The shard has closed: the parked waiters, to be told."""
        ...


M = TypeVar("M", bound=CoordinatorMachine)


class ShardState(Enum):
    """See the module's text."""

    LOADING = auto()
    ACTIVE = auto()
    CLOSED = auto()


@dataclass(frozen=True, slots=True)
class ShardEnvironment:
    """What the shards of a coordinator share. Times are seconds, `clock_ms` is the wall clock in ms."""

    clock: Callable[[], float]
    clock_ms: Callable[[], int]
    timers: TimerSource
    waiting: TimedPurgatory
    write_timeout: float


class Shard(Generic[M]):
    """See the module's text."""

    def __init__(
        self,
        partition: int,
        leader_epoch: int,
        machine: M,
        end: Log[CoordinatorRecord],
        environment: ShardEnvironment,
        broken: Callable[[], None],
    ) -> None:
        """`broken` is called when the shard has closed by itself, because it cannot go on."""
        self.partition: Final = partition
        self.leader_epoch: Final = leader_epoch
        self.machine: Final = machine
        self.state = ShardState.LOADING
        self._environment: Final = environment
        self._broken: Final = broken
        self._runtime: Final = Runtime(machine, end, not_leader=_not_coordinator)
        self._invariants: Final = _Invariants(self._break)
        self._timer: Timer | None = None
        self._not_before = 0.0
        self._deciding_what_is_due = False
        self._appending = False
        self._high_watermark = 0

    def __str__(self) -> str:
        return f"shard {self.partition} epoch {self.leader_epoch} {self.state.name}"

    @property
    def active(self) -> bool:
        """Whether it serves requests."""
        return self.state is ShardState.ACTIVE

    @property
    def waiting(self) -> int:
        """How many decisions wait for their commit."""
        return self._runtime.waiting

    # Loading

    def replay(self, records: Sequence[CoordinatorRecord], last_offset: int) -> None:
        """Records that are in the log. They count as committed here: nobody is served before they are."""
        if records and self.state is ShardState.LOADING:
            with self._invariants:
                self._runtime.replay_committed(records, last_offset, self.leader_epoch)

    def activate(self, high_watermark: int) -> None:
        """All that the log holds is replayed and committed: serve."""
        self.state = ShardState.ACTIVE
        self._high_watermark = high_watermark
        self._runtime.lead(self.leader_epoch)
        with self._invariants:
            self.machine.loaded(self._environment.clock(), self._environment.clock_ms())
            self._set_timer()

    # Serving

    def submit(self, decide: Callable[[M, float, int], Decision], waiter: Waiter | None = None) -> None:
        """Decide, append, replay; answers leave once all is committed.

        `decide` gets the machine, seconds and the wall clock in ms. A `WireError` of it goes to `waiter`, and so does
        one of the append; `waiter` may be among those that the decision answers, or be parked by it.
        """
        if self.state is not ShardState.ACTIVE:
            if waiter is not None:
                waiter.fail(_not_coordinator())
            return
        self._submit(_Pending(waiter), decide)

    def _submit(self, pending: _Pending, decide: Callable[[M, float, int], Decision]) -> None:
        environment = self._environment

        def made() -> Decision:
            decision = decide(self.machine, environment.clock(), environment.clock_ms())
            pending.answers = decision.reply
            return decision

        with self._invariants:
            self._appending = True
            self._runtime.submit(made, pending.finish)
            self._appending = False
            if not self._runtime.leading:
                self._break(None)
            else:
                self._runtime.commit(self._high_watermark - 1)
            self._set_timer()
        if not pending.done:
            if self.state is ShardState.CLOSED:
                pending.fail(_not_coordinator())
            else:
                environment.waiting.add(pending, environment.write_timeout)

    def committed(self, high_watermark: int) -> None:
        """The partition's high watermark has moved: give the answers that waited for it."""
        self._high_watermark = high_watermark
        if self.state is ShardState.ACTIVE and not self._appending:
            with self._invariants:
                self._runtime.commit(high_watermark - 1)

    def close(self, error: WireError | None = None) -> None:
        """Serve nothing any more, and tell all who wait."""
        if self.state is ShardState.CLOSED:
            return
        self.state = ShardState.CLOSED
        if self._timer is not None:
            self._timer.cancel()
        error = error or _not_coordinator()
        with self._invariants:
            self._runtime.resign(error)
            for waiter in self.machine.closed():
                waiter.fail(error)

    def _break(self, error: Exception | None) -> None:
        """This cannot go on. `error` is None where the log failed, which has been told."""
        if error is not None:
            log.error("coordinator broken", shard=str(self), machine=str(self.machine), exc_info=error)
        if self.state is ShardState.CLOSED:
            return
        self._appending = False
        self.close()
        self._broken()

    # What is due by time

    def _set_timer(self) -> None:
        """The timer is never later than the next deadline. Earlier does not matter, and spares setting it anew for
        each heartbeat that puts a deadline off.
        """
        if self.state is not ShardState.ACTIVE or self._deciding_what_is_due:
            return
        deadline = self.machine.next_deadline()
        if deadline is None:
            return
        deadline = max(deadline, self._not_before)
        timer = self._timer
        if timer is not None and timer.pending:
            if timer.deadline <= deadline:
                return
            timer.cancel()
        self._timer = self._environment.timers.call_at(deadline, self._decide_what_is_due)

    def _decide_what_is_due(self) -> None:
        self._timer = None
        with self._invariants:
            self._deciding_what_is_due = True
            self._not_before = self._decide_while_due(self._environment.clock())
            self._deciding_what_is_due = False
            self._set_timer()

    def _decide_while_due(self, now: float) -> float:
        """When the next deadline may be looked at."""
        for _ in range(_DUE_AT_ONCE):
            if self.state is not ShardState.ACTIVE or not self._is_due(now):
                return now
            pending = _Pending(None)
            self._submit(pending, lambda machine, now, now_ms: machine.handle_deadline(now, now_ms))
            if pending.failed:
                return now + _RETRY_SECONDS
        return now + _TURN_SECONDS

    def _is_due(self, now: float) -> bool:
        deadline = self.machine.next_deadline()
        return deadline is not None and deadline <= now


class _Invariants:
    """Wherever the machine is called, or someone is answered: what is raised there is a bug, and the shard's end."""

    __slots__ = ("_broken",)

    def __init__(self, broken: Callable[[Exception], None]) -> None:
        self._broken = broken

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, Exception):
            return False
        self._broken(error)
        return True


class _Pending:
    """A decision on its way, and who is to be told of its end. Waits in the purgatory until then."""

    __slots__ = ("_waiter", "answers", "deadline", "done", "failed")

    def __init__(self, waiter: Waiter | None) -> None:
        self._waiter = waiter
        self.answers: list[Answer] | None = None
        """Set when the decision is made."""
        self.done = False
        self.failed = False
        self.deadline = 0.0

    def finish(self, result: list[Answer] | WireError) -> None:
        """The decision is committed, or was not made, or will never be known to be committed."""
        if isinstance(result, WireError):
            self.fail(result if self.answers is None else as_coordinator_error(result))
        elif not self.done:
            self.done = True
            for waiter, response in result:
                waiter.reply(response)

    def fail(self, error: WireError) -> None:
        """Tell all waiters, also the one who asked for the decision, if it was to be answered by a later one."""
        if self.done:
            return
        self.done = self.failed = True
        waiters = [waiter for waiter, _ in self.answers or ()]
        if self._waiter is not None and self._waiter not in waiters:
            waiters.append(self._waiter)
        for waiter in waiters:
            waiter.fail(error)

    def expire(self) -> None:
        """The commit takes too long. Who asked, but is to be answered by a later decision, goes on waiting."""
        self._waiter = None
        self.fail(WireError(ErrorCode.COORDINATOR_NOT_AVAILABLE))


def _not_coordinator() -> WireError:
    return WireError(ErrorCode.NOT_COORDINATOR)

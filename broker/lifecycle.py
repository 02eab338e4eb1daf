"""The life of a broker as its controller sees it: registration, heartbeats, fencing, controlled shutdown.

What it keeps true (KIP-631):
- A broker that runs is registered, and every incarnation has its own broker epoch. At most one registration or
  heartbeat is under way.
- It asks to be unfenced only when it may serve: its metadata has caught up and its logs are open.
- A failure is answered by trying again, soon at first and then ever more slowly, never faster than `MIN_BACKOFF` and
  never slower than `MAX_BACKOFF`: a controller fences a broker that does not come back within a quarter of a second.
- Whoever asks it to stop gets an end: when the controller grants the controlled shutdown, when it has been silent for
  `QUORUM_SILENCE`, or when the limit has passed, whichever is first.

Transitions:

    NOT_RUNNING                  -> STARTING                     start
    STARTING                     -> RECOVERY                     the controller says that we have caught up
    RECOVERY                     -> RUNNING                      the controller has unfenced us
    RUNNING                      -> PENDING_CONTROLLED_SHUTDOWN  begin_controlled_shutdown
    any                          -> SHUTTING_DOWN                begin_shutdown, a failure, the end of the above

The driver owns the connection: it calls `next_request` when something happened or `next_deadline` has come, sends
what it gets, and hands back the answer or the failure.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from barnabas.protocol.errors import ErrorCode

MIN_BACKOFF = 0.02
MAX_BACKOFF = 1.0
QUORUM_SILENCE = 2.0
CONTROLLED_SHUTDOWN_LIMIT = 300.0

_CATCH_UP_INTERVAL = 0.01
_FENCED_INTERVAL = 0.05
_SHUTDOWN_INTERVAL = 0.05

_REGISTER_AGAIN = frozenset({ErrorCode.STALE_BROKER_EPOCH, ErrorCode.BROKER_ID_NOT_REGISTERED})


class BrokerState(enum.IntEnum):
    """Kafka's states of a broker, with the numbers that its metrics show."""

    NOT_RUNNING = 0
    STARTING = 1
    RECOVERY = 2
    RUNNING = 3
    PENDING_CONTROLLED_SHUTDOWN = 6
    SHUTTING_DOWN = 7


TRANSITIONS: dict[BrokerState, frozenset[BrokerState]] = {
    BrokerState.NOT_RUNNING: frozenset({BrokerState.STARTING, BrokerState.SHUTTING_DOWN}),
    BrokerState.STARTING: frozenset({BrokerState.RECOVERY, BrokerState.SHUTTING_DOWN}),
    BrokerState.RECOVERY: frozenset({BrokerState.RUNNING, BrokerState.SHUTTING_DOWN}),
    BrokerState.RUNNING: frozenset({BrokerState.PENDING_CONTROLLED_SHUTDOWN, BrokerState.SHUTTING_DOWN}),
    BrokerState.PENDING_CONTROLLED_SHUTDOWN: frozenset({BrokerState.SHUTTING_DOWN}),
    BrokerState.SHUTTING_DOWN: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Register:
    """Send a BrokerRegistration. `previous_broker_epoch` is -1 unless the last shutdown was clean."""

    previous_broker_epoch: int

    def __str__(self) -> str:
        return f"register previous_broker_epoch={self.previous_broker_epoch}"


@dataclass(frozen=True, slots=True)
class Beat:
    """Send a BrokerHeartbeat; the driver adds the broker's metadata offset at that moment."""

    broker_epoch: int
    want_fence: bool
    want_shut_down: bool
    offline_log_dirs: tuple[bytes, ...]

    def __str__(self) -> str:
        return f"beat epoch={self.broker_epoch} want_fence={self.want_fence} want_shut_down={self.want_shut_down}"


@dataclass(frozen=True, slots=True)
class BeatAnswer:
    """What a BrokerHeartbeat was answered with."""

    error: ErrorCode
    is_caught_up: bool = False
    is_fenced: bool = True
    should_shut_down: bool = False


class BrokerLifecycle:
    """See the module. Times are monotonic seconds."""

    def __init__(
        self,
        *,
        heartbeat_interval: float,
        registration_timeout: float,
        log_dir_failure_timeout: float = 30.0,
        previous_broker_epoch: int = -1,
    ) -> None:
        self.state = BrokerState.NOT_RUNNING
        self.broker_epoch = -1
        self.fenced = True
        """As the controller last said."""
        self.failure: str | None = None
        """Why it stopped by itself, in words for the operator."""
        self._heartbeat_interval = heartbeat_interval
        self._registration_timeout = registration_timeout
        self._log_dir_failure_timeout = log_dir_failure_timeout
        self._previous_broker_epoch = previous_broker_epoch
        self._registered = False
        self._ready_to_unfence = False
        self._in_flight: Register | Beat | None = None
        self._next_send: float | None = None
        self._send_again_at_once = False
        self._failures = 0
        self._registration_deadline: float | None = None
        self._last_error: ErrorCode | None = None
        self._offline_dirs: dict[bytes, float | None] = {}
        """Failed log directories; the deadline of telling the controller, None once it knows."""
        self._last_answer = 0.0
        self._shutdown_limit: float | None = None

    def __str__(self) -> str:
        return f"{self.state.name} epoch={self.broker_epoch} fenced={self.fenced} registered={self._registered}"

    @property
    def ready(self) -> bool:
        """Registered, unfenced and not on its way out."""
        return self.state is BrokerState.RUNNING and self._registered and not self.fenced

    # What the process asks for.

    def start(self, now: float) -> None:
        self._become(BrokerState.STARTING)
        self._registration_deadline = now + self._registration_timeout
        self._next_send = now

    def ready_to_unfence(self, now: float) -> None:
        """The logs are open and the first metadata image has been applied."""
        self._ready_to_unfence = True
        self._send_soon(now)

    def log_dir_failed(self, directory_id: bytes, now: float) -> None:
        if directory_id not in self._offline_dirs:
            self._offline_dirs[directory_id] = now + self._log_dir_failure_timeout
            self._send_soon(now)

    def beat_soon(self, now: float) -> None:
        """The controller waits for what the next heartbeat has to tell."""
        if self._registered:
            self._send_soon(now)

    def controller_changed(self, now: float) -> None:
        """Another controller is active: it shall hear of this broker at once."""
        self._failures = 0
        self._send_soon(now)

    def begin_controlled_shutdown(self, now: float, limit: float = CONTROLLED_SHUTDOWN_LIMIT) -> None:
        """Ask the controller to move leadership away first; at once when there is nothing to move or nobody to ask."""
        if self.state is BrokerState.RUNNING and self._registered:
            self._become(BrokerState.PENDING_CONTROLLED_SHUTDOWN)
            self._shutdown_limit = now + limit
            self._last_answer = now
            self._send_soon(now)
        elif self.state is not BrokerState.PENDING_CONTROLLED_SHUTDOWN:
            self.begin_shutdown()

    def begin_shutdown(self) -> None:
        if self.state is not BrokerState.SHUTTING_DOWN:
            self._become(BrokerState.SHUTTING_DOWN)
        self._next_send = None

    def fail(self, reason: str) -> None:
        """Stop because of this; the first reason counts."""
        if self.failure is None:
            self.failure = reason
        self.begin_shutdown()

    # What the driver asks and tells.

    def next_deadline(self) -> float | None:
        """When `next_request` should be called again though nothing has happened."""
        if self.state in (BrokerState.NOT_RUNNING, BrokerState.SHUTTING_DOWN):
            return None
        deadlines = [deadline for deadline in self._offline_dirs.values() if deadline is not None]
        if self._in_flight is None and self._next_send is not None:
            deadlines.append(self._next_send)
        if self._registration_deadline is not None:
            deadlines.append(self._registration_deadline)
        if self.state is BrokerState.PENDING_CONTROLLED_SHUTDOWN:
            assert self._shutdown_limit is not None
            deadlines.append(min(self._shutdown_limit, self._last_answer + QUORUM_SILENCE))
        return min(deadlines, default=None)

    def next_request(self, now: float) -> Register | Beat | None:
        """What to send now, if anything; until its answer or failure is handed in nothing else is."""
        self._expire(now)
        if self._in_flight is not None or self._next_send is None or now < self._next_send:
            return None
        self._next_send = None
        self._send_again_at_once = False
        if self._registered:
            self._in_flight = Beat(
                self.broker_epoch,
                want_fence=not self._ready_to_unfence,
                want_shut_down=self.state is BrokerState.PENDING_CONTROLLED_SHUTDOWN,
                offline_log_dirs=tuple(self._offline_dirs),
            )
        else:
            self._in_flight = Register(self._previous_broker_epoch)
        return self._in_flight

    def handle_registration(self, error: ErrorCode, broker_epoch: int, now: float) -> None:
        self._in_flight = None
        self._last_answer = now
        if self.state is BrokerState.SHUTTING_DOWN:
            return
        if error is ErrorCode.INCONSISTENT_CLUSTER_ID:
            self.fail("the controllers belong to another cluster than this broker's directories (meta.properties)")
        elif error is not ErrorCode.NONE:
            self._last_error = error
            self._retry(now)
        else:
            self._failures = 0
            self._registered = True
            self._registration_deadline = None
            self.broker_epoch = broker_epoch
            self._schedule(now)

    def handle_beat(self, answer: BeatAnswer, now: float) -> None:
        beat, self._in_flight = self._in_flight, None
        self._last_answer = now
        if self.state is BrokerState.SHUTTING_DOWN:
            return
        if answer.error in _REGISTER_AGAIN:
            self._registered = False
            self.fenced = True
            if self.state is BrokerState.STARTING:
                # Another process may have taken the id, and keep it: then this one must not wait for ever.
                self._registration_deadline = now + self._registration_timeout
            self._retry(now)
        elif answer.error is not ErrorCode.NONE:
            self._retry(now)
        else:
            self._failures = 0
            self.fenced = answer.is_fenced
            if isinstance(beat, Beat):
                for directory_id in beat.offline_log_dirs:
                    self._offline_dirs[directory_id] = None
            self._schedule(now + self._advance(answer))

    def handle_failure(self, now: float) -> None:
        """No answer: the controller is unknown, cannot be reached, or did not answer in time."""
        self._in_flight = None
        if self.state is not BrokerState.SHUTTING_DOWN:
            self._retry(now)

    def handle_connection_lost(self, now: float) -> None:
        """The connection that carries the heartbeats has closed: a new one must carry one at once, or we are fenced."""
        self._in_flight = None
        if self.state is not BrokerState.SHUTTING_DOWN:
            if self._failures == 0:
                self._failures = 1
                self._next_send = now
            else:
                self._retry(now)

    # The machinery.

    def _advance(self, answer: BeatAnswer) -> float:
        """Move on by what the controller said; returns the pause before the next heartbeat."""
        if self.state is BrokerState.STARTING:
            if answer.is_caught_up:
                self._become(BrokerState.RECOVERY)
            return _CATCH_UP_INTERVAL
        if self.state is BrokerState.RECOVERY and self._ready_to_unfence and not answer.is_fenced:
            self._become(BrokerState.RUNNING)
        if self.state is BrokerState.PENDING_CONTROLLED_SHUTDOWN:
            if answer.should_shut_down:
                self._become(BrokerState.SHUTTING_DOWN)
            return _SHUTDOWN_INTERVAL
        if self._ready_to_unfence and answer.is_fenced:
            return _FENCED_INTERVAL
        return self._heartbeat_interval

    def _expire(self, now: float) -> None:
        if self._registration_deadline is not None and now >= self._registration_deadline:
            because = (
                f"the controller answered {self._last_error.name}" if self._last_error else "no controller answered"
            )
            self.fail(f"not registered within {self._registration_timeout:g} s: {because}")
        for deadline in self._offline_dirs.values():
            if deadline is not None and now >= deadline:
                self.fail("a failed log directory could not be reported to the controller")
        if self.state is BrokerState.PENDING_CONTROLLED_SHUTDOWN:
            assert self._shutdown_limit is not None
            if now >= self._shutdown_limit or now >= self._last_answer + QUORUM_SILENCE:
                self.begin_shutdown()

    def _send_soon(self, now: float) -> None:
        if self.state not in (BrokerState.NOT_RUNNING, BrokerState.SHUTTING_DOWN):
            self._next_send = now
            self._send_again_at_once = self._in_flight is not None

    def _schedule(self, when: float) -> None:
        """The next request after an answer; at once when something came up while that answer was under way."""
        if self.state is BrokerState.SHUTTING_DOWN:
            self._next_send = None
        elif not self._send_again_at_once:
            self._next_send = when
        self._send_again_at_once = False

    def _retry(self, now: float) -> None:
        self._send_again_at_once = False
        self._next_send = now + min(MIN_BACKOFF * 2**self._failures, MAX_BACKOFF)
        self._failures = min(self._failures + 1, 16)

    def _become(self, state: BrokerState) -> None:
        if state not in TRANSITIONS[self.state]:
            raise AssertionError(f"illegal transition of the broker from {self.state.name} to {state.name}")
        self.state = state

"""What is different in runs of many simulated minutes.

Bugs are found per operation and per fault, not per second of waiting. So a long run is not a short one over and over:
it stretches what happens in a minute or two over all of its time, and has room for what takes long: partitions that
outlast sessions, processes that stand still for half a minute, groups whose members stay. And nodes that only wait
for news ask less often for it, as far as settings allow. Runs of up to `SHORT_SECONDS` are as they are drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SHORT_SECONDS: Final = 60.0
SLOWEST: Final = 10.0
"""The largest pace: beyond ten minutes a run has more of everything."""

_FETCH_WAIT: Final = "replica.fetch.wait.max.ms"
_LAG: Final = "replica.lag.time.max.ms"
_DEFAULT_LAG_MS: Final = 30000
_LONGEST_FETCH_WAIT_MS: Final = 4000
_QUORUM_TIMEOUTS: Final = ("controller.quorum.fetch.timeout.ms", "controller.quorum.request.timeout.ms")
_QUORUM_TIMEOUT_MS: Final = 8000
"""Four times in this time every node asks for metadata."""
_QUORUM_BACKOFF: Final = "controller.quorum.retry.backoff.ms"
_QUORUM_BACKOFF_MS: Final = 200
"""So often every node asks all controllers while none leads, which can take minutes."""
_HEARTBEAT: Final = "broker.heartbeat.interval.ms"
_SESSION: Final = "broker.session.timeout.ms"
_DEFAULT_SESSION_MS: Final = 9000
_LONGEST_HEARTBEAT_MS: Final = 2000
_CHECKPOINTS: Final = "replica.high.watermark.checkpoint.interval.ms"
_REGISTRATION: Final = "initial.broker.registration.timeout.ms"
_LONGEST_REGISTRATION_MS: Final = 600_000
"""By default a broker ends that has found no controller for a minute, and long faults can keep it from them so long."""


def pace_of(seconds: float) -> float:
    """By how much all pauses are longer in a run of so many simulated seconds; 1 in a short one."""
    return min(max(seconds / SHORT_SECONDS, 1.0), SLOWEST)


def patient(settings: Mapping[str, object]) -> dict[str, object]:
    """The settings of nodes, with which who has no news asks and says so less often, and yet often enough to count as
    being there.
    """
    lag, session = settings.get(_LAG, _DEFAULT_LAG_MS), settings.get(_SESSION, _DEFAULT_SESSION_MS)
    assert isinstance(lag, int)
    assert isinstance(session, int)
    return {
        **{name: value for name, value in settings.items() if name != _CHECKPOINTS},
        **dict.fromkeys(_QUORUM_TIMEOUTS, _QUORUM_TIMEOUT_MS),
        _QUORUM_BACKOFF: _QUORUM_BACKOFF_MS,
        _FETCH_WAIT: min(_LONGEST_FETCH_WAIT_MS, lag // 2),
        _HEARTBEAT: min(_LONGEST_HEARTBEAT_MS, session // 4),
        _REGISTRATION: _LONGEST_REGISTRATION_MS,
    }

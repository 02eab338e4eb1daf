"""What a process counts, and how it is told to Prometheus.

Hot paths only add to plain integers (`ApiStatistics`, `ServerStatistics`, a broker's own); text is made when
`/metrics` is asked for, by the callables given to `Metrics`. Nothing is registered globally, so several nodes can
live in one process.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    pass

LATENCY_BOUNDS: Final = (
    0.0001,
    0.00025,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    10.0,
)
"""Upper bounds of latency buckets, in seconds."""


class Histogram:
    """Counts of durations in the buckets of `LATENCY_BOUNDS`. `observe` costs a fraction of a microsecond."""

    __slots__ = ("buckets", "total")

    def __init__(self) -> None:
        self.buckets: Final = [0] * (len(LATENCY_BOUNDS) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        self.buckets[bisect_left(LATENCY_BOUNDS, seconds)] += 1
        self.total += seconds

    @property
    def count(self) -> int:
        return sum(self.buckets)


class ApiStatistics:
    """What one API has done:

    replied requests by latency, seconds from the arrival of the frame to the handing over of the reply.
    """

    __slots__ = ("bytes_in", "bytes_out", "latency")

    def __init__(self) -> None:
        self.latency: Final = Histogram()
        self.bytes_in = 0
        self.bytes_out = 0


class ServerStatistics:
    """What the connections of a process have done."""

    __slots__ = ("accepted", "closed_for_cause", "handler_failures", "open", "refused")

    def __init__(self) -> None:
        self.accepted = 0
        self.open = 0
        self.refused = 0
        """Connections turned away at once by max.connections or max.connections.per.ip."""
        self.closed_for_cause = 0
        """Connections closed because of what the client sent or did."""
        self.handler_failures = 0
        """Exceptions that left a handler: bugs."""

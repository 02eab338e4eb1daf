"""Times of many events in little memory, and when the next event is due. Pure.

Times are counted in buckets that grow with them: each is 1/64 of the power of two that it lies in, so a percentile is
at most 1.6 % too large, whatever it is, and a run of hours needs no more memory than one of seconds. Bars of a
histogram take an event for as much smaller, so that one of exactly a bound is below it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

_PARTS: Final = 64
_SERIES: Final = (1, 2, 5)
_FIRST_MS: Final = 0.01


class Times:
    """How long things took, in seconds."""

    def __init__(self) -> None:
        self._counts: Final[Counter[int]] = Counter()
        self.count = 0
        self._sum = 0.0
        self.max = 0.0

    def add(self, seconds: float) -> None:
        """One more event took so long."""
        self._counts[_bucket(seconds)] += 1
        self.count += 1
        self._sum += seconds
        if seconds > self.max:
            self.max = seconds

    @property
    def mean(self) -> float:
        """Seconds; 0 without events."""
        return self._sum / self.count if self.count else 0.0

    def percentile(self, percent: float) -> float:
        """The time within which that part of the events was done; 0 without events."""
        wanted, seen = math.ceil(self.count * percent / 100), 0
        for bucket in sorted(self._counts):
            seen += self._counts[bucket]
            if seen >= wanted:
                return min(_upper(bucket), self.max)
        return self.max

    def histogram(self) -> list[tuple[float, int]]:
        """(upper bound in ms, events) for the bounds 0.01, 0.02, 0.05, 0.1, ... that events lie between."""
        bars: dict[float, int] = {}
        for bucket, count in self._counts.items():
            bound = _bound(_lower(bucket) * 1000)
            bars[bound] = bars.get(bound, 0) + count
        if not bars:
            return []
        return [(bound, bars.get(bound, 0)) for bound in _bounds() if min(bars) <= bound <= max(bars)]


def _bucket(seconds: float) -> int:
    mantissa, exponent = math.frexp(max(seconds, 1e-9))
    return exponent * _PARTS + int((mantissa - 0.5) * 2 * _PARTS)


def _lower(bucket: int) -> float:
    exponent, part = divmod(bucket, _PARTS)
    return math.ldexp(0.5 + part / (2 * _PARTS), exponent)


def _upper(bucket: int) -> float:
    exponent, part = divmod(bucket, _PARTS)
    return math.ldexp(0.5 + (part + 1) / (2 * _PARTS), exponent)


def _bounds() -> Iterator[float]:
    for power in range(9):
        for step in _SERIES:
            yield round(_FIRST_MS * step * 10**power, 2)


def _bound(ms: float) -> float:
    """The least bound that is not below; beyond the last one (50,000 s) it is that."""
    bound = _FIRST_MS
    for bound in _bounds():
        if ms <= bound:
            break
    return bound


@dataclass(frozen=True, slots=True)
class Pace:
    """So many events a second from `start` on (seconds); 0: as many as there can be."""

    rate: float
    start: float

    def due(self, number: int) -> float:
        """When event `number`, from 0 on, may happen."""
        return self.start + number / self.rate if self.rate else self.start


@dataclass(slots=True)
class Measured:
    """What came of a load: how much in which time, and what took how long."""

    records: int = 0
    bytes: int = 0
    """Of keys and values."""
    seconds: float = 0.0
    times: dict[str, Times] = field(default_factory=dict)
    """By what is timed; the first is what the histogram shows."""
    transactions: int | None = None

    def timed(self, name: str) -> Times:
        """The times of this name."""
        return self.times.setdefault(name, Times())

    def rate(self, amount: int) -> float:
        """So much in all, a second."""
        return amount / self.seconds if self.seconds > 0 else 0.0


PERCENTILES: Final[Sequence[float]] = (50, 90, 95, 99, 99.9)

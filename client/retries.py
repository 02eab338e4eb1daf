"""How long clients wait before they try again."""

from __future__ import annotations

from typing import Final

_FIRST: Final = 0.05
_DOUBLINGS: Final = 5
_MOST: Final = 1.0


def retry_pause(retries: int, jitter: float) -> float:
    """Seconds before the next attempt after so many retries: twice as long each time up to a bound, and never quite
    the same. `jitter` is from 0 to 1.
    """
    return min(_FIRST * 2.0 ** min(retries, _DOUBLINGS), _MOST) * (0.8 + 0.4 * jitter)

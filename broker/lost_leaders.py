"""Leaders that this broker has just lost: most likely they died, and the controller is about to elect others.

A client that loses its leader asks for metadata at once, some milliseconds after the death. Were it told of the dead
leader again, it would try that one until something makes it ask anew: librdkafka for a second. So for a short while it
is told that there is no leader, which makes it ask again soon, and by then there is a new one.

Lost is a leader to which the connection for replication broke, until there is a new connection, or until it is another
life of that broker that is meant: one that was soon restarted leads again. Or until `patience` has passed: then either
the controller has fenced it, or it lives and it is this broker that cannot reach it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

_NONE: Final[frozenset[int]] = frozenset()


class LostLeaders:
    """A pure core. Times are seconds; `epoch_of` gives the epoch with which a broker is registered, if it is."""

    def __init__(self, patience: float, epoch_of: Callable[[int], int | None]) -> None:
        self._patience = patience
        self._epoch_of = epoch_of
        self._lost: dict[int, tuple[float, int | None]] = {}

    def lose(self, broker_id: int, now: float) -> None:
        """The connection to this broker broke."""
        self._lost[broker_id] = now + self._patience, self._epoch_of(broker_id)

    def find(self, broker_id: int) -> None:
        """There is a connection to this broker."""
        self._lost.pop(broker_id, None)

    def at(self, now: float) -> frozenset[int]:
        """The brokers that are lost now."""
        if not self._lost:
            return _NONE
        self._lost = {
            broker_id: (until, epoch)
            for broker_id, (until, epoch) in self._lost.items()
            if until > now and epoch == self._epoch_of(broker_id)
        }
        return frozenset(self._lost)

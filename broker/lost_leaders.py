"""Leaders that this broker has just lost: most likely they died, and the controller is about to elect others.

A client that loses its leader asks for metadata at once, some milliseconds after the death. Were it told of the dead
leader again, it would try that one until something makes it ask anew: librdkafka for a second. So for a short while it
is told that there is no leader, which makes it ask again soon, and by then there is a new one.

Lost is a leader to which the connection for replication broke, until there is a new connection, or until `patience` has
passed: then either the controller has fenced it, or it lives and it is this broker that cannot reach it.
"""

from __future__ import annotations

from typing import Final

_NONE: Final[frozenset[int]] = frozenset()


class LostLeaders:
    """A pure core. Times are seconds."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._until: dict[int, float] = {}

    def lose(self, broker_id: int, now: float) -> None:
        """The connection to this broker broke."""
        self._until[broker_id] = now + self._patience

    def find(self, broker_id: int) -> None:
        """There is a connection to this broker."""
        self._until.pop(broker_id, None)

    def at(self, now: float) -> frozenset[int]:
        """The brokers that are lost now."""
        if not self._until:
            return _NONE
        self._until = {broker_id: until for broker_id, until in self._until.items() if until > now}
        return frozenset(self._until)

"""Which requests are under way, and which destinations are left alone for a while.

A destination has at most one request in flight. After a failure it is left alone for the retry backoff, doubled with
every further failure up to eightfold. A change of role forgets all of it: late answers belong to a role that is gone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from barnabas.raft.messages import Request
from barnabas.raft.ready import Message
from barnabas.raft.voters import Endpoint

_MOST_DOUBLINGS = 3


@dataclass(slots=True)
class _Destination:
    in_flight: int | None = None
    failures: int = 0
    not_before: float = -math.inf


@dataclass(slots=True)
class Requests:
    """The requests in flight, by correlation number, and the state of each destination."""

    retry_backoff: float
    _last_correlation: int = 0
    _in_flight: dict[int, Message] = field(default_factory=dict)
    _destinations: dict[Endpoint, _Destination] = field(default_factory=dict)

    def is_ready(self, to: Endpoint, now: float) -> bool:
        """Whether a request may be sent there now."""
        destination = self._destinations.get(to)
        return destination is None or (destination.in_flight is None and now >= destination.not_before)

    def send(self, to: Endpoint, peer_id: int, request: Request) -> Message:
        """Notes a request to a ready destination and returns the message for it."""
        self._last_correlation += 1
        message = Message(self._last_correlation, to, peer_id, request)
        self._in_flight[message.correlation] = message
        self._destinations.setdefault(to, _Destination()).in_flight = message.correlation
        return message

    def answered(self, correlation: int) -> Message | None:
        """Takes the request that was answered out of flight; None when nobody waits for it any more."""
        message = self._take(correlation)
        if message is not None:
            destination = self._destinations[message.to]
            destination.failures = 0
            destination.not_before = -math.inf
        return message

    def failed(self, correlation: int) -> Message | None:
        """Takes the request that failed out of flight; None when nobody waits for it any more."""
        return self._take(correlation)

    def back_off(self, to: Endpoint, now: float) -> None:
        """Leaves the destination alone for a while: its answer, or the lack of one, was of no use."""
        destination = self._destinations.setdefault(to, _Destination())
        destination.not_before = now + self.retry_backoff * 2 ** min(destination.failures, _MOST_DOUBLINGS)
        destination.failures += 1

    def reset(self) -> None:
        """Forgets everything in flight and every backoff."""
        self._in_flight.clear()
        self._destinations.clear()

    def end_backoffs(self, now: float) -> None:
        """Lets the destinations be asked again whose pause is over."""
        for destination in self._destinations.values():
            if destination.not_before <= now:
                destination.not_before = -math.inf

    @property
    def next_retry(self) -> float:
        """When the next destination may be asked again; infinity when none is backing off."""
        waits = (entry.not_before for entry in self._destinations.values() if entry.not_before > -math.inf)
        return min(waits, default=math.inf)

    def _take(self, correlation: int) -> Message | None:
        message = self._in_flight.pop(correlation, None)
        if message is not None:
            self._destinations[message.to].in_flight = None
        return message

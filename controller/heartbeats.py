"""Which brokers are alive, as far as the active controller has heard.

This is the one part of the controller's state that is not replicated: a new leader starts it anew. Two speeds of
detection (the second is ours):

- A broker that was not heard of for the session timeout is stale.
- When the connection that carried its heartbeats closes, it is stale after the grace time, unless it is heard of
  before. A new leader, which has no connections yet, takes them all for closed, and waits `FIRST_CONTACT` grace times:
  brokers that live look for it as soon as they have lost the old one, and one that died together with the old leader
  need not hold its partitions for a whole session. Besides the reconnecting, that time covers to ask around for the new
  leader, and an old one that hangs rather than dies.

Fencing is safe at any time, so neither can do worse than to make a live broker ask to be unfenced again.

Besides, it keeps how far each broker has replayed the metadata, because a controlled shutdown is granted only when
all others know the new leaders.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

FIRST_CONTACT: Final = 4
"""Grace times that a new leader waits for a broker's first heartbeat."""

LEAST_FIRST_CONTACT: Final = 1.0
"""But at least so many seconds: how fast a new leader is found does not depend on the configured grace."""


@dataclass(slots=True)
class _Contact:
    last_heard: float
    fenced: bool
    heard_here: bool = False
    metadata_offset: int = -1
    shutdown_offset: int | None = None
    closed_at: float | None = None
    grace: float = 0.0
    """From `closed_at` on, in seconds."""


class Heartbeats:
    """Times are seconds of any one clock."""

    __slots__ = ("_by_last_heard", "_closed", "_contacts", "_reconnect_grace", "_session_timeout")

    def __init__(self, session_timeout: float, reconnect_grace: float) -> None:
        self._session_timeout = session_timeout
        self._reconnect_grace = reconnect_grace
        self._contacts: dict[int, _Contact] = {}
        self._by_last_heard: dict[int, None] = {}
        """Brokers that are not fenced, the one not heard of for the longest time first."""
        self._closed: set[int] = set()

    def clear(self) -> None:
        """Forgets every broker."""
        self._contacts.clear()
        self._by_last_heard.clear()
        self._closed.clear()

    def register(self, broker_id: int, fenced: bool, now: float) -> None:
        """A broker has registered."""
        self.remove(broker_id)
        self._contacts[broker_id] = _Contact(now, fenced)
        if not fenced:
            self._by_last_heard[broker_id] = None

    def inherit(self, broker_id: int, fenced: bool, now: float) -> None:
        """A broker is registered when this node becomes the leader."""
        self.register(broker_id, fenced, now)
        self._close(broker_id, now, max(FIRST_CONTACT * self._reconnect_grace, LEAST_FIRST_CONTACT))

    def remove(self, broker_id: int) -> None:
        """A broker is no longer registered."""
        self._contacts.pop(broker_id, None)
        self._by_last_heard.pop(broker_id, None)
        self._closed.discard(broker_id)

    def fence_changed(self, broker_id: int, fenced: bool) -> None:
        """A broker was fenced or unfenced. A fenced broker is in no shutdown: at its next heartbeat it may stop."""
        contact = self._contacts.get(broker_id)
        if contact is None:
            return
        contact.fenced = fenced
        if fenced:
            contact.shutdown_offset = None
            self._by_last_heard.pop(broker_id, None)
            self._closed.discard(broker_id)
        else:
            self._hear(broker_id, contact, contact.last_heard)

    def shutdown_begun(self, broker_id: int, offset: int) -> None:
        """A broker's controlled shutdown was recorded; the last record that moves its leaders has this offset."""
        contact = self._contacts.get(broker_id)
        if contact is not None and contact.shutdown_offset is None:
            contact.shutdown_offset = offset

    def heard(self, broker_id: int, metadata_offset: int, now: float) -> None:
        """A heartbeat came; the broker has replayed the metadata up to this offset."""
        contact = self._contacts.get(broker_id)
        if contact is None:
            return
        contact.metadata_offset = metadata_offset
        contact.heard_here = True
        contact.closed_at = None
        self._closed.discard(broker_id)
        self._hear(broker_id, contact, now)

    def connection_closed(self, broker_id: int, now: float) -> None:
        """The connection that carried the broker's heartbeats has closed."""
        self._close(broker_id, now, self._reconnect_grace)

    def _close(self, broker_id: int, now: float, grace: float) -> None:
        contact = self._contacts.get(broker_id)
        if contact is not None and contact.closed_at is None:
            contact.closed_at = now
            contact.grace = grace
            if not contact.fenced:
                self._closed.add(broker_id)

    def renew(self, now: float) -> None:
        """This node itself stood still: what brokers sent meanwhile waits to be read, and all sessions start anew."""
        for contact in self._contacts.values():
            contact.last_heard = now
            if contact.closed_at is not None:
                contact.closed_at = now

    def has_session(self, broker_id: int, now: float) -> bool:
        """Whether the broker is surely alive: it was heard of by this leader, lately, and is connected.

        A broker of which this leader has only read in the log may have died before, so a new incarnation of it is
        believed at once.
        """
        contact = self._contacts.get(broker_id)
        return (
            contact is not None
            and not contact.fenced
            and contact.heard_here
            and contact.closed_at is None
            and contact.last_heard + self._session_timeout >= now
        )

    def next_deadline(self) -> float:
        """When the next broker may become stale; infinity when none can."""
        oldest = next(iter(self._by_last_heard), None)
        deadline = math.inf if oldest is None else self._contacts[oldest].last_heard + self._session_timeout
        return min([deadline, *(self._grace_ends(broker_id) for broker_id in self._closed)])

    def next_stale(self, now: float) -> int | None:
        """A broker to be fenced now; the others are asked for once that has taken effect."""
        for broker_id in sorted(self._closed):
            if self._grace_ends(broker_id) <= now:
                return broker_id
        oldest = next(iter(self._by_last_heard), None)
        if oldest is not None and self._contacts[oldest].last_heard + self._session_timeout <= now:
            return oldest
        return None

    def may_stop(self, broker_id: int) -> bool:
        """Whether all brokers that stay have replayed the records by which this one's leaders were moved."""
        contact = self._contacts[broker_id]
        if contact.shutdown_offset is None:
            return True
        staying = (self._contacts[other] for other in self._by_last_heard)
        return all(
            other.metadata_offset >= contact.shutdown_offset for other in staying if other.shutdown_offset is None
        )

    def _grace_ends(self, broker_id: int) -> float:
        contact = self._contacts[broker_id]
        closed_at = contact.last_heard if contact.closed_at is None else contact.closed_at
        return min(closed_at + contact.grace, contact.last_heard + self._session_timeout)

    def _hear(self, broker_id: int, contact: _Contact, now: float) -> None:
        contact.last_heard = now
        if not contact.fenced:
            self._by_last_heard.pop(broker_id, None)
            self._by_last_heard[broker_id] = None

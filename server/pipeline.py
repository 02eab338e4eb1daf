"""The order of replies on one connection: requests are handled as they come, replies leave in the order of the
requests.

A pure core. It keeps true:
- a reply leaves only after all replies to earlier requests of the connection;
- at most `max_in_flight` requests are open, an open request being one whose reply has not wholly been taken by the
  socket;
- bytes of open requests plus bytes of unsent replies reach `max_bytes` by at most one request: beyond it `may_read`
  is false and the shell reads no further, so that a client that does not read its replies stops being served and
  costs a bounded amount.

The shell calls `open` for a request that arrived, `complete` when its reply is known, sends what `queue` holds, tells
`sent` how much the socket took, and reads only while `may_read`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from barnabas.net.send_queue import SendQueue
from barnabas.protocol.errors import LocalProtocolError
from barnabas.protocol.types import Part

MAX_IN_FLIGHT: Final = 64
MAX_BYTES: Final = 64 * 1024 * 1024


class Slot:
    """A request's place in the order of replies. `reply_parts` is None until the reply is known; no parts = no reply at
    all.

    `size` is what the slot holds in memory, in bytes: the request's frame, then the reply.
    """

    __slots__ = ("reply_parts", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self.reply_parts: Sequence[Part] | None = None


class Pipeline:
    """See the module's text."""

    __slots__ = ("_bytes", "_max_bytes", "_max_in_flight", "_sending", "_waiting", "queue")

    def __init__(self, max_in_flight: int = MAX_IN_FLIGHT, max_bytes: int = MAX_BYTES) -> None:
        self.queue: Final = SendQueue()
        """What may be sent now."""
        self._waiting: deque[Slot] = deque()
        self._sending: deque[int] = deque()  # bytes left of each reply in the queue
        self._bytes = 0  # of the slots in `_waiting`
        self._max_in_flight = max_in_flight
        self._max_bytes = max_bytes

    @property
    def may_read(self) -> bool:
        return self.in_flight < self._max_in_flight and self._bytes + self.queue.size < self._max_bytes

    @property
    def in_flight(self) -> int:
        return len(self._waiting) + len(self._sending)

    @property
    def idle(self) -> bool:
        """No request is open and nothing is left to send."""
        return not self._waiting and not self._sending

    def open(self, slot: Slot) -> None:
        """A request arrived."""
        self._waiting.append(slot)
        self._bytes += slot.size

    def complete(self, slot: Slot, reply: Sequence[Part]) -> bool:
        """The reply to a request is known (empty: none is wanted). Whether something may be sent now."""
        if slot.reply_parts is not None:
            raise LocalProtocolError("a request is replied to twice")
        slot.reply_parts = reply
        size = sum(map(len, reply))
        self._bytes += size - slot.size
        slot.size = size
        waiting = self._waiting
        while waiting and (ready := waiting[0].reply_parts) is not None:
            size = waiting.popleft().size
            if size:
                self.queue.extend(ready)
                self._sending.append(size)
                self._bytes -= size
        return self.queue.size > 0

    def sent(self, count: int) -> None:
        """The socket took the first `count` bytes of the queue."""
        self.queue.sent(count)
        sending = self._sending
        while count and sending[0] <= count:
            count -= sending.popleft()
        if count:
            sending[0] -= count

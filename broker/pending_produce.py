"""A produce that waits to be acknowledged: one answer for each partition, one reply when the last of them is known.

Markers of transactions wait in the same way.

Each partition that has appended its batch keeps an `AwaitedOffset`, ordered by offset, and settles it when the high
watermark passes (acks=all), or when the log is synced (acks=1 with `flush.messages`), or when it stops being the
leader. Whatever is not settled when the time is up is answered REQUEST_TIMED_OUT; the records stay.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from barnabas.protocol.errors import ErrorCode


class PartAnswer(Protocol):
    """One partition's answer, in whichever response."""

    error_code: int


class AwaitedOffset:
    """One partition's part of a produce: it is acknowledged when everything before `offset` is."""

    __slots__ = ("answer", "offset", "pending", "settled")

    def __init__(self, pending: PendingProduce, offset: int, answer: PartAnswer) -> None:
        self.pending: Final = pending
        self.offset: Final = offset
        self.answer: Final = answer
        self.settled = False

    def settle(self, error: ErrorCode) -> None:
        """The fate of this part is known. Once; later calls do nothing."""
        if not self.settled:
            self.settled = True
            self.answer.error_code = error
            self.pending.settled_one()


class PendingProduce:
    """See the module's text. `finish` is called once, when every part has its answer."""

    __slots__ = ("_finish", "_parts", "_unsettled", "deadline", "done")

    def __init__(self, finish: Callable[[], None]) -> None:
        self._finish: Callable[[], None] | None = finish
        self._parts: list[AwaitedOffset] = []
        self._unsettled = 0
        self.done = False
        self.deadline = 0.0

    def await_offset(self, offset: int, answer: PartAnswer) -> AwaitedOffset:
        """Another part, to be settled by its partition. All are added before the first can be settled."""
        part = AwaitedOffset(self, offset, answer)
        self._parts.append(part)
        self._unsettled += 1
        return part

    def expire(self) -> None:
        """The time is up."""
        for part in self._parts:
            part.settle(ErrorCode.REQUEST_TIMED_OUT)

    def settled_one(self) -> None:
        """One part more has its answer."""
        self._unsettled -= 1
        if self._unsettled == 0:
            self.close()

    def close(self) -> None:
        """Reply, and let go of everything that the reply does not need."""
        finish = self._finish
        if finish is not None:
            self.done = True
            self._finish = None
            self._parts = []
            finish()

"""Which offsets of a log are undecided: where the last stable offset comes from.

A transaction is unstable from its first record until its marker is replicated: an open one, and one whose marker lies
at or above the high watermark and may yet be lost. The first unstable offset is the smallest beginning of these; what
comes before it is decided for good, and that is what read_committed sees, up to the high watermark.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable


class UnstableOffsets:
    """See the module's text. Transactions begin in the order of their offsets."""

    __slots__ = ("_ended", "_open", "first")

    def __init__(self, opened: Iterable[tuple[int, int]] = (), ended: Iterable[tuple[int, int]] = ()) -> None:
        """`opened`: (first offset, producer id) of the transactions that are open; `ended` as in the property."""
        self._open = dict(sorted(opened))
        self._ended = deque(ended)
        self.first: int | None = self._smallest()
        """The first unstable offset, as of the last high watermark that was told; None if all is stable."""

    def _smallest(self) -> int | None:
        first = min((began for _, began in self._ended), default=None)
        oldest = self.first_open
        return oldest if first is None or (oldest is not None and oldest < first) else first

    @property
    def ended(self) -> Iterable[tuple[int, int]]:
        """(marker's offset, first offset) of those whose marker is not known to be replicated, by their markers."""
        return self._ended

    @property
    def first_open(self) -> int | None:
        """Where the oldest transaction began that has no marker."""
        return next(iter(self._open), None)

    def begin(self, first_offset: int, producer_id: int) -> None:
        """A producer's transaction begins."""
        self._open[first_offset] = producer_id
        if self.first is None:
            self.first = first_offset

    def end(self, first_offset: int, marker_offset: int) -> None:
        """The marker of the transaction that began at `first_offset` was written."""
        if self._open.pop(first_offset, None) is not None:
            self._ended.append((marker_offset, first_offset))

    def replicated(self, high_watermark: int) -> None:
        """What lies before the high watermark will not be lost."""
        ended = self._ended
        if not ended or ended[0][0] >= high_watermark:
            return
        while ended and ended[0][0] < high_watermark:
            ended.popleft()
        self.first = self._smallest()

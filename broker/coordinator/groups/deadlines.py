"""Deadlines by key: one heap, whatever their number. To move a deadline back, as each heartbeat does, costs O(1).

The heap holds for each key one entry that is never later than the key's deadline. An entry that comes up too early is
put back at its true time; one whose key is gone is dropped.
"""

from __future__ import annotations

from collections.abc import Hashable
from heapq import heappop, heappush, heapreplace
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Deadlines(Generic[K]):
    """Times in seconds of one clock, by key. Pure."""

    def __init__(self) -> None:
        self._times: dict[K, float] = {}
        self._entries: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._number = 0

    def __len__(self) -> int:
        return len(self._times)

    def __contains__(self, key: K) -> bool:
        return key in self._times

    def set(self, key: K, time: float) -> None:
        """The key is due at `time`, and no longer when it was before."""
        self._times[key] = time
        entry = self._entries.get(key)
        if entry is None or time < entry:
            self._entries[key] = time
            self._number += 1
            heappush(self._heap, (time, self._number, key))

    def cancel(self, key: K) -> None:
        """The key is not due any more. Nothing happens when it was not."""
        self._times.pop(key, None)

    def next(self) -> float | None:
        """When the first key is due; None if none is."""
        heap = self._heap
        while heap:
            entry, number, key = heap[0]
            time = self._times.get(key)
            if time == entry:
                return entry
            if time is None or self._entries.get(key) != entry:
                heappop(heap)
                if self._entries.get(key) == entry:
                    del self._entries[key]
            else:
                self._entries[key] = time
                heapreplace(heap, (time, number, key))
        return None

    def pop_due(self, now: float) -> K | None:
        """The first key that is due, which then has no deadline any more; None if none is."""
        first = self.next()
        if first is None or first > now:
            return None
        _, _, key = heappop(self._heap)
        del self._entries[key], self._times[key]
        return key

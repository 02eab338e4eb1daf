"""Parts waiting to be sent, in order; remembers how far the socket has taken them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

from barnabas.net.transport import rest_of
from barnabas.protocol.types import Part

_AT_ONCE: Final = 256


class SendQueue:
    """A queue of buffers and file ranges. `size` is what is left, in bytes."""

    __slots__ = ("_parts", "size")

    def __init__(self) -> None:
        self._parts: deque[Part] = deque()
        self.size = 0

    def extend(self, parts: Iterable[Part]) -> None:
        for part in parts:
            length = len(part)
            if length:
                self._parts.append(part)
                self.size += length

    def head(self) -> Sequence[Part]:
        """The next parts to give to `Transport.send_nowait`."""
        return list(islice(self._parts, _AT_ONCE))

    def sent(self, count: int) -> None:
        """The first `count` bytes are gone."""
        self.size -= count
        parts = self._parts
        while count:
            length = len(parts[0])
            if count < length:
                parts[0] = rest_of(parts[0], count)
                return
            parts.popleft()
            count -= length

    def clear(self) -> None:
        self._parts.clear()
        self.size = 0

"""Of which partitions a consumer has given out records since the last commit, and which of those it lost since.

A transaction that commits offsets needs it: what was made of records whose partition went away must not be committed,
because whoever has the partition now reads them again.
"""

from __future__ import annotations

from collections.abc import Iterable

from barnabas.client.groups.assignors import Place
from barnabas.protocol.errors import ErrorCode


class HandedOut:
    """See the module's text."""

    __slots__ = ("_gone", "_places")

    def __init__(self) -> None:
        self._places: set[Place] = set()
        self._gone: set[Place] = set()

    def add(self, place: Place) -> None:
        """Records of it are given out."""
        self._places.add(place)

    def gone(self, places: Iterable[Place]) -> None:
        """These go away."""
        self._gone |= self._places.intersection(places)

    def check(self, what: str) -> None:
        """CommitFailed when something was given out of what has gone since the last commit, even if it came back.

        From here on what was given out counts as given up. `what` is the group.
        """
        from barnabas.client.groups.committed import CommitFailed

        if gone := self._gone:
            self.settle()
            names = ", ".join(f"{topic}-{number}" for topic, number in sorted(gone))
            raise CommitFailed(ErrorCode.ILLEGAL_GENERATION, what, f"{names} went away since records were read of it.")

    def settle(self) -> None:
        """Everything that was given out is committed, or given up."""
        self._places, self._gone = set(), set()

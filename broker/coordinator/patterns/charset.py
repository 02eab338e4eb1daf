"""Sets of characters as ranges of code points: what they cost depends on their ranges, not on their members."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

_Range = tuple[int, int]
"""The first and the last code point."""


@dataclass(frozen=True, slots=True)
class CharSet:
    """`ranges` are in order, with a gap between any two: equal sets have equal ranges."""

    ranges: tuple[_Range, ...] = ()

    @classmethod
    def of(cls, ranges: Iterable[_Range]) -> CharSet:
        """What is in any of these ranges."""
        merged: list[_Range] = []
        for first, last in sorted(ranges):
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = merged[-1][0], max(merged[-1][1], last)
            else:
                merged.append((first, last))
        return cls(tuple(merged))

    @classmethod
    def chars(cls, text: str) -> CharSet:
        """The characters of this text."""
        return cls.of((ord(char), ord(char)) for char in text)

    def __contains__(self, char: str) -> bool:
        code = ord(char)
        place = bisect_right(self.ranges, (code, sys.maxunicode))
        return place > 0 and code <= self.ranges[place - 1][1]

    def __or__(self, other: CharSet) -> CharSet:
        return union((self, other))

    def __invert__(self) -> CharSet:
        gaps: list[_Range] = []
        start = 0
        for first, last in self.ranges:
            if start < first:
                gaps.append((start, first - 1))
            start = last + 1
        if start <= sys.maxunicode:
            gaps.append((start, sys.maxunicode))
        return CharSet(tuple(gaps))


def union(sets: Iterable[CharSet]) -> CharSet:
    """What is in any of these sets."""
    return CharSet.of(each for chars in sets for each in chars.ranges)


ANY = ~CharSet()

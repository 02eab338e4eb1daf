"""Sets of characters by the names that patterns have for them, as far as topic names can have the characters."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final
from unicodedata import category

from barnabas.broker.coordinator.groups.patterns.tree import ALPHABET, WORD

_DIGITS: Final = frozenset("0123456789")
_LOWER: Final = frozenset(char for char in ALPHABET if char.islower())
_UPPER: Final = frozenset(char for char in ALPHABET if char.isupper())
_LETTERS: Final = _LOWER | _UPPER
_NONE: Final[frozenset[str]] = frozenset()
_PUNCTUATION: Final = frozenset("._-")

_POSIX: Final[Mapping[str, frozenset[str]]] = {
    "alnum": _LETTERS | _DIGITS,
    "alpha": _LETTERS,
    "ascii": ALPHABET,
    "blank": _NONE,
    "cntrl": _NONE,
    "digit": _DIGITS,
    "graph": ALPHABET,
    "lower": _LOWER,
    "print": ALPHABET,
    "punct": _PUNCTUATION,
    "space": _NONE,
    "upper": _UPPER,
    "word": WORD,
    "xdigit": _DIGITS | frozenset("abcdefABCDEF"),
}
_ESCAPED: Final[Mapping[str, frozenset[str]]] = {
    "d": _DIGITS,
    "D": ALPHABET - _DIGITS,
    "s": _NONE,
    "S": ALPHABET,
    "w": WORD,
    "W": ALPHABET - WORD,
}
_SCRIPTS: Final[Mapping[str, frozenset[str]]] = {
    "Any": ALPHABET,
    "Latin": _LETTERS,
    "Common": ALPHABET - _LETTERS,
}
_CATEGORIES: Final[Mapping[str, str]] = {
    "C": "cfos",
    "L": "lmotu",
    "M": "cen",
    "N": "dlo",
    "P": "cdefios",
    "S": "ckmo",
    "Z": "lps",
}
"""The general categories: a group's letter alone, or with one of these."""
_FOLDED_TO_ASCII: Final = {"\u017f": "sS", "\u212a": "kK"}
"""The long s and the Kelvin sign: with (?i) they are letters of ours."""


def escaped_class(letter: str) -> frozenset[str] | None:
    """What `\\` and this letter stands for."""
    return _ESCAPED.get(letter)


def named_class(name: str) -> frozenset[str] | None:
    """What `[:name:]` stands for inside of a class."""
    return _POSIX.get(name)


@cache
def unicode_class(name: str) -> frozenset[str] | None:
    """What `\\p{name}` stands for: a general category, a script, or Any."""
    if name in _CATEGORIES or (len(name) == 2 and name[1] in _CATEGORIES.get(name[0], "")):
        return frozenset(char for char in ALPHABET if category(char).startswith(name))
    return _SCRIPTS.get(name)


def fold(chars: frozenset[str], low: str = "", high: str = "") -> frozenset[str]:
    """These characters, and those from `low` to `high`, in either case."""
    folded = {other for char in chars for other in (char.lower(), char.upper())}
    for char, letters in _FOLDED_TO_ASCII.items():
        if char in chars or low <= char <= high:
            folded.update(letters)
    return frozenset(folded) & ALPHABET

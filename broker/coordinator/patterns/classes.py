"""Sets of characters by the names that patterns have for them, and in either case.

`\\d`, `\\s`, `\\w` and POSIX's classes are those of ASCII, as in RE2. General categories are those of Python's Unicode,
found once, when a pattern first names one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from itertools import chain, groupby
from typing import Final
from unicodedata import category

from barnabas.broker.coordinator.patterns.charset import ANY, CharSet, union

_DIGITS: Final = CharSet.chars("0123456789")
_LOWER: Final = CharSet.of([(ord("a"), ord("z"))])
_UPPER: Final = CharSet.of([(ord("A"), ord("Z"))])
_LETTERS: Final = _LOWER | _UPPER
_WORD: Final = _LETTERS | _DIGITS | CharSet.chars("_")
_GRAPH: Final = CharSet.of([(ord("!"), ord("~"))])

_POSIX: Final[Mapping[str, CharSet]] = {
    "alnum": _LETTERS | _DIGITS,
    "alpha": _LETTERS,
    "ascii": CharSet.of([(0, 0x7F)]),
    "blank": CharSet.chars("\t "),
    "cntrl": CharSet.of([(0, 0x1F), (0x7F, 0x7F)]),
    "digit": _DIGITS,
    "graph": _GRAPH,
    "lower": _LOWER,
    "print": _GRAPH | CharSet.chars(" "),
    "punct": CharSet.of([(0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)]),
    "space": CharSet.chars("\t\n\v\f\r "),
    "upper": _UPPER,
    "word": _WORD,
    "xdigit": _DIGITS | CharSet.chars("abcdefABCDEF"),
}
_ESCAPED: Final[Mapping[str, CharSet]] = {"d": _DIGITS, "s": CharSet.chars("\t\n\f\r "), "w": _WORD}
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
_ASSIGNED: Final = (range(0x32400), range(0xE0000, 0xE1000))
"""Here are all characters but those for private use."""
_CASED: Final = range(0x1EA00)
"""Here are all that have cases."""


def escaped_class(letter: str) -> tuple[CharSet, bool] | None:
    """What `\\` and this letter stands for; and whether for all that is not in it."""
    found = _ESCAPED.get(letter.lower())
    return None if found is None else (found, letter.isupper())


def named_class(name: str) -> CharSet | None:
    """What `[:name:]` stands for inside of a class."""
    return _POSIX.get(name)


@cache
def unicode_class(name: str) -> CharSet | None:
    """What `\\p{name}` stands for: a general category, a script, or Any."""
    if name == "Any":
        return ANY
    if name in _CATEGORIES:
        return union(_by_category()[name + letter] for letter in _CATEGORIES[name])
    if len(name) == 2 and name[1] in _CATEGORIES.get(name[0], ""):
        return _by_category()[name]
    from barnabas.broker.coordinator.patterns.scripts import SCRIPTS

    ranges = SCRIPTS.get(name)
    return None if ranges is None else CharSet.of(map(_range, ranges.split()))


def _range(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    return int(first, 16), int(last or first, 16)


@cache
def _by_category() -> Mapping[str, CharSet]:
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for codes in _ASSIGNED:
        for name, run in groupby(codes, lambda code: category(chr(code))):
            same = list(run)
            found[name].append((same[0], same[-1]))
    found["Co"] += [(0xF0000, 0xFFFFD), (0x100000, 0x10FFFD)]
    return {name: CharSet.of(ranges) for name, ranges in found.items()}


@lru_cache(maxsize=256)
def fold(chars: CharSet) -> CharSet:
    """These characters, and those that differ from them in case only: Unicode's simple case folding."""
    codes, alike = _alike()
    others = (
        other
        for first, last in chars.ranges
        for code in codes[bisect_left(codes, first) : bisect_right(codes, last)]
        for other in alike[code]
    )
    return CharSet.of(chain(chars.ranges, ((other, other) for other in others)))


@cache
def _alike() -> tuple[Sequence[int], Mapping[int, Sequence[int]]]:
    """The code points that have others of another case, in order; and for each of them, all that are alike."""
    kinds: dict[str, list[int]] = defaultdict(list)
    for code in _CASED:
        kinds[_folded(chr(code))].append(code)
    alike = {code: kind for kind in kinds.values() if len(kind) > 1 for code in kind}
    return sorted(alike), alike


def _folded(char: str) -> str:
    """Python folds to several characters where Unicode's full folding does: what is alike by simple folding is not."""
    return next((form for form in (char.casefold(), char.lower()) if len(form) == 1), char)

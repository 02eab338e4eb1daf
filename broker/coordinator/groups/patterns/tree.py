"""What a pattern is made of once it is parsed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

ALPHABET: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
"""The characters of topic names. What else a pattern allows cannot occur."""

WORD: Final = ALPHABET - frozenset(".-")
"""The letters, digits and underscore."""


class Anchor(Enum):
    """Places between characters. Names have no line ends, so a line is the whole name."""

    START = "^"
    END = "$"
    BOUNDARY = "\\b"
    NO_BOUNDARY = "\\B"


@dataclass(frozen=True, slots=True)
class Sequence:
    """One part after the other; without parts, the empty text."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these."""

    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part `least` to `most` times; None: as often as you like."""

    part: Node
    least: int
    most: int | None


Node: TypeAlias = frozenset[str] | Anchor | Sequence | Choice | Repeat
"""A set of characters stands for one character out of it."""

"""What a pattern is made of once it is parsed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from barnabas.broker.coordinator.patterns.charset import CharSet


class Anchor(Enum):
    """Places between characters."""

    START = "\\A"
    END = "\\z"
    LINE_START = "(?m)^"
    LINE_END = "(?m)$"
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


Node: TypeAlias = CharSet | Anchor | Sequence | Choice | Repeat
"""A set of characters stands for one character out of it."""

"""Matches names against a parsed pattern: a nondeterministic automaton, made deterministic as names come.

A state of the automaton goes on by a character, or, for nothing, to other states; some only where an anchor holds. All
states that a name can have led to are followed together, and what a set of them comes to by a character is remembered:
a name costs one look-up a character, and never more than the number of states.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from barnabas.broker.coordinator.patterns.charset import CharSet
from barnabas.broker.coordinator.patterns.syntax import PatternError, parse
from barnabas.broker.coordinator.patterns.tree import Anchor, Choice, Node, Repeat, Sequence

_MOST_STATES: Final = 10_000
_MOST_REMEMBERED: Final = 200_000
"""States in all that is remembered: a few MB."""
_NOTHING: Final = CharSet()
_NOWHERE: Final = -1

_Key: TypeAlias = tuple[frozenset[int], str]
"""States, and the character before them: '' at the start, else one that stands for its like (see `_kind`)."""


class Pattern:
    """A pattern; `PatternError` where the text is none."""

    def __init__(self, text: str) -> None:
        self._states = _States()
        accept = self._states.add_final()
        start = self._states.add(parse(text), accept)
        self._accept: Final = accept
        self._start: Final[_Key] = frozenset([start]), ""
        self._steps: dict[tuple[_Key, str], _Key] = {}
        self._ends: dict[_Key, bool] = {}
        self._remembered = 0

    def matches(self, name: str) -> bool:
        """Whether the whole of this name matches."""
        key, steps = self._start, self._steps
        for char in name:
            following = steps.get((key, char))
            if following is None:
                following = self._step(key, char)
            if not following[0]:
                return False
            key = following
        return self._is_end(key)

    def _step(self, key: _Key, char: str) -> _Key:
        if self._remembered >= _MOST_REMEMBERED:
            self._steps.clear()
            self._ends.clear()
            self._remembered = 0
        states, previous = key
        reached = self._states.closure(states, previous, char)
        following = (
            frozenset(self._states.next[state] for state in reached if char in self._states.chars[state]),
            _kind(char),
        )
        self._steps[key, char] = following
        self._remembered += 1 + len(following[0])
        return following

    def _is_end(self, key: _Key) -> bool:
        found = self._ends.get(key)
        if found is None:
            found = self._ends[key] = self._accept in self._states.closure(*key, "")
        return found


class _States:
    """The automaton's states, by number. Built from the end: each part is told where to go on."""

    def __init__(self) -> None:
        self.chars: list[CharSet] = []
        """The characters by which a state goes on to `next`; none for one that only leads to others."""
        self.next: list[int] = []
        self.free: list[tuple[int, ...]] = []
        """The states to which it goes on for nothing, where its anchor holds."""
        self.anchor: list[Anchor | None] = []

    def add_final(self) -> int:
        return self._new(_NOTHING, _NOWHERE)

    def add(self, node: Node, then: int) -> int:
        """States for this part of the pattern, which go on to `then`. Returns the first one."""
        match node:
            case Anchor():
                return self._new(_NOTHING, _NOWHERE, (then,), node)
            case Sequence(parts):
                for part in reversed(parts):
                    then = self.add(part, then)
                return then
            case Choice(options):
                return self._new(_NOTHING, _NOWHERE, tuple(self.add(option, then) for option in options))
            case Repeat(part, least, most):
                return self._add_repeat(part, least, most, then)
            case CharSet():
                return self._new(node, then)

    def _add_repeat(self, part: Node, least: int, most: int | None, then: int) -> int:
        first = then
        if most is None:
            first = self._new(_NOTHING, _NOWHERE)
            self.free[first] = self.add(part, first), then
        else:
            for _ in range(most - least):
                first = self._new(_NOTHING, _NOWHERE, (self.add(part, first), then))
        for _ in range(least):
            first = self.add(part, first)
        return first

    def closure(self, states: frozenset[int], previous: str, following: str) -> set[int]:
        """All states that these lead to for nothing, between two characters ('' before the first, after the last)."""
        holding = _holding(previous, following)
        found: set[int] = set()
        left = list(states)
        while left:
            state = left.pop()
            if state not in found:
                found.add(state)
                if self.anchor[state] is None or self.anchor[state] in holding:
                    left += self.free[state]
        return found

    def _new(self, chars: CharSet, then: int, free: tuple[int, ...] = (), anchor: Anchor | None = None) -> int:
        if len(self.chars) >= _MOST_STATES:
            raise PatternError("expression too large")
        self.chars.append(chars)
        self.next.append(then)
        self.free.append(free)
        self.anchor.append(anchor)
        return len(self.chars) - 1


def _is_word(char: str) -> bool:
    return char == "_" or (char.isascii() and char.isalnum())


def _kind(char: str) -> str:
    """A character that anchors cannot tell from this one."""
    return "a" if _is_word(char) else "\n" if char == "\n" else "."


def _holding(previous: str, following: str) -> set[Anchor]:
    boundary = _is_word(previous) != _is_word(following)
    holding = {Anchor.BOUNDARY if boundary else Anchor.NO_BOUNDARY}
    if not previous:
        holding.add(Anchor.START)
    if not following:
        holding.add(Anchor.END)
    if previous in ("", "\n"):
        holding.add(Anchor.LINE_START)
    if following in ("", "\n"):
        holding.add(Anchor.LINE_END)
    return holding

"""Reads a pattern in RE2/J's syntax: text in, tree out.

    x* x+ x? x{n,m}     and lazy ones (x*?), which are the same where only a whole match counts
    x|y (x) (?:x) (?P<name>x) (?<name>x) (?i) (?is-m:x)
    . [a-z] [^a-z] [[:alpha:]] \\d \\w \\s \\pL \\p{Lu} \\p{Greek}
    ^ $ \\A \\z \\b \\B \\Qx\\E \\. \\x2e \\x{2e} \\056

No backreferences and no looking around, so that matching can be linear. The reasons that `PatternError` gives are those
of RE2/J, because clients show them. Three things are ours: patterns do not nest deeper than 100 groups and are not
longer than 10,000 characters, and categories and scripts are those of a newer Unicode.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Final

from barnabas.broker.coordinator.patterns.charset import ANY, CharSet, union
from barnabas.broker.coordinator.patterns.classes import escaped_class, fold, named_class, unicode_class
from barnabas.broker.coordinator.patterns.tree import Anchor, Choice, Node, Repeat, Sequence

_MOST_REPEATS: Final = 1000
_DEEPEST: Final = 100
_LONGEST: Final = 10_000
_REPEAT: Final = re.compile(r"\{(0|[1-9][0-9]*)(,(0|[1-9][0-9]*)?)?\}")
_DIGITS: Final = 8
"""As many as matter of a number: with more it is too large anyway."""
_NAMED_GROUP: Final = re.compile(r"\(\?P?<([^>]*)>")
_FLAGS: Final = re.compile(r"\(\?([imsU]*)(-[imsU]+)?([:)])")
_SIMPLE_ESCAPES: Final = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_SPECIAL: Final[Mapping[str, tuple[str, Node, Node]]] = {
    ".": ("s", ~CharSet.chars("\n"), ANY),
    "^": ("m", Anchor.START, Anchor.LINE_START),
    "$": ("m", Anchor.END, Anchor.LINE_END),
}
"""What they stand for without a flag, and with it."""
_ANCHORS: Final[Mapping[str, Node]] = {
    "A": Anchor.START,
    "z": Anchor.END,
    "b": Anchor.BOUNDARY,
    "B": Anchor.NO_BOUNDARY,
}
_OCTAL: Final = re.compile(r"\\(0[0-7]{0,2}|[1-7][0-7]{1,2})")
_UNICODE: Final = re.compile(r"\\[pP](?:\{(\^?)([^}]*)\}|(.))", re.DOTALL)
_POSIX: Final = re.compile(r"\[:(\^?)(.*?):\]", re.DOTALL)
_HEX: Final = re.compile(r"\\x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))")


class PatternError(Exception):
    """The text is no pattern; says why."""


def parse(text: str) -> Node:
    """The pattern's tree. Raises `PatternError`."""
    if len(text) > _LONGEST:
        raise PatternError("expression too large")
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._flags: frozenset[str] = frozenset()
        self._names: set[str] = set()

    def parse(self) -> Node:
        tree = self._choice()
        if self._at < len(self._text):
            raise PatternError("unexpected )")
        return tree

    def _choice(self) -> Node:
        options = [self._sequence()]
        while self._take("|"):
            options.append(self._sequence())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        repeated = False
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            bounds = self._repetition()
            if bounds is None:
                repeated = False
                self._part(parts)
            elif not parts:
                raise PatternError("missing argument to repetition operator")
            elif repeated:
                raise PatternError("invalid nested repetition operator")
            else:
                repeated = True
                parts[-1] = Repeat(parts[-1], *bounds)
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _repetition(self) -> tuple[int, int | None] | None:
        """How often the part before is to come, if that is said here."""
        bounds: tuple[int, int | None]
        if self._take("*"):
            bounds = 0, None
        elif self._take("+"):
            bounds = 1, None
        elif self._take("?"):
            bounds = 0, 1
        elif counts := self._matched(_REPEAT):
            least = int(counts[1][:_DIGITS])
            most = least if counts[2] is None else int(counts[3][:_DIGITS]) if counts[3] else None
            bounds = least, most
            if max(least, most or 0) > _MOST_REPEATS or (most is not None and most < least):
                raise PatternError("invalid repeat count")
        else:
            return None
        self._take("?")
        return bounds

    def _part(self, parts: list[Node]) -> None:
        char = self._text[self._at]
        if char == "(":
            self._group(parts)
        elif char == "[":
            parts.append(self._class())
        elif char == "\\":
            self._escape(parts)
        else:
            self._at += 1
            parts.append(self._special(char) or self._literal(char))

    def _special(self, char: str) -> Node | None:
        if char not in _SPECIAL:
            return None
        flag, without, with_it = _SPECIAL[char]
        return with_it if flag in self._flags else without

    def _literal(self, char: str) -> CharSet:
        return self._folded(CharSet.chars(char))

    def _folded(self, chars: CharSet) -> CharSet:
        return fold(chars) if "i" in self._flags else chars

    def _group(self, parts: list[Node]) -> None:
        if not self._text.startswith("(?", self._at):
            self._at += 1
        elif named := self._matched(_NAMED_GROUP):
            self._name(named[1])
        elif self._text.startswith(("(?P<", "(?<"), self._at):
            raise PatternError("invalid named capture")
        else:
            self._flagged(parts)
            return
        parts.append(self._inside(self._flags))

    def _name(self, name: str) -> None:
        if not re.fullmatch("[A-Za-z0-9_]+", name):
            raise PatternError("invalid named capture")
        if name in self._names:
            raise PatternError("duplicate capture group name")
        self._names.add(name)

    def _flagged(self, parts: list[Node]) -> None:
        flags = self._matched(_FLAGS)
        if flags is None:
            raise PatternError("invalid or unsupported Perl syntax")
        after = self._flags.union(flags[1]).difference(flags[2] or "")
        if flags[3] == ")":
            self._flags = after
        else:
            parts.append(self._inside(after))

    def _inside(self, flags: frozenset[str]) -> Node:
        """What stands in a group, up to its end."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise PatternError("expression nests too deeply")
        before, self._flags = self._flags, flags
        tree = self._choice()
        if not self._take(")"):
            raise PatternError("missing closing )")
        self._flags = before
        self._depth -= 1
        return tree

    def _escape(self, parts: list[Node]) -> None:
        following = self._text[self._at + 1 : self._at + 2]
        if following == "Q":
            end = self._text.find("\\E", self._at + 2)
            literal = self._text[self._at + 2 : end if end >= 0 else None]
            parts.extend(self._literal(char) for char in literal)
            self._at = end + 2 if end >= 0 else len(self._text)
        elif following in _ANCHORS:
            self._at += 2
            parts.append(_ANCHORS[following])
        else:
            found = self._escaped_class()
            parts.append(self._literal(self._escaped_char()) if found is None else found)

    def _escaped_class(self) -> CharSet | None:
        """The set of characters of \\d, \\pL and the like; None if something else stands here."""
        letter = self._text[self._at + 1 : self._at + 2]
        if letter and letter in "pP":
            named = self._matched(_UNICODE)
            found = None if named is None else unicode_class(named[2] if named[3] is None else named[3])
            if found is None or named is None:
                raise PatternError("invalid character class range")
            return self._named(found, negated=(letter == "P") != bool(named[1]))
        known = escaped_class(letter)
        if known is None:
            return None
        self._at += 2
        return self._named(known[0], negated=known[1])

    def _named(self, chars: CharSet, *, negated: bool) -> CharSet:
        folded = self._folded(chars)
        return ~folded if negated else folded

    def _escaped_char(self) -> str:
        """The one character that an escape stands for, inside of a class and outside."""
        if self._at + 1 >= len(self._text):
            raise PatternError("trailing backslash at end of expression")
        if octal := self._matched(_OCTAL):
            return chr(int(octal[1], 8))
        if code := self._matched(_HEX):
            value = int(code[1] or code[2], 16)
            if value > sys.maxunicode:
                raise PatternError("invalid escape sequence")
            return chr(value)
        char = self._text[self._at + 1]
        if char in _SIMPLE_ESCAPES or not (char.isascii() and char.isalnum()):
            self._at += 2
            return _SIMPLE_ESCAPES.get(char, char)
        raise PatternError("invalid escape sequence")

    def _class(self) -> CharSet:
        self._at += 1
        negated = self._take("^")
        parts: set[CharSet] = set()
        first = True
        while first or not self._text.startswith("]", self._at):
            first = False
            if self._at >= len(self._text):
                raise PatternError("missing closing ]")
            parts.add(self._class_part())
        self._at += 1
        return self._named(union(parts), negated=negated)

    def _class_part(self) -> CharSet:
        named = self._named_class()
        if named is None and self._text.startswith("\\", self._at):
            named = self._escaped_class()
        return self._range() if named is None else named

    def _named_class(self) -> CharSet | None:
        named = self._matched(_POSIX)
        if named is None:
            return None
        found = named_class(named[2])
        if found is None:
            raise PatternError("invalid character class range")
        return self._named(found, negated=bool(named[1]))

    def _range(self) -> CharSet:
        low = high = self._class_char()
        if self._text.startswith("-", self._at) and not self._text.startswith("-]", self._at):
            self._at += 1
            high = self._class_char()
        if high < low:
            raise PatternError("invalid character class range")
        return CharSet.of([(ord(low), ord(high))])

    def _class_char(self) -> str:
        if self._at >= len(self._text):
            raise PatternError("missing closing ]")
        if self._text[self._at] == "\\":
            return self._escaped_char()
        self._at += 1
        return self._text[self._at - 1]

    def _take(self, char: str) -> bool:
        if not self._text.startswith(char, self._at):
            return False
        self._at += 1
        return True

    def _matched(self, expression: re.Pattern[str]) -> re.Match[str] | None:
        found = expression.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
        return found

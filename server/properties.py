"""Reads Java's properties format: `name=value`, `name: value` or `name value`, comments, continued lines, escapes.

Follows java.util.Properties: a line that starts with # or ! is a comment, an odd number of backslashes at a line's
end continues it, white space before a name, around the separator and at the start of a continued line is dropped,
`\\uXXXX`, `\\t`, `\\n`, `\\r` and `\\f` are escapes, and any other escaped character stands for itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_SPACE: Final = " \t\f"
_ESCAPES: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.|$)", re.DOTALL)
_NAME: Final = re.compile(r"(?:[^\\=: \t\f]|\\.)*", re.DOTALL)
_SEPARATOR: Final = re.compile(r"[ \t\f]*[=:]?[ \t\f]*")


@dataclass(slots=True, frozen=True)
class Property:
    """One entry of a file; `line` is the number of its first line, from 1."""

    name: str
    value: str
    line: int


@dataclass(slots=True, frozen=True)
class Malformed:
    """A line that cannot be read, and why."""

    line: int
    reason: str


def parse_properties(text: str) -> tuple[list[Property], list[Malformed]]:
    """The entries in their order, and the lines that are none. A name may occur more than once: the last one counts."""
    found: list[Property] = []
    malformed: list[Malformed] = []
    for number, line in _logical_lines(text):
        match = _NAME.match(line)
        assert match is not None
        separator = _SEPARATOR.match(line, match.end())
        assert separator is not None
        try:
            found.append(Property(_unescape(match.group()), _unescape(line[separator.end() :]), number))
        except ValueError as error:
            malformed.append(Malformed(number, str(error)))
    return found, malformed


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines joined where they are continued, without comments and empty ones, each with its first number."""
    lines = re.split(r"\r\n|\n|\r", text)
    index = 0
    while index < len(lines):
        number, line = index + 1, lines[index].lstrip(_SPACE)
        index += 1
        if not line or line[0] in "#!":
            continue
        while _continues(line):
            line = line[:-1]
            if index < len(lines):
                line += lines[index].lstrip(_SPACE)
                index += 1
        if line:
            yield number, line


def _continues(line: str) -> bool:
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(_unescape_one, text)


def _unescape_one(match: re.Match[str]) -> str:
    code = match.group(1)
    if len(code) == 5:
        return chr(int(code[1:], 16))
    if code == "u":
        raise ValueError(r"\u must be followed by four hexadecimal digits")
    return _ESCAPES.get(code, code)

"""Java's properties format, as java.util.Properties reads it."""

from __future__ import annotations

import pytest

from barnabas.server.properties import parse_properties


def read(text: str) -> dict[str, str]:
    properties, malformed = parse_properties(text)
    assert not malformed
    return {entry.name: entry.value for entry in properties}


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("a=b", "a", "b"),
        ("a = b", "a", "b"),
        ("a: b", "a", "b"),
        ("a b c", "a", "b c"),
        ("a\tb", "a", "b"),
        ("  a  =  b  ", "a", "b  "),
        ("a=", "a", ""),
        ("a", "a", ""),
        ("a==b", "a", "=b"),
        ("a = = b", "a", "= b"),
        ("=b", "", "b"),
        (r"a\=b\:c\ d=e", "a=b:c d", "e"),
        (r"a=\u00e9\t\n\\x\q", "a", "é\t\n\\xq"),
        ("a=b\\\n   c", "a", "bc"),
        ("a=b\\\r\n\t c\\\r  d", "a", "bcd"),
        ("a=b\\\\\nc=d", "a", "b\\"),
        ("a=b\\", "a", "b"),
        ("a=b\\\n#c", "a", "b#c"),
        ("listeners=PLAINTEXT://:9092,X://[::1]:1", "listeners", "PLAINTEXT://:9092,X://[::1]:1"),
        ("a=1\na=2", "a", "2"),
    ],
)
def test_entry(text: str, name: str, value: str) -> None:
    assert read(text)[name] == value


def test_comments_and_empty_lines() -> None:
    assert read("# a=1\n\n   ! b=2\n\f\n  \nc=3 # not a comment\n#d=4\\\ne=5") == {"c": "3 # not a comment", "e": "5"}


def test_line_numbers_are_those_of_the_first_line() -> None:
    properties, _ = parse_properties("# x\na=1\\\n2\n\nb=3\rc=4\r\nd=5")
    assert [(entry.name, entry.line) for entry in properties] == [("a", 2), ("b", 5), ("c", 6), ("d", 7)]


def test_bad_escape_is_reported_and_the_rest_is_read() -> None:
    properties, malformed = parse_properties("a=\\u12\nb=1")
    assert [entry.name for entry in properties] == ["b"]
    assert [(line.line, "hexadecimal" in line.reason) for line in malformed] == [(1, True)]

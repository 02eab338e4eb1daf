"""Patterns of topic names: RE2/J's syntax and reasons, Python's `re` as the naive twin where both mean the same."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barnabas.broker.coordinator.groups.patterns import PatternError, TopicPattern

names = st.text("abA1._-", min_size=1, max_size=6)

ATOMS = r"a b A 1 \. - _ . [ab] [^a] [a-c1] [^.-] \d \w \W \D [\d.] ^ $ \b \B \A"
atoms = st.sampled_from(ATOMS.split())
quantifiers = st.sampled_from(["", "*", "+", "?", "{2}", "{1,2}", "{0,}", "*?", "+?", "??"])


def combined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    sequences = st.lists(parts, min_size=1, max_size=3).map("".join)
    groups = st.tuples(st.sampled_from(["(", "(?:", "(?i:"]), sequences, quantifiers).map(
        lambda part: f"{part[0]}{part[1]}){part[2]}"
    )
    choices = st.tuples(sequences, sequences).map(lambda two: f"(?:{two[0]}|{two[1]})")
    return st.one_of(groups, choices, sequences)


patterns = st.recursive(st.tuples(atoms, quantifiers).map("".join), combined, max_leaves=6)


@settings(max_examples=150, deadline=None)
@given(text=patterns, name=names)
def test_matches_what_re_matches(text: str, name: str) -> None:
    try:
        twin = re.compile(text, re.ASCII)
    except re.error:
        return
    assert TopicPattern(text).matches(name) == (twin.fullmatch(name) is not None)


@pytest.mark.parametrize(
    ("text", "name", "matches"),
    [
        ("orders.*", "orders-eu", True),
        ("orders.*", "my-orders", False),
        ("orders", "orders2", False),
        ("", "", True),
        ("a|b|", "b", True),
        (r"\Qa.b\E+", "a.bbb", True),
        (r"\Qa.b", "a.b", True),
        ("[[:alpha:]]+", "Abc", True),
        ("[[:^alpha:]]+", "Abc", False),
        ("(?i)[[:^lower:]]", "A", False),
        (r"\p{Lu}\pL+", "Abc", True),
        (r"\P{Latin}", "1", True),
        (r"\x61\x{62}\141", "aba", True),
        ("(?i:a)b", "Ab", True),
        ("(?i:a)b", "AB", False),
        ("(?i)a(?-i)b", "AB", False),
        ("(?P<name>a)(?<other>b)", "ab", True),
        ("a{,2}", "a{,2}", False),
        ("[]a]+", "a", True),
        ("[a-]+", "a-a", True),
        ("é", "e", False),
        ("\u212a", "k", False),
        ("(?i)\u212a", "k", True),
        (r"\s*", "", True),
        (r"[\s]", "s", False),
        ("(?s).+(?m)^", "a", False),
        (r"a\b-\b", "a-", False),
    ],
)
def test_means_what_it_means_in_re2(text: str, name: str, matches: bool) -> None:
    assert TopicPattern(text).matches(name) is matches


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(", "missing closing )"),
        (")", "unexpected )"),
        ("[a", "missing closing ]"),
        ("[z-a]", "invalid character class range"),
        ("[[:foo:]]", "invalid character class range"),
        (r"\pX", "invalid character class range"),
        (r"\p{Klingon}", "invalid character class range"),
        ("*", "missing argument to repetition operator"),
        ("a|*", "missing argument to repetition operator"),
        ("a**", "invalid nested repetition operator"),
        ("a{2}{3}", "invalid nested repetition operator"),
        ("a{1001}", "invalid repeat count"),
        ("a{2,1}", "invalid repeat count"),
        ("\\", "trailing backslash at end of expression"),
        (r"[\ ".strip(), "trailing backslash at end of expression"),
        (r"\q", "invalid escape sequence"),
        (r"\1", "invalid escape sequence"),
        (r"\x{110000}", "invalid escape sequence"),
        (r"[a-\d]", "invalid escape sequence"),
        ("(?P<n>a)(?P<n>b)", "duplicate capture group name"),
        ("(?<n", "invalid named capture"),
        ("(?P<a-b>a)", "invalid named capture"),
        ("(?=a)", "invalid or unsupported Perl syntax"),
        ("(?i", "invalid or unsupported Perl syntax"),
        ("(?P=n)", "invalid or unsupported Perl syntax"),
        ("(" * 101 + ")" * 101, "expression nests too deeply"),
        ("(a{1000}){1000}", "expression too large"),
    ],
)
def test_says_what_is_wrong_as_re2j_does(text: str, reason: str) -> None:
    with pytest.raises(PatternError, match=f"^{re.escape(reason)}$"):
        TopicPattern(text)


@settings(max_examples=150, deadline=None)
@given(text=st.text(alphabet="ab()[]{}*+?|\\^$.-:<>P1,idwpQE!=é", max_size=12), name=names)
def test_any_text_is_a_pattern_or_an_error(text: str, name: str) -> None:
    try:
        pattern = TopicPattern(text)
    except PatternError:
        return
    assert pattern.matches(name) in (True, False)


def test_takes_linear_time_where_backtracking_takes_for_ever() -> None:
    assert not TopicPattern("(a+)+b").matches("a" * 249)
    assert not TopicPattern("(a|a)*" * 20 + "b").matches("a" * 249)

"""Patterns of names: RE2/J's syntax and reasons, Python's `re` as the naive twin where both mean the same."""

from __future__ import annotations

import re
import sys
from unicodedata import category

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barnabas.broker.coordinator.patterns import Pattern, PatternError
from barnabas.broker.coordinator.patterns.charset import CharSet, union
from barnabas.broker.coordinator.patterns.classes import fold, unicode_class

names = st.text("abA1._- \néж漢🙂", min_size=1, max_size=6)

CHARS = r"a b A 1 \. - _ . é 漢 [ab] [^a] [a-c1] [^.-] [^é] [а-я🙂] [一-🙏] \d \w \W \D \s \S [\d.] [^\W\n]"
ANCHORS = r"^ $ \b \B \A"
atoms = st.sampled_from(CHARS.split() + ANCHORS.split())
quantifiers = st.sampled_from(["", "*", "+", "?", "{2}", "{1,2}", "{0,}", "*?", "+?", "??"])


def combined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    sequences = st.lists(parts, min_size=1, max_size=3).map("".join)
    groups = st.tuples(st.sampled_from(["(", "(?:", "(?i:", "(?s:", "(?m:"]), sequences, quantifiers).map(
        lambda part: f"{part[0]}{part[1]}){part[2]}"
    )
    choices = st.tuples(sequences, sequences).map(lambda two: f"(?:{two[0]}|{two[1]})")
    return st.one_of(groups, choices, sequences)


patterns = st.recursive(st.tuples(atoms, quantifiers).map("".join), combined, max_leaves=6)


def twin_of(text: str) -> re.Pattern[str] | None:
    """What means the same to `re`; None where nothing does."""
    try:
        # A `$` is the very end, unless the flag before it says otherwise.
        return re.compile(re.sub(r"(?<!\(\?m:)\$", r"\\Z", text), re.ASCII)
    except re.error:
        return None


@settings(max_examples=200, deadline=None)
@given(text=patterns, name=names)
def test_matches_what_re_matches(text: str, name: str) -> None:
    twin = twin_of(text)
    if twin is not None:
        assert Pattern(text).matches(name) == (twin.fullmatch(name) is not None)


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
        ("a{,2}", "a{,2}", True),
        ("[]a]+", "a", True),
        ("[a-]+", "a-a", True),
        ("é", "e", False),
        ("\u212a", "k", False),
        ("(?i)\u212a", "k", True),
        (r"\s*", "", True),
        (r"\s", "\v", False),
        ("[[:space:]]", "\v", True),
        ("[[:punct:]]+", "~!@", True),
        (r"\w", "é", False),
        (r"\pL+", "éж漢", True),
        (r"\p{^L}", "é", False),
        (r"[^\PL]", "é", True),
        (r"\p{Greek}+", "αβγ", True),
        (r"\P{Greek}", "α", False),
        (r"\p{Han}{2}", "漢字", True),
        (r"\p{Any}", "\U0010ffff", True),
        ("(?i)ÉŒΣ", "éœς", True),
        ("(?i)[^à-é]", "É", False),
        (r"(?i)\W", "\u212a", False),
        ("(?i)ß", "ẞ", True),
        ("(?i)ß", "ss", False),
        ("(?i)i", "ı", False),
        (".", "🙂", True),
        (".", "\n", False),
        ("(?s).", "\n", True),
        ("[^a]", "\n", True),
        ("a$\n", "a\n", False),
        ("(?m)a$\n^b", "a\nb", True),
        ("(?m)a$b", "ab", False),
        ("a{01}", "a{01}", True),
        ("(?:)", "", True),
        (r"[\s]", "s", False),
        ("(?s).+(?m)^", "a", False),
        (r"a\b-\b", "a-", False),
    ],
)
def test_means_what_it_means_in_re2(text: str, name: str, matches: bool) -> None:
    assert Pattern(text).matches(name) is matches


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
        ("a{1" + "0" * 5000 + "}", "invalid repeat count"),
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
        ("[" + "a" * 10_000 + "]", "expression too large"),
    ],
)
def test_says_what_is_wrong_as_re2j_does(text: str, reason: str) -> None:
    with pytest.raises(PatternError, match=f"^{re.escape(reason)}$"):
        Pattern(text)


@settings(max_examples=150, deadline=None)
@given(text=st.text(alphabet="ab()[]{}*+?|\\^$.-:<>PL1,idwspQE!=é漢", max_size=12), name=names)
def test_any_text_is_a_pattern_or_an_error(text: str, name: str) -> None:
    try:
        pattern = Pattern(text)
    except PatternError:
        return
    assert pattern.matches(name) in (True, False)


def test_takes_linear_time_where_backtracking_takes_for_ever() -> None:
    assert not Pattern("(a+)+b").matches("a" * 249)
    assert not Pattern("(a|a)*" * 20 + "b").matches("a" * 249)
    assert not Pattern(r"(\pL|\PL)*\d").matches("é" * 5000)


def test_remembers_no_more_than_a_few_megabytes() -> None:
    pattern = Pattern(".*a.{901}")
    assert not pattern.matches("".join(chr(0x4E00 + number) + "a" for number in range(2000)))
    assert pattern.matches("漢" * 10 + "a" + "字" * 901)
    assert sum(len(states) for states, _ in pattern._steps.values()) < 250_000


ranges = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda two: (min(two), max(two))), max_size=5)


@settings(max_examples=100, deadline=None)
@given(some=ranges, others=ranges)
def test_sets_are_those_of_their_members(some: list[tuple[int, int]], others: list[tuple[int, int]]) -> None:
    def members(chars: CharSet) -> set[int]:
        return {code for code in range(60) if chr(code) in chars}

    one, other = CharSet.of(some), CharSet.of(others)
    wanted = {code for first, last in some for code in range(first, last + 1)}
    assert members(one) == wanted
    assert members(~one) == set(range(60)) - wanted
    assert ~~one == one
    assert members(one | other) == members(one) | members(other)
    assert union((one, other, one)) == one | other
    assert chr(sys.maxunicode) in ~one


def test_categories_are_those_of_unicode() -> None:
    found: dict[str, list[int]] = {}
    for code in range(sys.maxunicode + 1):
        found.setdefault(category(chr(code)), []).append(code)
    for name, codes in found.items():
        if name != "Cn":
            assert unicode_class(name) == CharSet.of((code, code) for code in codes), name
    assert unicode_class("L") == union(
        CharSet.of((c, c) for c in found[name]) for name in ("Ll", "Lm", "Lo", "Lt", "Lu")
    )
    assert unicode_class("Cn") is None


# `re` takes these for alike where Unicode does not, or only since a later version.
ALIKE_TO_RE = "iIıİ\u0390\u1fd3\u03b0\u1fe3\ufb05\ufb06"


def test_letters_are_alike_that_are_for_re() -> None:
    cased = [chr(code) for code in range(sys.maxunicode + 1) if chr(code).lower() != chr(code).upper()]
    for char in cased:
        if char not in ALIKE_TO_RE:
            alike = {chr(code) for first, last in fold(CharSet.chars(char)).ranges for code in range(first, last + 1)}
            near = {char, *char.lower(), *char.upper(), *char.casefold(), *alike}
            twin = re.compile(re.escape(char), re.IGNORECASE)
            assert {each for each in near if twin.fullmatch(each)} - set(ALIKE_TO_RE) == alike, char

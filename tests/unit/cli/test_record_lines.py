"""Records as lines: what `consume` prints, `produce` reads."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.cli.failures import UsageError
from barnabas.cli.record_lines import BadLine, LineRecord, TextForm, json_line, parse_json, parse_separator

contents = st.none() | st.binary(max_size=20) | st.text(max_size=20).map(str.encode)
headers = st.lists(st.tuples(st.text(max_size=8), contents), max_size=3)


@given(contents, contents, headers, st.integers(0, 2**31 - 1), st.integers(-1, 2**63 - 1))
def test_every_record_survives_json(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]], partition: int, timestamp: int
) -> None:
    record = LineRecord(value, key, headers)
    line = json_line("t", partition, 5, timestamp, record)
    assert line.count(b"\n") == 1
    assert parse_json(line) == LineRecord(value, key, headers, partition, timestamp)


def test_json_shows_text_as_text_and_the_rest_in_base64() -> None:
    record = LineRecord(b"\xff", "ä".encode(), [("h", None), ("h", b"\xfe")])
    assert json.loads(json_line("t", 1, 2, 3, record)) == {
        "topic": "t",
        "partition": 1,
        "offset": 2,
        "timestamp": 3,
        "key": "ä",
        "value_base64": "/w==",
        "headers": [{"name": "h", "value": None}, {"name": "h", "value_base64": "/g=="}],
    }


def test_a_json_line_needs_nothing_but_braces() -> None:
    assert parse_json(b"{}") == LineRecord(None, headers=[])
    assert parse_json(b'{"value": "v"}') == LineRecord(b"v", headers=[])


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"v", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"vlaue": "v"}', "unknown field 'vlaue'"),
        (b'{"value": 5}', "value is not a string"),
        (b'{"value": "\\ud800"}', "surrogate"),
        (b'{"key_base64": "?"}', "key_base64 is not base64"),
        (b'{"key_base64": 1}', "key_base64 is not base64"),
        (b'{"partition": "0"}', "partition is not a whole number"),
        (b'{"timestamp": true}', "timestamp is not a whole number"),
        (b'{"headers": {"a": "b"}}', "headers is not a list"),
        (b'{"headers": ["a"]}', "a header is not an object"),
        (b'{"headers": [{"value": "a"}]}', "a header's name is not a string"),
    ],
)
def test_a_bad_json_line_says_why(line: bytes, complaint: str) -> None:
    with pytest.raises(BadLine, match=complaint):
        parse_json(line)


@pytest.mark.parametrize(
    ("form", "line", "record"),
    [
        (TextForm(), b"a:b", LineRecord(b"a:b")),
        (TextForm(), b"", LineRecord(b"")),
        (TextForm(b":"), b"k:v:w", LineRecord(b"v:w", b"k")),
        (TextForm(b"->"), b"->", LineRecord(b"", b"")),
        (TextForm(b":", null=b"NULL"), b"k:NULL", LineRecord(None, b"k")),
        (TextForm(b":", null=b"NULL"), b"NULL:v", LineRecord(b"v", None)),
        (TextForm(b":", null=b""), b"k:", LineRecord(None, b"k")),
        (TextForm(headers=True), b"\tv", LineRecord(b"v")),
        (TextForm(headers=True), b"a=1,b=,a=x=y\tv", LineRecord(b"v", None, [("a", b"1"), ("b", b""), ("a", b"x=y")])),
        (TextForm(b"|", headers=True), b"a=1\tk|v\tw", LineRecord(b"v\tw", b"k", [("a", b"1")])),
    ],
)
def test_text_both_ways(form: TextForm, line: bytes, record: LineRecord) -> None:
    parsed = form.parse(line)
    assert (parsed.value, parsed.key, list(parsed.headers)) == (record.value, record.key, list(record.headers))
    assert form.line(record) == line + b"\n"


@pytest.mark.parametrize(
    ("form", "line", "complaint"),
    [
        (TextForm(b":"), b"kv", "no key separator ':'"),
        (TextForm(headers=True), b"a=1", "no tab ends its headers"),
        (TextForm(headers=True), b"a\tv", "header 'a' is not name=value"),
        (TextForm(headers=True), b"=a\tv", "is not name=value"),
        (TextForm(headers=True), b"\xff=a\tv", "not UTF-8"),
    ],
)
def test_a_bad_text_line_says_why(form: TextForm, line: bytes, complaint: str) -> None:
    with pytest.raises(BadLine, match=complaint):
        form.parse(line)


def test_a_separator_may_be_typed_with_its_escape() -> None:
    assert parse_separator("\\t") == b"\t"
    assert parse_separator("::") == b"::"
    with pytest.raises(UsageError, match="empty"):
        parse_separator("")

"""`barnabas produce`."""

from __future__ import annotations

import pytest

from command_harness import FakeProducer, Run, Sent


def test_each_line_is_a_record(run: Run, producer: FakeProducer) -> None:
    result = run("produce", "t", stdin=b"one\n\n \xff\r\nlast")
    assert (result.code, result.out, result.err) == (0, "", "")
    assert producer.sent == [Sent(value, headers=[]) for value in (b"one", b"", b" \xff\r", b"last")]
    assert producer.waited == 4


def test_a_newline_at_the_end_begins_no_record(run: Run, producer: FakeProducer) -> None:
    run("produce", "t", stdin=b"one\n")
    assert len(producer.sent) == 1
    run("produce", "t", stdin=b"")
    assert len(producer.sent) == 1


def test_lines_longer_than_what_is_read_at_once(run: Run, producer: FakeProducer) -> None:
    lines = [b"a" * 700_000, b"b", b"c" * 300_000]
    assert run("produce", "t", stdin=b"\n".join(lines)).code == 0
    assert [record.value for record in producer.sent] == lines


def test_keys_headers_and_nulls(run: Run, producer: FakeProducer) -> None:
    options = ["--key-separator", "\\t", "--header", "a=1", "--headers", "--null", "NULL", "--partition", "2"]
    assert run("produce", "t", *options, stdin=b"b=2\tk\tNULL\n").code == 0
    assert producer.sent == [Sent(None, b"k", [("a", b"1"), ("b", b"2")], 2)]


def test_json_lines(run: Run, producer: FakeProducer) -> None:
    line = b'{"topic": "other", "offset": 9, "partition": 1, "timestamp": 5, "key": "k", "value_base64": "/w=="}\n'
    assert run("produce", "t", "--json", stdin=line).code == 0
    assert run("produce", "t", "--json", "--partition", "0", stdin=line).code == 0
    assert producer.sent == [Sent(b"\xff", b"k", [], 1, 5), Sent(b"\xff", b"k", [], 0, 5)]


def test_a_bad_line_is_named_and_those_before_it_are_written(run: Run, producer: FakeProducer) -> None:
    result = run("produce", "t", "--key-separator", ":", stdin=b"a:1\nb:2\nc\nd:4\n")
    assert result.code == 1
    assert result.err == "barnabas: line 3: no key separator ':'; the lines before it are written\n"
    assert (len(producer.sent), producer.waited) == (2, 2)


def test_what_is_not_acknowledged_is_an_error(run: Run, producer: FakeProducer) -> None:
    result = run("produce", "t", stdin=b"fine\nrefused\n")
    assert result.code == 1
    assert result.err.startswith("barnabas: t-0: MESSAGE_TOO_LARGE")


def test_how_it_is_sent(run: Run, producer: FakeProducer) -> None:
    run("produce", "t", "--timeout", "4", "--bootstrap", "b:1")
    bootstrap, settings = producer.opened_with
    assert (bootstrap, settings["acks"], settings["compression"]) == ("b:1", "all", "none")
    assert (settings["delivery_timeout"], settings["request_timeout"]) == (4, 4)
    for text, acks in (("all", "all"), ("1", 1), ("0", 0)):
        run("produce", "t", "--acks", text, "--compression", "zstd")
        assert (producer.opened_with[1]["acks"], producer.opened_with[1]["compression"]) == (acks, "zstd")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--acks", "2"], "--acks"),
        (["--compression", "brotli"], "--compression"),
        (["--partition", "-1"], "--partition"),
        (["--header", "a"], "--header: header 'a' is not name=value"),
        (["--key-separator", ""], "--key-separator is empty"),
        (["--json", "--null", "x"], "--json"),
    ],
)
def test_options_that_do_not_fit(run: Run, producer: FakeProducer, options: list[str], complaint: str) -> None:
    result = run("produce", "t", *options, stdin=b"x\n")
    assert (result.code, producer.sent) == (2, [])
    assert complaint in result.err

"""`barnabas consume`."""

from __future__ import annotations

import json

import pytest
import trio.testing

from barnabas.cli.consume import Source, print_records
from barnabas.cli.failures import CommandError
from barnabas.client.errors import BrokerError
from barnabas.client.fetching import ConsumerRecord
from barnabas.protocol.errors import ErrorCode
from command_harness import FakeConsumer, FakeTopics, Run


def record(offset: int, value: bytes | None = b"v", key: bytes | None = b"k") -> ConsumerRecord:
    return ConsumerRecord("t", 1, offset, 1000 + offset, key, value, [("h", b"1"), ("n", None)])


def test_values_up_to_the_end(run: Run, consumer: FakeConsumer) -> None:
    consumer.records = [record(0, b"one"), record(1, None), record(2, b"\xff")]
    result = run("consume", "t")
    assert (result.code, result.output, result.err) == (0, b"one\nnull\n\xff\n", "")
    assert consumer.assigned == [({("t", 0): "earliest", ("t", 1): "earliest", ("t", 2): "earliest"}, True)]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--print-key"], b"k\tv\n"),
        (["--key-separator", ": "], b"k: v\n"),
        (["--headers", "--null", "-"], b"h=1,n=-\tv\n"),
        (["--headers", "--print-key"], b"h=1,n=null\tk\tv\n"),
    ],
)
def test_what_is_printed_of_a_record(run: Run, consumer: FakeConsumer, options: list[str], line: bytes) -> None:
    consumer.records = [record(0)]
    assert run("consume", "t", *options).output == line


def test_json_has_everything(run: Run, consumer: FakeConsumer) -> None:
    consumer.records = [record(7), record(8, None, None)]
    first, second = (json.loads(line) for line in run("consume", "t", "--json").out.splitlines())
    assert first == {
        "topic": "t",
        "partition": 1,
        "offset": 7,
        "timestamp": 1007,
        "key": "k",
        "value": "v",
        "headers": [{"name": "h", "value": "1"}, {"name": "n", "value": None}],
    }
    assert (second["offset"], second["key"], second["value"]) == (8, None, None)


@pytest.mark.parametrize(
    ("options", "starts", "stop_at_end"),
    [
        (["--from", "17", "--partition", "1", "--partition", "4"], {("t", 1): 17, ("t", 4): 17}, True),
        (["--from", "beginning", "--partition", "0", "-f"], {("t", 0): "earliest"}, False),
        (["--from", "end", "--partition", "0"], {("t", 0): "latest"}, False),
    ],
)
def test_where_it_begins_and_ends(
    run: Run, consumer: FakeConsumer, options: list[str], starts: dict[tuple[str, int], int | str], stop_at_end: bool
) -> None:
    assert run("consume", "t", *options).code == 0
    assert consumer.assigned == [(starts, stop_at_end)]


def test_max_records(run: Run, consumer: FakeConsumer) -> None:
    consumer.records = [record(offset, b"%d" % offset) for offset in range(5)]
    consumer.last = "forever"
    assert run("consume", "t", "--max-records", "2", "--follow").out == "0\n1\n"


def test_ctrl_c_is_how_following_ends_but_cuts_everything_else_short(run: Run, consumer: FakeConsumer) -> None:
    consumer.last = KeyboardInterrupt()
    consumer.records = [record(0)]
    result = run("consume", "t", "--follow")
    assert (result.code, result.output, result.err) == (0, b"v\n", "")
    result = run("consume", "t")
    assert (result.code, result.err) == (130, "")


def test_an_error_comes_after_the_records_before_it(run: Run, consumer: FakeConsumer) -> None:
    consumer.records = [record(0)]
    consumer.last = BrokerError(ErrorCode.OFFSET_OUT_OF_RANGE, "t-1")
    result = run("consume", "t")
    assert (result.code, result.output) == (1, b"v\n")
    assert result.err.startswith("barnabas: t-1: OFFSET_OUT_OF_RANGE")
    assert "--from" in result.err


async def test_a_topic_that_is_not_there_is_told_soon(autojump_clock: trio.testing.MockClock) -> None:
    consumer = FakeConsumer(cluster=FakeTopics(unknown=frozenset({"gone"})))
    source = Source("gone", (), "earliest", follow=False, max_records=None, patience=15.0)
    with pytest.raises(BrokerError, match="topic gone: UNKNOWN_TOPIC_OR_PARTITION"):
        await print_records(consumer, source, lambda record: b"")  # type: ignore[arg-type]
    assert trio.current_time() < 1


async def test_a_silent_cluster_is_not_waited_for_for_ever(autojump_clock: trio.testing.MockClock) -> None:
    consumer = FakeConsumer(last="forever")
    source = Source("t", (0,), "earliest", follow=False, max_records=None, patience=15.0)
    with pytest.raises(CommandError, match="nothing came from t for 15 s"):
        await print_records(consumer, source, lambda record: b"")  # type: ignore[arg-type]
    assert trio.current_time() >= 15


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--from", "start"], "--from 'start' is neither"),
        (["--from", "-5"], "--from '-5' is neither"),
        (["--max-records", "0"], "--max-records"),
        (["--json", "--headers"], "--json"),
    ],
)
def test_options_that_do_not_fit(run: Run, consumer: FakeConsumer, options: list[str], complaint: str) -> None:
    result = run("consume", "t", *options)
    assert (result.code, result.out, consumer.assigned) == (2, "", [])
    assert complaint in result.err

"""`barnabas transaction`."""

from __future__ import annotations

import pytest

from barnabas.client.admin import HangingTransaction
from barnabas.client.errors import BrokerError
from barnabas.protocol.errors import ErrorCode
from command_cluster import NOW_MS, PRODUCER, FakeTransactions
from command_harness import Run, partition


@pytest.fixture
def transactions(monkeypatch: pytest.MonkeyPatch) -> FakeTransactions:
    fake = FakeTransactions(hanging=[HangingTransaction(("t", 1), PRODUCER, None)])
    fake.add("t", partition(1), partition(2))
    fake.add("u", partition(1))
    monkeypatch.setattr("barnabas.cli.session.Admin", fake)
    monkeypatch.setattr("barnabas.cli.transaction._now_ms", lambda: NOW_MS)
    return fake


def test_list_transactions(run: Run, transactions: FakeTransactions) -> None:
    assert run("transaction", "list").words[2:] == [["pay", "7", "Ongoing", "1"], ["ship", "8", "Empty", "2"]]
    assert run("transaction", "list", "--json").json[0] == {
        "transactional_id": "pay",
        "producer_id": 7,
        "state": "Ongoing",
        "coordinator": 1,
    }
    filters = ["--state", "Ongoing", "--longer-than", "5m", "--id-pattern", "p.*", "--producer-id", "7"]
    run("transaction", "list", *filters)
    assert transactions.calls[-1] == (
        "list",
        {"states": ["Ongoing"], "producer_ids": [7], "longer_than_ms": 300_000, "pattern": "p.*"},
    )


def test_describe_transactions(run: Run, transactions: FakeTransactions) -> None:
    result = run("transaction", "describe", "pay", "gone")
    assert result.code == 1
    assert result.out.splitlines() == [
        "transactional id pay: Ongoing, producer id 7 epoch 3, coordinator broker 1 (one:9092), timeout 1m",
        "open for 1m 30s in orders:0,1",
    ]
    assert "gone: TRANSACTIONAL_ID_NOT_FOUND" in result.err
    assert "barnabas transaction list" in result.err
    known, gone = run("transaction", "describe", "pay", "gone", "--json").json
    assert (known["start_ms"], known["error"]) == (NOW_MS - 90_000, None)
    assert known["partitions"] == [{"topic": "orders", "partition": 0}, {"topic": "orders", "partition": 1}]
    assert gone["error"]["code"] == "TRANSACTIONAL_ID_NOT_FOUND"


def test_what_hangs_is_shown_with_what_to_do(run: Run, transactions: FakeTransactions) -> None:
    result = run("transaction", "find-hanging")
    assert result.code == 1
    assert result.words[2] == ["t", "1", "30", "9", "4", "unknown", "1h"]
    assert "barnabas transaction abort --topic" in result.out
    assert transactions.calls == [("find", [("t", 0), ("t", 1), ("u", 0)], 900_000, NOW_MS)]
    assert run("transaction", "find-hanging", "--json").json[0]["start_offset"] == 30


def test_where_to_look_can_be_narrowed(run: Run, transactions: FakeTransactions) -> None:
    transactions.hanging = []
    result = run("transaction", "find-hanging", "--broker", "1", "--longer-than", "1m")
    assert (result.code, result.out) == (0, "no transaction hangs\n")
    run("transaction", "find-hanging", "--topic", "t:1")
    assert [call[1:3] for call in transactions.calls] == [([("t", 0), ("u", 0)], 60_000), ([("t", 1)], 900_000)]
    missing = run("transaction", "find-hanging", "--topic", "nowhere")
    assert (missing.code, "UNKNOWN_TOPIC_OR_PARTITION" in missing.err) == (1, True)


@pytest.mark.parametrize("which", [["--start-offset", "30"], ["--producer-id", "9"]])
def test_one_that_hangs_is_aborted(run: Run, transactions: FakeTransactions, which: list[str]) -> None:
    result = run("transaction", "abort", "--topic", "t:1", *which)
    assert result.out == "aborted the transaction in t-1 that begins at offset 30, of producer id 9\n"
    assert transactions.calls == [("abort", ("t", 1), PRODUCER)]


def test_one_that_is_not_there_is_not_aborted(run: Run, transactions: FakeTransactions) -> None:
    result = run("transaction", "abort", "--topic", "t:1", "--start-offset", "31")
    assert (result.code, transactions.calls) == (1, [])
    assert "begins at offset 31; `barnabas transaction find-hanging`" in result.err


def test_an_abort_that_is_refused(run: Run, transactions: FakeTransactions) -> None:
    transactions.refusals["t"] = BrokerError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, "t-1")
    result = run("transaction", "abort", "--topic", "t:1", "--producer-id", "9")
    assert (result.code, result.out) == (1, "")
    assert "CLUSTER_AUTHORIZATION_FAILED" in result.err


def test_ids_are_aborted_by_fencing_their_producers(run: Run, transactions: FakeTransactions) -> None:
    result = run("transaction", "abort", "pay", "gone")
    assert (result.code, result.out) == (1, "aborted what pay had open; its producer is fenced\n")
    assert "TRANSACTIONAL_ID_NOT_FOUND" in result.err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["abort"], "Give transactional ids, or --topic"),
        (["abort", "pay", "--producer-id", "3"], "Give transactional ids, or --topic"),
        (["abort", "--topic", "t:1"], "one of --start-offset and --producer-id"),
        (["abort", "--topic", "t:1", "--producer-id", "3", "--start-offset", "4"], "one of --start-offset"),
        (["abort", "pay", "--topic", "t:1", "--producer-id", "3"], "no ids"),
        (["abort", "--topic", "t", "--producer-id", "3"], "not one partition such as t:0"),
        (["list", "--longer-than", "soon"], "--longer-than 'soon'"),
    ],
)
def test_what_does_not_fit_is_refused(
    run: Run, transactions: FakeTransactions, arguments: list[str], complaint: str
) -> None:
    result = run("transaction", *arguments)
    assert (result.code, result.out, transactions.calls) == (2, "", [])
    assert complaint in result.err

"""`barnabas perf`: its options, and how it shows what was measured."""

from __future__ import annotations

import pytest

from barnabas.cli.perf import loads
from barnabas.cli.perf.loads import Plan
from barnabas.client.errors import BrokerError, NoBrokersAvailable
from barnabas.protocol.errors import ErrorCode
from command_cluster import FakeLoad
from command_harness import FakeClient, Run


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeClient]:
    fakes = {name: FakeClient() for name in ("Cluster", "Producer", "Consumer")}
    for name, fake in fakes.items():
        monkeypatch.setattr(f"barnabas.cli.perf.command.{name}", fake)
    return fakes


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, clients: dict[str, FakeClient]) -> FakeLoad:
    fake = FakeLoad()
    for name in ("produce", "consume", "end_to_end", "transactions"):
        monkeypatch.setattr(loads, name, fake)
    return fake


def test_results_for_people(run: Run, load: FakeLoad) -> None:
    result = run("perf", "produce", "t", "--records", "1000", "--record-size", "2kB")
    assert result.code == 0
    assert result.out.splitlines() == [
        "produce t: 1,000 records, 2 MB in 0.50 s",
        "2,000 records/s, 4 MB/s",
        "latency: mean 2.25 ms, p50 2.01 ms, p90 4.00 ms, p95 4.00 ms, p99 4.00 ms, p99.9 4.00 ms, max 4.00 ms",
        "  to        1 ms         1  25.0 % ####################",
        "  to        2 ms         2  50.0 % ########################################",
        "  to        5 ms         1  25.0 % ####################",
    ]
    assert load.plans == [Plan("t", 1000, 2000)]


def test_results_for_programs(run: Run, load: FakeLoad) -> None:
    assert run("perf", "transactions", "t", "--transaction-size", "7", "--json").json == {
        "load": "transactions",
        "topic": "t",
        "records": 1000,
        "bytes": 2_000_000,
        "seconds": 0.5,
        "records_per_second": 2000.0,
        "bytes_per_second": 4_000_000.0,
        "transactions": 10,
        "transactions_per_second": 20.0,
        "latency_ms": {
            "mean": 2.25,
            "p50": 2.014,
            "p90": 4.0,
            "p95": 4.0,
            "p99": 4.0,
            "p99_9": 4.0,
            "max": 4.0,
            "histogram": [{"to": 1, "count": 1}, {"to": 2, "count": 2}, {"to": 5, "count": 1}],
        },
    }
    assert load.more == [7]


def test_the_producers_settings_are_passed_on(run: Run, load: FakeLoad, clients: dict[str, FakeClient]) -> None:
    options = ["--acks", "1", "--linger", "5", "--batch-size", "64KiB", "--compression", "zstd", "--rate", "50"]
    run("perf", "produce", "t", *options, "--timeout", "7", "--bootstrap", "b:1")
    assert clients["Cluster"].opened_with == ("b:1", {"client_id": "barnabas-cli", "request_timeout": 7.0})
    assert clients["Producer"].opened_with[1] == {
        "acks": 1,
        "linger": 0.005,
        "batch_size": 65536,
        "compression": "zstd",
        "delivery_timeout": 7.0,
    }
    assert load.plans[0].rate == 50.0
    run("perf", "transactions", "t")
    assert clients["Producer"].opened_with[1]["transactional_id"].startswith("barnabas-perf-")


def test_each_load_has_its_own_defaults(run: Run, load: FakeLoad) -> None:
    for name in ("consume", "end-to-end", "transactions"):
        assert run("perf", name, "t").code == 0
    assert [(plan.records, plan.record_bytes, plan.rate) for plan in load.plans] == [
        (100_000, 1000, 0.0),
        (1000, 100, 100.0),
        (10_000, 1000, 0.0),
    ]


def test_what_goes_wrong_is_one_line(run: Run, load: FakeLoad, clients: dict[str, FakeClient]) -> None:
    load.error = BrokerError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "topic t")
    result = run("perf", "consume", "t")
    assert (result.code, result.out, "`barnabas topic list`" in result.err) == (1, "", True)
    load.error = BrokerError(ErrorCode.TOPIC_AUTHORIZATION_FAILED, "t-0")
    assert "TOPIC_AUTHORIZATION_FAILED" in run("perf", "produce", "t").err
    clients["Cluster"].broken = NoBrokersAvailable([("a:1", "refused")])
    assert "is --bootstrap right?" in run("perf", "produce", "t").err
    wrong = run("perf", "produce", "t", "--record-size", "big")
    assert (wrong.code, "--record-size 'big'" in wrong.err) == (2, True)

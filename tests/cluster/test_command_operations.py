"""What operators do with the `barnabas` command, against a broker and a controller."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import trio

from barnabas.client import Producer
from barnabas.client.transactions import ProducerFenced
from barnabas.testing.processes import Cluster
from command_harness import Result, run_command
from terminal import on_terminal

pytestmark = pytest.mark.cluster

Barnabas = Callable[..., Result]


@pytest.fixture
def barnabas(barnabas_cluster: Cluster, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> Barnabas:
    """Run a command; it must end with `code`, and say one line of error unless that is 0."""
    run = partial(run_command, capfdbinary, tmp_path / "stdin")

    def barnabas(*arguments: str, code: int = 0) -> Result:
        reaches = () if arguments[0] in ("log", "completion") else ("--bootstrap", barnabas_cluster.bootstrap)
        result = run(*arguments, *reaches)
        assert result.code == code, result.err
        return result

    return barnabas


async def in_thread(barnabas: Barnabas, *arguments: str, code: int = 0) -> Result:
    """Run a command while the test's own loop goes on: a command has a loop of its own."""
    return await trio.to_thread.run_sync(partial(barnabas, *arguments, code=code))


async def test_a_transaction_is_seen_and_ended(barnabas: Barnabas, barnabas_cluster: Cluster) -> None:
    await in_thread(barnabas, "topic", "create", "paid", "--partitions", "2")
    async with Producer(barnabas_cluster.bootstrap, transactional_id="pay") as producer:
        await producer.begin_transaction()
        await producer.send("paid", b"10", partition=1)
        listed = await in_thread(barnabas, "transaction", "list", "--state", "Ongoing", "--json")
        assert [each["transactional_id"] for each in listed.json] == ["pay"]
        [described] = (await in_thread(barnabas, "transaction", "describe", "pay", "--json")).json
        assert (described["state"], described["partitions"]) == ("Ongoing", [{"topic": "paid", "partition": 1}])
        # Its coordinator knows it, so it does not hang, however long it is open.
        hanging = ("transaction", "find-hanging", "--topic", "paid", "--longer-than", "0s")
        assert (await in_thread(barnabas, *hanging)).out == "no transaction hangs\n"
        await in_thread(barnabas, "transaction", "abort", "pay")
        with pytest.raises(ProducerFenced):
            await producer.commit_transaction()
    assert (await in_thread(barnabas, "transaction", "list", "--state", "Ongoing", "--json")).json == []
    again = await in_thread(barnabas, "transaction", "abort", "--topic", "paid:1", "--start-offset", "0", code=1)
    assert "begins at offset 0; `barnabas transaction find-hanging`" in again.err


async def test_a_transaction_is_ended_in_one_partition(barnabas: Barnabas, barnabas_cluster: Cluster) -> None:
    await in_thread(barnabas, "topic", "create", "stuck", "--partitions", "1")
    async with Producer(barnabas_cluster.bootstrap, transactional_id="stuck") as producer:
        await producer.begin_transaction()
        await producer.send("stuck", b"v", partition=0)
        ended = await in_thread(barnabas, "transaction", "abort", "--topic", "stuck:0", "--start-offset", "0", "--json")
        assert (ended.json[0]["aborted"], ended.json[0]["start_offset"]) == (True, 0)
        await producer.abort_transaction()


def test_perf_measures_each_load(barnabas: Barnabas) -> None:
    barnabas("topic", "create", "speed", "--partitions", "2")
    produced = barnabas("perf", "produce", "speed", "--records", "2000", "--record-size", "100", "--json").json
    assert (produced["records"], produced["bytes"]) == (2000, 200_000)
    assert barnabas("perf", "consume", "speed", "--json").json["records"] == 2000
    end_to_end = barnabas("perf", "end-to-end", "speed", "--records", "50", "--rate", "500", "--json").json
    assert sum(bar["count"] for bar in end_to_end["latency_ms"]["histogram"]) == 50
    committed = barnabas("perf", "transactions", "speed", "--records", "250", "--json").json
    assert (committed["records"], committed["transactions"]) == (250, 3)
    assert "UNKNOWN_TOPIC_OR_PARTITION" in barnabas("perf", "produce", "nowhere", "--records", "1", code=1).err


def test_the_doctor_finds_what_a_cluster_of_one_lacks(barnabas: Barnabas) -> None:
    barnabas("topic", "create", "single", "--partitions", "1")
    found = barnabas("doctor", "--between", "0", "--json").json
    assert found["healthy"] is True
    assert {each["check"] for each in found["findings"]} == {"one-replica", "one-controller"}


def test_the_log_of_a_running_broker_is_dumped(barnabas: Barnabas, barnabas_cluster: Cluster) -> None:
    barnabas("topic", "create", "dumped", "--partitions", "1")
    barnabas("perf", "transactions", "dumped", "--records", "3", "--record-size", "5", "--transaction-size", "3")
    data = barnabas_cluster.brokers[0].directory
    lines = [json.loads(line) for line in barnabas("log", "dump", "--records", "--json", str(data)).out.splitlines()]
    mine = [line for line in lines if "/dumped-0/" in line["file"] and line["kind"] == "record"]
    assert [line.get("control", "data") for line in mine] == ["data", "data", "data", "COMMIT"]
    states = [line for line in lines if "/__transaction_state-" in line["file"] and line["kind"] == "record"]
    assert {line["type"] for line in states} == {"TransactionLog"}
    controller = barnabas_cluster.controllers[0].directory
    metadata = barnabas("log", "dump", "--records", "--json", str(controller)).out
    assert {"Topic", "Partition", "RegisterBroker"} <= {json.loads(line).get("type") for line in metadata.splitlines()}


def test_names_are_completed(barnabas: Barnabas, barnabas_cluster: Cluster) -> None:
    barnabas("topic", "create", "completed", "--partitions", "1")
    line = ["topic", "describe", "--bootstrap", barnabas_cluster.bootstrap, "compl"]
    assert barnabas("completion", "words", "--", *line).out == "completed\ttopic\n"


def test_top_is_drawn_again_and_again_until_ctrl_c(barnabas_cluster: Cluster) -> None:
    command = [sys.executable, "-m", "barnabas.cli", "top", "--interval", "0.3"]
    with on_terminal([*command, "--bootstrap", barnabas_cluster.bootstrap]) as terminal:
        terminal.wait_for(lambda: terminal.text.count("cluster ") > 3, "several pictures")
        assert "active" in terminal.text
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.end() == 0

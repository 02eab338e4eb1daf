"""What the command line must do with any cluster: the same against Barnabas and Apache Kafka.

Each check is a function of a `CommandLine`; it makes its own topics and groups.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from barnabas.client.blocking import Consumer, Producer
from barnabas.client.errors import ClientError
from client_suite import unique
from command_harness import Run

CODECS: Final = ("none", "gzip", "snappy", "lz4", "zstd")
SETTLE_SECONDS: Final = 30.0


class CommandLine:
    """Runs commands against one cluster: in this process, because that is quick, or in one of their own.

    `broker_directory` is where its broker keeps its files.
    """

    def __init__(self, bootstrap: str, broker_directory: Path, run: Run) -> None:
        self.bootstrap: Final = bootstrap
        self.broker_directory: Final = broker_directory
        self._run: Final = run

    def _arguments(self, arguments: tuple[str, ...]) -> list[str]:
        return [*arguments] if arguments[0] in ("log", "completion") else [*arguments, "--bootstrap", self.bootstrap]

    def __call__(self, *arguments: str, stdin: bytes = b"", code: int = 0) -> str:
        """What a command prints, or its error; it must end with `code`, and say one line of error unless that is 0."""
        result = self._run(*self._arguments(arguments), stdin=stdin)
        assert result.code == code, result.err
        assert len(result.err.splitlines()) == (0 if code == 0 else 1), result.err
        return result.out if code == 0 else result.err

    def json(self, *arguments: str) -> Any:
        """What a command prints for programs."""
        return json.loads(self(*arguments, "--json"))

    @contextmanager
    def process(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """A command as a process, with pipes to its standard streams; killed at the end if it has not ended."""
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", "barnabas.cli", *self._arguments(arguments)]
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
            try:
                yield process
            finally:
                process.kill()

    def until(self, look: Callable[[], None]) -> None:
        """Take this look at the cluster until it finds what it asserts.

        Apache Kafka answers for a change when its controllers have it; the broker that is asked next may hear of it a
        little later. So it is with the markers of a transaction that is committed.
        """
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            try:
                return look()
            except AssertionError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.02)

    def new_topic(self, name: str, partitions: int, *options: str) -> str:
        """A topic of a name like this, which the broker knows."""
        topic = unique(name)
        self("topic", "create", topic, "--partitions", str(partitions), *options)

        def is_listed() -> None:
            assert topic in self("topic", "list")

        self.until(is_listed)
        return topic


Check = Callable[[CommandLine], None]


# -- topics and settings -----------------------------------------------------------------------------------------


def check_the_life_of_a_topic(barnabas: CommandLine) -> None:
    topic = unique("life")
    said = barnabas("topic", "create", topic, "--partitions", "2", "--config", "retention.ms=1000")
    assert said == f"created topic {topic}: partitions 2, replication factor 1\n"
    assert "TOPIC_ALREADY_EXISTS" in barnabas("topic", "create", topic, code=1)

    def is_listed() -> None:
        listed = {each["name"]: each for each in barnabas.json("topic", "list")}
        assert (listed[topic]["partitions"], listed[topic]["offline_partitions"]) == (2, 0)
        assert topic in barnabas("topic", "list")

    barnabas.until(is_listed)
    grown = ["--partitions", "3", "--config", "segment.ms=5000", "--delete-config", "retention.ms"]
    assert barnabas("topic", "alter", topic, *grown) == f"altered topic {topic}\n"

    def is_altered() -> None:
        [described] = barnabas.json("topic", "describe", topic)
        assert described["configs"] == {"segment.ms": "5000"}
        assert [(p["partition"], p["replicas"], p["isr"]) for p in described["partitions"]] == [
            (number, [1], [1]) for number in range(3)
        ]

    barnabas.until(is_altered)
    assert "settings segment.ms=5000\n" in barnabas("topic", "describe", topic)
    assert "INVALID_CONFIG" in barnabas("topic", "alter", topic, "--config", "no.such=1", code=1)
    assert "INVALID_PARTITIONS" in barnabas("topic", "alter", topic, "--partitions", "1", code=1)
    assert barnabas("topic", "delete", topic) == f"deleted topic {topic}\n"
    assert "UNKNOWN_TOPIC_OR_PARTITION" in barnabas("topic", "delete", topic, code=1)


def check_topics_are_placed_as_told(barnabas: CommandLine) -> None:
    topic = unique("placed")
    assert barnabas.json("topic", "create", topic, "--assignment", "1,1", "--validate-only")[0]["created"] is False
    barnabas("topic", "create", topic, "--assignment", "1,1")

    def is_placed() -> None:
        [described] = barnabas.json("topic", "describe", topic)
        assert [partition["replicas"] for partition in described["partitions"]] == [[1], [1]]

    barnabas.until(is_placed)
    assert "INVALID_REPLICA_ASSIGNMENT" in barnabas("topic", "create", unique("t"), "--assignment", "1:9", code=1)


def check_settings_are_changed_while_the_cluster_runs(barnabas: CommandLine) -> None:
    topic, group = barnabas.new_topic("set", 1), unique("set")

    def has(kind: str, name: str, setting: str, expected: tuple[str, str]) -> None:
        [described] = barnabas.json("config", "describe", kind, name)
        found = {each["name"]: (each["value"], each["source"]) for each in described["settings"]}
        assert found.get(setting) == expected

    for kind, name, setting, value, source in (
        ("topic", topic, "segment.ms", "70000", "topic"),
        ("group", group, "consumer.session.timeout.ms", "46000", "group"),
        ("broker", "1", "log.index.interval.bytes", "5000", "broker"),
        ("broker", "default", "log.retention.ms", "1000000000", "broker default"),
    ):
        barnabas("config", "alter", kind, name, "--set", f"{setting}={value}", "--validate-only")
        assert barnabas("config", "alter", kind, name, "--set", f"{setting}={value}") == f"{kind} {name}: altered\n"
        barnabas.until(partial(has, kind, name, setting, (value, source)))
        assert value in barnabas("config", "describe", kind, name)
        barnabas("config", "alter", kind, name, "--delete", setting)
    [everything] = barnabas.json("config", "describe", "broker", "1", "--all")
    assert {"log.dirs", "num.partitions"} <= {each["name"] for each in everything["settings"]}
    assert "INVALID_CONFIG" in barnabas("config", "alter", "topic", topic, "--set", "segment.ms=x", code=1)


# -- the cluster -------------------------------------------------------------------------------------------------


def check_the_cluster_is_described(barnabas: CommandLine) -> None:
    [broker] = barnabas.json("cluster", "describe")["brokers"]
    assert (broker["id"], broker["listener"], broker["state"]) == (1, barnabas.bootstrap, "active")
    assert barnabas.bootstrap in barnabas("cluster", "describe")
    quorum = barnabas.json("quorum", "describe")
    roles = {(each["id"], each["role"]) for each in quorum["replicas"]}
    assert roles == {(quorum["leader"], "leader"), (1, "observer")}
    assert "observer" in barnabas("quorum", "describe")


def check_leaders_features_and_brokers_are_changed(barnabas: CommandLine) -> None:
    topic = barnabas.new_topic("led", 2)
    elected = barnabas.json("cluster", "elect-leaders", "--topic", topic)
    assert [(each["name"], each["elected"]) for each in elected] == [(f"{topic}-0", False), (f"{topic}-1", False)]
    assert barnabas("cluster", "elect-leaders") == "every partition has its leader already\n"
    features = {each["name"]: each for each in barnabas.json("features", "describe")}
    assert {"metadata.version", "group.version", "transaction.version"} <= features.keys()
    assert "group.version" in barnabas("features", "describe")
    level = features["group.version"]["level"]
    kept = barnabas.json("features", "alter", f"group.version={level}", "--validate-only")
    assert kept == [{"name": "group.version", "level": level, "altered": False}]
    assert "group.version" in barnabas("features", "alter", "group.version=99", code=1)
    assert "broker 99: BROKER_ID_NOT_REGISTERED" in barnabas("cluster", "forget-broker", "99", code=1)


def check_the_doctor_finds_what_a_cluster_of_one_lacks(barnabas: CommandLine) -> None:
    barnabas.new_topic("single", 1)
    found = barnabas.json("doctor", "--between", "0")
    assert found["healthy"] is True
    assert {each["check"] for each in found["findings"]} == {"one-replica", "one-controller"}
    assert "0 errors, 0 warnings" in barnabas("doctor", "--between", "0")


def check_a_picture_of_the_cluster(barnabas: CommandLine) -> None:
    topic = barnabas.new_topic("seen", 2)
    barnabas("produce", topic, stdin=b"one\ntwo\n")
    picture = barnabas.json("top", "--interval", "0.1")
    [seen] = [row for row in picture["topics"] if row["name"] == topic]
    assert (seen["partitions"], seen["records"], seen["rate"]) == (2, 2, 0.0)
    assert topic in barnabas("top", "--once", "--interval", "0")


# -- records -----------------------------------------------------------------------------------------------------


def check_records_as_text(barnabas: CommandLine) -> None:
    topic = barnabas.new_topic("text", 1)
    lines = b"a=1\tk1:v1\na=,b=2\tk2:v:2\n\tk3:NULL\n"
    options = ["--key-separator", ":", "--headers", "--null", "NULL"]
    barnabas("produce", topic, *options, stdin=lines)
    assert barnabas("consume", topic, *options).encode() == lines
    assert barnabas("consume", topic, "--from", "1") == "v:2\nnull\n"
    assert barnabas("consume", topic, "--from", "1", "--max-records", "1") == "v:2\n"
    assert barnabas("consume", topic, "--from", "3") == ""
    assert "OFFSET_OUT_OF_RANGE" in barnabas("consume", topic, "--from", "9", "--follow", code=1)


def check_many_lines_keep_their_order_with_every_codec(barnabas: CommandLine) -> None:
    topic, count = barnabas.new_topic("order", 1), 2_000
    lines = [f"line {number}\n" for number in range(count * len(CODECS))]
    for number, codec in enumerate(CODECS):
        part = lines[number * count : (number + 1) * count]
        barnabas("produce", topic, "--compression", codec, stdin="".join(part).encode())
    assert barnabas("consume", topic) == "".join(lines)


def check_a_topic_is_copied_as_json(barnabas: CommandLine) -> None:
    source, copy = barnabas.new_topic("original", 3), barnabas.new_topic("copy", 3)
    lines = [{"key": f"k{n}", "value_base64": "/w==", "headers": [{"name": "n", "value": None}]} for n in range(50)]
    lines += [{"key": None, "value": "plain", "timestamp": 1234, "partition": 2}]
    barnabas("produce", source, "--json", stdin=b"\n".join(json.dumps(line).encode() for line in lines))
    original = barnabas("consume", source, "--json")
    barnabas("produce", copy, "--json", stdin=original.encode())
    copies = barnabas("consume", copy, "--json").replace(copy, source)
    assert sorted(copies.splitlines()) == sorted(original.splitlines())
    assert json.loads(barnabas("consume", copy, "--json", "--partition", "2").splitlines()[-1])["timestamp"] == 1234


def check_records_that_do_not_fit(barnabas: CommandLine) -> None:
    topic = barnabas.new_topic("small", 1, "--config", "max.message.bytes=1000")
    assert "MESSAGE_TOO_LARGE" in barnabas("produce", topic, stdin=b"x" * 2000, code=1)
    assert "numbered from 0" in barnabas("produce", topic, "--partition", "1", stdin=b"x", code=1)
    assert "numbered from 0" in barnabas("consume", topic, "--partition", "1", code=1)


def check_perf_measures_each_load(barnabas: CommandLine) -> None:
    topic = barnabas.new_topic("speed", 2)
    produced = barnabas.json("perf", "produce", topic, "--records", "2000", "--record-size", "100")
    assert (produced["records"], produced["bytes"]) == (2000, 200_000)
    assert barnabas.json("perf", "consume", topic)["records"] == 2000
    end_to_end = barnabas.json("perf", "end-to-end", topic, "--records", "50", "--rate", "500")
    assert sum(bar["count"] for bar in end_to_end["latency_ms"]["histogram"]) == 50
    committed = barnabas.json("perf", "transactions", topic, "--records", "250")
    assert (committed["records"], committed["transactions"]) == (250, 3)
    assert "p99.9" in barnabas("perf", "produce", topic, "--records", "10")


# -- groups and transactions -------------------------------------------------------------------------------------


def check_groups_are_seen_moved_and_deleted(barnabas: CommandLine) -> None:
    topic, group = barnabas.new_topic("read", 1), unique("readers")
    barnabas("produce", topic, stdin=b"0\n1\n2\n3\n")
    with Consumer(
        barnabas.bootstrap, group=group, topics=topic, auto_offset_reset="earliest", enable_auto_commit=False
    ) as consumer:
        assert next(iter(consumer)).value == b"0"
        consumer.commit()
        [described] = barnabas.json("group", "describe", group)
        assert described["members"][0]["partitions"] == [{"topic": topic, "partition": 0}]
        assert f"{topic}:0" in barnabas("group", "describe", group)
        reset = ("group", "reset-offsets", group, "--topic", topic, "--to-earliest", "--execute")
        assert "stop them first" in barnabas(*reset, code=1)
        assert "NON_EMPTY_GROUP" in barnabas("group", "delete", group, code=1)
    listed = {each["group"]: each["state"] for each in barnabas.json("group", "list", "--state", "Empty")}
    assert listed[group] == "Empty"
    assert group in barnabas("group", "list")
    lag = barnabas.json("group", "lag", group)
    assert [(each["committed"], each["end"], each["lag"]) for each in lag["partitions"]] == [(1, 4, 3)]
    assert barnabas("group", "lag", group).endswith("total lag: 3\n")
    assert "nothing was changed" in barnabas(*reset[:-1])
    moved = barnabas.json(*reset)["partitions"]
    assert [(each["before"], each["after"]) for each in moved] == [(1, 0)]
    assert barnabas.json("group", "lag", group)["total"] == 4
    assert barnabas.json("group", "delete-offsets", group, "--topic", topic)[0]["deleted"] is True
    assert barnabas.json("group", "lag", group)["partitions"] == []
    # A group without members and offsets may be gone by itself: another one is deleted.
    with Consumer(barnabas.bootstrap, group=unique("g"), topics=topic, auto_offset_reset="earliest") as other:
        next(iter(other))
        gone = other.group_metadata[0]
    assert barnabas("group", "delete", gone) == f"deleted group {gone}\n"
    assert "GROUP_ID_NOT_FOUND" in barnabas("group", "describe", gone, code=1)


def check_static_members_are_removed(barnabas: CommandLine) -> None:
    topic, group = barnabas.new_topic("till", 1), unique("tills")
    barnabas("produce", topic, stdin=b"v\n")
    with Consumer(
        barnabas.bootstrap, group=group, topics=topic, auto_offset_reset="earliest", group_instance_id="till-2"
    ) as consumer:
        next(iter(consumer))
    assert "NON_EMPTY_GROUP" in barnabas("group", "delete", group, code=1)
    said = barnabas("group", "remove-members", group, "--instance", "till-2")
    assert said == f"removed till-2 from group {group}\n"
    assert "UNKNOWN_MEMBER_ID" in barnabas("group", "remove-members", group, "--member", "gone", code=1)
    assert barnabas.json("group", "delete", group)[0]["deleted"] is True


def check_transactions_are_seen_and_ended(barnabas: CommandLine) -> None:
    topic, name = barnabas.new_topic("paid", 2), unique("pay")

    def pay(producer: Producer) -> None:
        with producer.transaction():
            producer.send(topic, b"10", partition=1)
            listed = barnabas.json("transaction", "list", "--state", "Ongoing", "--id-pattern", f"{name}.*")
            assert [each["transactional_id"] for each in listed] == [name]
            [described] = barnabas.json("transaction", "describe", name)
            assert (described["state"], described["partitions"]) == ("Ongoing", [{"topic": topic, "partition": 1}])
            assert f"in {topic}:1" in barnabas("transaction", "describe", name)
            # Its coordinator knows it, so it does not hang, however long it is open.
            hanging = ("transaction", "find-hanging", "--topic", topic, "--longer-than", "0s")
            assert barnabas(*hanging) == "no transaction hangs\n"
            assert barnabas.json("transaction", "abort", name)[0]["aborted"] is True

    with Producer(barnabas.bootstrap, transactional_id=name) as producer, pytest.raises(ClientError):
        pay(producer)
    assert name in barnabas("transaction", "list")
    again = barnabas("transaction", "abort", "--topic", f"{topic}:1", "--start-offset", "0", code=1)
    assert "begins at offset 0; `barnabas transaction find-hanging`" in again


def check_a_transaction_is_ended_in_one_partition(barnabas: CommandLine) -> None:
    topic = barnabas.new_topic("stuck", 1)
    with (
        Producer(barnabas.bootstrap, transactional_id=unique("stuck")) as producer,
        suppress(RuntimeError),
        producer.transaction(),
    ):
        producer.send(topic, b"v", partition=0)
        [ended] = barnabas.json("transaction", "abort", "--topic", f"{topic}:0", "--start-offset", "0")
        assert (ended["aborted"], ended["start_offset"]) == (True, 0)
        raise RuntimeError("so that the producer aborts it as well")


# -- files, names, mistakes --------------------------------------------------------------------------------------


def check_the_log_of_a_running_broker_is_dumped(barnabas: CommandLine) -> None:
    topic = barnabas.new_topic("dumped", 1)
    barnabas("perf", "transactions", topic, "--records", "3", "--record-size", "5", "--transaction-size", "3")
    [folder] = barnabas.broker_directory.rglob(f"{topic}-0")

    def holds_a_commit() -> None:
        said = barnabas("log", "dump", "--records", "--json", str(folder))
        records = [line for line in map(json.loads, said.splitlines()) if line["kind"] == "record"]
        assert [line.get("control", "data") for line in records] == ["data", "data", "data", "COMMIT"]

    barnabas.until(holds_a_commit)
    assert "control=COMMIT" in barnabas("log", "dump", "--records", str(folder))
    states = [str(file) for file in barnabas.broker_directory.rglob("__transaction_state-*/*.log") if _has_bytes(file)]
    said = barnabas("log", "dump", "--records", "--json", *states)
    types = {line["type"] for line in map(json.loads, said.splitlines()) if line["kind"] == "record"}
    assert types == {"TransactionLog"}


def _has_bytes(file: Path) -> bool:
    return file.stat().st_size > 0


def check_names_are_completed(barnabas: CommandLine) -> None:
    topic, group, name = barnabas.new_topic("completed", 1), unique("completing"), unique("completes")
    barnabas("produce", topic, stdin=b"v\n")
    with Producer(barnabas.bootstrap, transactional_id=name) as producer, producer.transaction():
        producer.send(topic, b"v")
    with Consumer(barnabas.bootstrap, group=group, topics=topic, auto_offset_reset="earliest") as consumer:
        next(iter(consumer))
        at = ("--bootstrap", barnabas.bootstrap)
        for command, names, kind in (("topic", topic, "topic"), ("group", group, "group")):
            said = barnabas("completion", "words", "--", command, "describe", *at, names[:-2])
            assert said == f"{names}\t{kind}\n"
        said = barnabas("completion", "words", "--", "transaction", "describe", *at, name[:-2])
        assert said == f"{name}\ttransactional id\n"


_MISTAKES: Final = {
    "topic describe gone": "UNKNOWN_TOPIC_OR_PARTITION",
    "topic alter gone --partitions 2": "UNKNOWN_TOPIC_OR_PARTITION",
    "topic delete gone": "UNKNOWN_TOPIC_OR_PARTITION",
    "topic create a/b": "INVALID_TOPIC_EXCEPTION",
    "config describe topic gone": "UNKNOWN_TOPIC_OR_PARTITION",
    "config alter topic gone --set retention.ms=1": "UNKNOWN_TOPIC_OR_PARTITION",
    "produce a/b": "INVALID_TOPIC_EXCEPTION",
    "consume gone": "UNKNOWN_TOPIC_OR_PARTITION",
    "perf produce gone": "UNKNOWN_TOPIC_OR_PARTITION",
    "perf consume gone": "UNKNOWN_TOPIC_OR_PARTITION",
    "perf end-to-end gone": "UNKNOWN_TOPIC_OR_PARTITION",
    "perf transactions gone": "UNKNOWN_TOPIC_OR_PARTITION",
    "group describe gone": "GROUP_ID_NOT_FOUND",
    "group lag gone": "GROUP_ID_NOT_FOUND",
    "group delete gone": "GROUP_ID_NOT_FOUND",
    "group reset-offsets gone --topic gone --to-latest": "UNKNOWN_TOPIC_OR_PARTITION",
    "group delete-offsets gone --topic gone:0": "GROUP_ID_NOT_FOUND",
    "cluster elect-leaders --topic gone": "UNKNOWN_TOPIC_OR_PARTITION",
    "transaction describe gone": "TRANSACTIONAL_ID_NOT_FOUND",
    "transaction find-hanging --topic gone": "UNKNOWN_TOPIC_OR_PARTITION",
    "transaction abort --topic gone:0 --start-offset 1": "UNKNOWN_TOPIC_OR_PARTITION",
}
"""What each command says of what is not there."""


def check_what_is_not_there(barnabas: CommandLine) -> None:
    for line, error in _MISTAKES.items():
        stdin = b"v\n" if line.startswith("produce") else b""
        for form in ((), ("--json",)):
            if form and line.startswith("produce"):
                stdin = b'{"value": "v"}\n'
            assert error in barnabas(*line.split(), *form, stdin=stdin, code=1), line


def checks() -> dict[str, Check]:
    """All of them by name."""
    return {
        "the life of a topic": check_the_life_of_a_topic,
        "assignments": check_topics_are_placed_as_told,
        "settings": check_settings_are_changed_while_the_cluster_runs,
        "cluster and quorum": check_the_cluster_is_described,
        "leaders, features, brokers": check_leaders_features_and_brokers_are_changed,
        "doctor": check_the_doctor_finds_what_a_cluster_of_one_lacks,
        "top": check_a_picture_of_the_cluster,
        "records as text": check_records_as_text,
        "codecs": check_many_lines_keep_their_order_with_every_codec,
        "records as JSON": check_a_topic_is_copied_as_json,
        "records that do not fit": check_records_that_do_not_fit,
        "perf": check_perf_measures_each_load,
        "groups": check_groups_are_seen_moved_and_deleted,
        "static members": check_static_members_are_removed,
        "transactions": check_transactions_are_seen_and_ended,
        "one partition of a transaction": check_a_transaction_is_ended_in_one_partition,
        "log dump": check_the_log_of_a_running_broker_is_dumped,
        "completion": check_names_are_completed,
        "mistakes": check_what_is_not_there,
    }

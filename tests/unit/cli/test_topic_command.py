"""`barnabas topic`."""

from __future__ import annotations

import pytest

from barnabas.client.admin import TOPIC, NewTopic
from barnabas.client.errors import BrokerError
from barnabas.protocol.errors import ErrorCode
from command_harness import FakeAdmin, Run, partition

EXISTS = BrokerError(ErrorCode.TOPIC_ALREADY_EXISTS, "topic old")


def test_create_leaves_to_the_cluster_what_is_not_said(run: Run, admin: FakeAdmin) -> None:
    result = run("topic", "create", "a", "b")
    assert result.code == 0
    assert result.out.splitlines() == [
        "created topic a: partitions 4, replication factor 2",
        "created topic b: partitions 4, replication factor 2",
    ]
    assert admin.calls == [("create", [NewTopic("a", assignments=[]), NewTopic("b", assignments=[])], False)]


def test_create_as_told(run: Run, admin: FakeAdmin) -> None:
    options = ["--partitions", "6", "--replication-factor", "3", "--config", "a.b=1=2", "--config", "c="]
    assert run("topic", "create", "t", *options, "--validate-only").code == 0
    assert admin.calls == [("create", [NewTopic("t", 6, 3, {"a.b": "1=2", "c": ""}, [])], True)]


def test_create_with_an_assignment(run: Run, admin: FakeAdmin) -> None:
    assert run("topic", "create", "t", "--assignment", "1:2:3, 2:3:1").code == 0
    assert admin.calls == [("create", [NewTopic("t", -1, -1, {}, [[1, 2, 3], [2, 3, 1]])], False)]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--assignment", "1:x"], "--assignment '1:x'"),
        (["--assignment", "1,,2"], "--assignment '1,,2'"),
        (["--assignment", "1", "--partitions", "1"], "leave out"),
        (["--config", "retention.ms"], "--config 'retention.ms' is not name=value"),
        (["--config", "a=1", "--config", "a=2"], "a twice"),
    ],
)
def test_create_refuses_what_does_not_fit(run: Run, admin: FakeAdmin, options: list[str], complaint: str) -> None:
    result = run("topic", "create", "t", *options)
    assert (result.code, result.out, admin.calls) == (2, "", [])
    assert complaint in result.err
    assert len(result.err.splitlines()) == 1


def test_create_reports_each_topic_by_itself(run: Run, admin: FakeAdmin) -> None:
    admin.refusals["old"] = EXISTS
    result = run("topic", "create", "old", "new")
    assert result.code == 1
    assert result.out.splitlines() == ["created topic new: partitions 4, replication factor 2"]
    assert result.err.startswith("barnabas: topic old: TOPIC_ALREADY_EXISTS")
    assert "--if-not-exists" in result.err
    result = run("topic", "create", "old", "new", "--json")
    assert result.code == 1
    old, new = result.json
    assert (old["name"], old["error"]["code"]) == ("old", "TOPIC_ALREADY_EXISTS")
    created = {"created": True, "topic_id": "new-id", "partitions": 4, "replication_factor": 2}
    assert new == {"name": "new", **created, "error": None}


def test_create_if_not_exists(run: Run, admin: FakeAdmin) -> None:
    admin.refusals["old"] = EXISTS
    assert run("topic", "create", "old", "--if-not-exists").code == 0
    result = run("topic", "create", "old", "--if-not-exists", "--json")
    assert result.json == [{"name": "old", "created": False, "error": None}]


def test_list_counts_what_is_wrong(run: Run, admin: FakeAdmin) -> None:
    admin.add("orders", partition(1, 2), partition(2, 1, isr=[2]), partition(1, 2, leader=-1, isr=[1]))
    admin.add("__hidden", partition(1), internal=True)
    result = run("topic", "list")
    assert result.words[0] == ["topic", "partitions", "replication", "under-replicated", "offline"]
    assert result.words[2:] == [["orders", "3", "2", "2", "1"]]
    assert [topic["name"] for topic in run("topic", "list", "--internal", "--json").json] == ["orders", "__hidden"]


def test_a_table_in_a_pipe_is_not_folded(run: Run, admin: FakeAdmin) -> None:
    admin.add("t" * 249, partition(*range(100, 200)))
    assert len(run("topic", "list").out.splitlines()) == 3
    assert ",".join(map(str, range(100, 200))) in run("topic", "describe").out


def test_describe_shows_settings_and_partitions(run: Run, admin: FakeAdmin) -> None:
    admin.add("orders", partition(1, 2), partition(2, 1, isr=[2]), partition(1, leader=-1))
    admin.configs["retention.ms"] = "1000"
    result = run("topic", "describe", "orders")
    assert result.out.splitlines()[:2] == ["topic orders: id id-of-orders", "settings retention.ms=1000"]
    assert result.words[2] == ["partition", "leader", "epoch", "replicas", "isr", "state"]
    assert result.words[4:] == [
        ["0", "1", "5", "1,2", "1,2", "ok"],
        ["1", "2", "5", "2,1", "2", "under-replicated"],
        ["2", "none", "5", "1", "1", "offline"],
    ]


def test_describe_as_json(run: Run, admin: FakeAdmin) -> None:
    admin.add("orders", partition(1, 2, leader=-1, isr=[1]))
    result = run("topic", "describe", "orders", "nope", "--json")
    assert result.code == 1
    orders, nope = result.json
    assert orders["partitions"] == [
        {"partition": 0, "leader": None, "leader_epoch": 5, "replicas": [1, 2], "isr": [1], "offline_replicas": []}
    ]
    assert (orders["topic_id"], orders["configs"], orders["error"]) == ("id-of-orders", {}, None)
    assert (nope["name"], nope["error"]["code"]) == ("nope", "UNKNOWN_TOPIC_OR_PARTITION")


def test_describe_without_a_name_is_all(run: Run, admin: FakeAdmin) -> None:
    admin.add("a", partition(1))
    admin.add("b", partition(1))
    assert [line[1] for line in run("topic", "describe").words if line[:1] == ["topic"]] == ["a:", "b:"]


def test_a_topic_that_does_not_exist_points_to_the_list(run: Run, admin: FakeAdmin) -> None:
    result = run("topic", "describe", "nope")
    assert (result.code, result.out) == (1, "")
    assert "barnabas topic list" in result.err


def test_delete(run: Run, admin: FakeAdmin) -> None:
    admin.add("a", partition(1))
    result = run("topic", "delete", "a", "b")
    assert (result.code, result.out) == (1, "deleted topic a\n")
    assert "topic b: UNKNOWN_TOPIC_OR_PARTITION" in result.err
    result = run("topic", "delete", "a", "b", "--if-exists", "--json")
    assert result.code == 0
    assert result.json == [
        {"name": "a", "deleted": True, "error": None},
        {"name": "b", "deleted": False, "error": None},
    ]


def test_alter_changes_settings_before_partitions(run: Run, admin: FakeAdmin) -> None:
    admin.add("t", partition(1))
    change = ["--partitions", "3", "--assignment", "1:2,2:1", "--config", "a=1", "--delete-config", "b"]
    assert run("topic", "alter", "t", *change).code == 0
    assert admin.calls == [
        ("configs", TOPIC, {"t": {"a": "1", "b": None}}, False),
        ("partitions", {"t": 3}, {"t": [[1, 2], [2, 1]]}),
    ]


def test_alter_gives_no_partitions_where_a_setting_is_refused(run: Run, admin: FakeAdmin) -> None:
    admin.add("t", partition(1))
    admin.refusals["u"] = BrokerError(ErrorCode.INVALID_CONFIG, "topic u", "no such setting")
    result = run("topic", "alter", "t", "u", "--partitions", "3", "--config", "a=1", "--json")
    assert result.code == 1
    assert admin.calls[1:] == [("partitions", {"t": 3}, None)]
    t, u = result.json
    assert t == {"name": "t", "configs": {"a": "1"}, "partitions": 3, "error": None}
    assert (u["name"], u["error"]["code"]) == ("u", "INVALID_CONFIG")
    assert "no such setting" in result.err


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ([], "nothing to change"),
        (["--assignment", "1:2"], "--partitions"),
        (["--config", "a=1", "--delete-config", "a"], "both set and deleted"),
    ],
)
def test_alter_refuses_what_does_not_fit(run: Run, admin: FakeAdmin, options: list[str], complaint: str) -> None:
    result = run("topic", "alter", "t", *options)
    assert (result.code, admin.calls) == (2, [])
    assert complaint in result.err

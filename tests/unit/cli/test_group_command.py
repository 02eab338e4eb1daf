"""`barnabas group`."""

from __future__ import annotations

from pathlib import Path

import pytest

from barnabas.cli.group_reset import parse_datetime
from barnabas.client.admin import GroupDescription
from barnabas.client.admin_types import GroupMember
from barnabas.client.errors import BrokerError
from barnabas.client.metadata import Node
from barnabas.protocol.errors import ErrorCode
from command_cluster import FakeGroups
from command_harness import Run, partition


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> FakeGroups:
    fake = FakeGroups(committed={("t", 0): 40, ("t", 1): 100})
    fake.add("t", partition(1), partition(2))
    monkeypatch.setattr("barnabas.cli.session.Admin", fake)
    return fake


def add_group(groups: FakeGroups, state: str, *members: GroupMember) -> None:
    groups.described["g"] = GroupDescription("g", "classic", state, "range", -1, Node(1, "one", 9092), list(members))


MEMBER = GroupMember("m-1", None, "app", "10.0.0.1", frozenset({("t", 0), ("t", 1)}))


def test_list(run: Run, groups: FakeGroups) -> None:
    assert run("group", "list", "--state", "Stable", "--type", "classic").words[2:] == [
        ["g", "classic", "Stable", "consumer"],
        ["h", "consumer", "Empty", "consumer"],
    ]
    assert groups.calls == [("list", ["Stable"], ["classic"])]
    assert run("group", "list", "--json").json[0] == {
        "group": "g",
        "type": "classic",
        "state": "Stable",
        "protocol": "consumer",
    }


def test_describe(run: Run, groups: FakeGroups) -> None:
    add_group(groups, "Stable", MEMBER)
    result = run("group", "describe", "g", "gone")
    assert result.code == 1
    assert result.out.splitlines()[0] == ("group g: Stable, classic, assignor range, coordinator broker 1 (one:9092)")
    assert result.words[-1] == ["m-1", "app", "10.0.0.1", "t:0,1"]
    assert "GROUP_ID_NOT_FOUND" in result.err
    assert "barnabas group list" in result.err
    described = run("group", "describe", "g", "gone", "--json").json
    assert described[0]["members"][0]["partitions"] == [{"topic": "t", "partition": 0}, {"topic": "t", "partition": 1}]
    assert described[1]["error"]["code"] == "GROUP_ID_NOT_FOUND"


def test_lag_is_shown_by_partition_and_in_all(run: Run, groups: FakeGroups) -> None:
    add_group(groups, "Stable", MEMBER)
    result = run("group", "lag", "g")
    assert result.words[2:] == [
        ["g", "t", "0", "40", "100", "60", "m-1"],
        ["g", "t", "1", "100", "100", "0", "m-1"],
        ["total", "lag:", "60"],
    ]
    only = run("group", "lag", "g", "--topic", "t:1", "--json").json
    assert (only["total"], [p["partition"] for p in only["partitions"]]) == (0, [1])


def test_what_is_read_but_not_committed_has_no_lag(run: Run, groups: FakeGroups) -> None:
    add_group(groups, "Stable", MEMBER)
    groups.committed = {}
    assert run("group", "lag", "g").words[2] == ["g", "t", "0", "-", "100", "-", "m-1"]


@pytest.mark.parametrize(
    ("options", "offsets"),
    [
        (["--to-earliest"], [10, 10]),
        (["--to-latest"], [100, 100]),
        (["--to-current"], [40, 100]),
        (["--to-offset", "70"], [70, 70]),
        (["--to-offset", "5"], [10, 10]),
        (["--shift-by", "-35"], [10, 65]),
        (["--shift-by", "35"], [75, 100]),
        (["--to-datetime", "2026-01-31T12:00:00+00:00"], [55, 55]),
        (["--by-duration", "15m"], [55, 55]),
    ],
)
def test_reset(run: Run, groups: FakeGroups, options: list[str], offsets: list[int]) -> None:
    result = run("group", "reset-offsets", "g", "--topic", "t", *options)
    assert result.words[2:] == [
        ["t", "0", "40", str(offsets[0])],
        ["t", "1", "100", str(offsets[1])],
        ["nothing", "was", "changed;", "--execute", "does", "it"],
    ]
    assert groups.calls == []
    done = run("group", "reset-offsets", "g", "--all-topics", *options, "--execute", "--json")
    assert done.json["executed"] is True
    assert groups.calls == [("commit", "g", {("t", 0): offsets[0], ("t", 1): offsets[1]})]


def test_reset_from_a_file(run: Run, groups: FakeGroups, tmp_path: Path) -> None:
    file = tmp_path / "offsets.csv"
    file.write_text("t,1,20\n\n")
    assert run("group", "reset-offsets", "g", "--from-file", str(file), "--execute").code == 0
    assert groups.calls == [("commit", "g", {("t", 1): 20})]
    file.write_text("t,1\n")
    result = run("group", "reset-offsets", "g", "--from-file", str(file))
    assert (result.code, "line 1: 't,1'" in result.err) == (2, True)


def test_reset_is_refused_while_the_group_is_active(run: Run, groups: FakeGroups) -> None:
    add_group(groups, "Stable", MEMBER)
    result = run("group", "reset-offsets", "g", "--topic", "t", "--to-earliest", "--execute")
    assert (result.code, groups.calls) == (1, [])
    assert "group g is Stable with 1 members; stop them first" in result.err


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--topic", "t"], "where to?"),
        (["--topic", "t", "--to-earliest", "--to-latest"], "where to?"),
        (["--to-earliest"], "which topics?"),
        (["--topic", "t", "--to-earliest", "--execute", "--dry-run"], "one of them"),
        (["--topic", "t:x", "--to-earliest"], "--topic 't:x'"),
        (["--topic", "t", "--topic", "t:1", "--to-earliest"], "t twice"),
        (["--topic", "t", "--to-datetime", "noon"], "--to-datetime 'noon'"),
        (["--topic", "t", "--by-duration", "5 minutes"], "--by-duration '5 minutes'"),
    ],
)
def test_reset_refuses_what_does_not_fit(run: Run, groups: FakeGroups, options: list[str], complaint: str) -> None:
    result = run("group", "reset-offsets", "g", *options)
    assert (result.code, result.out, groups.calls) == (2, "", [])
    assert complaint in result.err


def test_reset_of_a_topic_that_is_not_there(run: Run, groups: FakeGroups) -> None:
    result = run("group", "reset-offsets", "g", "--topic", "gone", "--to-earliest")
    assert (result.code, "UNKNOWN_TOPIC_OR_PARTITION" in result.err) == (1, True)


def test_delete(run: Run, groups: FakeGroups) -> None:
    add_group(groups, "Empty")
    groups.refusals["busy"] = BrokerError(ErrorCode.NON_EMPTY_GROUP, "group busy")
    result = run("group", "delete", "g", "busy")
    assert (result.code, result.out) == (1, "deleted group g\n")
    assert "stop its members first" in result.err


def test_what_has_no_leader_has_no_lag_but_all_else_is_shown(run: Run, groups: FakeGroups) -> None:
    add_group(groups, "Stable", MEMBER)
    groups.refusals["t-0"] = BrokerError(ErrorCode.LEADER_NOT_AVAILABLE, "t-0")
    result = run("group", "lag", "g", "gone")
    assert result.code == 1
    assert result.words[2:] == [
        ["g", "t", "0", "40", "-", "-", "m-1"],
        ["g", "t", "1", "100", "100", "0", "m-1"],
        ["total", "lag:", "0"],
    ]
    assert [line.split(": ")[1:3] for line in result.err.splitlines()] == [
        ["t-0", "LEADER_NOT_AVAILABLE"],
        ["group gone", "GROUP_ID_NOT_FOUND"],
    ]
    found = run("group", "lag", "g", "gone", "--json").json
    assert [error["code"] for error in found["errors"]] == ["LEADER_NOT_AVAILABLE", "GROUP_ID_NOT_FOUND"]
    assert found["partitions"][0]["lag"] is None


def test_a_reset_says_what_was_moved_and_what_was_not(run: Run, groups: FakeGroups) -> None:
    groups.refusals["t-1 of g"] = BrokerError(ErrorCode.TOPIC_AUTHORIZATION_FAILED, "t-1")
    result = run("group", "reset-offsets", "g", "--topic", "t", "--to-earliest", "--execute")
    assert (result.code, result.words[2:]) == (1, [["t", "0", "40", "10"]])
    assert "t-1: TOPIC_AUTHORIZATION_FAILED" in result.err
    again = run("group", "reset-offsets", "g", "--topic", "t", "--to-earliest", "--execute", "--json")
    assert [each["error"] is None for each in again.json["partitions"]] == [True, False]


def test_delete_offsets(run: Run, groups: FakeGroups) -> None:
    assert run("group", "delete-offsets", "g", "--topic", "t:1").out == "deleted the offset of t-1\n"
    assert run("group", "delete-offsets", "g", "--topic", "t").code == 0
    assert groups.calls == [("forget", "g", [("t", 1)]), ("forget", "g", [("t", 0), ("t", 1)])]
    assert "no committed offsets of x" in run("group", "delete-offsets", "g", "--topic", "x").err


def test_times() -> None:
    assert parse_datetime("1970-01-01T00:00:01+00:00") == 1000

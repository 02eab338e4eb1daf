"""`barnabas cluster describe`."""

from __future__ import annotations

from command_harness import FakeAdmin, Run, partition


def test_brokers_with_what_they_hold(run: Run, admin: FakeAdmin) -> None:
    admin.add("t", partition(1, 2), partition(2, 1), partition(1, 2, isr=[1]))
    result = run("cluster", "describe")
    assert result.out.startswith("cluster the-id\n")
    assert [line for line in result.words if line[0] in "123"] == [
        ["1", "one:9092", "a", "active", "3", "2", "0"],
        ["2", "two:9093", "active", "3", "1", "1"],
        ["3", "three:9094", "fenced", "0", "0", "0"],
    ]


def test_as_json(run: Run, admin: FakeAdmin) -> None:
    admin.add("t", partition(1, 2))
    description = run("cluster", "describe", "--json").json
    assert (description["cluster_id"], description["topics"], description["partitions"]) == ("the-id", 1, 1)
    assert description["brokers"][1] == {
        "id": 2,
        "listener": "two:9093",
        "rack": None,
        "state": "active",
        "replicas": 1,
        "leaders": 0,
        "replicas_not_in_sync": 0,
    }

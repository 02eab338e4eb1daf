"""Offsets grow old: what is kept, for how long, and what looking at them costs."""

from __future__ import annotations

import pytest

from barnabas.broker.coordinator.groups.classic_group import ClassicGroup
from barnabas.broker.coordinator.groups.config import GroupConfig
from barnabas.broker.coordinator.groups.offsets import GroupOffsets
from group_harness import GroupHarness
from group_requests import commit, delete_offsets, heartbeat, join, leave, subscription, sync, txn_commit

HOUR = 3600.0
RETENTION = 24 * HOUR
CHECK = 600.0


@pytest.fixture
def h() -> GroupHarness:
    return GroupHarness(
        GroupConfig(initial_rebalance_delay=0.0, retention_ms=round(RETENTION * 1000), retention_check_interval=CHECK)
    )


def with_member(h: GroupHarness, *topics: str, protocol_type: str = "consumer") -> None:
    h.ask(join(protocols={"range": subscription(*topics)}, protocol_type=protocol_type, session=1800), 3)
    h.advance(0)
    h.ask(sync("c-1", 1))


def live(h: GroupHarness, seconds: float) -> None:
    """Pass time while c-1 sends heartbeats."""
    end = h.now + seconds
    while h.now < end:
        h.advance(min(1000.0, end - h.now))
        h.ask(heartbeat("c-1", 1))


def kept(h: GroupHarness, group: str = "g") -> set[tuple[str, int]]:
    return set(h.machine.offsets.keys_of_group(group))


def test_without_members_each_offset_is_kept_for_the_retention(h: GroupHarness) -> None:
    h.ask(commit({"t": {0: 5}}))
    h.advance(HOUR)
    h.ask(commit({"t": {1: 5}}))
    h.advance(RETENTION - HOUR - 1)
    assert kept(h) == {("t", 0), ("t", 1)}
    h.advance(CHECK)
    assert kept(h) == {("t", 1)}
    assert "g" in h.machine.groups
    h.advance(HOUR)
    assert kept(h) == set()
    assert "g" not in h.machine.groups
    h.reload()
    assert h.machine.groups == {}


def test_a_new_commit_makes_an_offset_young(h: GroupHarness) -> None:
    h.ask(commit({"t": {0: 5}}))
    h.advance(RETENTION - HOUR)
    h.ask(commit({"t": {0: 5}}))
    h.advance(RETENTION - HOUR)
    assert kept(h) == {("t", 0)}


def test_an_offset_may_have_a_time_of_its_own(h: GroupHarness) -> None:
    h.ask(commit({"t": {0: 5}}, retention_ms=round(HOUR * 1000)), 4)
    h.ask(commit({"t": {1: 5}}, retention_ms=round(2 * RETENTION * 1000)), 4)
    h.advance(HOUR + CHECK)
    assert kept(h) == {("t", 1)}
    h.advance(RETENTION)
    h.reload()
    h.advance(CHECK)
    assert kept(h) == {("t", 1)}
    h.advance(RETENTION)
    assert kept(h) == set()


def test_what_members_read_does_not_grow_old(h: GroupHarness) -> None:
    with_member(h, "t")
    h.ask(commit({"t": {0: 5}, "u": {0: 6}}, "c-1", 1))
    live(h, RETENTION + CHECK)
    assert kept(h) == {("t", 0)}


def test_where_members_were_all_is_kept_from_when_the_last_one_left(h: GroupHarness) -> None:
    with_member(h, "t")
    h.ask(commit({"t": {0: 5}}, "c-1", 1))
    live(h, RETENTION - HOUR)
    h.ask(leave("c-1"))
    h.advance(RETENTION - 1)
    assert kept(h) == {("t", 0)}
    h.reload()
    h.advance(CHECK)
    assert kept(h) == set()
    assert h.machine.groups == {}


def test_of_other_members_nobody_knows_what_they_read(h: GroupHarness) -> None:
    with_member(h, protocol_type="connect")
    h.ask(commit({"t": {0: 5}}, "c-1", 1))
    live(h, RETENTION + CHECK)
    assert kept(h) == {("t", 0)}


def test_nothing_grows_old_in_the_middle_of_a_rebalance(h: GroupHarness) -> None:
    with_member(h)
    h.ask(commit({"u": {0: 5}}, "c-1", 1))
    live(h, RETENTION - CHECK)
    h.ask(join(rebalance=10_000), 3)
    live(h, 2 * CHECK)
    group = h.machine.groups["g"]
    assert isinstance(group, ClassicGroup)
    assert not group.is_empty
    assert kept(h) == {("u", 0)}


def test_what_is_pending_is_kept(h: GroupHarness) -> None:
    h.ask(commit({"t": {0: 5}}))
    h.ask(txn_commit({"t": {0: 6}}, producer_id=1))
    h.advance(RETENTION + CHECK)
    assert kept(h) == {("t", 0)}
    h.end_transaction(1, committed=False)
    h.advance(CHECK)
    assert h.machine.groups == {}


def test_a_group_without_members_and_offsets_goes_soon(h: GroupHarness) -> None:
    with_member(h, "t")
    h.ask(leave("c-1"))
    h.ask(commit({"t": {0: 5}}, group="a"))
    h.ask(delete_offsets({"t": [0]}, group="a"))
    h.ask(join(group="b"))
    assert set(h.machine.groups) == {"a", "b", "g"}
    h.advance(CHECK)
    assert h.machine.groups == {}


def test_only_groups_with_something_old_are_looked_through(h: GroupHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    measure = GroupOffsets.measure
    monkeypatch.setattr(GroupOffsets, "measure", lambda self: (looked.append("g"), measure(self))[1])
    h.ask(commit({"t": dict.fromkeys(range(100), 5)}))
    for _ in range(100):
        h.advance(RETENTION / 101)
        h.ask(commit({"t": dict.fromkeys(range(100), 5)}))
    assert looked == []
    for _ in range(100):
        h.advance(RETENTION / 101)
        h.ask(commit({"t": dict.fromkeys(range(100), 5)}))
    assert len(looked) == 1
    assert len(kept(h)) == 100

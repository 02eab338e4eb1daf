"""What is told of groups, for metrics and logs: rebalances, members that expired, offsets that come and go."""

from __future__ import annotations

from barnabas.broker.coordinator.groups.config import GroupConfig
from barnabas.broker.coordinator.groups.events import (
    MemberExpired,
    OffsetsCommitted,
    OffsetsDeleted,
    OffsetsExpired,
    Rebalanced,
)
from consumer_groups import GROUP, ConsumerGroupsHarness, Member
from group_harness import GroupHarness
from group_requests import commit, delete_offsets, join, leave, sync, txn_commit


def stable() -> GroupHarness:
    """Members c-1, who leads, and c-2."""
    h = GroupHarness(GroupConfig(initial_rebalance_delay=0.5))
    h.ask(join(), 3)
    h.ask(join(session=30), 3)
    h.advance(1)
    h.ask(sync("c-1", 1, {"c-1": b"x", "c-2": b"y"}))
    h.ask(sync("c-2", 1))
    return h


def test_a_classic_group_has_rebalanced_when_partitions_are_assigned() -> None:
    assert stable().told == [Rebalanced("g", "classic", 1, 2)]


def test_who_leaves_has_not_expired() -> None:
    h = stable()
    h.ask(leave("c-1", "c-2"))
    assert h.told == [Rebalanced("g", "classic", 1, 2)]


def test_a_classic_member_that_is_silent_expires() -> None:
    h = stable()
    h.advance(11)
    assert h.told[1:] == [MemberExpired("g", "classic", "c-1", "its session timed out")]


def test_classic_members_that_miss_a_rebalance_expire() -> None:
    h = GroupHarness(GroupConfig(initial_rebalance_delay=0.5))
    h.ask(join(rebalance=5), 3)
    h.advance(1)
    h.advance(6)
    assert h.told == [MemberExpired("g", "classic", "c-1", "it did not ask for its assignment")]


def test_each_epoch_of_a_consumer_group_is_a_rebalance() -> None:
    h = ConsumerGroupsHarness()
    h.topic("t", 2)
    first, second = Member(h, "m-1", ["t"]), Member(h, "m-2", ["t"])
    first.join()
    second.join()
    assert h.told == [Rebalanced(GROUP, "consumer", 2, 1), Rebalanced(GROUP, "consumer", 3, 2)]
    h.told.clear()
    h.advance(1000)
    assert [type(event) for event in h.told] == [MemberExpired, Rebalanced, MemberExpired, Rebalanced]
    assert h.told[1] == Rebalanced(GROUP, "consumer", 4, 1)


def test_offsets_are_told_by_number() -> None:
    h = GroupHarness(GroupConfig(retention_ms=1000, retention_check_interval=10.0))
    h.ask(commit({"t": {0: 5, 1: 5, 2: 5}}))
    h.ask(txn_commit({"t": {3: 5}}, 7))
    h.end_transaction(7, committed=True)
    h.ask(delete_offsets({"t": [0]}))
    h.advance(60)
    assert h.told == [
        OffsetsCommitted("g", 3),
        OffsetsCommitted("g", 1),
        OffsetsDeleted("g", 1),
        OffsetsExpired("g", 3),
    ]

"""A coordinator whose wall clock was hours ahead does not make its successors wait until that time has come.

Simulated clock jumps found both: partitions of a group were with nobody, hours long.
"""

from __future__ import annotations

from consumer_groups import ConsumerGroupsHarness, Member, settle

HOURS_MS = 12 * 3_600_000


def test_partitions_are_assigned_though_the_last_assignment_is_from_the_future() -> None:
    harness = ConsumerGroupsHarness()
    harness.topic("t", 4)
    harness.clock_offset_ms = HOURS_MS
    first, second = Member(harness, "a", ["t"]), Member(harness, "b", ["t"])
    first.join()
    settle(harness, [first])
    harness.clock_offset_ms = 0
    harness.reload()
    second.join()
    settle(harness, [first, second])
    assert len(second.owned) == 2


def test_patterns_are_looked_up_though_they_were_in_the_future() -> None:
    harness = ConsumerGroupsHarness()
    harness.topic("orders-1", 1)
    harness.clock_offset_ms = HOURS_MS
    member = Member(harness, "a", regex="orders-.*")
    member.join()
    settle(harness, [member])
    harness.clock_offset_ms = 0
    harness.reload()
    harness.topic("orders-2", 1)
    harness.advance(20.0)
    settle(harness, [member])
    assert member.owned == {("orders-1", 0), ("orders-2", 0)}

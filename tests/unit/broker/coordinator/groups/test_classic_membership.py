"""SyncGroup, Heartbeat and LeaveGroup of classic groups: a test for each rule."""

from __future__ import annotations

from typing import Any

import pytest

from barnabas.broker.coordinator.groups.config import GroupConfig
from barnabas.protocol.errors import ErrorCode
from group_harness import GroupHarness
from group_requests import heartbeat, join, leave, sync


@pytest.fixture
def two() -> GroupHarness:
    """Members c-1, who leads, and c-2 in generation 1, that wait for nothing but to sync."""
    h = GroupHarness(GroupConfig(initial_rebalance_delay=1.0))
    for _ in range(2):
        h.ask(join(), 3)
    h.advance(2)
    return h


@pytest.fixture
def stable(two: GroupHarness) -> GroupHarness:
    """The same with assignments x and y."""
    two.ask(sync("c-1", 1, {"c-1": b"x", "c-2": b"y"}))
    two.ask(sync("c-2", 1))
    return two


def each_request(h: GroupHarness, *, group: str, member_id: str, generation: int) -> list[ErrorCode]:
    requests: list[Any] = [
        sync(member_id, generation, group=group),
        heartbeat(member_id, generation, group=group),
        leave(member_id, group=group),
    ]
    codes = []
    for request in requests:
        asked = h.ask(request)
        members = getattr(asked.response, "members", None)
        codes.append(ErrorCode(members[0].error_code) if members else asked.code)
    return codes


def test_a_group_needs_a_name(stable: GroupHarness) -> None:
    assert set(each_request(stable, group="", member_id="c-1", generation=1)) == {ErrorCode.INVALID_GROUP_ID}


def test_members_of_an_unknown_group_are_unknown(stable: GroupHarness) -> None:
    assert set(each_request(stable, group="no", member_id="c-1", generation=1)) == {ErrorCode.UNKNOWN_MEMBER_ID}


@pytest.mark.parametrize("member_id", ["c-9", ""])
def test_unknown_members(stable: GroupHarness, member_id: str) -> None:
    assert set(each_request(stable, group="g", member_id=member_id, generation=1)) == {ErrorCode.UNKNOWN_MEMBER_ID}


def test_all_join_again_when_their_assignments_could_not_be_written(two: GroupHarness) -> None:
    waiting = two.ask(sync("c-2", 1))
    two.refusing = ErrorCode.MESSAGE_TOO_LARGE
    assert two.ask(sync("c-1", 1, {"c-1": b"x"})).code == waiting.code == ErrorCode.MESSAGE_TOO_LARGE
    two.refusing = None
    two.advance(0)
    assert two.ask(heartbeat("c-2", 1)).code == ErrorCode.REBALANCE_IN_PROGRESS
    first, second = two.ask(join("c-1"), 3), two.ask(join("c-2"), 3)
    assert first.response.generation_id == second.response.generation_id == 2
    assert two.ask(sync("c-1", 2, {"c-1": b"x"})).response.assignment == b"x"
    two.advance(0)
    assert two.ask(heartbeat("c-1", 2)).code == ErrorCode.NONE


def test_members_of_an_empty_group_are_unknown(stable: GroupHarness) -> None:
    stable.ask(leave("c-1", "c-2"))
    assert set(each_request(stable, group="g", member_id="c-1", generation=2)) == {ErrorCode.UNKNOWN_MEMBER_ID}


@pytest.mark.parametrize("generation", [-1, 0, 2])
def test_sync_and_heartbeat_are_of_the_present_generation(stable: GroupHarness, generation: int) -> None:
    assert stable.ask(sync("c-1", generation)).code == ErrorCode.ILLEGAL_GENERATION
    assert stable.ask(heartbeat("c-1", generation)).code == ErrorCode.ILLEGAL_GENERATION


@pytest.mark.parametrize(
    ("protocol_type", "protocol_name", "fits"),
    [
        (None, None, True),
        ("consumer", "range", True),
        ("consumer", None, True),
        ("connect", "range", False),
        ("consumer", "sticky", False),
    ],
)
def test_the_protocol_of_a_sync_is_the_groups(
    stable: GroupHarness, protocol_type: str | None, protocol_name: str | None, fits: bool
) -> None:
    asked = stable.ask(sync("c-1", 1, protocol_type=protocol_type, protocol_name=protocol_name))
    assert asked.code == (ErrorCode.NONE if fits else ErrorCode.INCONSISTENT_GROUP_PROTOCOL)


def test_a_sync_tells_of_the_protocol(stable: GroupHarness) -> None:
    response = stable.ask(sync("c-2", 1)).response
    assert (response.protocol_type, response.protocol_name, response.assignment) == ("consumer", "range", b"y")


def test_who_syncs_during_a_rebalance_is_to_join(stable: GroupHarness) -> None:
    stable.ask(join(), 3)
    assert stable.ask(sync("c-1", 1)).code == ErrorCode.REBALANCE_IN_PROGRESS
    assert stable.ask(heartbeat("c-1", 1)).code == ErrorCode.REBALANCE_IN_PROGRESS


def test_members_that_the_leader_forgot_get_nothing(two: GroupHarness) -> None:
    waits = two.ask(sync("c-2", 1))
    assert not waits.answered
    two.ask(sync("c-1", 1, {"c-1": b"x", "nobody": b"z"}))
    assert (waits.code, waits.response.assignment) == (ErrorCode.NONE, b"")


def test_a_second_sync_on_another_connection_takes_the_place_of_the_first(two: GroupHarness) -> None:
    first, second = two.ask(sync("c-2", 1)), two.ask(sync("c-2", 1))
    assert first.code == ErrorCode.REBALANCE_IN_PROGRESS
    two.ask(sync("c-1", 1, {"c-2": b"y"}))
    assert second.response.assignment == b"y"


def test_a_member_that_leaves_while_others_wait_for_the_leader(two: GroupHarness) -> None:
    waits = two.ask(sync("c-2", 1))
    two.ask(leave("c-1"))
    assert waits.code == ErrorCode.REBALANCE_IN_PROGRESS
    assert two.ask(join("c-2")).response.leader == "c-2"


def test_heartbeats_keep_a_member(stable: GroupHarness) -> None:
    for _ in range(5):
        stable.advance(9)
        assert stable.ask(heartbeat("c-1", 1)).code in (ErrorCode.NONE, ErrorCode.REBALANCE_IN_PROGRESS)
    assert stable.ask(heartbeat("c-2", 1)).code == ErrorCode.UNKNOWN_MEMBER_ID


def test_who_asks_again_for_an_assignment_is_alive(stable: GroupHarness) -> None:
    for _ in range(3):
        stable.advance(6)
        assert stable.ask(sync("c-1", 1)).response.assignment == b"x"
        assert stable.ask(sync("c-2", 1)).response.assignment == b"y"


def test_a_heartbeat_while_the_leader_assigns_is_fine(two: GroupHarness) -> None:
    assert two.ask(heartbeat("c-2", 1)).code == ErrorCode.NONE


def test_each_that_leaves_has_an_answer(stable: GroupHarness) -> None:
    response = stable.ask(leave("c-2", "nobody", "c-2")).response
    assert [(m.member_id, ErrorCode(m.error_code)) for m in response.members] == [
        ("c-2", ErrorCode.NONE),
        ("nobody", ErrorCode.UNKNOWN_MEMBER_ID),
        ("c-2", ErrorCode.UNKNOWN_MEMBER_ID),
    ]


def test_nobody_leaves_nothing_changes(stable: GroupHarness) -> None:
    assert stable.ask(leave("nobody")).response.members[0].error_code == ErrorCode.UNKNOWN_MEMBER_ID
    assert stable.ask(heartbeat("c-1", 1)).code == ErrorCode.NONE


def test_a_dynamic_member_has_no_instance(stable: GroupHarness) -> None:
    for request in (heartbeat("c-1", 1, instance="i"), sync("c-1", 1, instance="i")):
        assert stable.ask(request).code == ErrorCode.UNKNOWN_MEMBER_ID


def test_sessions_begin_anew_when_the_coordinator_moves(stable: GroupHarness) -> None:
    stable.advance(9)
    stable.reload()
    stable.advance(9)
    assert stable.ask(heartbeat("c-1", 1)).code == ErrorCode.NONE
    stable.advance(2)
    assert stable.ask(heartbeat("c-2", 1)).code == ErrorCode.UNKNOWN_MEMBER_ID


def test_all_who_wait_are_handed_back_when_the_coordinator_goes(two: GroupHarness) -> None:
    syncing = two.ask(sync("c-2", 1))
    assert two.machine.closed() == [syncing]
    two.ask(join("c-2", protocols={"range": b"other"}))
    joining = two.ask(join("c-2", protocols={"range": b"another"}))
    assert two.machine.closed() == [joining]


def test_a_thousand_members_heartbeat_without_a_look_at_each_other() -> None:
    h = GroupHarness(GroupConfig(initial_rebalance_delay=0.0))
    for number in range(1000):
        h.ask(join(group=f"g{number}"), 3)
    h.advance(0)
    for number in range(1000):
        h.ask(sync(f"c-{number + 1}", 1, group=f"g{number}"))
    for _ in range(20):
        h.advance(3)
        for number in range(1000):
            h.ask(heartbeat(f"c-{number + 1}", 1, group=f"g{number}"))
    assert all(not group.is_empty for group in h.machine.groups.values())
    deadlines = h.machine._deadlines
    assert len(deadlines._heap) <= 2 * len(deadlines)

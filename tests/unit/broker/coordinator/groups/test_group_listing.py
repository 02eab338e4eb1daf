"""ListGroups and DescribeGroups, as the machine answers them."""

from __future__ import annotations

import pytest

from barnabas.broker.coordinator.groups.config import GroupConfig
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.describe_groups import DescribeGroupsRequest, DescribeGroupsResponse
from barnabas.protocol.messages.list_groups import ListGroupsRequest
from group_harness import GroupHarness
from group_requests import commit, join, leave, sync


@pytest.fixture
def h() -> GroupHarness:
    """A group in each state."""
    h = GroupHarness(GroupConfig(initial_rebalance_delay=0.0))
    h.ask(commit({"t": {0: 5}}, group="simple"))
    h.ask(join(group="fresh"))
    for group in ("empty", "completing", "stable", "preparing"):
        h.ask(join(group=group, protocols={"range": b"wish", "sticky": b"s"}, instance="i"), client=group)
        h.advance(0)
    for group, number in (("empty", 1), ("stable", 3), ("preparing", 4)):
        h.ask(sync(f"i-{number}", 1, {f"i-{number}": b"part"}, group=group, instance="i"))
    h.ask(leave("", group="empty", instance="i"))
    h.ask(join(group="preparing"), 3)
    return h


def listed(h: GroupHarness, *, states: tuple[str, ...] = (), types: tuple[str, ...] = ()) -> dict[str, str]:
    request = ListGroupsRequest(states_filter=states, types_filter=types)
    return {group.group_id: group.group_state for group in h.ask(request).response}


def described(h: GroupHarness, group: str, version: int = 6) -> DescribeGroupsResponse.DescribedGroup:
    found = h.ask(DescribeGroupsRequest(groups=[group]), version).response
    assert isinstance(found, DescribeGroupsResponse.DescribedGroup)
    return found


def test_all_groups_are_listed_with_their_states(h: GroupHarness) -> None:
    assert listed(h) == {
        "simple": "Empty",
        "fresh": "Empty",
        "empty": "Empty",
        "completing": "CompletingRebalance",
        "stable": "Stable",
        "preparing": "PreparingRebalance",
    }


def test_types_of_protocols_are_listed(h: GroupHarness) -> None:
    found = h.ask(ListGroupsRequest()).response
    assert {group.group_id: group.protocol_type for group in found} == {
        "simple": "",
        "fresh": "",
        "empty": "consumer",
        "completing": "consumer",
        "stable": "consumer",
        "preparing": "consumer",
    }
    assert {group.group_type for group in found} == {"classic"}


@pytest.mark.parametrize(
    ("states", "groups"),
    [
        (("Stable",), {"stable"}),
        ((" sTABLE ", "PreparingRebalance"), {"stable", "preparing"}),
        (("Dead",), set()),
        (("no state",), set()),
        (("",), set()),
    ],
)
def test_states_are_filtered_in_any_case_of_letters(h: GroupHarness, states: tuple[str, ...], groups: set[str]) -> None:
    assert set(listed(h, states=states)) == groups


@pytest.mark.parametrize(
    ("types", "count"), [(("classic",), 6), (("CLASSIC", "share"), 6), (("consumer",), 0), (("no type",), 0)]
)
def test_types_are_filtered_likewise(h: GroupHarness, types: tuple[str, ...], count: int) -> None:
    assert len(listed(h, types=types)) == count


def test_a_stable_group_is_described_with_all_it_has(h: GroupHarness) -> None:
    group = described(h, "stable")
    assert (group.group_state, group.protocol_type, group.protocol_data) == ("Stable", "consumer", "range")
    (member,) = group.members
    assert (member.member_id, member.group_instance_id) == ("i-3", "i")
    assert (member.client_id, member.client_host) == ("stable", "/h")
    assert (member.member_metadata, member.member_assignment) == (b"wish", b"part")


def test_a_group_that_rebalances_is_described_without_protocol(h: GroupHarness) -> None:
    group = described(h, "preparing")
    assert (group.group_state, group.protocol_data, len(group.members)) == ("PreparingRebalance", "", 2)
    assert (group.members[0].member_metadata, group.members[0].member_assignment) == (b"", b"part")
    assert described(h, "completing").members[0].member_metadata == b""


def test_a_group_without_members(h: GroupHarness) -> None:
    group = described(h, "empty")
    assert (group.group_state, group.protocol_type, group.protocol_data, group.members) == ("Empty", "consumer", "", [])


@pytest.mark.parametrize("version", range(7))
def test_an_unknown_group_is_dead_and_from_v6_on_an_error(h: GroupHarness, version: int) -> None:
    group = described(h, "no", version)
    assert group.group_state == "Dead"
    assert group.error_code == (ErrorCode.GROUP_ID_NOT_FOUND if version >= 6 else ErrorCode.NONE)
    assert (group.error_message is not None) == (version >= 6)

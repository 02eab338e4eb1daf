"""JoinGroup of classic groups: a test for each rule. What many requests lead to is in the scenario files."""

from __future__ import annotations

import pytest

from barnabas.broker.coordinator.groups.classic_group import ClassicGroup
from barnabas.broker.coordinator.groups.config import GroupConfig
from barnabas.protocol.errors import ErrorCode
from group_harness import Asked, GroupHarness
from group_requests import heartbeat, join, leave, subscription, sync


def harness(**config: float) -> GroupHarness:
    return GroupHarness(GroupConfig(**{"initial_rebalance_delay": 0.0, **config}))  # type: ignore[arg-type]


def group(of: GroupHarness) -> ClassicGroup:
    found = of.machine.groups["g"]
    assert isinstance(found, ClassicGroup)
    return found


def joined(of: GroupHarness, client: str = "c", **how: object) -> Asked:
    """A new member, as of v3: without a detour."""
    asked = of.ask(join(**how), 3, client=client)  # type: ignore[arg-type]
    of.advance(0)
    return asked


def test_a_group_needs_a_name() -> None:
    assert harness().ask(join(group="")).code == ErrorCode.INVALID_GROUP_ID


@pytest.mark.parametrize(("seconds", "allowed"), [(5.999, False), (6, True), (1800, True), (1800.001, False)])
def test_session_timeouts_have_bounds(seconds: float, allowed: bool) -> None:
    code = harness().ask(join(session=seconds)).code
    assert code == (ErrorCode.MEMBER_ID_REQUIRED if allowed else ErrorCode.INVALID_SESSION_TIMEOUT)


def test_a_protocol_may_be_named_once() -> None:
    assert harness().ask(join(protocols=[("range", b"1"), ("range", b"2")])).code == ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize("version", range(10))
def test_new_members_are_given_an_id_first_from_v4_on(version: int) -> None:
    h = harness()
    asked = h.ask(join(), version, client="client")
    if version < 4:
        assert not asked.answered
        assert list(group(h).members) == ["client-1"]
    else:
        assert (asked.code, asked.response.member_id) == (ErrorCode.MEMBER_ID_REQUIRED, "client-1")
        assert group(h).pending == {"client-1"}
        assert group(h).is_empty


def test_static_members_get_their_id_at_once() -> None:
    h = harness()
    h.ask(join(instance="i"), client="client")
    assert group(h).static == {"i": "i-1"}


def test_an_id_of_a_group_that_is_gone_is_unknown() -> None:
    h = harness()
    asked = h.ask(join("c-1"))
    assert (asked.code, asked.response.member_id) == (ErrorCode.UNKNOWN_MEMBER_ID, "c-1")
    assert h.machine.groups == {}


def test_an_id_that_was_not_given_out_is_unknown() -> None:
    h = harness()
    joined(h)
    assert h.ask(join("c-9")).code == ErrorCode.UNKNOWN_MEMBER_ID


def test_a_given_id_is_for_dynamic_members() -> None:
    h = harness()
    h.ask(join())
    assert h.ask(join("c-1", instance="i")).code == ErrorCode.UNKNOWN_MEMBER_ID


@pytest.mark.parametrize(
    ("protocol_type", "protocols"), [("", {"range": b""}), ("consumer", {}), ("", {})], ids=["type", "name", "both"]
)
def test_the_first_member_must_have_a_protocol(protocol_type: str, protocols: dict[str, bytes]) -> None:
    asked = harness().ask(join(protocol_type=protocol_type, protocols=protocols))
    assert asked.code == ErrorCode.INCONSISTENT_GROUP_PROTOCOL


def test_further_members_must_be_of_the_groups_type() -> None:
    h = harness()
    joined(h)
    assert h.ask(join(protocol_type="connect")).code == ErrorCode.INCONSISTENT_GROUP_PROTOCOL


def test_further_members_must_support_a_protocol_of_all() -> None:
    h = harness(initial_rebalance_delay=1.0)
    for protocols in ({"a": b"", "b": b""}, {"b": b"", "c": b""}):
        h.ask(join(protocols=protocols), 3)
    for name, allowed in (("a", False), ("c", False), ("b", True)):
        code = h.ask(join(protocols={name: b""})).code
        assert code == (ErrorCode.MEMBER_ID_REQUIRED if allowed else ErrorCode.INCONSISTENT_GROUP_PROTOCOL)


def test_a_member_cannot_leave_the_protocols_of_all() -> None:
    h = harness()
    joined(h)
    assert h.ask(join("c-1", protocols={"other": b""})).code == ErrorCode.INCONSISTENT_GROUP_PROTOCOL


def test_the_protocol_that_most_prefer_is_chosen() -> None:
    h = harness(initial_rebalance_delay=1.0)
    wishes = (("a", "b", "c"), ("c", "b", "a"), ("b", "a", "c"), ("d", "b", "a"))
    asked = [h.ask(join(protocols=[(name, name.encode()) for name in names]), 3) for names in wishes]
    h.advance(3)
    # Votes: a by the first, b by the third and the fourth; c is not supported by the fourth, d only by it.
    assert {each.response.protocol_name for each in asked} == {"b"}
    assert [member.metadata for member in asked[0].response.members] == [b"b"] * 4


def test_only_the_leader_is_told_of_the_members() -> None:
    h = harness(initial_rebalance_delay=1.0)
    first, second = h.ask(join(), 3), h.ask(join(instance="i"), 5)
    h.advance(3)
    assert [(m.member_id, m.group_instance_id) for m in first.response.members] == [("c-1", None), ("i-1", "i")]
    assert second.response.members == []
    assert first.response.leader == second.response.leader == "c-1"
    assert (first.response.generation_id, first.response.protocol_type) == (1, "consumer")


def test_the_initial_delay_is_put_off_up_to_the_rebalance_timeout() -> None:
    h = harness(initial_rebalance_delay=2.0)
    first = h.ask(join(rebalance=5), 3)
    for _ in range(10):
        h.advance(0.45)
        h.ask(join(rebalance=5), 3)
        if first.answered:
            break
    assert round(h.now - 1000, 2) == 4.5
    assert not first.answered
    h.advance(0.5)
    assert len(first.response.members) == 11


def test_without_an_initial_delay_the_first_member_does_not_wait() -> None:
    h = harness()
    assert joined(h).response.generation_id == 1


def test_who_asks_again_on_another_connection_is_answered_there() -> None:
    h = harness(initial_rebalance_delay=3.0)
    h.ask(join())
    first = h.ask(join("c-1"))
    second = h.ask(join("c-1"))
    assert first.code == ErrorCode.REBALANCE_IN_PROGRESS
    h.advance(3)
    assert second.response.generation_id == 1


def test_another_leader_is_chosen_when_the_leader_does_not_come_back() -> None:
    h = harness()
    joined(h, session=1000, rebalance=10)
    h.ask(sync("c-1", 1))
    other = h.ask(join(rebalance=10), 3)
    h.advance(9.9)
    assert not other.answered
    h.advance(0.2)
    assert (other.response.leader, other.response.generation_id) == ("c-2", 2)
    assert h.ask(heartbeat("c-1", 1)).code == ErrorCode.UNKNOWN_MEMBER_ID


def test_the_rebalance_timeout_is_the_longest_of_the_members() -> None:
    h = harness()
    joined(h, session=1000, rebalance=100)
    h.ask(sync("c-1", 1))
    other = h.ask(join(rebalance=10), 3)
    h.advance(99.9)
    assert not other.answered
    h.advance(0.2)
    assert other.answered


def test_who_waits_for_others_needs_no_heartbeats_unless_it_is_new() -> None:
    h = harness(new_member_join_timeout=50.0)
    joined(h, session=1000)
    h.ask(sync("c-1", 1))
    new = h.ask(join(session=6), 3)
    h.ask(join("c-1", session=6, rebalance=1000))  # nobody is waited for: a generation
    h.ask(sync("c-1", 2))
    h.ask(sync("c-2", 2))
    h.ask(join("c-1", session=6, rebalance=1000))
    assert new.response.generation_id == 2
    newest = h.ask(join(session=6, rebalance=1000), 3)
    for _ in range(9):
        h.advance(5)
        assert h.ask(heartbeat("c-2", 2)).code == ErrorCode.REBALANCE_IN_PROGRESS
    h.advance(4.9)
    assert not newest.answered
    h.ask(heartbeat("c-2", 2))
    h.advance(0.2)
    assert newest.code == ErrorCode.UNKNOWN_MEMBER_ID
    assert list(group(h).members) == ["c-1", "c-2"]


def test_a_group_has_a_limit() -> None:
    h = harness(max_size=1)
    joined(h)
    h.ask(sync("c-1", 1))
    for version in (3, 9):
        asked = h.ask(join(), version)
        assert (asked.code, asked.response.member_id) == (ErrorCode.GROUP_MAX_SIZE_REACHED, "")


def test_a_lowered_limit_makes_a_group_rebalance_when_it_is_loaded() -> None:
    h = harness(initial_rebalance_delay=1.0)
    for _ in range(2):
        h.ask(join(), 3)
    h.advance(2)
    h.ask(sync("c-1", 1))
    h.config = GroupConfig(max_size=1)
    h.reload()
    assert h.ask(heartbeat("c-2", 1)).code == ErrorCode.REBALANCE_IN_PROGRESS
    second = h.ask(join("c-2"))
    assert h.ask(join("c-1")).code == ErrorCode.GROUP_MAX_SIZE_REACHED
    assert second.response.generation_id == 2


def test_subscriptions_of_consumers_are_known() -> None:
    h = harness()
    joined(h, protocols={"range": subscription("a", "b")})
    assert group(h).subscriptions == {"a", "b"}
    assert group(h).is_subscribed_to("a")
    assert not group(h).is_subscribed_to("c")


@pytest.mark.parametrize("metadata", [b"", b"\0", b"\0\0\0\0\0\1", b"\xff\xff" + subscription("a")[2:]])
def test_subscriptions_that_cannot_be_read_may_be_anything(metadata: bytes) -> None:
    h = harness()
    joined(h, protocols={"range": metadata})
    assert group(h).subscriptions is None
    assert group(h).is_subscribed_to("a")


def test_other_groups_have_no_subscriptions() -> None:
    h = harness()
    joined(h, protocol_type="connect", protocols={"p": subscription("a")})
    assert not group(h).is_subscribed_to("a")


def test_static_members_that_restart_are_fenced_by_their_successors() -> None:
    h = harness()
    first = h.ask(join(instance="i"))
    second = h.ask(join(instance="i"))
    assert first.code == ErrorCode.FENCED_INSTANCE_ID
    assert h.ask(join("i-1", instance="i")).code == ErrorCode.FENCED_INSTANCE_ID
    assert h.ask(heartbeat("i-1", 0, instance="i")).code == ErrorCode.FENCED_INSTANCE_ID
    h.advance(0)
    assert second.response.member_id == "i-2"
    assert h.ask(leave("i-1", instance="i")).response.members[0].error_code == ErrorCode.FENCED_INSTANCE_ID


def test_a_static_member_that_waits_for_its_assignment_is_fenced_as_well() -> None:
    h = harness(initial_rebalance_delay=1.0)
    h.ask(join(instance="a"))
    h.ask(join(instance="b"))
    h.advance(2)
    waits = h.ask(sync("b-1", 1, instance="b"))
    h.ask(join(instance="b"))
    assert waits.code == ErrorCode.FENCED_INSTANCE_ID


def test_a_replacement_that_cannot_be_recorded_did_not_happen() -> None:
    h = harness()
    joined(h, instance="i")
    h.ask(sync("i-1", 1, {"i-1": b"x"}, instance="i"))
    h.refusing = ErrorCode.NOT_ENOUGH_REPLICAS
    assert h.ask(join(instance="i")).code == ErrorCode.NOT_ENOUGH_REPLICAS
    h.refusing = None
    assert h.ask(heartbeat("i-1", 1, instance="i")).code == ErrorCode.NONE
    assert h.ask(join(instance="i")).response.member_id == "i-3"


def test_a_lost_join_of_a_removed_member_is_answered() -> None:
    h = harness(initial_rebalance_delay=3.0)
    h.ask(join())
    waits = h.ask(join("c-1"))
    h.ask(leave("c-1"))
    assert waits.code == ErrorCode.UNKNOWN_MEMBER_ID

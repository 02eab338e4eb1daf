"""A member of a classic group, told by hand what its coordinator answers."""

from __future__ import annotations

import pytest

from barnabas.client.errors import BrokerError
from barnabas.client.groups.classic_member import ClassicConfig, ClassicMember
from barnabas.client.groups.member import Action, Assign, Describe, Fail, Revoke, Send, Topic, Wait
from barnabas.client.groups.subscriptions import decode_subscription, encode_assignment, encode_subscription
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.heartbeat import HeartbeatRequest, HeartbeatResponse
from barnabas.protocol.messages.join_group import JoinGroupRequest, JoinGroupResponse
from barnabas.protocol.messages.sync_group import SyncGroupRequest, SyncGroupResponse

TOPICS = {"t": Topic(b"\1" * 16, 4)}
ALL = frozenset(("t", n) for n in range(4))
HALF = frozenset({("t", 0), ("t", 1)})
REST = ALL - HALF


def make(*assignors: str, **config: object) -> ClassicMember:
    settings = ClassicConfig("g", assignors or ("range",), **config)  # type: ignore[arg-type]
    member = ClassicMember(settings, lambda: 0.5)
    member.subscribe(frozenset({"t"}), 0.0)
    return member


def sent(action: Action, kind: type) -> object:
    assert isinstance(action, Send), action
    assert isinstance(action.request, kind), action
    return action.request


def join(member: ClassicMember, now: float = 0.0, *, leader: str = "other", generation: int = 1) -> JoinGroupRequest:
    """Answer the JoinGroup that is due: member m of this generation, under a leader."""
    request = sent(member.next(now), JoinGroupRequest)
    assert isinstance(request, JoinGroupRequest)
    name = request.protocols[0].name
    members = [
        JoinGroupResponse.JoinGroupResponseMember(
            member_id=member_id, metadata=encode_subscription(name, ["t"], (), -1, None)
        )
        for member_id in (("m", "n") if leader == "m" else ())
    ]
    response = JoinGroupResponse(
        generation_id=generation, protocol_name=name, leader=leader, member_id="m", members=members
    )
    assert not member.answered(request, response, now)
    return request


def sync(member: ClassicMember, places: frozenset[tuple[str, int]], now: float = 0.0) -> SyncGroupRequest:
    request = sent(member.next(now), SyncGroupRequest)
    assert isinstance(request, SyncGroupRequest)
    member.answered(request, SyncGroupResponse(assignment=encode_assignment(places)), now)
    return request


def beat(member: ClassicMember, now: float, code: ErrorCode = ErrorCode.NONE) -> bool:
    request = sent(member.next(now), HeartbeatRequest)
    assert isinstance(request, HeartbeatRequest)
    return member.answered(request, HeartbeatResponse(error_code=code), now)


def joined(*assignors: str, places: frozenset[tuple[str, int]] = HALF, **config: object) -> ClassicMember:
    """A member that reads these."""
    member = make(*assignors, **config)
    join(member)
    sync(member, places)
    take(member, places)
    return member


def take(member: ClassicMember, places: frozenset[tuple[str, int]], now: float = 0.0) -> None:
    assert member.next(now) == Assign(places)
    member.assigned(places, now)


def give_up(member: ClassicMember, places: frozenset[tuple[str, int]], now: float, *, lost: bool = False) -> None:
    assert member.next(now) == Revoke(places, lost)
    member.revoked(places, now)


def test_nothing_is_done_before_the_topics_are_known() -> None:
    assert ClassicMember(ClassicConfig("g"), lambda: 0.5).next(0.0) == Wait(float("inf"))


def test_join_sync_and_heartbeats() -> None:
    member = joined()
    assert member.owned == HALF
    assert member.next(0.0) == Wait(3.0)
    assert member.settled
    assert not beat(member, 3.0)
    assert member.next(3.0) == Wait(6.0)


def test_the_first_join_may_only_bring_a_member_id() -> None:
    member = make()
    request = sent(member.next(0.0), JoinGroupRequest)
    answer = JoinGroupResponse(error_code=ErrorCode.MEMBER_ID_REQUIRED, member_id="m-1")
    assert not member.answered(request, answer, 0.0)  # type: ignore[arg-type]
    again = sent(member.next(0.0), JoinGroupRequest)
    assert isinstance(again, JoinGroupRequest)
    assert again.member_id == "m-1"


def test_the_leader_assigns_once_it_knows_the_topics() -> None:
    member = make()
    join(member, leader="m")
    assert member.next(0.0) == Describe(frozenset({"t"}))
    member.described(TOPICS, 0.0)
    request = sync(member, HALF)
    assert {a.member_id: a.assignment for a in request.assignments} == {
        "m": encode_assignment(HALF),
        "n": encode_assignment(REST),
    }


def test_an_eager_member_gives_up_everything_before_it_joins_again() -> None:
    member = joined("range")
    beat(member, 3.0, ErrorCode.REBALANCE_IN_PROGRESS)
    give_up(member, HALF, 3.0)
    request = join(member, 3.0, generation=2)
    assert decode_subscription("m", None, request.protocols[0].metadata, "range").owned == ()
    sync(member, REST, 3.0)
    take(member, REST, 3.0)


def test_heartbeats_go_on_while_the_user_gives_up() -> None:
    member = joined("range")
    beat(member, 3.0, ErrorCode.REBALANCE_IN_PROGRESS)
    assert member.next(3.0) == Revoke(HALF)
    assert member.next(3.0) == Wait(6.0)
    beat(member, 6.0, ErrorCode.REBALANCE_IN_PROGRESS)
    assert member.next(6.0) == Wait(9.0)


def test_a_cooperative_member_keeps_what_it_reads_and_joins_twice_to_give_some_up() -> None:
    member = joined("cooperative-sticky", places=ALL)
    beat(member, 3.0, ErrorCode.REBALANCE_IN_PROGRESS)
    request = join(member, 3.0, generation=2)
    known = decode_subscription("m", None, request.protocols[0].metadata, "cooperative-sticky")
    assert (frozenset(known.owned), known.generation) == (ALL, 1)
    assert member.owned == ALL
    sync(member, HALF, 3.0)
    assert member.next(3.0) == Revoke(REST)
    assert member.owned == HALF
    member.revoked(REST, 3.0)
    request = join(member, 3.0, generation=3)
    assert frozenset(decode_subscription("m", None, request.protocols[0].metadata, "").owned) == HALF
    sync(member, HALF, 3.0)
    assert member.next(3.0) == Wait(6.0)
    assert member.settled


@pytest.mark.parametrize("code", [ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.ILLEGAL_GENERATION])
def test_who_was_removed_has_lost_everything(code: ErrorCode) -> None:
    member = joined("cooperative-sticky")
    beat(member, 3.0, code)
    give_up(member, HALF, 3.0, lost=True)
    request = sent(member.next(3.0), JoinGroupRequest)
    assert isinstance(request, JoinGroupRequest)
    assert request.member_id == ("" if code == ErrorCode.UNKNOWN_MEMBER_ID else "m")
    assert member.generation.epoch == -1


def test_a_coordinator_that_moved_is_found_anew_and_asked_later() -> None:
    member = joined()
    assert beat(member, 3.0, ErrorCode.NOT_COORDINATOR)
    action = member.next(3.0)
    assert isinstance(action, Wait)
    assert 3.0 < action.until < 3.2
    assert not beat(member, action.until)
    assert member.owned == HALF


def test_a_member_that_nobody_hears_for_its_session_takes_itself_for_removed() -> None:
    member = joined(session_timeout=10.0)
    now = 3.0
    while now <= 10.0:
        action = member.next(now)
        if isinstance(action, Send):
            member.lost(action.request, now)
            action = member.next(now)
        assert isinstance(action, Wait)
        now = action.until
    give_up(member, HALF, now, lost=True)


def test_a_lost_sync_joins_again() -> None:
    member = make()
    join(member)
    request = sent(member.next(0.0), SyncGroupRequest)
    member.lost(request, 0.0)  # type: ignore[arg-type]
    assert isinstance(member.next(0.0), Wait)
    join(member, 1.0)


def test_new_partitions_make_the_leader_join_again() -> None:
    member = make()
    join(member, leader="m")
    member.next(0.0)
    member.described(TOPICS, 0.0)
    sync(member, HALF)
    take(member, HALF)
    member.described(TOPICS, 1.0)
    assert member.next(1.0) == Wait(3.0)
    member.described({"t": Topic(b"\1" * 16, 5)}, 2.0)
    give_up(member, HALF, 2.0)


def test_other_topics_make_it_join_again() -> None:
    member = joined("cooperative-sticky")
    member.subscribe(frozenset({"u"}), 1.0)
    give_up(member, HALF, 1.0)
    request = sent(member.next(1.0), JoinGroupRequest)
    assert isinstance(request, JoinGroupRequest)


def test_a_refusal_is_final() -> None:
    member = make()
    request = sent(member.next(0.0), JoinGroupRequest)
    member.answered(request, JoinGroupResponse(error_code=ErrorCode.INCONSISTENT_GROUP_PROTOCOL), 0.0)  # type: ignore[arg-type]
    action = member.next(0.0)
    assert isinstance(action, Fail)
    assert isinstance(action.error, BrokerError)
    assert action.error.code == ErrorCode.INCONSISTENT_GROUP_PROTOCOL


def test_an_assignor_that_was_not_offered_is_refused() -> None:
    member = make("range")
    request = sent(member.next(0.0), JoinGroupRequest)
    member.answered(request, JoinGroupResponse(protocol_name="other", leader="m", member_id="m"), 0.0)
    action = member.next(0.0)
    assert isinstance(action, Fail)
    assert "group g: INCONSISTENT_GROUP_PROTOCOL: The coordinator chose the assignor 'other'" in str(action.error)


def test_who_has_a_place_of_its_own_does_not_leave() -> None:
    assert joined().leave() is not None
    assert joined(instance_id="i").leave() is None
    assert make().leave() is None

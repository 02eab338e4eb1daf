"""A member of a KIP-848 group, told by hand what its coordinator answers."""

from __future__ import annotations

import pytest

from barnabas.client.errors import BrokerError
from barnabas.client.groups.consumer_member import ConsumerGroupConfig, ConsumerMember
from barnabas.client.groups.member import Assign, Describe, Fail, Revoke, Send, Topic, Wait
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.consumer_group_heartbeat import (
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
)

ID = b"\1" * 16
TOPICS = {"t": Topic(ID, 4)}
ALL = frozenset(("t", n) for n in range(4))
HALF = frozenset({("t", 0), ("t", 1)})
REST = ALL - HALF
Places = frozenset[tuple[str, int]]


def make(**config: object) -> ConsumerMember:
    member = ConsumerMember(ConsumerGroupConfig("g", "m", **config), lambda: 0.5)  # type: ignore[arg-type]
    member.subscribe(frozenset({"t"}), 0.0)
    return member


def due(member: ConsumerMember, now: float) -> ConsumerGroupHeartbeatRequest:
    action = member.next(now)
    assert isinstance(action, Send), action
    assert isinstance(action.request, ConsumerGroupHeartbeatRequest)
    return action.request


def beat(
    member: ConsumerMember,
    now: float,
    *,
    epoch: int = 1,
    places: Places | None = None,
    code: ErrorCode = ErrorCode.NONE,
) -> ConsumerGroupHeartbeatRequest:
    """Answer the heartbeat that is due."""
    request = due(member, now)
    answer = ConsumerGroupHeartbeatResponse
    assigned = None
    if places is not None:
        part = answer.TopicPartitions(topic_id=ID, partitions=sorted(n for _, n in places))
        assigned = answer.Assignment(topic_partitions=[part] if places else [])
    response = answer(
        error_code=code, member_id="m", member_epoch=epoch, heartbeat_interval_ms=5000, assignment=assigned
    )
    member.answered(request, response, now)
    return request


def owned_in(request: ConsumerGroupHeartbeatRequest) -> Places | None:
    parts = request.topic_partitions
    return None if parts is None else frozenset(("t", number) for part in parts for number in part.partitions)


def joined(places: Places = HALF, **config: object) -> ConsumerMember:
    """A member that reads these, and has told so."""
    member = make(**config)
    member.described(TOPICS, 0.0)
    beat(member, 0.0, places=places)
    assert member.next(0.0) == Assign(places)
    member.assigned(places, 0.0)
    assert owned_in(beat(member, 0.0)) == places
    return member


def test_the_first_heartbeat_says_everything() -> None:
    request = due(make(instance_id="i", rack="r", assignor="range"), 0.0)
    assert (request.member_id, request.member_epoch, request.instance_id, request.rack_id) == ("m", 0, "i", "r")
    assert (request.server_assignor, request.rebalance_timeout_ms) == ("range", 300_000)
    assert (request.subscribed_topic_names, request.topic_partitions) == (["t"], [])


def test_later_ones_only_what_is_new() -> None:
    member = joined()
    assert member.settled
    assert member.next(0.0) == Wait(5.0)
    request = beat(member, 5.0)
    assert (request.member_epoch, request.subscribed_topic_names, request.topic_partitions) == (1, None, None)
    member.subscribe(frozenset({"t", "u"}), 6.0)
    assert beat(member, 6.0).subscribed_topic_names == ["t", "u"]


def test_a_coordinator_that_wants_to_hear_of_us_all_the_time_does_not() -> None:
    member = make()
    request = due(member, 0.0)
    member.answered(request, ConsumerGroupHeartbeatResponse(member_epoch=1, heartbeat_interval_ms=0), 0.0)
    assert member.next(0.0) == Wait(0.1)


def test_topics_that_are_assigned_by_id_are_looked_up() -> None:
    member = make()
    beat(member, 0.0, places=HALF)
    assert member.next(0.0) == Describe(None)
    member.described({}, 0.0)
    assert member.next(0.0) == Wait(0.2)
    assert member.next(0.2) == Describe(None)
    member.described(TOPICS, 0.2)
    assert member.next(0.2) == Assign(HALF)


def test_what_is_given_up_is_told_at_once_and_before_anything_is_taken() -> None:
    member = joined(ALL)
    beat(member, 5.0, epoch=2, places=HALF)
    assert member.next(5.0) == Revoke(REST)
    assert member.owned == HALF
    assert isinstance(member.next(5.0), Wait)
    member.revoked(REST, 6.0)
    assert owned_in(beat(member, 6.0, epoch=2)) == HALF


def test_heartbeats_go_on_while_partitions_are_given_up() -> None:
    member = joined(ALL)
    beat(member, 5.0, epoch=2, places=HALF)
    assert member.next(5.0) == Revoke(REST)
    assert owned_in(beat(member, 10.0, epoch=2)) is None


@pytest.mark.parametrize("code", [ErrorCode.FENCED_MEMBER_EPOCH, ErrorCode.UNKNOWN_MEMBER_ID])
def test_who_is_fenced_has_lost_everything_and_joins_anew(code: ErrorCode) -> None:
    member = joined()
    beat(member, 5.0, code=code)
    assert member.next(5.0) == Revoke(HALF, lost=True)
    assert member.next(5.0) == Wait(float("inf"))
    member.revoked(HALF, 5.0)
    request = due(member, 5.0)
    assert (request.member_id, request.member_epoch, owned_in(request)) == ("m", 0, frozenset())


def test_after_a_lost_heartbeat_everything_is_told_again() -> None:
    member = joined()
    member.lost(due(member, 5.0), 5.0)
    action = member.next(5.0)
    assert isinstance(action, Wait)
    request = beat(member, action.until)
    assert (owned_in(request), request.subscribed_topic_names, request.rebalance_timeout_ms) == (HALF, ["t"], 300_000)
    assert beat(member, action.until + 5.0).rebalance_timeout_ms == -1


def test_a_pattern_is_told_again_as_well() -> None:
    member = joined(regex="t.*")
    member.lost(due(member, 5.0), 5.0)
    action = member.next(5.0)
    assert isinstance(action, Wait)
    assert due(member, action.until).subscribed_topic_regex == "t.*"


def test_a_coordinator_that_moved_is_found_anew() -> None:
    member = joined()
    request = due(member, 5.0)
    assert member.answered(request, ConsumerGroupHeartbeatResponse(error_code=ErrorCode.NOT_COORDINATOR), 5.0)
    assert isinstance(member.next(5.0), Wait)
    assert member.owned == HALF


def test_a_refusal_is_final_and_says_why() -> None:
    member = make()
    answer = ConsumerGroupHeartbeatResponse(error_code=ErrorCode.UNSUPPORTED_ASSIGNOR, error_message="no such assignor")
    member.answered(due(member, 0.0), answer, 0.0)
    action = member.next(0.0)
    assert isinstance(action, Fail)
    assert isinstance(action.error, BrokerError)
    assert "no such assignor" in str(action.error)


def test_leaving_is_for_good_or_for_a_while() -> None:
    leaves = joined().leave(), joined(instance_id="i").leave()
    assert [leave and leave.member_epoch for leave in leaves] == [-1, -2]
    assert make().leave() is None

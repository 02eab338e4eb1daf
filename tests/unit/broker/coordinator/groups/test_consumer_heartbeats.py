"""ConsumerGroupHeartbeat and ConsumerGroupDescribe: what is refused, what is told, and what a heartbeat costs."""

from __future__ import annotations

from typing import Any

import pytest

from barnabas.broker.coordinator.groups.assignors import ASSIGNORS
from barnabas.broker.coordinator.groups.config import GroupConfig
from barnabas.broker.coordinator.groups.consumer_config import ConsumerConfig
from barnabas.broker.coordinator.groups.consumer_heartbeat import check_heartbeat
from barnabas.broker.coordinator.groups.offsets_commit import check_txn_commit
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest
from barnabas.protocol.messages.offset_commit import OffsetCommitRequest
from barnabas.server.settings import Settings, SettingsError
from consumer_groups import GROUP, ConsumerGroupsHarness, Member, settle, topic_id
from group_requests import txn_commit

JOIN: dict[str, Any] = {
    "group_id": GROUP,
    "member_id": "m",
    "rebalance_timeout_ms": 1000,
    "subscribed_topic_names": ["t"],
    "topic_partitions": [],
}


def refused(version: int = 1, **changes: Any) -> WireError | None:
    try:
        check_heartbeat(ConsumerGroupHeartbeatRequest(**{**JOIN, **changes}), version, ASSIGNORS)
    except WireError as error:
        return error
    return None


@pytest.fixture
def harness() -> ConsumerGroupsHarness:
    harness = ConsumerGroupsHarness()
    harness.topic("t", 4)
    return harness


# -- the form of a request ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"member_id": " "}, "MemberId can't be empty."),
        ({"group_id": ""}, "GroupId can't be empty."),
        ({"instance_id": " "}, "InstanceId can't be empty."),
        ({"rack_id": ""}, "RackId can't be empty."),
        ({"rebalance_timeout_ms": -1}, "RebalanceTimeoutMs must be provided in first request."),
        ({"topic_partitions": None}, "TopicPartitions must be empty when (re-)joining."),
        (
            {"topic_partitions": [ConsumerGroupHeartbeatRequest.TopicPartitions()]},
            "TopicPartitions must be empty when (re-)joining.",
        ),
        (
            {"subscribed_topic_names": None},
            "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.",
        ),
        ({"member_epoch": -2}, "InstanceId can't be null."),
        ({"member_epoch": -3}, "MemberEpoch is invalid."),
    ],
)
def test_requests_that_no_group_would_take(changes: dict[str, Any], message: str) -> None:
    error = refused(**changes)
    assert error is not None
    assert (error.code, error.message) == (ErrorCode.INVALID_REQUEST, message)


def test_requests_that_may_be_taken() -> None:
    assert refused() is None
    assert refused(subscribed_topic_names=None, subscribed_topic_regex="") is None
    assert refused(subscribed_topic_names=[]) is None
    assert refused(member_epoch=5, rebalance_timeout_ms=-1, topic_partitions=None, subscribed_topic_names=None) is None
    assert refused(member_epoch=-2, instance_id="i") is None


def test_before_v1_members_may_leave_their_id_to_the_coordinator() -> None:
    assert refused(version=0, member_id="") is None
    assert refused(version=0, member_id="", member_epoch=1) is not None
    assert refused(version=0, member_id="", member_epoch=-1) is not None


def test_an_assignor_that_nobody_has() -> None:
    error = refused(server_assignor="cooperative-sticky")
    assert error is not None
    assert error.code == ErrorCode.UNSUPPORTED_ASSIGNOR
    assert refused(server_assignor="range") is None


# -- groups and members that are not there ----------------------------------------------------------------------------


def test_who_has_not_joined_finds_no_group(harness: ConsumerGroupsHarness) -> None:
    member = Member(harness, "m", ["t"])
    for epoch in (1, -1):
        asked = harness.heartbeat(ConsumerGroupHeartbeatRequest(group_id=GROUP, member_id="m", member_epoch=epoch))
        assert asked.code == ErrorCode.GROUP_ID_NOT_FOUND
    member.join()
    asked = harness.heartbeat(ConsumerGroupHeartbeatRequest(group_id=GROUP, member_id="x", member_epoch=1))
    assert asked.code == ErrorCode.UNKNOWN_MEMBER_ID
    asked = harness.heartbeat(
        ConsumerGroupHeartbeatRequest(group_id=GROUP, member_id="x", member_epoch=1, instance_id="i")
    )
    assert asked.code == ErrorCode.UNKNOWN_MEMBER_ID


def test_a_group_that_only_keeps_offsets_makes_room_for_one_with_members(harness: ConsumerGroupsHarness) -> None:
    partition = OffsetCommitRequest.OffsetCommitRequestPartition(committed_offset=5)
    topic = OffsetCommitRequest.OffsetCommitRequestTopic(name="t", partitions=[partition])
    harness.ask(OffsetCommitRequest(group_id=GROUP, generation_id_or_member_epoch=-1, topics=[topic]))
    assert harness.machine.groups[GROUP].type == "classic"
    assert Member(harness, "m", ["t"]).join().code == ErrorCode.NONE
    assert harness.machine.groups[GROUP].type == "consumer"
    offsets = harness.machine.offsets.of_group(GROUP)
    assert offsets is not None
    assert offsets.topics["t"][0].value.offset == 5


def test_the_coordinator_makes_ids_for_those_that_have_none(harness: ConsumerGroupsHarness) -> None:
    asked = harness.heartbeat(ConsumerGroupHeartbeatRequest(**{**JOIN, "member_id": ""}), client="app", version=0)
    assert asked.response.member_id == "app-1"
    assert harness.group.members.keys() == {"app-1"}


# -- offsets ----------------------------------------------------------------------------------------------------------


def commits(harness: ConsumerGroupsHarness, member_id: str, epoch: int, index: int, version: int = 9) -> ErrorCode:
    """What the group says to a commit of this partition."""
    try:
        check = harness.group.check_offset_commit(member_id, None, epoch, version)
        if check is not None:
            check("t", topic_id(1), index)
    except WireError as error:
        return error.code
    return ErrorCode.NONE


def test_a_member_commits_at_its_epoch_and_before_it_what_it_has_had_since(harness: ConsumerGroupsHarness) -> None:
    first, second = Member(harness, "a", ["t"]), Member(harness, "b", ["t"])
    first.join()
    harness.advance(1.0)
    second.join()
    settle(harness, [first, second])
    assert (first.epoch, second.epoch) == (3, 3)
    assert commits(harness, "a", 3, 9) == ErrorCode.NONE
    assert [commits(harness, "a", 2, index) for _, index in sorted(first.owned)] == [ErrorCode.NONE] * 2
    assert [commits(harness, "a", 2, index) for _, index in sorted(second.owned)] == [ErrorCode.STALE_MEMBER_EPOCH] * 2
    assert [commits(harness, "b", 2, index) for _, index in sorted(second.owned)] == [ErrorCode.STALE_MEMBER_EPOCH] * 2
    assert commits(harness, "a", 4, 0) == ErrorCode.STALE_MEMBER_EPOCH
    assert commits(harness, "x", 3, 0) == ErrorCode.UNKNOWN_MEMBER_ID
    assert commits(harness, "a", 3, 0, version=8) == ErrorCode.UNSUPPORTED_VERSION
    assert commits(harness, "", -1, 0) == ErrorCode.UNKNOWN_MEMBER_ID


def commits_in_transaction(harness: ConsumerGroupsHarness, epoch: int) -> ErrorCode:
    try:
        check = check_txn_commit(txn_commit({"t": {0: 5}}, 1, "a", epoch, group=GROUP), harness.group, 5)
        if check is not None:
            check("t", topic_id(1), 0)
    except WireError as error:
        return error.code
    return ErrorCode.NONE


def test_in_transactions_an_epoch_that_is_not_the_members_is_a_wrong_generation(harness: ConsumerGroupsHarness) -> None:
    member = Member(harness, "a", ["t"])
    member.join()
    assert commits_in_transaction(harness, member.epoch) == ErrorCode.NONE
    for epoch in (member.epoch - 1, member.epoch + 1, -1):
        assert commits_in_transaction(harness, epoch) == ErrorCode.ILLEGAL_GENERATION


def test_who_commits_without_a_member_waits_until_nobody_is_in_the_group(harness: ConsumerGroupsHarness) -> None:
    member = Member(harness, "a", ["t"])
    member.join()
    assert harness.group.check_offset_commit("", None, -1, 9, transactional=True) is None
    member.leave()
    assert harness.group.check_offset_commit("", None, -1, 9) is None


def test_offsets_are_shown_to_members_and_to_those_that_are_none(harness: ConsumerGroupsHarness) -> None:
    Member(harness, "a", ["t"]).join()
    harness.group.check_offset_fetch(None, -1)
    harness.group.check_offset_fetch("a", 2)
    for member_id, epoch, code in (("a", 1, ErrorCode.STALE_MEMBER_EPOCH), ("x", 2, ErrorCode.UNKNOWN_MEMBER_ID)):
        with pytest.raises(WireError) as raised:
            harness.group.check_offset_fetch(member_id, epoch)
        assert raised.value.code == code


# -- what is shown ----------------------------------------------------------------------------------------------------


def test_a_group_is_described_with_what_members_have_and_are_to_have(harness: ConsumerGroupsHarness) -> None:
    first, second = Member(harness, "a", ["t"], rack_id="r"), Member(harness, "b", ["t"], instance_id="i")
    first.join()
    harness.advance(1.0)
    second.join()
    first.lazy = True
    first.beat()
    group = harness.describe()
    assert (group.group_state, group.group_epoch, group.assignment_epoch, group.assignor_name) == (
        "Reconciling",
        3,
        3,
        "uniform",
    )
    described = {member.member_id: member for member in group.members}

    def partitions(assignment: Any) -> list[tuple[str, list[int]]]:
        return [(topic.topic_name, topic.partitions) for topic in assignment.topic_partitions]

    # It must give back two, and has them until it has.
    assert partitions(described["a"].assignment) == [("t", [0, 1, 2, 3])]
    assert partitions(described["a"].target_assignment) == [("t", [0, 1])]
    assert partitions(described["b"].assignment) == []
    assert partitions(described["b"].target_assignment) == [("t", [2, 3])]
    assert (described["a"].rack_id, described["b"].instance_id) == ("r", "i")
    assert [described[name].member_type for name in "ab"] == [1, 1]
    assert described["a"].subscribed_topic_names == ["t"]


def test_other_groups_are_not_found(harness: ConsumerGroupsHarness) -> None:
    assert harness.describe().error_code == ErrorCode.GROUP_ID_NOT_FOUND


# -- what it costs ----------------------------------------------------------------------------------------------------


class Untouchable(dict[str, Any]):
    """Members that are looked up, but never looked through."""

    def __iter__(self) -> Any:
        raise AssertionError("a heartbeat without news looks through all members")

    keys = values = items = copy = __iter__  # type: ignore[assignment]


def test_a_heartbeat_without_news_looks_at_no_other_member(harness: ConsumerGroupsHarness) -> None:
    harness.configure("consumer.assignment.interval.ms", "15000")
    members = [Member(harness, f"m{number}", ["t"]) for number in range(50)]
    for member in members:
        member.join()
    settle(harness, members)
    written = len(harness.log)
    harness.group.members = Untouchable(harness.group.members)
    harness.group.target = Untouchable(harness.group.target)
    for member in members:
        assert member.beat().code == ErrorCode.NONE
    assert len(harness.log) == written


# -- settings ---------------------------------------------------------------------------------------------------------


def test_the_nodes_settings() -> None:
    settings = Settings.of({"group.consumer.max.size": 7, "group.consumer.assignors": "range"})
    config = GroupConfig.of(settings).consumer
    assert (config.max_size, config.assignors) == (7, ("range",))
    assert config.session_timeout_ms.value == 45_000
    assert config.of_group({}) is config
    own = config.of_group({"consumer.session.timeout.ms": "99000", "consumer.heartbeat.interval.ms": "6000"})
    assert (own.session_timeout_ms.value, own.heartbeat_interval_ms.value) == (60_000, 6_000)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"group.consumer.assignors": "range,org.example.Mine"}, "org.example.Mine is not known here"),
        ({"group.consumer.session.timeout.ms": 1}, "is not between group.consumer.min.session.timeout.ms"),
        (
            {"group.consumer.heartbeat.interval.ms": 60_000, "group.consumer.max.heartbeat.interval.ms": 60_000},
            "must be less than group.consumer.session.timeout.ms",
        ),
    ],
)
def test_settings_that_cannot_work(values: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        ConsumerConfig.of(Settings.of(values))


@pytest.mark.parametrize(
    ("policy", "upgrades", "downgrades", "mixes"),
    [
        ("bidirectional", True, True, True),
        ("upgrade", True, False, True),
        ("downgrade", False, True, True),
        ("disabled", False, False, False),
    ],
)
def test_migration_policies(policy: str, upgrades: bool, downgrades: bool, mixes: bool) -> None:
    config = ConsumerConfig.of(Settings.of({"group.consumer.migration.policy": policy.upper()}))
    assert (config.upgrades, config.downgrades, config.mixes) == (upgrades, downgrades, mixes)

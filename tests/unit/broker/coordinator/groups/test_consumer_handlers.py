"""ConsumerGroupHeartbeat and ConsumerGroupDescribe: what their handlers add to the machine."""

from __future__ import annotations

from typing import Any, cast

import pytest

from barnabas.broker.authorized_operations import ON_GROUP
from barnabas.broker.coordinator.coordinators import partition_of
from barnabas.broker.coordinator.groups.consumer_config import ConsumerConfig
from barnabas.broker.handlers.consumer_group_describe import ConsumerGroupDescribeHandler
from barnabas.broker.handlers.consumer_group_heartbeat import ConsumerGroupHeartbeatHandler
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.consumer_group_describe import ConsumerGroupDescribeRequest
from barnabas.protocol.messages.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest
from consumer_groups import ConsumerGroupsHarness
from fake_coordinators import FakeCoordinators, ask

VERSIONS = (0, 1)
NO_OPERATIONS = -(2**31)


class House:
    """The handlers, before coordinators of two shards, with a topic t of 3 partitions."""

    def __init__(self) -> None:
        harnesses = [ConsumerGroupsHarness(), ConsumerGroupsHarness()]
        for harness in harnesses:
            harness.topic("t", 3)
        self.coordinators = FakeCoordinators(*harnesses)
        self.has_protocol = True
        groups = cast("Any", self.coordinators)
        self._heartbeat = ConsumerGroupHeartbeatHandler(groups, ConsumerConfig(), lambda: self.has_protocol)
        self._describe = ConsumerGroupDescribeHandler(groups, lambda: self.has_protocol)

    def heartbeat(self, version: int, **changes: Any) -> Any:
        """A first heartbeat of m in the group a, but for the changes."""
        fields: dict[str, Any] = {
            "group_id": "a",
            "member_id": "m",
            "rebalance_timeout_ms": 60_000,
            "subscribed_topic_names": ["t"],
            "topic_partitions": [],
            **changes,
        }
        return ask(self._heartbeat, ConsumerGroupHeartbeatRequest(**fields), version)

    def describe(self, version: int, *group_ids: str, operations: bool = False) -> Any:
        request = ConsumerGroupDescribeRequest(group_ids=list(group_ids), include_authorized_operations=operations)
        return ask(self._describe, request, version).groups


@pytest.fixture
def house() -> House:
    return House()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_member_joins_and_is_described(house: House, version: int) -> None:
    answer = house.heartbeat(version)
    assert (answer.error_code, answer.member_id, answer.member_epoch) == (ErrorCode.NONE, "m", 2)
    (group,) = house.describe(version, "a")
    (member,) = group.members
    assert (member.member_id, member.client_id, member.client_host) == ("m", "client", "/::1")
    assert member.member_type == (1 if version else -1)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_cluster_without_the_protocol(house: House, version: int) -> None:
    house.has_protocol = False
    assert house.heartbeat(version).error_code == ErrorCode.UNSUPPORTED_VERSION
    answers = house.describe(version, "a", "")
    assert [(group.group_id, ErrorCode(group.error_code).name) for group in answers] == [
        ("a", "UNSUPPORTED_VERSION"),
        ("", "UNSUPPORTED_VERSION"),
    ]


def test_what_is_wrong_is_said(house: House) -> None:
    answer = house.heartbeat(1, group_id="")
    assert (answer.error_code, answer.error_message) == (ErrorCode.INVALID_REQUEST, "GroupId can't be empty.")
    answer = house.heartbeat(1, member_epoch=7)
    assert answer.error_code == ErrorCode.GROUP_ID_NOT_FOUND
    assert answer.error_message == "Group a not found."


def test_coordinators_elsewhere(house: House) -> None:
    house.coordinators.missing = ErrorCode.NOT_COORDINATOR
    assert house.heartbeat(1).error_code == ErrorCode.NOT_COORDINATOR
    (group,) = house.describe(1, "a")
    assert group.error_code == ErrorCode.NOT_COORDINATOR


def test_groups_are_described_each_by_its_own_coordinator_in_the_order_asked_for(house: House) -> None:
    assert {partition_of(name, 2) for name in "ab"} == {0, 1}
    house.heartbeat(1, group_id="a")
    house.heartbeat(1, group_id="b")
    house.coordinators.all[partition_of("b", 2)].error = ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
    answers = house.describe(1, "b", "", "a", "d", operations=True)
    loading = "COORDINATOR_LOAD_IN_PROGRESS"
    assert [(group.group_id, ErrorCode(group.error_code).name) for group in answers] == [
        ("b", loading),
        ("", "INVALID_GROUP_ID"),
        ("a", "NONE"),
        ("d", loading),
    ]
    assert [group.authorized_operations for group in answers] == [NO_OPERATIONS, NO_OPERATIONS, ON_GROUP, NO_OPERATIONS]
    assert house.describe(1, "a")[0].authorized_operations == NO_OPERATIONS

"""Many groups asked about by one call: each has its own answer, and none a connection of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio

from barnabas.client import Admin
from barnabas.client.admin import GroupDescription
from barnabas.client.cluster import Cluster
from barnabas.client.errors import BrokerError, TimedOut
from barnabas.client.groups.committed import OffsetAndMetadata
from barnabas.client.many import for_each, only
from barnabas.protocol.api_keys import ApiKey
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.consumer_group_describe import (
    ConsumerGroupDescribeRequest,
    ConsumerGroupDescribeResponse,
)
from barnabas.protocol.messages.delete_groups import DeleteGroupsRequest, DeleteGroupsResponse
from barnabas.protocol.messages.find_coordinator import FindCoordinatorRequest, FindCoordinatorResponse
from barnabas.protocol.messages.leave_group import LeaveGroupRequest, LeaveGroupResponse
from barnabas.protocol.messages.offset_fetch import OffsetFetchRequest, OffsetFetchResponse
from fake_brokers import FakeCluster

GROUPS = [f"g{number}" for number in range(50)]


def find(broker: int, body: FindCoordinatorRequest) -> FindCoordinatorResponse:
    """Groups of an odd number have a coordinator that is away."""
    [name] = body.coordinator_keys
    port = 9999 if int(name[1:]) % 2 else 9092
    found = FindCoordinatorResponse.Coordinator(key=name, node_id=port, host="127.0.0.1", port=port)
    return FindCoordinatorResponse(coordinators=[found])


def describe(broker: int, body: ConsumerGroupDescribeRequest) -> ConsumerGroupDescribeResponse:
    [name] = body.group_ids
    described = ConsumerGroupDescribeResponse.DescribedGroup(group_id=name, group_state="Empty")
    return ConsumerGroupDescribeResponse(groups=[described])


def delete(broker: int, body: DeleteGroupsRequest) -> DeleteGroupsResponse:
    [name] = body.groups_names
    code = ErrorCode.NON_EMPTY_GROUP if name == "g2" else ErrorCode.NONE
    return DeleteGroupsResponse(results=[DeleteGroupsResponse.DeletableGroupResult(group_id=name, error_code=code)])


def leave(broker: int, body: LeaveGroupRequest) -> LeaveGroupResponse:
    return LeaveGroupResponse(
        members=[
            LeaveGroupResponse.MemberResponse(
                member_id=member.member_id,
                group_instance_id=member.group_instance_id,
                error_code=ErrorCode.UNKNOWN_MEMBER_ID if member.member_id == "gone" else ErrorCode.NONE,
            )
            for member in body.members
        ]
    )


def offsets(broker: int, body: OffsetFetchRequest) -> OffsetFetchResponse:
    new = OffsetFetchResponse
    [group] = body.groups
    partition = new.OffsetFetchResponsePartitions(partition_index=0, committed_offset=int(group.group_id[1:]))
    topic = new.OffsetFetchResponseTopics(name="t", partitions=[partition])
    return new(groups=[new.OffsetFetchResponseGroup(group_id=group.group_id, topics=[topic])])


@pytest.fixture
async def brokers(nursery: trio.Nursery) -> FakeCluster:
    cluster = FakeCluster(nursery)
    cluster.more = {
        ApiKey.FIND_COORDINATOR: find,
        ApiKey.CONSUMER_GROUP_DESCRIBE: describe,
        ApiKey.DELETE_GROUPS: delete,
        ApiKey.LEAVE_GROUP: leave,
        ApiKey.OFFSET_FETCH: offsets,
    }
    await cluster.start()
    return cluster


@pytest.fixture
async def admin(brokers: FakeCluster, autojump_clock: object) -> AsyncIterator[Admin]:
    async with Cluster(brokers.bootstrap, network=brokers.network, request_timeout=3.0) as cluster:
        yield Admin(cluster)


async def test_each_group_has_its_description_or_its_error(brokers: FakeCluster, admin: Admin) -> None:
    start = trio.current_time()
    described = await admin.describe_groups(GROUPS)
    assert list(described) == GROUPS
    for number, group in enumerate(GROUPS):
        found = described[group]
        if number % 2:
            assert isinstance(found, TimedOut)
            assert f"group {group}" in str(found)
        else:
            assert isinstance(found, GroupDescription)
    assert trio.current_time() - start < 2 * 3.0 + 0.1
    assert len(brokers.network.transports) <= 4


async def test_each_group_is_deleted_or_has_its_error(admin: Admin) -> None:
    deleted = await admin.delete_groups(["g0", "g1", "g2"])
    assert deleted["g0"] is None
    assert isinstance(deleted["g1"], TimedOut)
    assert str(deleted["g2"]) == "group g2: NON_EMPTY_GROUP: The group is not empty."


async def test_offsets_of_many_groups(admin: Admin) -> None:
    found = await admin.offsets_of_groups(["g4", "g1", "g2"])
    assert list(found) == ["g4", "g1", "g2"]
    assert found["g4"] == {("t", 0): OffsetAndMetadata(4, "", -1)}
    assert isinstance(found["g1"], TimedOut)


async def test_members_are_removed(brokers: FakeCluster, admin: Admin) -> None:
    removed = await admin.remove_members("g0", ["m", "gone"], instances=["till-2"], reason="it hangs")
    assert {name: None if error is None else error.code for name, error in removed.items()} == {
        "m": None,
        "gone": ErrorCode.UNKNOWN_MEMBER_ID,
        "till-2": None,
    }
    [asked] = [message for _, message, _ in brokers.requests if isinstance(message, LeaveGroupRequest)]
    assert [(each.member_id, each.group_instance_id, each.reason) for each in asked.members] == [
        ("m", None, "it hangs"),
        ("gone", None, "it hangs"),
        ("", "till-2", "it hangs"),
    ]


async def test_a_bug_is_not_an_answer(autojump_clock: object) -> None:
    async def ask(entity: str) -> None:
        raise KeyError(entity)

    with pytest.raises(BaseExceptionGroup):
        await for_each(["a"], ask)


@pytest.mark.parametrize("answers", [[], [1, 2]])
def test_an_answer_about_others_is_an_error(answers: list[int]) -> None:
    with pytest.raises(BrokerError, match=f"group g: .*answered for {len(answers)} entities instead of one"):
        only(answers, "group g")

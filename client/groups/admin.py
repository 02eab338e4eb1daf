"""Groups as an operator sees them: which there are, who is in them, what they have committed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from barnabas.client.admin_types import GroupDescription, GroupListing, GroupMember
from barnabas.client.cluster import Cluster
from barnabas.client.coordinator import Coordinator, CoordinatorKind
from barnabas.client.errors import BrokerError, ClientError, check
from barnabas.client.groups.assignors import Place
from barnabas.client.groups.committed import OffsetAndMetadata, commit, fetch_committed
from barnabas.client.groups.subscriptions import decode_assignment
from barnabas.client.many import for_each, only
from barnabas.client.metadata import Node
from barnabas.protocol.errors import ErrorCode, MalformedMessage
from barnabas.protocol.messages.consumer_group_describe import (
    ConsumerGroupDescribeRequest,
    ConsumerGroupDescribeResponse,
)
from barnabas.protocol.messages.delete_groups import DeleteGroupsRequest, DeleteGroupsResponse
from barnabas.protocol.messages.describe_groups import DescribeGroupsRequest, DescribeGroupsResponse
from barnabas.protocol.messages.leave_group import LeaveGroupRequest, LeaveGroupResponse
from barnabas.protocol.messages.list_groups import ListGroupsRequest, ListGroupsResponse
from barnabas.protocol.messages.offset_delete import OffsetDeleteRequest, OffsetDeleteResponse

_CONSUMERS: Final = ("consumer", "")
"""Protocol types of classic groups whose assignments can be read; "" has no members."""


async def list_groups(cluster: Cluster, *, states: Iterable[str] = (), types: Iterable[str] = ()) -> list[GroupListing]:
    """All groups, by name; each broker knows those that it coordinates. Empty filters let everything pass."""
    message = ListGroupsRequest(states_filter=states, types_filter=types)
    found: dict[str, GroupListing] = {}
    for broker in sorted((await cluster.refresh()).nodes):
        backoff = cluster.backoff(f"the groups of broker {broker}")
        while True:
            response = await cluster.ask(message, ListGroupsResponse, broker=broker)
            error = BrokerError(response.error_code, f"the groups of broker {broker}")
            if not response.error_code or not error.retriable:
                break
            await backoff.wait(error)
        check(response.error_code, f"the groups of broker {broker}")
        for group in response.groups:
            found[group.group_id] = GroupListing(
                group.group_id, group.group_type, group.group_state, group.protocol_type
            )
    return [found[name] for name in sorted(found)]


async def describe_groups(cluster: Cluster, groups: Iterable[str]) -> dict[str, GroupDescription | ClientError]:
    """These groups, of either protocol; a group that does not exist is the error GROUP_ID_NOT_FOUND."""
    return await for_each(groups, lambda group: _describe(cluster, group))


def _coordinator(cluster: Cluster, group: str) -> Coordinator:
    return Coordinator(cluster, CoordinatorKind.GROUP, group, shares_connection=True)


async def _describe(cluster: Cluster, group: str) -> GroupDescription:
    """Ask as for the new protocol first: what is no such group is a classic one, or none."""
    coordinator = _coordinator(cluster, group)
    node = await coordinator.find()
    try:
        modern = await coordinator.ask(
            ConsumerGroupDescribeRequest(group_ids=[group]),
            ConsumerGroupDescribeResponse,
            lambda response: only(response.groups, f"group {group}").error_code,
        )
    except BrokerError as error:
        if error.code != ErrorCode.UNSUPPORTED_VERSION:
            raise
    else:
        found = modern.groups[0]  # there is just one, see above
        if found.error_code != ErrorCode.GROUP_ID_NOT_FOUND:
            check(found.error_code, f"group {group}", found.error_message)
            members = [_modern_member(member) for member in found.members]
            return GroupDescription(
                group, "consumer", found.group_state, found.assignor_name, found.group_epoch, node, members
            )
    classic = await coordinator.ask(
        DescribeGroupsRequest(groups=[group]),
        DescribeGroupsResponse,
        lambda response: only(response.groups, f"group {group}").error_code,
    )
    return _classic(group, node, classic.groups[0])


def _classic(group: str, node: Node, known: DescribeGroupsResponse.DescribedGroup) -> GroupDescription:
    check(known.error_code, f"group {group}", known.error_message)
    if known.group_state == "Dead":  # what brokers before KIP-1043 say of a group that they do not know
        raise BrokerError(ErrorCode.GROUP_ID_NOT_FOUND, f"group {group}")
    readable = known.protocol_type in _CONSUMERS
    members = [_classic_member(group, member, readable=readable) for member in known.members]
    return GroupDescription(group, "classic", known.group_state, known.protocol_data, -1, node, members)


def _modern_member(member: ConsumerGroupDescribeResponse.Member) -> GroupMember:
    parts = member.assignment.topic_partitions
    assigned = frozenset((part.topic_name, number) for part in parts for number in part.partitions)
    return GroupMember(member.member_id, member.instance_id, member.client_id, member.client_host.lstrip("/"), assigned)


def _classic_member(group: str, member: DescribeGroupsResponse.DescribedGroupMember, *, readable: bool) -> GroupMember:
    try:
        assigned = frozenset(decode_assignment(member.member_assignment)) if readable else frozenset[Place]()
    except MalformedMessage as error:
        raise BrokerError(
            ErrorCode.INCONSISTENT_GROUP_PROTOCOL, f"group {group}, member {member.member_id}", str(error)
        ) from None
    return GroupMember(
        member.member_id, member.group_instance_id, member.client_id, member.client_host.lstrip("/"), assigned
    )


async def group_offsets(cluster: Cluster, group: str) -> dict[Place, OffsetAndMetadata]:
    """All that a group has committed."""
    coordinator = _coordinator(cluster, group)
    return await fetch_committed(coordinator, group, None, require_stable=False)


async def alter_group_offsets(
    cluster: Cluster, group: str, offsets: Mapping[Place, int]
) -> dict[Place, BrokerError | None]:
    """Commit for a group that has no members. CommitFailed (UNKNOWN_MEMBER_ID) if it has some."""
    coordinator = _coordinator(cluster, group)
    wanted = {place: OffsetAndMetadata(offset) for place, offset in offsets.items()}
    refused = await commit(coordinator, group, wanted)
    return {place: refused.get(place) for place in offsets}


async def delete_groups(cluster: Cluster, groups: Iterable[str]) -> dict[str, ClientError | None]:
    """Delete groups without members, and their offsets."""

    async def delete(group: str) -> None:
        response = await _coordinator(cluster, group).ask(
            DeleteGroupsRequest(groups_names=[group]),
            DeleteGroupsResponse,
            lambda answer: only(answer.results, f"group {group}").error_code,
        )
        check(response.results[0].error_code, f"group {group}")

    return await for_each(groups, delete)


async def remove_members(
    cluster: Cluster, group: str, members: Iterable[str], instances: Iterable[str], reason: str
) -> dict[str, BrokerError | None]:
    """Make members leave a group: these, and those with these instance ids (KIP-345, KIP-800)."""
    new = LeaveGroupRequest
    wanted = [new.MemberIdentity(member_id=member, reason=reason) for member in members]
    wanted += [new.MemberIdentity(group_instance_id=instance, reason=reason) for instance in instances]
    message = new(group_id=group, members=wanted)
    response = await _coordinator(cluster, group).ask(message, LeaveGroupResponse, lambda answer: answer.error_code)
    check(response.error_code, f"group {group}")
    removed: dict[str, BrokerError | None] = {}
    for member in response.members:
        name = member.group_instance_id or member.member_id
        removed[name] = BrokerError(member.error_code, f"member {name} of group {group}") if member.error_code else None
    return removed


async def delete_group_offsets(
    cluster: Cluster, group: str, places: Iterable[Place]
) -> dict[Place, BrokerError | None]:
    """Forget what a group has committed of these partitions; refused for topics that it subscribes to."""
    new = OffsetDeleteRequest
    topics: dict[str, OffsetDeleteRequest.OffsetDeleteRequestTopic] = {}
    for topic, number in sorted(set(places)):
        entry = topics.setdefault(topic, new.OffsetDeleteRequestTopic(name=topic))
        entry.partitions.append(new.OffsetDeleteRequestPartition(partition_index=number))
    message = new(group_id=group, topics=topics.values())
    coordinator = _coordinator(cluster, group)
    response = await coordinator.ask(message, OffsetDeleteResponse, lambda r: r.error_code)
    check(response.error_code, f"group {group}")
    return {
        (topic.name, p.partition_index): BrokerError(p.error_code, f"{topic.name}-{p.partition_index} of group {group}")
        if p.error_code
        else None
        for topic in response.topics
        for p in topic.partitions
    }

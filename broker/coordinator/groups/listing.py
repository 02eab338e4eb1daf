"""ListGroups and DescribeGroups: what can be seen of groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from barnabas.broker.coordinator.groups.classic_group import ClassicGroup, ClassicState
from barnabas.broker.coordinator.groups.group import Group
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.describe_groups import DescribeGroupsResponse
from barnabas.protocol.messages.list_groups import ListGroupsResponse

_FIRST_VERSION_WITH_GROUP_NOT_FOUND: Final = 6
_DEAD: Final = "Dead"


def list_groups(
    groups: Iterable[Group], states: Sequence[str], types: Sequence[str]
) -> list[ListGroupsResponse.ListedGroup]:
    """The groups in one of these states and of one of these types, in any case of letters; without any: all."""
    wanted_states = {state.lower().strip() for state in states}
    wanted_types = {name.lower() for name in types}
    return [
        ListGroupsResponse.ListedGroup(
            group_id=group.id,
            protocol_type=group.protocol_type,
            group_state=group.state_name,
            group_type=group.type,
        )
        for group in groups
        if (not wanted_states or group.state_name.lower() in wanted_states)
        and (not wanted_types or group.type in wanted_types)
    ]


def describe_group(group_id: str, group: Group | None, version: int) -> DescribeGroupsResponse.DescribedGroup:
    """A classic group with its members. What members say and get is shown while it is stable."""
    if not isinstance(group, ClassicGroup):
        return _not_found(group_id, group, version)
    stable = group.state is ClassicState.STABLE
    return DescribeGroupsResponse.DescribedGroup(
        group_id=group_id,
        group_state=group.state_name,
        protocol_type=group.protocol_type,
        protocol_data=(group.protocol or "") if stable else "",
        members=[
            DescribeGroupsResponse.DescribedGroupMember(
                member_id=member.id,
                group_instance_id=member.instance_id,
                client_id=member.client_id,
                client_host=member.client_host,
                member_metadata=(member.metadata(group.protocol) or b"") if stable else b"",
                member_assignment=member.assignment,
            )
            for member in group.members.values()
        ],
    )


def _not_found(group_id: str, group: Group | None, version: int) -> DescribeGroupsResponse.DescribedGroup:
    described = DescribeGroupsResponse.DescribedGroup(group_id=group_id, group_state=_DEAD)
    if version >= _FIRST_VERSION_WITH_GROUP_NOT_FOUND:
        described.error_code = ErrorCode.GROUP_ID_NOT_FOUND
        problem = "not found" if group is None else "not a classic group"
        described.error_message = f"Group {group_id} is {problem}."
    return described

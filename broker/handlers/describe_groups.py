"""DescribeGroups (v0–v6): classic groups and their members.

v3: what the client may do with each. v4: instance ids. v6: an error for groups that do not exist, with its reason.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from barnabas.broker.authorized_operations import ON_GROUP
from barnabas.broker.handlers.group_requests import Parts, caller_of, submit
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.describe_groups import DescribeGroupsRequest, DescribeGroupsResponse

if TYPE_CHECKING:
    from barnabas.broker.coordinator.answers import Waiter
    from barnabas.broker.coordinator.groups.group import Caller
    from barnabas.broker.handlers.group_requests import GroupCoordinators
    from barnabas.server.dispatch import Request

_Group = DescribeGroupsResponse.DescribedGroup


class DescribeGroupsHandler:
    """See the module's text."""

    def __init__(self, coordinators: GroupCoordinators) -> None:
        self._coordinators: Final = coordinators

    def handle(self, request: Request[DescribeGroupsRequest]) -> None:
        """Each group is described by its coordinator."""
        group_ids, caller = request.body.groups, caller_of(request)
        parts = Parts(len(group_ids), partial(self._answer, request))
        for index, group_id in enumerate(group_ids):
            waiter = parts.waiter(index, partial(_failed, group_id))
            self._ask(group_id, caller, waiter)

    def _ask(self, group_id: str, caller: Caller, waiter: Waiter) -> None:
        submit(
            self._coordinators,
            group_id,
            lambda machine, _, __: machine.handle_describe_group(group_id, caller, waiter),
            waiter,
        )

    def _answer(self, request: Request[DescribeGroupsRequest], groups: list[_Group]) -> None:
        if request.body.include_authorized_operations:
            for group in groups:
                if group.error_code == ErrorCode.NONE:
                    group.authorized_operations = ON_GROUP
        request.reply(DescribeGroupsResponse(groups=groups))


def _failed(group_id: str, error: WireError) -> _Group:
    return _Group(group_id=group_id, error_code=error.code)

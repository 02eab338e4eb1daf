"""LeaveGroup (v0–v5): members leave a classic group.

v3: several members at once, static ones by their instance alone. v5: their reasons.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barnabas.broker.coordinator.answers import OnceWaiter
from barnabas.broker.handlers.group_requests import submit_to_members
from barnabas.protocol.messages.leave_group import LeaveGroupRequest, LeaveGroupResponse

if TYPE_CHECKING:
    from barnabas.broker.handlers.group_requests import GroupCoordinators
    from barnabas.server.dispatch import Request

_FIRST_VERSION_OF_MANY: Final = 3


class LeaveGroupHandler:
    """See the module's text."""

    def __init__(self, coordinators: GroupCoordinators) -> None:
        self._coordinators: Final = coordinators

    def handle(self, request: Request[LeaveGroupRequest]) -> None:
        """Answer once it is decided, and recorded where the group is empty then."""
        body, version = request.body, request.version
        if version < _FIRST_VERSION_OF_MANY:
            body.members = [LeaveGroupRequest.MemberIdentity(member_id=body.member_id)]
        waiter = OnceWaiter(
            lambda response: request.reply(shaped(response, version)),
            lambda error: request.reply(LeaveGroupResponse(error_code=error.code)),
        )
        submit_to_members(
            self._coordinators,
            body.group_id,
            lambda machine, now, now_ms: machine.handle_leave_group(body, waiter, now, now_ms),
            waiter,
        )


def shaped(response: LeaveGroupResponse, version: int) -> LeaveGroupResponse:
    """Before v3 the error of the one member is that of the answer."""
    if version < _FIRST_VERSION_OF_MANY and response.members:
        return LeaveGroupResponse(error_code=response.members[0].error_code)
    return response

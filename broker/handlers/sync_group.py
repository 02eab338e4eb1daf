"""SyncGroup (v0–v5): a member of a classic group gets its assignment; the leader brings those of all.

v3: static members. v5: the protocol's type and name, which must be those of the group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barnabas.broker.coordinator.answers import OnceWaiter
from barnabas.broker.handlers.group_requests import submit_to_members
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.sync_group import SyncGroupRequest, SyncGroupResponse

if TYPE_CHECKING:
    from barnabas.broker.handlers.group_requests import GroupCoordinators
    from barnabas.server.dispatch import Request

_FIRST_VERSION_WITH_PROTOCOL: Final = 5


class SyncGroupHandler:
    """See the module's text."""

    def __init__(self, coordinators: GroupCoordinators) -> None:
        self._coordinators: Final = coordinators

    def handle(self, request: Request[SyncGroupRequest]) -> None:
        """Answer once the leader has assigned."""
        body = request.body
        waiter = OnceWaiter(request.reply, lambda error: request.reply(SyncGroupResponse(error_code=error.code)))
        if request.version >= _FIRST_VERSION_WITH_PROTOCOL and None in (body.protocol_type, body.protocol_name):
            waiter.fail(WireError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL))
            return
        submit_to_members(
            self._coordinators,
            body.group_id,
            lambda machine, now, now_ms: machine.handle_sync_group(body, waiter, now, now_ms),
            waiter,
        )

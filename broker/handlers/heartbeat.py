"""Heartbeat (v0–v4): a member of a classic group is alive. v3: static members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barnabas.broker.coordinator.answers import OnceWaiter
from barnabas.broker.handlers.group_requests import submit_to_members
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.heartbeat import HeartbeatRequest, HeartbeatResponse

if TYPE_CHECKING:
    from barnabas.broker.handlers.group_requests import GroupCoordinators
    from barnabas.server.dispatch import Request


class HeartbeatHandler:
    """See the module's text."""

    def __init__(self, coordinators: GroupCoordinators) -> None:
        self._coordinators: Final = coordinators

    def handle(self, request: Request[HeartbeatRequest]) -> None:
        """Answer at once."""
        body = request.body

        def fail(error: WireError) -> None:
            # While the group is loading nobody can say anything against the member.
            loading = error.code == ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
            request.reply(HeartbeatResponse(error_code=ErrorCode.NONE if loading else error.code))

        waiter = OnceWaiter(request.reply, fail)
        submit_to_members(
            self._coordinators,
            body.group_id,
            lambda machine, now, now_ms: machine.handle_heartbeat(body, waiter, now, now_ms),
            waiter,
        )

"""JoinGroup (v0–v9): become a member of a classic group, or join its next generation.

v1: a rebalance timeout of its own. v4: new members are first given an id. v5: static members. v7: the group's protocol
type, and a null protocol in errors. v8: the member's reason. v9: whether the leader may leave out its assignment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barnabas.broker.coordinator.answers import OnceWaiter
from barnabas.broker.coordinator.groups.classic_join import check_join, refusal
from barnabas.broker.handlers.group_requests import caller_of, submit
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.join_group import JoinGroupRequest, JoinGroupResponse

if TYPE_CHECKING:
    from barnabas.broker.coordinator.groups.config import GroupConfig
    from barnabas.broker.handlers.group_requests import GroupCoordinators
    from barnabas.server.dispatch import Request

_OF_THE_REQUEST: Final = (
    ErrorCode.INVALID_GROUP_ID,
    ErrorCode.INVALID_SESSION_TIMEOUT,
    ErrorCode.INVALID_REQUEST,
)
"""Errors whose answer names the member that asked."""


class JoinGroupHandler:
    """See the module's text."""

    def __init__(self, coordinators: GroupCoordinators, config: GroupConfig) -> None:
        self._coordinators: Final = coordinators
        self._config: Final = config

    def handle(self, request: Request[JoinGroupRequest]) -> None:
        """Answer once the group has its next generation, or at once where it need not be waited for."""
        body, caller = request.body, caller_of(request)
        if request.version == 0:
            body.rebalance_timeout_ms = body.session_timeout_ms

        def reply(response: JoinGroupResponse) -> None:
            request.reply(shaped(response, request.version))

        def fail(error: WireError) -> None:
            reply(refusal(error.code, body.member_id if error.code in _OF_THE_REQUEST else ""))

        waiter = OnceWaiter(reply, fail)
        try:
            check_join(body, self._config)
        except WireError as error:
            waiter.fail(error)
            return
        submit(
            self._coordinators,
            body.group_id,
            lambda machine, now, now_ms: machine.handle_join_group(body, caller, waiter, now, now_ms),
            waiter,
        )


def shaped(response: JoinGroupResponse, version: int) -> JoinGroupResponse:
    """No protocol is '' before v7, and null from then on."""
    response.protocol_name = response.protocol_name or (None if version >= 7 else "")
    return response

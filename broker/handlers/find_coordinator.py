"""FindCoordinator (v0–v6): which broker coordinates a group, a transactional id or a share group.

v1: kinds of keys. v4: several keys at once. v6: share groups.
Coordinators come with a later release: until then no broker is one, and clients are told to try again.
"""

from __future__ import annotations

from enum import IntEnum

from barnabas.broker.listener_view import NO_NODE
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.find_coordinator import FindCoordinatorRequest, FindCoordinatorResponse
from barnabas.server.dispatch import Request


class CoordinatorType(IntEnum):
    """What a key names."""

    GROUP = 0
    TRANSACTION = 1
    SHARE = 2


def handle_find_coordinator(request: Request[FindCoordinatorRequest]) -> None:
    """Answer that there is no coordinator yet."""
    request.reply(answer(request.body, request.version))


def answer(body: FindCoordinatorRequest, version: int) -> FindCoordinatorResponse:
    """The answer to each key."""
    error = _error(body.key_type, version)
    if version < 4:
        return FindCoordinatorResponse(
            error_code=error, error_message=error.text if version >= 1 else None, node_id=NO_NODE, host="", port=-1
        )
    return FindCoordinatorResponse(
        coordinators=[
            FindCoordinatorResponse.Coordinator(key=key, node_id=NO_NODE, host="", port=-1, error_code=error)
            for key in body.coordinator_keys
        ]
    )


def _error(key_type: int, version: int) -> ErrorCode:
    if key_type in (CoordinatorType.GROUP, CoordinatorType.TRANSACTION):
        return ErrorCode.COORDINATOR_NOT_AVAILABLE
    if key_type == CoordinatorType.SHARE and version >= 6:
        return ErrorCode.COORDINATOR_NOT_AVAILABLE
    return ErrorCode.INVALID_REQUEST

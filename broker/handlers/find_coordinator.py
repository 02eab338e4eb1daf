"""FindCoordinator (v0–v6): which broker coordinates a group, a transactional id or a share group.

v1: kinds of keys. v4: several keys at once. v6: share groups.
Coordinators come with a later release: until then no broker is one, and clients are told to try again.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Final

from barnabas.broker.listener_view import NO_NODE
from barnabas.protocol.errors import ErrorCode
from barnabas.protocol.messages.find_coordinator import FindCoordinatorRequest, FindCoordinatorResponse
from barnabas.server.dispatch import Request

_SHARE_KEY: Final = re.compile(r".+:[A-Za-z0-9_-]{22}:[0-9]+", re.DOTALL)
"""Group, topic id and partition."""


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
    if version < 4:
        error = _error(body.key_type, body.key, version)
        return FindCoordinatorResponse(
            error_code=error, error_message=error.text if version >= 1 else None, node_id=NO_NODE, host="", port=-1
        )
    errors = {key: _error(body.key_type, key, version) for key in body.coordinator_keys}
    return FindCoordinatorResponse(
        coordinators=[
            FindCoordinatorResponse.Coordinator(
                key=key, node_id=NO_NODE, host="", port=-1, error_code=errors[key], error_message=errors[key].text
            )
            for key in body.coordinator_keys
        ]
    )


def _error(key_type: int, key: str, version: int) -> ErrorCode:
    if key_type in (CoordinatorType.GROUP, CoordinatorType.TRANSACTION):
        return ErrorCode.COORDINATOR_NOT_AVAILABLE
    if key_type == CoordinatorType.SHARE and version >= 6 and _SHARE_KEY.fullmatch(key):
        return ErrorCode.COORDINATOR_NOT_AVAILABLE
    return ErrorCode.INVALID_REQUEST

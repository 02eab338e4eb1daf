"""ConsumerGroupDescribe (v0, v1): consumer groups and their members (KIP-848). v1 tells members' protocols apart."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from barnabas.broker.authorized_operations import ON_GROUP
from barnabas.broker.handlers.group_requests import Parts, submit
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.consumer_group_describe import (
    ConsumerGroupDescribeRequest,
    ConsumerGroupDescribeResponse,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from barnabas.broker.coordinator.answers import Waiter
    from barnabas.broker.handlers.group_requests import GroupCoordinators
    from barnabas.server.dispatch import Request

_Group = ConsumerGroupDescribeResponse.DescribedGroup


class ConsumerGroupDescribeHandler:
    """See the module's text. `enabled` tells whether the cluster has this protocol (yet)."""

    def __init__(self, coordinators: GroupCoordinators, enabled: Callable[[], bool]) -> None:
        self._coordinators: Final = coordinators
        self._enabled: Final = enabled

    def handle(self, request: Request[ConsumerGroupDescribeRequest]) -> None:
        """Each group is described by its coordinator."""
        group_ids = request.body.group_ids
        parts = Parts(len(group_ids), partial(self._answer, request))
        for index, group_id in enumerate(group_ids):
            waiter = parts.waiter(index, partial(_failed, group_id))
            if not self._enabled():
                waiter.fail(WireError(ErrorCode.UNSUPPORTED_VERSION))
            elif not group_id:
                waiter.fail(WireError(ErrorCode.INVALID_GROUP_ID))
            else:
                self._ask(group_id, waiter)

    def _ask(self, group_id: str, waiter: Waiter) -> None:
        submit(
            self._coordinators,
            group_id,
            lambda machine, _, __: machine.handle_consumer_describe(group_id, waiter),
            waiter,
        )

    def _answer(self, request: Request[ConsumerGroupDescribeRequest], groups: list[_Group]) -> None:
        if request.body.include_authorized_operations:
            for group in groups:
                if group.error_code == ErrorCode.NONE:
                    group.authorized_operations = ON_GROUP
        request.reply(ConsumerGroupDescribeResponse(groups=groups))


def _failed(group_id: str, error: WireError) -> _Group:
    return _Group(group_id=group_id, error_code=error.code, error_message=error.message)

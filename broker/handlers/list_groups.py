"""ListGroups (v0–v5): the groups that this broker coordinates. v4: states, and a filter of them. v5: types likewise."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from barnabas.broker.handlers.group_requests import Parts
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.protocol.messages.list_groups import ListGroupsRequest, ListGroupsResponse

if TYPE_CHECKING:
    from barnabas.broker.coordinator.answers import Waiter
    from barnabas.broker.coordinator.groups.machine import GroupCoordinator
    from barnabas.broker.coordinator.shard import Shard
    from barnabas.broker.handlers.group_requests import GroupCoordinators
    from barnabas.server.dispatch import Request


class ListGroupsHandler:
    """See the module's text."""

    def __init__(self, coordinators: GroupCoordinators) -> None:
        self._coordinators: Final = coordinators

    def handle(self, request: Request[ListGroupsRequest]) -> None:
        """All shards tell what they have; while one is loading, nobody knows all."""
        body = request.body
        if self._coordinators.loading:
            request.reply(ListGroupsResponse(error_code=ErrorCode.COORDINATOR_LOAD_IN_PROGRESS))
            return
        shards = list(self._coordinators.shards())
        parts = Parts(len(shards), partial(_answer, request))
        for index, shard in enumerate(shards):
            _ask(shard, body, parts.waiter(index, lambda error: error))


def _ask(shard: Shard[GroupCoordinator], body: ListGroupsRequest, waiter: Waiter) -> None:
    shard.submit(lambda machine, _, __: machine.handle_list_groups(body, waiter), waiter)


def _answer(request: Request[ListGroupsRequest], parts: list[list[ListGroupsResponse.ListedGroup] | WireError]) -> None:
    response = ListGroupsResponse()
    for part in parts:
        if not isinstance(part, WireError):
            response.groups += part
        elif part.code != ErrorCode.NOT_COORDINATOR:  # else its groups are another broker's by now
            response.error_code = part.code
    if response.error_code:
        response.groups = []
    request.reply(response)

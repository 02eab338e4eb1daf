"""DeleteGroups (v0–v2): groups that nobody is in, with their offsets."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Final

from barnabas.broker.handlers.group_requests import Parts, submit
from barnabas.protocol.errors import WireError
from barnabas.protocol.messages.delete_groups import DeleteGroupsRequest, DeleteGroupsResponse

if TYPE_CHECKING:
    from barnabas.broker.coordinator.answers import Waiter
    from barnabas.broker.handlers.group_requests import GroupCoordinators
    from barnabas.server.dispatch import Request

_Result = DeleteGroupsResponse.DeletableGroupResult


class DeleteGroupsHandler:
    """See the module's text."""

    def __init__(self, coordinators: GroupCoordinators) -> None:
        self._coordinators: Final = coordinators

    def handle(self, request: Request[DeleteGroupsRequest]) -> None:
        """Each coordinator deletes those of its groups at once. A group that is named twice counts once."""
        by_partition: dict[int, list[str]] = defaultdict(list)
        for group_id in dict.fromkeys(request.body.groups_names):
            by_partition[self._coordinators.partition_for(group_id)].append(group_id)
        parts = Parts(len(by_partition), partial(_answer, request))
        for index, group_ids in enumerate(by_partition.values()):
            waiter = parts.waiter(index, partial(_failed, group_ids))
            self._delete(group_ids, waiter)

    def _delete(self, group_ids: list[str], waiter: Waiter) -> None:
        submit(
            self._coordinators,
            group_ids[0],
            lambda machine, now, now_ms: machine.handle_delete_groups(group_ids, waiter, now, now_ms),
            waiter,
        )


def _answer(request: Request[DeleteGroupsRequest], parts: list[list[_Result]]) -> None:
    results = {result.group_id: result for part in parts for result in part}
    ordered = [results[group_id] for group_id in dict.fromkeys(request.body.groups_names)]
    request.reply(DeleteGroupsResponse(results=ordered))


def _failed(group_ids: list[str], error: WireError) -> list[_Result]:
    return [_Result(group_id=group_id, error_code=error.code) for group_id in group_ids]

"""What the handlers of groups have in common: they find the shard of a group, and tell who it is that asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from barnabas.broker.coordinator.answers import Decision, OnceWaiter, Waiter
from barnabas.broker.coordinator.groups.group import Caller
from barnabas.protocol.errors import ErrorCode, WireError

if TYPE_CHECKING:
    from barnabas.broker.coordinator.coordinators import Coordinators
    from barnabas.broker.coordinator.groups.machine import GroupCoordinator
    from barnabas.server.dispatch import Request

    GroupCoordinators: TypeAlias = Coordinators[GroupCoordinator]
    Decide: TypeAlias = Callable[[GroupCoordinator, float, int], Decision]


def caller_of(request: Request) -> Caller:
    """Who sends this request. The host is written as Kafka does."""
    host = request.connection.peer.rpartition(":")[0].strip("[]")
    return Caller(request.header.client_id or "", f"/{host}", request.version)


def submit(coordinators: GroupCoordinators, group_id: str, decide: Decide, waiter: Waiter) -> None:
    """Have this decided where the group is coordinated; the waiter is told if that is not here."""
    try:
        shard = coordinators.shard(group_id)
    except WireError as error:
        waiter.fail(error)
    else:
        shard.submit(decide, waiter)


def submit_to_members(coordinators: GroupCoordinators, group_id: str, decide: Decide, waiter: Waiter) -> None:
    """The same for groups that have members, and so a name: '' only keeps offsets."""
    if group_id:
        submit(coordinators, group_id, decide, waiter)
    else:
        waiter.fail(WireError(ErrorCode.INVALID_GROUP_ID))


class Parts:
    """The answers to the parts of one request, which may come in any order and from several shards."""

    __slots__ = ("_answers", "_done", "_missing")

    def __init__(self, count: int, done: Callable[[list[Any]], None]) -> None:
        """`done` gets all answers, in the order of the parts; at once where there are none."""
        self._answers: list[Any] = [None] * count
        self._missing = count
        self._done = done
        if not count:
            done([])

    def waiter(self, index: int, failed: Callable[[WireError], Any]) -> Waiter:
        """Who waits for one part; `failed` makes the answer of an error."""
        return OnceWaiter(lambda answer: self._put(index, answer), lambda error: self._put(index, failed(error)))

    def _put(self, index: int, answer: Any) -> None:
        self._answers[index] = answer
        self._missing -= 1
        if not self._missing:
            self._done(self._answers)

"""What coordinators decide: records to be written, and who gets which answer once they are committed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol, TypeAlias

from barnabas.broker.coordinator.records import CoordinatorRecord
from barnabas.protocol.errors import ErrorCode, WireError
from barnabas.server.runtime import Result


class Waiter(Protocol):
    """Someone who is to be answered, once: of several calls only the first one counts.

    A machine only keeps it and hands it back, in a decision or from `closed`.
    """

    def reply(self, response: Any) -> None:
        """What was asked for is done, and committed."""
        ...

    def fail(self, error: WireError) -> None:
        """It is not done, or nobody knows whether it is."""
        ...


Answer: TypeAlias = tuple[Waiter, Any]
"""A waiter and what it gets."""

Decision: TypeAlias = Result[CoordinatorRecord, list[Answer]]


class OnceWaiter:
    """A waiter of two functions, of which one is called, once."""

    __slots__ = ("_fail", "_reply")

    def __init__(self, reply: Callable[[Any], None], fail: Callable[[WireError], None]) -> None:
        self._reply: Callable[[Any], None] | None = reply
        self._fail: Callable[[WireError], None] | None = fail

    def reply(self, response: Any) -> None:
        """See `Waiter`."""
        call, self._reply, self._fail = self._reply, None, None
        if call is not None:
            call(response)

    def fail(self, error: WireError) -> None:
        """See `Waiter`."""
        call, self._reply, self._fail = self._fail, None, None
        if call is not None:
            call(error)


_AS_COORDINATOR: Final = {
    ErrorCode.NOT_LEADER_OR_FOLLOWER: ErrorCode.NOT_COORDINATOR,
    ErrorCode.KAFKA_STORAGE_ERROR: ErrorCode.NOT_COORDINATOR,
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.NOT_ENOUGH_REPLICAS: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.REQUEST_TIMED_OUT: ErrorCode.COORDINATOR_NOT_AVAILABLE,
}


def as_coordinator_error(error: WireError) -> WireError:
    """What a partition's refusal means to those who talk to its coordinator.

    Records that are too large keep their error: what they are called depends on the API.
    """
    code = _AS_COORDINATOR.get(error.code)
    return error if code is None else WireError(code)

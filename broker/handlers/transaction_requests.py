"""What the handlers of transactions have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from barnabas.protocol.errors import ErrorCode, WireError

if TYPE_CHECKING:
    from barnabas.broker.coordinator.answers import Decision, Waiter
    from barnabas.broker.coordinator.coordinators import Coordinators
    from barnabas.broker.coordinator.transactions.machine import TransactionCoordinator

    TransactionCoordinators: TypeAlias = Coordinators[TransactionCoordinator]
    Decide: TypeAlias = Callable[[TransactionCoordinator, float, int], Decision]


def submit(coordinators: TransactionCoordinators, transactional_id: str, decide: Decide, waiter: Waiter) -> None:
    """Have this decided where the id is coordinated; the waiter is told if that is not here, or there is no id."""
    try:
        if not transactional_id:
            raise WireError(ErrorCode.INVALID_REQUEST)
        shard = coordinators.shard(transactional_id)
    except WireError as error:
        waiter.fail(error)
    else:
        shard.submit(decide, waiter)


def told(error: ErrorCode, version: int, first_version_fenced: int) -> ErrorCode:
    """The error as clients of this version know it: older ones know no PRODUCER_FENCED."""
    if error is ErrorCode.PRODUCER_FENCED and version < first_version_fenced:
        return ErrorCode.INVALID_PRODUCER_EPOCH
    return error

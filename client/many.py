"""One call for many entities: each is asked about by itself, some at a time, and has its own answer or error."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, TypeVar

import trio

from barnabas.client.errors import BrokerError, ClientError
from barnabas.protocol.errors import ErrorCode

K = TypeVar("K")
T = TypeVar("T")

_AT_ONCE: Final = 16


async def for_each(entities: Iterable[K], ask: Callable[[K], Awaitable[T]]) -> dict[K, T | ClientError]:
    """What `ask` gives for each of these, or the ClientError that it raises, in their order."""
    wanted = list(dict.fromkeys(entities))
    found: dict[K, T | ClientError] = {}
    limit = trio.CapacityLimiter(_AT_ONCE)

    async def ask_about(entity: K) -> None:
        async with limit:
            try:
                found[entity] = await ask(entity)
            except ClientError as error:
                found[entity] = error

    async with trio.open_nursery() as nursery:
        for entity in wanted:
            nursery.start_soon(ask_about, entity)
    return {entity: found[entity] for entity in wanted}


def only(answers: Sequence[T], what: str) -> T:
    """The answer about the one entity that was asked about. BrokerError if the broker has none."""
    if len(answers) != 1:
        text = f"The broker answered for {len(answers)} entities instead of one."
        raise BrokerError(ErrorCode.UNKNOWN_SERVER_ERROR, what, text)
    return answers[0]

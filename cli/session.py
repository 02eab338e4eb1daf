"""From a command, which is a plain function, into trio and a client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import trio

from barnabas.client.admin import Admin

T = TypeVar("T")


def in_trio(work: Callable[..., Awaitable[T]], *arguments: Any) -> T:
    """Run `work` in an event loop of its own. Ctrl-C arrives where it waits, never in the middle of anything else."""
    return trio.run(work, *arguments, restrict_keyboard_interrupt_to_checkpoints=True)


def with_admin(bootstrap: str, timeout: float, work: Callable[[Admin], Awaitable[T]]) -> T:
    """Run `work` with an open Admin; `timeout` in seconds, for each of its requests."""

    async def session() -> T:
        async with Admin(bootstrap, client_id="barnabas-cli", timeout=timeout) as admin:
            return await work(admin)

    return in_trio(session)

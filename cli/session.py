"""From a command, which is a plain function, into trio and a client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import trio

from barnabas.cli.access import Access
from barnabas.client.admin import Admin

T = TypeVar("T")


def in_trio(work: Callable[..., Awaitable[T]], *arguments: Any) -> T:
    """Run `work` in an event loop of its own. Ctrl-C arrives where it waits, never in the middle of anything else."""
    return trio.run(work, *arguments, restrict_keyboard_interrupt_to_checkpoints=True)


def with_admin(access: Access, work: Callable[[Admin], Awaitable[T]]) -> T:
    """Run `work` with an open Admin."""

    async def session() -> T:
        async with Admin(
            access.bootstrap, client_id=access.client_id, timeout=access.timeout, **access.security
        ) as admin:
            return await work(admin)

    return in_trio(session)

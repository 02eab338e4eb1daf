"""A nursery for the tasks that a client runs behind `async with`."""

from __future__ import annotations

from types import TracebackType
from typing import Final

import trio


class Background:
    """`async with Background() as nursery`: tasks that end with the block, at once, whatever they wait for.

    An error of the block leaves it as it is, not wrapped in a group as it would by a nursery of one's own; only
    when several things have failed is there a group. An error of a task ends the block.
    """

    def __init__(self) -> None:
        self._manager: Final = trio.open_nursery()
        self._nursery: trio.Nursery | None = None

    async def __aenter__(self) -> trio.Nursery:
        self._nursery = await self._manager.__aenter__()
        return self._nursery

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> bool | None:
        assert self._nursery is not None
        self._nursery.cancel_scope.cancel()
        try:
            return await self._manager.__aexit__(kind, error, tb)
        except BaseExceptionGroup as group:
            errors = [e for e in group.exceptions if not isinstance(e, trio.Cancelled)] or list(group.exceptions)
            if len(errors) > 1:
                raise
        if errors[0] is error:
            return False
        raise errors[0]

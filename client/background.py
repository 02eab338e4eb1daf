"""A nursery for the tasks that a client runs behind `async with`."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Final

import trio


class Background:
    """`async with Background() as nursery`: tasks that end with the block, at once, whatever they wait for.

    They do not end before it: whoever cancels the block can still have something said to the brokers on the way out.
    An error of the block leaves it as it is, not wrapped in a group as it would by a nursery of one's own; only when
    several things have failed is there a group. An error of a task ends the block.
    """

    def __init__(self) -> None:
        self._manager: Final = trio.open_nursery()
        self._tasks: Final = trio.CancelScope(shield=True)
        self._nursery: trio.Nursery | None = None

    async def __aenter__(self) -> trio.Nursery:
        self._nursery = await self._manager.__aenter__()
        try:
            tasks: trio.Nursery = await self._nursery.start(self._run)
        except BaseException as error:
            await self.__aexit__(type(error), error, error.__traceback__)
            raise
        return tasks

    async def _run(self, task_status: trio.TaskStatus[trio.Nursery]) -> None:
        with self._tasks:
            async with trio.open_nursery() as nursery:
                task_status.started(nursery)
                await trio.sleep_forever()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> bool | None:
        assert self._nursery is not None
        self._tasks.cancel()
        self._nursery.cancel_scope.cancel()
        try:
            return await self._manager.__aexit__(kind, error, tb)
        except BaseExceptionGroup as group:
            errors = [e for e in _leaves(group, error) if not isinstance(e, trio.Cancelled)] or list(group.exceptions)
            if len(errors) > 1:
                raise
        if errors[0] is error:
            return False
        raise errors[0]


def _leaves(group: BaseExceptionGroup[BaseException], error: BaseException | None) -> Iterator[BaseException]:
    """The errors of the tasks, which have a nursery inside of the block's, and the block's `error` as it is."""
    for each in group.exceptions:
        if isinstance(each, BaseExceptionGroup) and each is not error:
            yield from _leaves(each, error)
        else:
            yield each

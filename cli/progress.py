"""How far long work is: a bar on standard error, where somebody watches and the work itself does not print there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

Progress = Callable[[int], None]
"""Told how much is done: of the same unit as the total."""

_STEPS: Final = 1000


def is_watched(*, prints: bool) -> bool:
    """Whether a bar would be seen and disturb nobody; `prints`: the work writes to standard output meanwhile."""
    return sys.stderr.isatty() and not (prints and sys.stdout.isatty())


@contextmanager
def progress_bar(title: str, total: int, *, watched: bool) -> Iterator[Progress]:
    """A bar that is gone in the end. Unless it is `watched`, what it is told goes nowhere."""
    if not watched:
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bars

    step, due = max(total // _STEPS, 1), 0
    with Bars(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(title, total=total)

        def tell(done: int) -> None:
            nonlocal due
            if done >= due:
                due = done + step
                bars.update(task, completed=done)

        yield tell

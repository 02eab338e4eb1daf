"""Runs trio so that everything follows from the seed: its clock jumps to the next deadline, and it shuffles the tasks
that can run by random numbers of ours.

trio has no public way to do the second (python-trio/trio#890): two private names are set, and checked first, so that
another version of trio that has them no more is noticed here.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Any

import trio
import trio.testing
from trio._core import _run as trio_core


def check_private_names() -> None:
    """That trio still is as we need it."""
    assert isinstance(getattr(trio_core, "_r", None), random.Random), f"trio {trio.__version__} has no _run._r"
    assert isinstance(getattr(trio_core, "_ALLOW_DETERMINISTIC_SCHEDULING", None), bool), (
        f"trio {trio.__version__} has no _run._ALLOW_DETERMINISTIC_SCHEDULING"
    )


def run(seed: int, main: Callable[[], Awaitable[Any]]) -> Any:
    """What `main` returns, in a run that is the same for the same seed. Time begins at 0."""
    check_private_names()
    shuffle, before = trio_core._r, trio_core._r.getstate()
    was_deterministic = trio_core._ALLOW_DETERMINISTIC_SCHEDULING
    shuffle.seed(seed)
    trio_core._ALLOW_DETERMINISTIC_SCHEDULING = True
    try:
        return trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    finally:
        trio_core._ALLOW_DETERMINISTIC_SCHEDULING = was_deterministic
        shuffle.setstate(before)

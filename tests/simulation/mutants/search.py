"""Looking for many mutants over the cores, in processes of their own.

Of every mutant the run that showed it last is played first. Only where that shows nothing any more are others looked
at, several at a time and in their order, up to `SEEDS` in all.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from types import TracebackType

from tests.simulation.mutants.mutant import Finding, Mutant


class Search:
    """A context manager; ask it for each `finding`."""

    def __init__(self, mutants: Sequence[Mutant], jobs: int | None = None) -> None:
        """`jobs`: processes at once, by default one for each core."""
        self._jobs = jobs or os.cpu_count() or 1
        self._pool = ProcessPoolExecutor(self._jobs, multiprocessing.get_context("spawn"))
        self._known = {mutant.name: self._submit(mutant, mutant.seed) for mutant in mutants}

    def __enter__(self) -> Search:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def finding(self, mutant: Mutant) -> Finding | None:
        """The first run of its `seeds` that shows the mutant; waits for it."""
        return self._known[mutant.name].result() or self._first(mutant, mutant.seeds()[1:])

    def _first(self, mutant: Mutant, seeds: Iterable[int]) -> Finding | None:
        rest = iter(seeds)
        running = deque(self._submit(mutant, seed) for seed in islice(rest, self._jobs))
        while running:
            finding = running.popleft().result()
            if finding is not None:
                for future in running:
                    future.cancel()
                return finding
            running.extend(self._submit(mutant, seed) for seed in islice(rest, 1))
        return None

    def _submit(self, mutant: Mutant, seed: int) -> Future[Finding | None]:
        return self._pool.submit(_shown_by, mutant.name, seed)


def _shown_by(name: str, seed: int) -> Finding | None:
    """In another process, which must find the mutant by itself: what it replaces cannot be sent."""
    from tests.simulation.mutants.table import EVERY

    return next(mutant for mutant in EVERY if mutant.name == name).shown_by(seed)

"""What instances of the application have in common, whatever client they use; see `processing_child.py`."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from random import Random

from processing import Job, Progress

STALL_SECONDS = 7.0
"""What has not moved for so long hangs: it is left behind, and fenced by the next life."""
MOST_RECORDS = 500
"""In one transaction: what was not processed meanwhile is to be made up for quickly."""
POLL_SECONDS = 0.1


class Fenced(Exception):
    """Another instance has the transactional id."""


class Life:
    """From a new producer to the first error that it does not survive."""

    def __init__(self, job: Job, progress: Progress, stop: threading.Event) -> None:
        self.job = job
        self.random = Random(job.seed + progress.producers)
        self._progress = progress
        self._stop = stop
        self._moved_at = time.monotonic()
        self.left_behind = False
        self.ended = False
        """As it should."""

    @property
    def goes_on(self) -> bool:
        return not self._stop.is_set() and not self.left_behind

    @property
    def hangs(self) -> bool:
        return time.monotonic() - self._moved_at > STALL_SECONDS

    def moved(self) -> None:
        self._moved_at = time.monotonic()

    def committed(self) -> None:
        self._progress.committed += 1
        self.say()

    def aborted(self) -> None:
        self._progress.aborted += 1
        self.say()

    def wants_abort(self) -> bool:
        """Whether this transaction is to be aborted for no reason."""
        return self.random.random() < 0.2

    def run(self, live: Callable[[Life], None]) -> None:
        """`live` returns after errors that a new producer mends, and raises `Fenced`, or what must not be."""
        try:
            live(self)
        except Fenced:
            self._progress.fenced |= not self.left_behind
        self.ended = True

    def say(self) -> None:
        print(json.dumps(asdict(self._progress)), flush=True)

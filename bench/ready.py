"""A cluster that a benchmark begins with."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping

from bench import loads
from bench.clusters import NOTHING, Start, System

Results = dict[str, float]

FIRST_RECORD = "start until the first acked record, s"


@contextlib.contextmanager
def ready(start: Start, results: Results, brokers: int = 3, settings: Mapping[str, str] = NOTHING) -> Iterator[System]:
    """A cluster in which a record has been acknowledged."""
    with start(brokers, settings) as system:
        loads.one_record(system.bootstrap, "first")
        results.setdefault(FIRST_RECORD, time.monotonic() - system.began)
        yield system

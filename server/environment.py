"""What a node gets from outside."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import trio

from barnabas.net.transport import Network, TcpNetwork
from barnabas.storage.disk import Disk, RealDisk

T = TypeVar("T")


class Threads(Protocol):
    """Runs what may wait for the disk beside the event loop, to its end even if the caller is cancelled meanwhile."""

    async def __call__(self, work: Callable[[], T], /) -> T: ...


async def in_thread(work: Callable[[], T], /) -> T:
    """Runs it in one of trio's threads."""
    return await trio.to_thread.run_sync(work)


def wall_clock_ms() -> int:
    """The machine's time, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Environment:
    """The machine, unless told otherwise; a simulation gives its own."""

    network: Network = field(default_factory=TcpNetwork)
    disk: Callable[[str], Disk] = RealDisk
    """Opens a log directory by its path."""
    clock_ms: Callable[[], int] = wall_clock_ms
    random: random.Random = field(default_factory=random.SystemRandom)
    """Makes ids, and waits that shall differ."""
    threads: Threads = in_thread

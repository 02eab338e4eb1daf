"""What a node gets from outside."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from barnabas.net.transport import Network, TcpNetwork
from barnabas.storage.disk import Disk, RealDisk


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

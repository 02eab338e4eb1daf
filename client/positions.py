"""A partition that a consumer reads, and the records that come of it. A core.

A position moves with each record that is given out, so that at any time it says where to go on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic

from barnabas.client.errors import ClientError

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    K = TypeVar("K", default=bytes | None)
    V = TypeVar("V", default=bytes | None)
else:
    from typing import TypeVar

    K, V = TypeVar("K"), TypeVar("V")

Place = tuple[str, int]
"""A topic and a partition of it."""


@dataclass(slots=True)
class ConsumerRecord(Generic[K, V]):
    """A record as it was read. `timestamp` in ms; key and value as the deserialisers made them of bytes (or None)."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: K
    value: V
    headers: list[tuple[str, bytes | None]]


class Position:
    """A partition that is being read. `offset` is the next record's for the user, `fetch_offset` for the broker."""

    __slots__ = (
        "attempts",
        "busy",
        "end",
        "error",
        "failing_since",
        "fetch_offset",
        "offset",
        "partition",
        "paused",
        "replica",
        "replica_until",
        "retry_at",
        "topic",
    )

    def __init__(self, topic: str, partition: int, offset: int, end: int | None = None) -> None:
        self.topic: Final = topic
        self.partition: Final = partition
        self.offset = offset
        self.fetch_offset = offset
        self.end: Final = end
        """Where reading stops; None: never."""
        self.busy = False
        """The driver is at it."""
        self.paused = False
        """The user wants nothing of it for now."""
        self.error: ClientError | None = None
        """Why nothing more is read."""
        self.replica: int | None = None
        """The broker that it is read from, by its leader's advice; None: the leader."""
        self.replica_until = 0.0
        self.attempts = 0
        self.failing_since = 0.0
        self.retry_at = 0.0

    @property
    def at_end(self) -> bool:
        """Whether everything that was wanted has been read."""
        return self.end is not None and self.offset >= self.end

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}@{self.fetch_offset}"

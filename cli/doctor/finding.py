"""What a check says: how bad it is, what it concerns, why it matters and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from barnabas.cli.snapshot import Snapshot
from barnabas.client.admin import QuorumDescription


class Severity(Enum):
    """ERROR: something does not work now. WARNING: the next failure would hurt. NOTE: worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be. `check` is a stable name, for programs."""

    severity: Severity
    check: str
    entity: str
    problem: str
    why: str
    advice: str

    def __str__(self) -> str:
        return f"{self.severity.value} {self.check}: {self.entity}: {self.problem}"


@dataclass(frozen=True, slots=True)
class Unreachable:
    """An address that a broker tells its clients, and why it cannot be connected to from here."""

    broker: int
    address: str
    why: str


@dataclass(frozen=True, slots=True)
class Examination:
    """All that was seen. `earlier` is the look before, to tell what grows; None if there was only one."""

    snapshot: Snapshot
    earlier: Snapshot | None = None
    topic_configs: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    broker_configs: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    quorum: QuorumDescription | None = None
    unreachable: tuple[Unreachable, ...] = ()
    failures: tuple[str, ...] = ()
    """What could not be looked at."""


def listed(items: Iterable[object], *, most: int = 8) -> str:
    """`1, 2, 3 and 4 more`."""
    texts = [str(item) for item in items]
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def named_brokers(ids: Iterable[int]) -> str:
    """`broker 1`, `brokers 1, 2`."""
    found = sorted(ids)
    return f"broker{'' if len(found) == 1 else 's'} {listed(found)}"


def counted(count: int, noun: str) -> str:
    """`1 partition`, `2 partitions`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"

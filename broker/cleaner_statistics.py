"""What compaction has done on this broker, and how `/metrics` tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from barnabas.broker.log_cleaning import LogCleaner
    from barnabas.server.metrics import Metrics


@dataclass(slots=True)
class LastRound:
    """How one task's last round went."""

    seconds: float = 0.0
    read_bytes: int = 0
    written_bytes: int = 0
    map_utilization: float = 0.0


class CleanerCounts:
    """What `/metrics` tells of the cleaner."""

    __slots__ = (
        "last_look",
        "last_rounds",
        "max_dirty_ratio",
        "max_overdue_ms",
        "read_bytes",
        "rounds",
        "written_bytes",
    )

    def __init__(self) -> None:
        self.rounds = 0
        self.read_bytes = 0
        self.written_bytes = 0
        self.last_look = 0.0
        """When a log to be cleaned was looked for, in seconds of the broker's clock."""
        self.max_dirty_ratio = 0.0
        """Of the filthiest log, when it was looked for."""
        self.max_overdue_ms = 0
        """For how long the log that waits longest should have been cleaned by then."""
        self.last_rounds: dict[int, LastRound] = {}
        """By task."""


def add_cleaner_metrics(metrics: Metrics, cleaner: LogCleaner) -> None:
    """Put the cleaner on the page; what Kafka has as well means the same there."""
    _add_counts(metrics, cleaner)
    counts = cleaner.counts
    metrics.gauge(
        "barnabas_cleaner_max_buffer_utilization_percent",
        "How full the map of keys was in the last round; the largest of all tasks",
        lambda: 100 * max((last.map_utilization for last in counts.last_rounds.values()), default=0.0),
    )
    metrics.gauge(
        "barnabas_cleaner_max_clean_seconds",
        "How long the last round took; the largest of all tasks",
        lambda: max((last.seconds for last in counts.last_rounds.values()), default=0.0),
    )
    metrics.gauge(
        "barnabas_cleaner_recopy_percent",
        "What the last rounds of all tasks left of what they cleaned",
        lambda: _percent(
            sum(last.written_bytes for last in counts.last_rounds.values()),
            sum(last.read_bytes for last in counts.last_rounds.values()),
        ),
    )
    metrics.gauge(
        "barnabas_uncleanable_partitions",
        "Replicas here whose log is damaged, so that it cannot be compacted",
        lambda: {directory: count for directory, (count, _) in cleaner.uncleanable().items()},
        ["directory"],
    )
    metrics.gauge(
        "barnabas_uncleanable_bytes",
        "Bytes of such logs that should be compacted",
        lambda: {directory: size for directory, (_, size) in cleaner.uncleanable().items()},
        ["directory"],
    )


def _add_counts(metrics: Metrics, cleaner: LogCleaner) -> None:
    counts = cleaner.counts
    metrics.counter("barnabas_cleaner_rounds", "Rounds of compaction, each of one log", lambda: counts.rounds)
    metrics.counter("barnabas_cleaner_read_bytes", "Bytes read for compaction", lambda: counts.read_bytes)
    metrics.counter("barnabas_cleaner_written_bytes", "Bytes that compaction left", lambda: counts.written_bytes)
    metrics.gauge(
        "barnabas_cleaner_max_dirty_percent",
        "The dirty part of the filthiest log, when a log to be compacted was looked for",
        lambda: 100 * counts.max_dirty_ratio,
    )
    metrics.gauge(
        "barnabas_cleaner_max_compaction_delay_seconds",
        "For how long a log should have been compacted by then",
        lambda: counts.max_overdue_ms / 1000,
    )
    metrics.gauge(
        "barnabas_cleaner_seconds_since_last_run",
        "Since a log to be compacted was looked for",
        lambda: cleaner.now() - counts.last_look,
    )


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0

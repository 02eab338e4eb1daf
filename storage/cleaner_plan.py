"""What there is to clean in a compacted log, and which segments are cleaned together.

    | clean: cleaned before | dirty                              | not to be cleaned now                  |
    0                       first dirty offset                   end offset              log end offset

A log's clean part has at most one value for each key. The dirty part ends with a segment: before the active one, before
the last stable offset, before the first segment with a record younger than `min.compaction.lag.ms`, and before what is
not durable yet, because a record may go only once the one that replaces it cannot be lost. How filthy a log is, is the
dirty part's share of both; it is cleaned when that exceeds `min.cleanable.dirty.ratio`, or when a record has been dirty
for `max.compaction.lag.ms` (KIP-354).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from barnabas.storage.config import LogConfig
from barnabas.storage.log import PartitionLog
from barnabas.storage.segment import MAX_RELATIVE_OFFSET, Segment


@dataclass(frozen=True, slots=True)
class Dirt:
    """What there is to clean in one log; sizes in bytes."""

    first_offset: int
    """Of the dirty part."""
    end_offset: int
    """Where the dirty part ends that may be cleaned: a segment begins here."""
    clean_bytes: int
    dirty_bytes: int
    overdue_ms: int
    """For how long some of it should have been cleaned by now."""

    @property
    def ratio(self) -> float:
        """How filthy the log is, 0 to 1."""
        both = self.clean_bytes + self.dirty_bytes
        return self.dirty_bytes / both if both else 0.0

    def is_enough(self, config: LogConfig) -> bool:
        """Whether to clean now."""
        return self.ratio > config.min_cleanable_dirty_ratio or (self.overdue_ms > 0 and self.dirty_bytes > 0)


def survey(log: PartitionLog, cleaned_offset: int | None, stable_offset: int, now_ms: int) -> Dirt:
    """Look at a log that was cleaned up to `cleaned_offset` before (None: never), and is decided up to `stable_offset`.

    Reads the first and the largest timestamp of segments where the topic's lags need them.
    """
    segments = log.segments
    bases = [segment.base_offset for segment in segments]
    first_offset = log.log_start_offset
    if cleaned_offset is not None and first_offset <= cleaned_offset <= log.log_end_offset:
        first_offset = cleaned_offset
    first = _number_of(bases, first_offset)
    end = min(len(segments) - 1, _number_of(bases, min(stable_offset, log.recovery_point)))
    young = _first_young(segments[first:-1], log.config, now_ms)
    if young is not None:
        end = min(end, first + young)
    sizes = [segment.size for segment in segments]
    return Dirt(
        first_offset=first_offset,
        end_offset=max(bases[end], first_offset),
        clean_bytes=sum(sizes[: bisect_left(bases, first_offset)]),
        dirty_bytes=sum(sizes[first:end]),
        overdue_ms=_overdue_ms(segments[first:-1], log.config, now_ms),
    )


def _number_of(bases: Sequence[int], offset: int) -> int:
    return max(0, bisect_left(bases, offset + 1) - 1)


def _first_young(segments: Sequence[Segment], config: LogConfig, now_ms: int) -> int | None:
    lag_ms = config.min_compaction_lag_ms
    if lag_ms <= 0:
        return None
    return next(
        (number for number, segment in enumerate(segments) if segment.read_max_timestamp() > now_ms - lag_ms), None
    )


def _overdue_ms(dirty: Sequence[Segment], config: LogConfig, now_ms: int) -> int:
    due_ms = now_ms - max(config.max_compaction_lag_ms, 0)
    if due_ms <= 0:
        return 0
    oldest = min((first for segment in dirty if (first := segment.read_first_timestamp()) > 0), default=due_ms)
    return max(due_ms - oldest, 0)


def group_segments(segments: Sequence[Segment], config: LogConfig, end_offset: int) -> list[list[Segment]]:
    """Segments in runs that fit into one each, by their sizes now, so that cleaned segments do not stay small.

    `end_offset`: where the last one ends.
    """
    groups: list[list[Segment]] = []
    size = offsets = times = 0
    for number, segment in enumerate(segments):
        end = segments[number + 1].base_offset if number + 1 < len(segments) else end_offset
        size, offsets, times = size + segment.size, offsets + len(segment.offset_index), times + len(segment.time_index)
        if (
            groups
            and size <= config.segment_bytes
            and max(offsets * segment.offset_index.ENTRY.size, times * segment.time_index.ENTRY.size)
            <= config.segment_index_bytes
            and end - 1 - groups[-1][0].base_offset <= MAX_RELATIVE_OFFSET
        ):
            groups[-1].append(segment)
        else:
            groups.append([segment])
            size, offsets, times = segment.size, len(segment.offset_index), len(segment.time_index)
    return groups
